"""What is told of the leased queues: how much waits, how long, and what was put aside."""

from __future__ import annotations

from .batch import InboxItem, LeaseQueue, Timer
from .effects import QueuedEffect
from .values import value

__all__ = ["COUNTED", "UNREADABLE", "Backlog", "ParkedItem"]

COUNTED = 100_000
"""Up to how many items a backlog is counted: beyond that, looking costs more than knowing is worth."""

UNREADABLE = "unreadable"
"""The note of an item whose row cannot be decoded: a store parks it where it would be leased, and the others go on."""


@value(kw_only=True)
class Backlog:
    """How much one queue has to do; counts end at `COUNTED`.

    ``waiting`` are the items that are neither done nor parked, of timers those that are due. Of them, ``leased`` are
    somebody's now, and ``retried`` were tried before, without success. ``parked`` are those put aside. ``age`` is for
    how many seconds the oldest of those waiting does so; None if there is none, or it cannot be read.
    """

    queue: LeaseQueue
    waiting: int = 0
    leased: int = 0
    retried: int = 0
    parked: int = 0
    age: float | None = None


@value(kw_only=True)
class ParkedItem:
    """An item that was put aside, since it failed too often or for good; ``note`` says why.

    ``id`` is what it is requeued by, and what logs call it. ``item`` is None where its row cannot be decoded.
    """

    queue: LeaseQueue
    id: str
    item: InboxItem | QueuedEffect | Timer | None
    attempts: int
    note: str | None = None
