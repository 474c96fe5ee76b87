"""What may go wrong at a call of a port, and how often: weights that each seed draws anew.

Seeds that all draw the same mixture meet the same few faults all the time. So each seed leaves some out and lets others
come often (swarm testing): then deep combinations are met, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from .choices import Chance, Draw

__all__ = ["CALM", "Fault", "Faults", "PortCall", "Tap", "swarm"]


class PortCall(StrEnum):
    """What is called, as far as it matters to what may go wrong."""

    COMMIT = "commit"
    STORE = "store"
    """Any other method of the store."""
    DELIVER = "deliver"
    JUDGE = "judge"
    """The classifier is asked."""


class Fault(StrEnum):
    """What goes wrong at one call."""

    NONE = "none"
    SLOW = "slow"
    """It takes its time; others overtake it."""
    BUSY = "busy"
    """The store cannot be reached, or fails, before anything is done."""
    LOST = "answer_lost"
    """It is done, and the answer is lost: who asked sees an error."""
    CONFLICT = "conflict"
    """The store could not serialize the commit; nothing is done."""
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"
    """The process ends, its memory is gone; what was done stays."""
    STOP = "stop"
    """The process stands still for a while, longer than its leases: its thread was paused, its machine slept."""
    RAISES = "raises"
    """The port raises something of its own before it did anything."""
    HANGS = "hangs"
    """It does what it should, and answers much too late."""
    GARBAGE = "garbage"
    """It answers with what no port should."""
    LIMITED = "limited"
    """The other side asks to be left alone for a while (429)."""
    REFUSED = "refused"
    """The other side will never take it."""


_PROCESS = (Fault.SLOW, Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.STOP)
POSSIBLE: Mapping[PortCall, tuple[Fault, ...]] = MappingProxyType(
    {
        PortCall.COMMIT: (*_PROCESS, Fault.BUSY, Fault.LOST, Fault.CONFLICT),
        PortCall.STORE: (*_PROCESS, Fault.BUSY, Fault.LOST),
        PortCall.DELIVER: (
            *_PROCESS,
            Fault.RAISES,
            Fault.LOST,
            Fault.HANGS,
            Fault.GARBAGE,
            Fault.LIMITED,
            Fault.REFUSED,
        ),
        PortCall.JUDGE: (*_PROCESS, Fault.RAISES, Fault.HANGS, Fault.GARBAGE),
    }
)
"""Which faults fit which calls."""

Weights = Mapping[PortCall, tuple[tuple[int, Fault], ...]]
"""For each call the faults that this run has, each with the number below which it is drawn, of a thousand."""

Tap = Callable[[str, PortCall], Fault]
"""Says what goes wrong at the next call of a process."""

CALM: Weights = MappingProxyType(dict.fromkeys(PortCall, ()))
"""Nothing goes wrong."""

_COMMON = (0, 0, 5, 15, 40)
"""How often in a thousand calls one kind of fault may come, in one run."""
_RARE = (0, 0, 3, 8, 20)
"""The same for what costs a process or a long time."""

MOST = 600
"""Of a thousand calls of one kind so many may go wrong: else nothing would ever get done."""


def swarm(chance: Chance) -> Weights:
    """Draw which faults a run has, and how often."""
    often: dict[Fault, int] = {
        fault: chance.choice(_RARE if fault in _PROCESS else _COMMON, Draw.FAULT)
        for fault in Fault
        if fault is not Fault.NONE
    }
    drawn: dict[PortCall, tuple[tuple[int, Fault], ...]] = {}
    for call, faults in POSSIBLE.items():
        reached, rows = 0, []
        for fault in faults:
            # a delivery is one call of many: what can only go wrong there has to go wrong more often
            reached += often[fault] * (4 if call in (PortCall.DELIVER, PortCall.JUDGE) else 1)
            if often[fault]:
                rows.append((min(reached, MOST), fault))
        drawn[call] = tuple(rows)
    return drawn


class Faults:
    """Draws what goes wrong, call by call, while it is not calm."""

    def __init__(self, chance: Chance, weights: Weights) -> None:
        self._below = chance.below
        self._meant_nothing = chance.meant_nothing
        self.weights = weights

    def __call__(self, process: str, call: PortCall) -> Fault:
        """What goes wrong at this call; most often nothing."""
        rows = self.weights[call]
        if not rows:
            return Fault.NONE
        # the greatest numbers are faults, so that 0 is none
        drawn = 999 - self._below(1000, Draw.FAULT, process)
        for reached, fault in rows:
            if drawn < reached:
                return fault
        self._meant_nothing()
        return Fault.NONE
