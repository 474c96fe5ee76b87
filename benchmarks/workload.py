"""The workload, the same for everybody: the life of a request in five operations.

1. A customer's message opens a request.
2. An agent answers in the thread and becomes the assignee.
3. The customer writes again.
4. The agent replies.
5. The request is closed.

With a database each operation is one durable transaction that leaves an entry in a history; in batches of
100 it is one transaction for 100 operations. After the clock has stopped, every system shows that each
request is closed and assigned and that all messages and history entries are there; else the run is invalid.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "AGENT",
    "BATCH",
    "DONE",
    "FIRST",
    "MORE",
    "OPENING",
    "OPERATIONS",
    "WARM_UP",
    "Invalid",
    "Missing",
    "Plan",
    "check",
    "clocked",
    "groups",
    "timed",
]

OPERATIONS = 5
"""Operations in the life of one request."""
BATCH = 100
"""Operations in one transaction, where they are batched."""
WARM_UP = 100
"""Requests that pass before the clock starts: prepared statements, generated code, warm caches."""

AGENT = "bob"
OPENING = "Hello, the printer on the third floor is stuck again since this morning, can somebody have a look?"
FIRST = "Thanks for telling us. I am on my way to have a look at it; please leave it switched on until then."
MORE = "It also prints blank pages now and then, maybe that has to do with it. We need it at two o'clock."
DONE = "A new cartridge is in place and the rollers are clean, please try once more and tell me if it works."


class Missing(Exception):
    """A case cannot run here; the message says what is not there."""


class Invalid(Exception):
    """A case ran and its outcome is wrong: its time says nothing."""


@dataclass(frozen=True)
class Plan:
    """What one run of a case is given: how many requests, an empty folder, a database where it needs one.

    ``medium`` is what it is measured on: ``memory``, ``disk``, ``tmpfs`` or ``postgres``.
    """

    requests: int
    folder: Path
    dsn: str = ""
    medium: str = "memory"

    @property
    def store(self) -> str:
        """Which kind of store that is."""
        return "sqlite" if self.medium in ("disk", "tmpfs") else self.medium


def check(holds: bool, what: str) -> None:
    """Raise `Invalid` unless this part of the outcome holds."""
    if not holds:
        raise Invalid(what)


def groups(numbers: range) -> Iterator[range]:
    """The requests in groups of one batch, which go through their five operations together."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]


def clocked(operations: int, run: Callable[[], object]) -> dict[str, float]:
    """Run it once: what a run answers, with wall and processor seconds."""
    cpu, start = time.process_time(), time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    return {"operations": operations, "seconds": seconds, "cpu": time.process_time() - cpu}


def timed(plan: Plan, live: Callable[[range], None], warm_up: int = WARM_UP) -> dict[str, float]:
    """Lead requests through their lives, the first ones unmeasured."""
    live(range(warm_up))
    numbers = range(warm_up, warm_up + plan.requests)
    return clocked(OPERATIONS * plan.requests, lambda: live(numbers))
