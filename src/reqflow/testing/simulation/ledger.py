"""The ledger: hears of every call that a store has answered, keeps the books, and says what should not have been.

Whatever it finds is noted, never raised: it is told in the middle of a process, which would take it for an error of its
own.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from ...core.batch import Batch, Lease, LeaseQueue, Timer
from ...core.effects import AnnounceRequest, Effect, NotifyAgentOfMany, QueuedEffect, React
from ...core.facts import DeskDocument, WantDesk
from ...core.model import Code, Workspace
from ...core.settings import Desk
from ...errors import Conflict, StaleLease, StoreError
from ...flow import desk_of
from ...ports import Effects, EffectState, Store
from .books import Book
from .clocks import moment_at
from .trace import BROKEN, Trace, Violation

__all__ = ["Held", "Ledger"]


@attrs.define
class Held:
    """A lease that was given, and by whose word it is held."""

    process: str
    fence: int
    until: datetime
    lost: int


@attrs.define
class _Sent:
    """How a delivery was answered last: cleanly or not, by a process that had met so many failures then."""

    process: str
    hurts: int
    clean: bool


class Ledger:
    """What every store call did, across all processes of a run. ``store`` is the real one, to look things up."""

    def __init__(
        self, workspaces: Sequence[Workspace], store: Store, trace: Trace, now: Callable[[], int]
    ) -> None:
        self.books: dict[str, Book] = {each: Book(each) for each in workspaces}
        self.desks: dict[str, Desk] = {}
        self.moments: dict[str, list[datetime]] = {each: [] for each in workspaces}
        self.late: set[str] = set()
        self.put_off: dict[str, dict[str, datetime]] = {each: {} for each in workspaces}
        self.violations: list[Violation] = []
        self.trace = trace
        self.exact = False
        self.wake: Callable[[str], None] = lambda workspace: None
        self.expect: Callable[[str, datetime], None] = lambda workspace, moment: None
        self.is_alive: Callable[[str], bool] = lambda process: True
        self._store = store
        self._now = now
        self._held: dict[tuple[str, LeaseQueue, str], Held] = {}
        self._hurts: dict[str, int] = {}
        self._leased: dict[tuple[str, str], Held] = {}
        self._sent: dict[tuple[str, str], _Sent] = {}
        self._lost: set[tuple[str, str, str]] = set()
        self._refused: set[tuple[str, str]] = set()
        self._arrived: set[tuple[str, str]] = set()

    def begin(self, workspace: Workspace, desk: Desk) -> None:
        """A desk was stored before anything could go wrong."""
        self.desks[workspace] = desk
        book = self.books[workspace]
        (document,) = self._store.recall(workspace, (WantDesk(-1),))
        assert isinstance(document, DeskDocument)
        entries = self._store.history(workspace, Code("desk"))
        book.history["desk"] = list(entries)
        book.begins = attrs.evolve(book.begins, desk=document, entries=tuple(entries))

    def broken(self, law: str, told: str) -> None:
        """Note that a promise did not hold."""
        self.violations.append(Violation(law, told))
        self.trace.note(self._now(), BROKEN, f"{law}: {told}")

    # --- what the store did ---

    def done(self, process: str, name: str, args: Sequence[Any], how: Mapping[str, Any], result: Any) -> None:
        """A call of the store's took effect."""
        observe = _OBSERVED.get(name)
        if observe is not None:
            observe(self, process, args, how, result)

    def failed(self, process: str, name: str, problem: StoreError) -> None:
        """A call raised what the store itself said."""
        self.hurt(process)
        if isinstance(problem, Conflict):
            self.trace.met("conflict")
        elif isinstance(problem, StaleLease):
            self.trace.met("lease lost, worker late")

    def hurt(self, process: str) -> None:
        """A process met a failure of its store, a real one or not."""
        self._hurts[process] = self._hurts.get(process, 0) + 1

    def holding(self, process: str) -> list[str]:
        """The outbox items that a process has and has delivered, and that are not marked yet."""
        sent = {(workspace, key) for (workspace, key), each in self._sent.items() if each.process == process}
        return [
            key
            for (workspace, key), held in self._leased.items()
            if held.process == process and (workspace, key) in sent
        ]

    def _recalled(self, process: str, args: Sequence[Any], how: Mapping[str, Any], answers: Any) -> None:
        want = args[1][0] if args[1] else None
        if isinstance(want, WantDesk) and want.known > 0 and answers[0] is not None:
            self.trace.met("desk moved")

    def _committed(self, process: str, args: Sequence[Any], how: Mapping[str, Any], result: Any) -> None:
        batch: Batch = args[0]
        book = self.books[batch.workspace]
        if self.exact:
            self.trace.note(self._now(), process, repr(batch))
        for lease in batch.consumed:
            self._ended(process, batch.workspace, lease, "consumed")
        for profile in () if batch.gone is None else batch.gone.profiles:
            for key in book.waiting_of(profile):  # whoever has one of these has nothing any more
                self._held.pop((batch.workspace, LeaseQueue.INBOX, key), None)
        if batch.at < moment_at(self._now()):
            self.late.update(message.id[1:] for message in batch.messages)
        self.violations += book.take_in(process, batch, self.desks.get(batch.workspace))
        if batch.desk is not None:
            self.desks[batch.workspace] = desk_of(batch.desk)
        for key in (*batch.disarmed, *(lease.id for lease in batch.consumed)):
            self.put_off[batch.workspace].pop(key, None)
        for key in batch.disarmed:  # whoever has it may not end it any more
            self._held.pop((batch.workspace, LeaseQueue.AGENDA, key), None)
        for timer in batch.armed:
            self._expect(batch.workspace, timer.due_at)
        if batch.inbox or batch.effects:
            self.wake(batch.workspace)

    def _given(self, process: str, args: Sequence[Any], how: Mapping[str, Any], leases: Any) -> None:
        workspace, queue = args[0], args[1]
        now, until = how["now"], how["until"]
        for lease in leases:
            place = (workspace, queue, lease.id)
            held = self._held.get(place)
            if held is not None and held.until > now:
                self.broken(
                    "one owner at a time",
                    f"{queue} {lease.id} given to {process} at {now}, {held.process} has it until {held.until}",
                )
            if held is not None and lease.fence <= held.fence:
                self.broken("fence rises", f"{queue} {lease.id}: {lease.fence} after {held.fence}")
            new = self._held[place] = Held(process, lease.fence, until, lease.lost)
            if isinstance(lease.item, Timer):
                self._rings(lease.item, now)
            elif isinstance(lease.item, QueuedEffect):
                self._leased[workspace, lease.item.id] = new
                if held is not None:
                    self._lost.add((workspace, lease.item.id, held.process))
        if leases:
            self.expect(workspace, until)

    def _rings(self, timer: Timer, now: datetime) -> None:
        if timer.due_at > now:
            self.broken("never early", f"timer {timer.key} is due at {timer.due_at} and was given at {now}")
        if timer.due_at == now:
            self.trace.met("due == now")

    def _settled(self, process: str, args: Sequence[Any], how: Mapping[str, Any], result: Any) -> None:
        for lease in args[1]:
            self._ended(process, args[0], lease, "settled")

    def _released(self, process: str, args: Sequence[Any], how: Mapping[str, Any], result: Any) -> None:
        workspace, lease = args[0], args[1]
        park = how.get("park", False)
        if isinstance(lease.item, Timer):
            self.put_off[workspace].setdefault(lease.id, lease.item.due_at)
        self._ended(process, workspace, lease, "given back", gone=park)
        if park:
            self.trace.met("parked poison")
            self.books[workspace].drop_item(lease.id)
        else:
            self._expect(workspace, how["ready_at"])

    def _extended(self, process: str, args: Sequence[Any], how: Mapping[str, Any], result: Any) -> None:
        until = args[2] if len(args) > 2 else how["until"]
        for lease in args[1]:
            held = self._held.get((args[0], lease.queue, lease.id))
            if held is None or held.fence != lease.fence:
                self.broken("fence", f"{lease.queue} {lease.id} extended by {process}, who had lost it")
            else:
                held.until = until
        self.expect(args[0], until)

    def _ended(self, process: str, workspace: str, lease: Lease, how: str, *, gone: bool = True) -> None:
        """A lease ended well; only its last owner may do that."""
        held = self._held.pop((workspace, lease.queue, lease.id), None)
        if held is None or held.fence != lease.fence:
            now = "nobody" if held is None else held.process
            self.broken("fence", f"{lease.queue} {lease.id} {how} by {process}; it is held by {now}")
        if isinstance(lease.item, QueuedEffect) and gone:
            self.books[workspace].ended.add(lease.item.id)

    def _expect(self, workspace: str, moment: datetime) -> None:
        """Something may be had from that moment on: idle workers look then."""
        insort(self.moments[workspace], moment)
        self.expect(workspace, moment)

    def ringing(self, workspace: str) -> list[str]:
        """The timers that somebody has, or had when they ended."""
        return [id for of, queue, id in self._held if of == workspace and queue is LeaseQueue.AGENDA]

    def next_moment(self, workspace: str, after: datetime) -> datetime | None:
        """The next moment from which something may be had: one that was armed or put off, or whose lease runs out."""
        moments = self.moments[workspace]
        place = bisect_right(moments, after)
        found = [
            held.until for (of, _, _), held in self._held.items() if of == workspace and held.until > after
        ]
        return min([*moments[place : place + 1], *found], default=None)

    # --- what left ---

    def arrived(self, process: str, workspace: str, key: str, effect: Effect) -> None:
        """Something arrived at its receiver."""
        book = self.books[workspace]
        if key not in book.effects:
            self.broken(
                "no effect without a cause", f"{key} ({effect.tag}) was delivered, and never committed"
            )
            return
        again = self._sent.get((workspace, key))
        if again is not None:
            self.trace.met("delivered again")
            excused = (
                not again.clean
                or (workspace, key, process) in self._lost  # who comes late does not know it yet
                or (workspace, key, again.process) in self._lost
                or not self.is_alive(again.process)
                or self._hurts.get(again.process, 0) > again.hurts
            )
            if not excused:
                self.broken(
                    "as few copies as can be", f"{key} was delivered again for no reason, by {process}"
                )
        if (workspace, key) not in self._arrived:
            self._in_line(book, workspace, key, effect)
        self._arrived.add((workspace, key))

    def answered(self, process: str, workspace: str, key: str, *, clean: bool) -> None:
        """A receiver answered a delivery; ``clean`` says that it was taken, for all that anybody knows."""
        self._sent[workspace, key] = _Sent(process, self._hurts.get(process, 0), clean)

    def refused(self, workspace: str, key: str) -> None:
        """The receiver will never take it."""
        self._refused.add((workspace, key))

    def _in_line(self, book: Book, workspace: str, key: str, effect: Effect) -> None:
        """Nothing overtakes what was queued before it for the same destination."""
        waiting = [
            each
            for each in book.before(key)
            if (workspace, each) not in self._arrived
            and each not in book.ended
            and not isinstance(book.effects[each].effect, _MAY_VANISH)
        ]
        if isinstance(effect, NotifyAgentOfMany):
            self._arrived.update((workspace, each) for each in waiting)  # it shows them all
        elif waiting:
            states = {each.queued.id: each.state for each in self.outbox(workspace)}
            for each in waiting:
                if states[each] is EffectState.READY:
                    self.broken("order at a destination", f"{key} arrived before {each}, queued earlier")

    def lost(self, workspace: str) -> list[str]:
        """Effects that count as done, and never arrived."""
        done = [each.queued for each in self.outbox(workspace) if each.state is EffectState.DONE]
        return [
            each.id
            for each in done
            if (workspace, each.id) not in self._arrived | self._refused
            and not isinstance(each.effect, _MAY_VANISH)
        ]

    def outbox(self, workspace: str) -> list[Any]:
        """The whole outbox, from the store."""
        found: list[Any] = []
        view = Effects(limit=1000)
        while True:
            page = self._store.query(Workspace(workspace), view)
            found += page.items
            if page.next is None:
                return found
            view = attrs.evolve(view, after=page.next)


_MAY_VANISH = (React, AnnounceRequest)
"""Effects that are found to have nothing to show any more when they are to leave."""

_OBSERVED: Mapping[str, Callable[..., None]] = {
    "recall": Ledger._recalled,
    "commit": Ledger._committed,
    "lease": Ledger._given,
    "settle": Ledger._settled,
    "release": Ledger._released,
    "extend": Ledger._extended,
}
