"""What happened in a run, line by line, and the one hash that two equal runs have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import attrs

__all__ = ["BROKEN", "SOMETIMES", "SimulationFailed", "Trace", "Violation", "in_words"]

SOMETIMES = (
    "concurrent twins",
    "conflict",
    "serialization failure",
    "lease lost, worker late",
    "paused past its lease",
    "crash between send and mark",
    "crash inside recovery",
    "everything crashed at once",
    "unknown commit",
    "unknown delivery",
    "store busy",
    "asked to wait (429)",
    "refused for good",
    "plugin raised",
    "plugin hung",
    "plugin answered garbage",
    "parked poison",
    "due == now",
    "one tick early",
    "clock back",
    "clocks two hours apart",
    "window edge",
    "downtime over timers",
    "desk moved",
    "delivered again",
)
"""What a soak must have met, each at least once: what never happened was not tested."""

BROKEN = "BROKEN"
"""Whose line it is where a promise was found not to hold."""


@attrs.frozen
class Violation:
    """A promise that did not hold: its name, and what was seen."""

    law: str
    told: str

    def __str__(self) -> str:
        return f"{self.law}: {self.told}"


class SimulationFailed(AssertionError):
    """Something did not hold: its text says what, how to see it again, and what happened.

    Attributes:
        violations: what did not hold in the smallest run that was found.
        tape: what was drawn in it, as `simulate` takes it; empty for a scenario, in which nothing is drawn.
    """

    def __init__(self, told: str, violations: Sequence[Violation], tape: str = "") -> None:
        self.violations = tuple(violations)
        self.tape = tape
        super().__init__(told)


Line = tuple[int, str, str]
"""A moment in microseconds, who did something, and what."""


class Trace:
    """Lines of a run, and how often what should happen sometimes did."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.counts: Counter[str] = Counter()
        self._hash = sha256()

    def note(self, now: int, who: str, what: str) -> None:
        """Somebody did something at a true time, in microseconds."""
        self.lines.append((now, who, what))
        self._hash.update(f"{now} {who} {what}\n".encode("utf-8", "surrogatepass"))

    def met(self, what: str) -> None:
        """One of `SOMETIMES` happened."""
        self.counts[what] += 1

    @property
    def hash(self) -> str:
        """Equal for equal runs."""
        return self._hash.hexdigest()[:16]


def in_words(lines: Sequence[Line]) -> str:
    """Lines of a trace, to be read: seconds since the beginning, who, what."""
    wide = max((len(who) for _, who, _ in lines), default=0)
    return "\n".join(f"  {now / 1_000_000:>14.6f}  {who:<{wide}}  {what}" for now, who, what in lines)
