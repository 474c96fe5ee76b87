"""Bugs that a simulation must find, each a change of a few lines: to a process' handle of its store, or to us.

A handle is a process' own: what it puts off is gone when the process crashes, as everything is that it remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import attrs
import pytest

from reqflow.core.batch import Batch, LeaseQueue
from reqflow.core.ids import inbound_key
from reqflow.core.model import ChannelId
from reqflow.core.operations.overlay import Overlay
from reqflow.errors import Conflict, Duplicate, StaleLease, StoreUnavailable
from reqflow.flow import accepting, holding
from reqflow.plugins.memory import queues, space, store, writing
from reqflow.testing.simulation import Simulation
from reqflow.testing.simulation.clocks import TICK

Patch = Callable[[pytest.MonkeyPatch], None]


class Handle:
    """One process' handle of the store, with every method as it is."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.put_off: list[Callable[[], None]] = []
        for name in dir(store):
            if not name.startswith("_") and callable(getattr(store, name)) and not hasattr(type(self), name):
                setattr(self, name, self._caught_up(getattr(store, name)))

    def _caught_up(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **how: Any) -> Any:
            self.catch_up()
            return method(*args, **how)

        return call

    def catch_up(self) -> None:
        """Do what was put off until the next call."""
        waiting, self.put_off = self.put_off, []
        for each in waiting:
            try:
                each()
            except (Conflict, Duplicate, StaleLease):
                continue

    def later(self, batch: Batch) -> None:
        self.put_off.append(lambda: self.store.commit(batch))

    def close(self) -> None:
        self.put_off.clear()


class KeysApart(Handle):
    def commit(self, batch: Batch) -> None:
        self.catch_up()
        self.store.commit(attrs.evolve(batch, outcomes=()))
        if batch.outcomes:
            self.later(Batch(workspace=batch.workspace, at=batch.at, outcomes=batch.outcomes))


class AckedFirst(Handle):
    def commit(self, batch: Batch) -> None:
        self.catch_up()
        self.later(batch) if batch.inbox else self.store.commit(batch)


class NeverAcked(Handle):
    def commit(self, batch: Batch) -> None:
        try:
            self.store.commit(batch)
        except Duplicate as known:
            raise StoreUnavailable("duplicate key") from known


class ConflictsSwallowed(Handle):
    def commit(self, batch: Batch) -> None:
        try:
            self.store.commit(batch)
        except Conflict:
            return


class EffectsApart(Handle):
    def commit(self, batch: Batch) -> None:
        self.catch_up()
        self.store.commit(attrs.evolve(batch, effects=()))
        if batch.effects:
            self.later(Batch(workspace=batch.workspace, at=batch.at, effects=batch.effects))


class ByLastId(Handle):
    last = 0

    def lease(self, workspace: Any, queue: LeaseQueue, **how: Any) -> Any:
        leases = self.store.lease(workspace, queue, **how)
        if queue is LeaseQueue.OUTBOX:
            leases = [each for each in leases if int(each.id) > self.last]
            self.last = max([self.last, *(int(each.id) for each in leases)])
        return leases


class MarkedFirst(Handle):
    def lease(self, workspace: Any, queue: LeaseQueue, **how: Any) -> Any:
        leases = self.store.lease(workspace, queue, **how)
        if queue is LeaseQueue.OUTBOX:
            self.store.settle(workspace, leases)
        return leases

    def settle(self, workspace: Any, leases: Any) -> None:
        """That was done."""

    def commit(self, batch: Batch) -> None:
        done = [each for each in batch.consumed if each.queue is LeaseQueue.OUTBOX]
        self.store.commit(attrs.evolve(batch, consumed=tuple(x for x in batch.consumed if x not in done)))


class NewKeys(Handle):
    def lease(self, workspace: Any, queue: LeaseQueue, **how: Any) -> Any:
        leases = self.store.lease(workspace, queue, **how)
        if queue is not LeaseQueue.OUTBOX:
            return leases
        return [
            attrs.evolve(each, item=attrs.evolve(each.item, id=f"{each.item.id}~{each.attempts}"))
            if each.attempts > 1
            else each
            for each in leases
        ]


class FiredFirst(Handle):
    def commit(self, batch: Batch) -> None:
        self.catch_up()
        rung = tuple(each for each in batch.consumed if each.queue is LeaseQueue.AGENDA)
        if not rung or not batch.entries:
            self.store.commit(batch)
            return
        self.store.settle(batch.workspace, rung)
        self.later(attrs.evolve(batch, consumed=()))


class DueIsTooSoon(Handle):
    def lease(self, workspace: Any, queue: LeaseQueue, *, now: Any, **how: Any) -> Any:
        if queue is LeaseQueue.AGENDA:
            now -= TICK
        return self.store.lease(workspace, queue, now=now, **how)


class OneForAll(Handle):
    def texts(self, workspace: Any, ids: Any, audience: Any) -> Any:
        found: dict[Any, str] = {}
        for each in ("one", "two"):
            found.update(self.store.texts(each, ids, audience))
        return found


# --- changes to us ----------------------------------------------------------------------------------


ANYWHERE = ChannelId("any:where")


def _channel_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(accepting, "inbound_key", lambda channel, native: inbound_key(ANYWHERE, native))


def _no_versions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writing, "_failed_versions", lambda space, batch: [])


def _any_owner(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queues.Task, "belongs_to", lambda self, lease: self.lease_until is not None)


def _history_overwritten(patch: pytest.MonkeyPatch) -> None:
    apply = writing.apply

    def overwriting(here: Any, batch: Batch) -> None:
        apply(here, batch)
        for entry in batch.entries:
            if len(here.streams[entry.stream]) > 2:
                del here.streams[entry.stream][-2]

    patch.setattr(store, "apply", overwriting)


def _timers_stay(patch: pytest.MonkeyPatch) -> None:
    batch_of = Overlay.batch
    patch.setattr(Overlay, "batch", lambda self: attrs.evolve(batch_of(self), disarmed=()))


def _overtaken(patch: pytest.MonkeyPatch) -> None:
    waiting = space.Waiting
    patch.setattr(
        space, "Waiting", lambda number, id, lane, item: waiting(number, id, f"{lane} {number}", item)
    )


def _never_parked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holding, "TRIES", 10**9)


@dataclass(frozen=True)
class Mutant:
    """What is changed, and the laws any of which may be the first that is found broken."""

    laws: frozenset[str]
    handle: type[Handle] | None = None
    patch: Patch = lambda patch: None

    def simulation(self) -> Simulation:
        return Simulation(reopen=self.handle, steps=20)


ONCE, THERE, SERIAL = "exactly once", "what was committed is there", "as one by one"
LOST, LATE = "no effect is lost", "never lost"
WAITS, ACKED = "nothing waits for ever", "acknowledged after the commit"
UNACKED, ORDER, GAPS = "redelivery is acknowledged", "order at a destination", "gap-free history"


def mutant(*laws: str, handle: type[Handle] | None = None, patch: Patch = lambda patch: None) -> Mutant:
    return Mutant(frozenset(laws), handle, patch)


MUTANTS: Mapping[str, Mutant] = {
    "M1 keys in a second commit": mutant(ONCE, THERE, SERIAL, handle=KeysApart),
    "M2 keys without the channel": mutant(ACKED, WAITS, UNACKED, patch=_channel_dropped),
    "M4 acknowledged before the commit": mutant(ACKED, ONCE, handle=AckedFirst),
    "M6 duplicates are not acknowledged": mutant(UNACKED, handle=NeverAcked),
    "M7 no version is looked at": mutant("no lost update", GAPS, SERIAL, UNACKED, patch=_no_versions),
    "M8 conflicts are swallowed": mutant(ACKED, ONCE, GAPS, handle=ConflictsSwallowed),
    "M10 history is overwritten": mutant(THERE, "laws of a desk", patch=_history_overwritten),
    "M11 effects in a second commit": mutant(THERE, handle=EffectsApart),
    "M12 the outbox by the last id": mutant(WAITS, ORDER, handle=ByLastId),
    "M13 marked before it is sent": mutant(LOST, "fence", handle=MarkedFirst),
    "M14 a new key for each try": mutant("no effect without a cause", handle=NewKeys),
    "M15 who lost a lease may end it": mutant("fence", patch=_any_owner),
    "M16 a timer fired before its commit": mutant("fence", LATE, THERE, ORDER, GAPS, handle=FiredFirst),
    "M17 due is not yet due": mutant(LATE, handle=DueIsTooSoon),
    "M18 closing cancels no timer": mutant("laws of a desk", SERIAL, patch=_timers_stay),
    "R1 the next overtakes a retry": mutant(ORDER, patch=_overtaken),
    "R2 poison is never parked": mutant(WAITS, patch=_never_parked),
    "R3 texts of all workspaces": mutant("workspaces apart", handle=OneForAll),
}
"""By their numbers in the list of seeded bugs; R are from its reserves."""
