"""Leases that are worked through one by one: kept from lapsing until their turn comes, given back if it never does.

With a dead worker all its leases are lost, whichever item it died of. Once that happened `TRIES` times to one of them,
only the first that was claimed is served, and the rest is given back: so the next loss shows whose fault it is. An item
that is lost again and again is parked.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..core.batch import Lease, LeaseQueue
from ..core.model import Code
from ..errors import Refused, StaleLease, StoreError
from .asks import Ask, AskExtend, AskLease, AskRelease, Context, Stopped

__all__ = ["LATER", "LOST", "TRIES", "Holding", "claim", "fault_of"]

TRIES = 5
"""After so many attempts an item that keeps failing is parked, with the reason."""
LATER = 50
"""The same for what is asked to be tried again later, or cannot be stored now; that takes some three hours."""
LOST = 2 * TRIES
"""After so many leases that ended without a word an item is parked, too; the reason given is `DIED`."""
DIED = Code("worker_died")
LONGEST = 300
"""Seconds between two attempts at most, where nobody asks for more."""

Asking = Generator[Ask, Any, None]


def fault_of(failure: Exception) -> str:
    """What a note may say of a failure: never a text that passed through it."""
    if isinstance(failure, StoreError):
        return str(failure)  # of keys and versions
    return failure.code if isinstance(failure, Refused) else type(failure).__name__


def claim(context: Context, queue: LeaseQueue, limit: int) -> Generator[Ask, Any, Holding]:
    """Claim items, and leave out what kills workers. Nothing is claimed by a worker that is stopping."""
    while not context.stopping():
        now = context.clock()
        leases: Sequence[Lease] = yield AskLease(
            context.desk.workspace, queue, now, now + context.leased_for, limit
        )
        held = Holding(context, leases, now)
        if not any(lease.lost >= TRIES for lease in leases):
            return held
        first, *rest = leases
        held.suspicious = True
        try:
            for lease in rest:
                yield from held.give_back(lease, now)
            if first.lost < LOST:
                return held
            yield from held.give_back(first, now, DIED, park=True)
        except Stopped:
            yield from held.hand_back()
            raise
    return Holding(context, (), context.clock())


class Holding:
    """The leases of one round, in their order. What is done, given back or lost leaves it.

    ``suspicious`` says that there was one among them with which workers may have died; ``few`` that there may be more
    where they come from, and ``too_few`` that they could not be served without those.
    """

    def __init__(self, context: Context, leases: Iterable[Lease], since: datetime) -> None:
        self.suspicious = self.few = self.too_few = False
        self._context = context
        self._since = since
        self._held = {lease.id: lease for lease in leases}

    def leases(self) -> tuple[Lease, ...]:
        """What is held."""
        return tuple(self._held.values())

    def __contains__(self, lease: Lease) -> bool:
        return lease.id in self._held

    def drop(self, lease: Lease) -> None:
        """This one is done, or somebody else's."""
        self._held.pop(lease.id, None)

    def half_over(self) -> bool:
        """Whether half of the time is over for which the leases are ours."""
        span = self._context.leased_for
        return bool(span) and self._context.clock() - self._since >= span / 2

    def keep(self) -> Asking:
        """Extend what is held, once half of the time is over: nobody begins with what is about to lapse.

        What was lost meanwhile, to a worker that found it lapsed, leaves; the others stay.
        """
        if not self._held or not self.half_over():
            return
        now, workspace = self._context.clock(), self._context.desk.workspace
        until = now + self._context.leased_for
        try:
            yield AskExtend(workspace, self.leases(), until)
        except StaleLease:
            for lease in self.leases():
                try:
                    yield AskExtend(workspace, (lease,), until)
                except StaleLease:
                    self.drop(lease)
        self._since = now

    def give_back(
        self, lease: Lease, ready_at: datetime, why: str | None = None, *, park: bool = False
    ) -> Generator[Ask, Any, bool]:
        """Back to the queue until a moment, or to the side. Without a reason it was not tried.

        Returns whether it was ours to give: somebody else may have it already.
        """
        ours = True
        try:
            yield AskRelease(self._context.desk.workspace, lease, ready_at, why, park)
        except StaleLease:
            ours = False
        self.drop(lease)
        return ours

    def try_later(
        self, lease: Lease, why: str, after: timedelta | None = None
    ) -> Generator[Ask, Any, datetime | None]:
        """Back to the queue with growing distance, or to the side after the last try.

        ``after`` is what was asked for; it is kept to the first few times. Returns when it is to be tried again; None
        if never.
        """
        attempts = lease.attempts - lease.lost  # whoever had it then did not say that it had failed
        tries = attempts if after is None else attempts - TRIES
        wait = timedelta(seconds=min(2.0**tries, LONGEST))
        again_at = self._context.clock() + (wait if after is None else max(wait, after))
        park = attempts >= (TRIES if after is None else LATER)
        ours = yield from self.give_back(lease, again_at, why, park=park)
        return None if park and ours else again_at

    def hand_back(self, but: Sequence[Lease] = ()) -> Asking:
        """Give everything back ``but`` these, to be served by others at once."""
        for lease in self.leases():
            if lease not in but:
                yield from self.give_back(lease, self._context.clock())
