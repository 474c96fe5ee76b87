"""In which part of reqflow an operation spends its time, by looking at the stack a thousand times a second.

Time in generated or foreign code, in C and in the database, counts for the part of reqflow that called it. What is
left is the caller's: making messages and commands out of nothing.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ours.desk import Desk
from ours.stores import opened
from workload import OPERATIONS, WARM_UP, Missing, Plan, check, clocked

import reqflow

__all__ = ["CALLER", "CASES"]

HOME = str(Path(reqflow.__file__).parent) + "/"
OFTEN = 0.001
"""Seconds between two looks."""
CALLER = "the caller"


def _room(frame: FrameType | None) -> str:
    """The folder of the innermost code of reqflow, one more level inside core and plugins; or the module."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(HOME):
            folder, _, rest = path.removeprefix(HOME).removesuffix(".py").partition("/")
            deeper = rest.partition("/")[0] if folder in ("core", "plugins") else ""
            return f"{folder}/{deeper}" if deeper else folder
        frame = frame.f_back
    return CALLER


@contextmanager
def _looking() -> Iterator[Counter[str]]:
    """Count the rooms that are seen meanwhile."""
    if not hasattr(signal, "setitimer"):
        raise Missing(f"no interval timer on {sys.platform}")
    seen: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        seen[_room(frame)] += 1

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, OFTEN, OFTEN)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def seen(plan: Plan) -> dict[str, Any]:
    """How often each part of reqflow was seen at work."""
    store = opened(plan)
    desk = Desk(store)
    desk.one_by_one(range(WARM_UP))
    numbers = range(WARM_UP, WARM_UP + plan.requests)
    with _looking() as rooms:
        found: dict[str, Any] = clocked(OPERATIONS * plan.requests, lambda: desk.one_by_one(numbers))
    desk.verify(WARM_UP + plan.requests)
    store.close()
    check(len(rooms) > 1, "nothing of reqflow was seen")
    found["rooms"] = dict(rooms)
    return found


CASES = {"seen": seen}
