"""What was committed to a workspace, kept beside the store by nothing but the batches, and what must hold of each.

A book is a model of a store, as small as can be: it takes in every batch that a store said it has stored. So a store
that forgets, doubles or mixes something up is found out, and so is an engine that relied on what had changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from ...core import events as e
from ...core.batch import Absorbed, Adopted, Batch, Gone, Lease, LeaseQueue
from ...core.effects import QueuedEffect
from ...core.events import CauseKind, Entry
from ...core.model import Code, Conversation, Message, Request, Workspace
from ...core.records import RECORDS, Record
from ...core.settings import Desk
from ...core.timers import drained_queue
from ..desks import START
from ..machines.world import World
from .promises import Promises
from .trace import Violation

__all__ = ["Book", "Committed", "Mirror"]

T = TypeVar("T")


@attrs.define
class Committed:
    """A batch that was stored: by whom, in which order."""

    number: int
    process: str
    batch: Batch


class Book:
    """What a workspace holds, by its commits."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.committed: list[Committed] = []
        self.conversations: dict[str, Conversation] = {}
        self.requests: dict[str, Request] = {}
        self.messages: dict[str, Message] = {}
        self.records: dict[str, dict[str, Record]] = {kind.tag: {} for kind in RECORDS}
        self.history: dict[str, list[Entry]] = {}
        self.loads: dict[str, int] = {}
        self.effects: dict[str, QueuedEffect] = {}
        self.lines: dict[str, list[str]] = {}
        self.ended: set[str] = set()
        self.purged: set[str] = set()
        self.promises = Promises()
        self.begins = Batch(workspace=workspace, at=START)
        self._natives: dict[tuple[str, str], str] = {}
        self._outcomes: set[str] = set()
        self._accepted: dict[str, str] = {}
        self._waiting: set[str] = set()
        self._lanes: dict[str, deque[str]] = {}

    # --- taking in ---

    def take_in(self, process: str, batch: Batch, desk: Desk | None) -> Iterator[Violation]:
        """Note a batch that was stored, and tell what should not have been."""
        yield from self._unique(batch)
        yield from self._in_order(batch)
        yield from self._in_time(batch)
        self._apply(batch)
        yield from self._within_capacity(batch, desk)
        self.committed.append(Committed(len(self.committed), process, batch))

    def _unique(self, batch: Batch) -> Iterator[Violation]:
        """One effect on the state for each message, command and accepted item, for ever."""
        for message in batch.messages:
            place = (message.channel_id, message.native)
            if place in self._natives or message.id in self.messages:
                yield Violation("exactly once", f"message {' '.join(place)} is stored twice")
            self._natives[place] = message.id
        for key, _ in batch.outcomes:
            if key in self._outcomes:
                yield Violation("exactly once", f"{key} was carried out twice")
            self._outcomes.add(key)
        for item in batch.inbox:
            if item.key in self._waiting:
                yield Violation("exactly once", f"{item.key} was accepted twice")
            self._waiting.add(item.key)
            self._accepted[item.key] = item.lane
            self._lanes.setdefault(item.lane, deque()).append(item.key)
        for queued in batch.effects:
            if queued.id in self.effects:
                yield Violation("exactly once", f"effect {queued.id} was queued twice")
            self.effects[queued.id] = queued
            if not queued.muted:
                self.lines.setdefault(queued.destination, []).append(queued.id)

    def _in_order(self, batch: Batch) -> Iterator[Violation]:
        """Streams without gaps, versions one after the other, items of one lane in the order of acceptance."""
        counts: dict[str, int] = {}
        for entry in batch.entries:
            known = self.history.setdefault(entry.stream, [])
            counts[entry.stream] = counts.get(entry.stream, 0) + 1
            last = known[-1].seq if known else 0
            if entry.seq != last + 1:
                yield Violation("gap-free history", f"{entry.stream}: entry {entry.seq} follows {last}")
            known.append(entry)
        for conversation in batch.conversations:
            old = self.conversations.get(conversation.id)
            before = conversation.version - counts.get(conversation.id, 1)
            if before != (old.version if old is not None else 0):
                yield Violation(
                    "no lost update", f"{conversation.id}: version {conversation.version} is late"
                )
        for lease in batch.consumed:
            if lease.queue is LeaseQueue.INBOX:
                yield from self._handled(lease)

    def _handled(self, lease: Lease) -> Iterator[Violation]:
        lane = self._lanes.get(self._accepted.get(lease.id, ""), deque())
        if lane and lane[0] != lease.id:
            yield Violation("order in a lane", f"{lease.id} was handled before {lane[0]}, which came first")
        self.drop_item(lease.id)

    def drop_item(self, key: str) -> None:
        """An accepted item is done, or was parked: those behind it go on."""
        lane = self._lanes.get(self._accepted.get(key, ""))
        if lane is not None and key in lane:
            lane.remove(key)
            self._waiting.discard(key)

    def _in_time(self, batch: Batch) -> Iterator[Violation]:
        """Nothing that was promised for a moment happens before it, by the clock of whoever makes it happen."""
        for entry in batch.entries:
            if entry.cause.kind is CauseKind.TIMER:
                for event in entry.events:
                    due_at = self.promises.due_at(entry.stream, event)
                    if due_at is not None and entry.at < due_at:
                        told = f"{entry.stream}: {event.tag} at {entry.at}, due at {due_at}"
                        yield Violation("never early", told)
            self.promises.take_in(entry)

    def _within_capacity(self, batch: Batch, desk: Desk | None) -> Iterator[Violation]:
        """A queue gives nobody more than its capacity allows."""
        for lease in batch.consumed:
            queue = drained_queue(Code(lease.id)) if lease.queue is LeaseQueue.AGENDA else None
            limits = desk.queues.get(queue) if desk is not None and queue is not None else None
            if limits is None or limits.capacity is None:
                continue
            for event in (event for entry in batch.entries for event in entry.events):
                load = self.loads.get(getattr(event, "assignee", ""), 0)
                if isinstance(event, e.RequestAssigned) and load > limits.capacity:
                    told = f"{event.assignee} has {load} requests, {queue} gives {limits.capacity}"
                    yield Violation("capacity", told)

    def _apply(self, batch: Batch) -> None:
        for conversation in batch.conversations:
            self.conversations[conversation.id] = conversation
        for request in batch.requests:
            self.requests[request.id] = request
        for message in (*batch.messages, *batch.revised):
            self.messages[message.id] = message
        for put in batch.records:
            self.records[put.record.tag][put.record.id] = put.record
        for change in batch.loads:
            self.loads[change.agent] = self.loads.get(change.agent, 0) + change.delta
        for absorbed in batch.absorbed:
            self._absorb(absorbed)
        for adopted in batch.adopted:
            self._adopt(adopted)
        if batch.gone is not None:
            self._take_away(batch.gone)

    def _absorb(self, absorbed: Absorbed) -> None:
        for id, old in self.messages.items():
            if old.conversation_id == absorbed.other:
                self.messages[id] = attrs.evolve(
                    old,
                    conversation_id=absorbed.into,
                    request_id=absorbed.request_id,
                    group_at=absorbed.group_at if old.top else old.group_at,
                )

    def _adopt(self, adopted: Adopted) -> None:
        for id, old in self.messages.items():
            if (
                old.conversation_id == adopted.conversation_id
                and old.sent_at >= adopted.since_at
                and old.request_id is None
            ):
                self.messages[id] = attrs.evolve(old, request_id=adopted.request_id)

    def _take_away(self, gone: Gone) -> None:
        """What was erased or purged is not there any more; its keys stay taken."""
        for kind, id in gone.records:
            self.records[kind].pop(id, None)
        for profile in gone.profiles:
            self._waiting.difference_update(self.waiting_of(profile))
            for lane in self._lanes_of(profile):
                del self._lanes[lane]
        for conversation, last in gone.conversations:
            self.conversations.pop(conversation, None)
            self.requests = {
                each.id: each for each in self.requests.values() if each.conversation_id != conversation
            }
            self.history[conversation] = [each for each in self.history[conversation] if each.seq > last]
            effects = self.lines_of(conversation)
            self.ended.update(effects)
            self.purged.update(effects)

    def waiting_of(self, profile: str) -> list[str]:
        """The accepted items of a profile that nobody has handled yet."""
        return [key for lane in self._lanes_of(profile) for key in self._lanes[lane]]

    def _lanes_of(self, profile: str) -> list[str]:
        return [lane for lane in self._lanes if lane.endswith(f" {profile}")]

    def lines_of(self, conversation: str) -> list[str]:
        """The effects that are about a conversation."""
        return [
            id
            for id, queued in self.effects.items()
            if getattr(queued.effect, "conversation_id", None) == conversation
        ]

    # --- asking ---

    def holds(self, native: tuple[str, str]) -> bool:
        """Whether a message is stored."""
        return native in self._natives

    def turns_away(self, profile: str) -> bool:
        """Whether it is, or was, barred."""
        return profile in self.records["bar"]

    def knows(self, key: str) -> bool:
        """Whether something was handled, or waits in the inbox."""
        return key in self._outcomes or key in self._accepted

    def before(self, effect: str) -> list[str]:
        """The effects of its destination that were queued before it, oldest first."""
        line = self.lines[self.effects[effect].destination]
        return line[: line.index(effect)]


class Mirror(World):
    """What a workspace holds, without asking its store: for choosing from."""

    def __init__(self, book: Book) -> None:
        self.conversations = _by_id(book.conversations)
        self.requests = _by_id(book.requests)
        self.messages = _by_id(book.messages)
        self.records = {tag: _by_id(rows) for tag, rows in book.records.items()}
        self.history = dict(book.history)
        self.streams = sorted(book.history)
        self.effects, self.timers, self.loads = [], {}, ()


def _by_id(rows: Mapping[str, T]) -> list[T]:
    return [rows[id] for id in sorted(rows)]
