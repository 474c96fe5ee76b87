"""The sequential model: what was committed, decided once more, one after the other, by an engine that is all alone.

Processes that decide at once, on facts that may have changed meanwhile, must leave what they would have left in some
order one by one; that order is the order of their commits. So every commit is made again from its cause, on the state
that the ones before it left, and must come out the same to the last field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from ...core.automations import automations_of
from ...core.batch import Batch, InboxItem, LeaseQueue, RecordPut, Timer
from ...core.commands import Inbound
from ...core.events import Entry, Event, MessageReceived
from ...core.facts import Answer, Want, WantDesk
from ...core.model import Code, CommandKey, Detection, Workspace
from ...core.records import BarCount
from ...core.settings import Desk
from ...core.timers import drained_queue, erased_look, purged_after
from ...drivers import Ports, run
from ...flow import Context, Flow, desk_of, handle, handle_many, ring
from ...ports import Store
from ...registry import Registry
from .subjects import memory_store
from .trace import Violation
from .world import SimWorld

__all__ = ["as_one_by_one"]

_LEFT_OUT = ("consumed", "inbox", "inbox_limit", "restoring", "agents", "holds")
COMPARED = tuple(field.name for field in attrs.fields(Batch) if field.name not in _LEFT_OUT)
"""What is compared of two batches: all that they write; not what they rely on, which goes by what else came along."""


def as_one_by_one(world: SimWorld) -> Iterator[Violation]:
    """Where a commit is not what its cause alone makes of the state before it."""
    for workspace in world.stories:
        yield from _Serial(world, Workspace(workspace)).differences()


class _Serial:
    """The desk of one workspace, once more."""

    def __init__(self, world: SimWorld, workspace: Workspace) -> None:
        self.world = world
        self.workspace = workspace
        self.book = world.ledger.books[workspace]
        self.store: Store = memory_store()
        self.registry = Registry(world.simulation.plugins())
        self.judge = world.simulation.classifier()
        self.items: dict[str, list[Any]] = {}
        for told in world.sender.told:
            if told.workspace == workspace:
                known = self.items.setdefault(told.key, [])
                if told.item not in known:  # an emoji that is put on, and taken away, has one key
                    known.append(told.item)
        self.desks: list[Desk] = []

    def differences(self) -> Iterator[Violation]:
        """Make every commit again, in their order."""
        self._apply(self.book.begins)
        for committed in self.book.committed:
            told = self._compared(committed.batch)
            if told:
                yield Violation("as one by one", f"{self.workspace} commit {committed.number}: {told}")
            try:
                self._apply(committed.batch)
            except Exception as problem:  # noqa: BLE001  (whatever comes of a state that cannot be)
                told = (
                    f"{self.workspace} commit {committed.number} does not follow those before it: {problem}"
                )
                yield Violation("as one by one", told)
                return

    def _apply(self, batch: Batch) -> None:
        """Store what was stored; queues are left out, since nobody serves them here."""
        if batch.desk is not None:
            self.desks = [desk_of(batch.desk), *self.desks]
        self.store.commit(
            attrs.evolve(batch, consumed=(), inbox=(), armed=(), disarmed=(), effects=(), cancelled=())
        )

    def _compared(self, batch: Batch) -> str:
        """How what is decided now differs from what was committed; empty if it does not, or has no cause but itself.

        Whoever decided may not have known of changes of the desk that were stored just before.
        """
        if not batch.entries and not batch.records:
            return ""  # what was ignored relies on nothing
        told = ""
        for desk in self.desks:
            for flow in self._flows_of(batch, self._context(batch, desk)):
                found = self._decided(flow, batch)
                if not found:
                    return ""
                told = told or found
        is_known = (
            told.startswith(_ON_ITS_WAY) or self._answers_unseen(batch, told) or self._was_barred(batch)
        )
        return "" if is_known else told

    def _was_barred(self, batch: Batch) -> bool:
        """Whether its author was barred at some time: a bar that comes just then lets it pass, and ends it later."""
        return any(each.profile_id and self.book.turns_away(each.profile_id) for each in batch.messages)

    def _answers_unseen(self, batch: Batch, told: str) -> bool:
        """Whether it is an answer that came just when what it answers came: that may begin a second conversation."""
        if ".stream is " not in told:
            return False
        keys = {entry.cause.key for entry in batch.entries}
        items = [item for key in keys for item in self.items.get(key, ())]
        return any(getattr(item, "replies_to", ()) for item in items)

    def _decided(self, flow: Flow, batch: Batch) -> str:
        recording = _Recording(self.store)
        judge: Any = _Remembering(batch, self.judge)
        try:
            run(flow, Ports(store=recording, registry=self.registry, classifier=judge))
        except _Committed:
            pass
        except Exception as refusal:  # noqa: BLE001  (that, too, is a difference)
            return f"{type(refusal).__name__}: {refusal}"
        return _difference(batch, recording.batch)

    def _flows_of(self, batch: Batch, context: Context) -> Iterator[Flow]:
        """What may have been decided, to be decided again."""
        if batch.desk is not None or batch.inbox:
            return
        for lease in batch.consumed:
            if lease.queue is LeaseQueue.AGENDA:
                # which request waits longest, and what is to be erased, is read without a guard
                if drained_queue(Code(lease.id)) is None and erased_look(lease.id) is None:
                    yield ring(context, lease)
            elif isinstance(lease.item, InboxItem) and not _takes_the_last(lease.item.inbound, context.desk):
                yield handle(context, lease.item.inbound, lease.item.key, lease)
        if batch.consumed:
            return
        keys = {key for key, _ in batch.outcomes} | {entry.cause.key for entry in batch.entries}
        # in the order in which they were told
        found = [(items, CommandKey(key)) for key, items in self.items.items() if key in keys]
        if any(_takes_the_last(item, context.desk) for items, _ in found for item in items):
            return
        if len(found) == 1:
            for item in found[0][0]:
                yield handle(context, item, found[0][1])
        elif found and all(len(items) == 1 for items, _ in found):
            yield handle_many(context, [(items[0], key) for items, key in found])

    def _context(self, batch: Batch, desk: Desk) -> Context:
        brought = self.registry
        return Context(
            desk=desk,
            clock=lambda: batch.at,
            rules=(*brought.rules, *automations_of(desk)),
            policies=brought.policies,
            notice_rules=brought.notice_rules,
            signature=brought.signature,
            suggesters=tuple(brought.suggesters),
            schemes=frozenset({"*"}),
        )


def _takes_the_last(item: Any, desk: Desk) -> bool:
    """Whether a colleague says it to nobody in particular: the channel's last open request is read unguarded."""
    letter = getattr(item, "inbound", None) or item
    author = getattr(letter, "author", None)
    if author is None or getattr(letter, "replies_to", None):
        return False
    return desk.author(author).agent is not None


class _Committed(Exception):
    """A decision has come to its commit: that is all there is to know."""


class _Recording:
    """The store of the model: keeps what is to be committed, and commits nothing."""

    def __init__(self, store: Store) -> None:
        self.query = store.query
        self.history = store.history
        self.texts = store.texts
        self._recall = store.recall
        self.batch: Batch | None = None

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """As the store; the desk has never moved."""
        answers = self._recall(workspace, wants)
        return tuple(
            None if isinstance(want, WantDesk) else answer
            for want, answer in zip(wants, answers, strict=True)
        )

    def commit(self, batch: Batch) -> None:
        """Keep it."""
        self.batch = batch
        raise _Committed


class _Remembering:
    """Judges as was judged when the batch was decided, whatever went wrong then."""

    def __init__(self, batch: Batch, judge: Any) -> None:
        self.name: str = judge.name
        self._said: Mapping[tuple[str, str], Detection | None] = {
            (event.message.channel_id, event.message.native): event.detection
            for entry in batch.entries
            for event in entry.events
            if isinstance(event, MessageReceived)
        }
        self._judge = judge

    def classify(self, inbound: Inbound) -> Detection:
        """What was said then."""
        said = self._said.get((inbound.channel, inbound.native))
        verdict: Detection = said if said is not None else self._judge.classify(inbound)
        return verdict


def _difference(was: Batch, now: Batch | None) -> str:
    if now is None:
        return "nothing would be committed"
    return next((found for name in COMPARED if (found := _differs(name, was, now))), "")


def _differs(name: str, was: Batch, now: Batch) -> str:
    one, other = getattr(was, name), getattr(now, name)
    if one == other:
        return ""
    adjust = _NOT_PROMISED.get(name, lambda written: written)
    return _first_difference(adjust(one), adjust(other), name)


def _without_verdicts(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """A first try that met a conflict may have asked the classifier what the second did not have to know."""
    return tuple(attrs.evolve(entry, events=tuple(map(_without_verdict, entry.events))) for entry in entries)


def _without_verdict(event: Event) -> Event:
    return attrs.evolve(event, detection=None) if isinstance(event, MessageReceived) else event


def _guarded(armed: tuple[Timer, ...]) -> list[Timer]:
    """What waits in a queue, or is to be purged, is looked at without a guard: whoever adds to it arms its timer."""
    return sorted(
        (each for each in armed if drained_queue(each.key) is None and purged_after(each.key) is None),
        key=lambda each: each.key,
    )


def _without_counts(records: tuple[RecordPut, ...]) -> list[RecordPut]:
    """What a barred author sends along with others is only counted: nobody knows what it was."""
    return [put for put in records if put.record.tag != BarCount.tag]


_ON_ITS_WAY = "UnknownId: no profile"
"""Who is being erased may be written to at that moment; the erasure looks once more, later."""
_NOT_PROMISED: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"entries": _without_verdicts, "armed": _guarded, "records": _without_counts}
)
"""Where two decisions may differ, by design."""


def _first_difference(one: Any, other: Any, path: str) -> str:
    """Where two values differ first, and how."""
    if one == other:
        return ""
    if type(one) is type(other) and attrs.has(type(one)):
        for field in attrs.fields(type(one)):
            name = field.name
            found = _first_difference(getattr(one, name), getattr(other, name), f"{path}.{name}")
            if found:
                return found
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        for place, (this, that) in enumerate(zip(one, other, strict=False)):
            found = _first_difference(this, that, f"{path}[{place}]")
            if found:
                return found
        longer = one[len(other) :] or other[len(one) :]
        return f"{path} has {len(one)}, one by one {len(other)}: {longer}"
    return f"{path} is {one}, one by one it is {other}"
