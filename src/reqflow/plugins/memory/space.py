"""What one workspace holds: the tables, and the indexes that keep every look-up flat."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from ...core.chain import StoredEntry
from ...core.effects import QueuedEffect
from ...core.events import Entry
from ...core.facts import DeskDocument, Outcome
from ...core.model import (
    AgentId,
    AgentLoad,
    ChannelId,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    MessageId,
    NativeId,
    Profile,
    ProfileId,
    QueueId,
    Request,
    RequestId,
    RequestState,
    Side,
    Text,
    TextId,
)
from ...core.records.root import Record
from ...ports import EffectState, LeaseQueue
from .ordered import Ordered
from .queues import Agenda, Line, Waiting

__all__ = ["LaneKey", "NativeKey", "Sent", "Space"]

NativeKey = tuple[ChannelId, NativeId]
LaneKey = tuple[ChannelId, ProfileId]
Sent = tuple[datetime, MessageId]
K = TypeVar("K", bound=str)

CLOSED = RequestState.CLOSED
UNASSIGNED = RequestState.UNASSIGNED
REQUESTER = Side.REQUESTER
LEFT = (EffectState.READY, EffectState.PARKED)
"""The states of effects that may yet be delivered."""


Waits = tuple[QueueId, tuple[int, datetime, str]]


def _waits_in(request: Request) -> Waits | None:
    """The queue that an unassigned request waits in, and its place there."""
    if request.state is not UNASSIGNED or request.queue is None or request.waiting_at is None:
        return None
    return request.queue, (request.priority, request.waiting_at, request.id)


def _placed(message: Message) -> tuple[object, ...]:
    """What the indexes know of a message."""
    return message.conversation_id, message.sent_at, message.top, message.profile_id, message.side


def _listed(lists: dict[K, Ordered[str]], key: K) -> Ordered[str]:
    """The list of a key, made when it is needed."""
    found = lists.get(key)
    if found is None:
        found = lists[key] = Ordered()
    return found


class Space:
    """The tables of one workspace. Changes of rows that stand in an index go through the methods."""

    def __init__(self) -> None:
        self.conversations: dict[ConversationId, Conversation] = {}
        self.conversation_ids: Ordered[str] = Ordered()
        self.open_conversations: Ordered[str] = Ordered()
        self.past_in: dict[ChannelId, Ordered[str]] = {}  # closed ones, as in the next
        self.past_of: dict[ProfileId, Ordered[str]] = {}
        self.lanes: dict[LaneKey, Lane] = {}
        self.agents: dict[AgentId, AgentLoad] = {}
        self.profiles: dict[ProfileId, Profile] = {}
        self.texts: dict[TextId, Text] = {}
        self.outcomes: dict[CommandKey, Outcome] = {}
        self.threads: dict[NativeKey, ConversationId] = {}
        self.threads_of: dict[ConversationId, list[NativeKey]] = {}
        self.streams: dict[str, list[Entry]] = {}
        self.stream_names: Ordered[str] = Ordered()
        self.cut: dict[str, bytes] = {}  # the digest of the last purged entry, by stream
        self.kept: dict[str, dict[int, StoredEntry]] = {}  # what other stores wrote otherwise than we would
        self.desk: DeskDocument | None = None

        self.records: dict[tuple[str, str], Record] = {}
        self.record_ids: dict[str, Ordered[str]] = {}
        self.records_by: dict[tuple[str, str, str], Ordered[tuple[str, str]]] = {}

        self.messages: dict[MessageId, Message] = {}
        self.message_ids: Ordered[str] = Ordered()
        self.natives: dict[NativeKey, MessageId] = {}
        self.messages_of: dict[ConversationId, list[Sent]] = {}
        self.tops: dict[LaneKey, Ordered[Sent]] = {}

        self.requests: dict[RequestId, Request] = {}
        self.request_ids: Ordered[str] = Ordered()
        self.requests_of: dict[ConversationId, list[RequestId]] = {}
        self.open_requests: Ordered[str] = Ordered()
        self.assigned_to: dict[AgentId, Ordered[str]] = {}
        self.closed_in: dict[ChannelId, Ordered[str]] = {}
        self.closed_of: dict[AgentId, Ordered[str]] = {}
        self.open_in: dict[ChannelId, Ordered[tuple[datetime, str]]] = {}
        self.waiting: dict[QueueId, Ordered[tuple[int, datetime, str]]] = {}

        self.inbox = Line(LeaseQueue.INBOX)
        self.outbox = Line(LeaseQueue.OUTBOX)
        self.agenda = Agenda()
        self.queues: dict[LeaseQueue, Line | Agenda] = {
            LeaseQueue.INBOX: self.inbox,
            LeaseQueue.OUTBOX: self.outbox,
            LeaseQueue.AGENDA: self.agenda,
        }
        self.accepted = 0  # what the inbox has ever held
        self.queued = 0  # and the outbox
        self.effects: list[Waiting] = []  # all of the outbox, finished ones too
        self.effects_of: dict[str, list[Waiting]] = {}
        self.collapsing: dict[tuple[str, str], list[Waiting]] = {}
        self.stirred = 0  # how often something was put in a queue

    # --- conversations and requests ---

    def put_conversation(self, new: Conversation) -> None:
        """Store a state, whatever was there."""
        id = new.id
        old = self.conversations.get(id)
        self.conversations[id] = new
        if old is None:
            self.conversation_ids.add(id)
            was_open = False
        elif old.state is new.state and (new.is_open or old.requester == new.requester):
            return
        else:
            was_open = old.is_open
        is_open = new.is_open
        if is_open is not was_open:
            if is_open:
                self.open_conversations.add(id)
            else:
                self.open_conversations.discard(id)
        if old is not None and not was_open:
            self.past_in[old.channel_id].discard(id)
            self.past_of[old.requester].discard(id)
        if not is_open:
            _listed(self.past_in, new.channel_id).add(id)
            _listed(self.past_of, new.requester).add(id)

    def forget_conversation(self, id: ConversationId) -> None:
        """Forget a state, if there is one."""
        old = self.conversations.pop(id, None)
        if old is None:
            return
        self.conversation_ids.discard(id)
        if old.is_open:
            self.open_conversations.discard(id)
        else:
            self.past_in[old.channel_id].discard(id)
            self.past_of[old.requester].discard(id)

    def put_request(self, new: Request) -> None:
        """Store a state, whatever was there."""
        id = new.id
        old = self.requests.get(id)
        self.requests[id] = new
        if old is None:
            self.request_ids.add(id)
            self.requests_of.setdefault(new.conversation_id, []).append(id)
            was_open, waited = False, None
        else:
            if old.conversation_id != new.conversation_id:
                self.requests_of[old.conversation_id].remove(id)
                self.requests_of.setdefault(new.conversation_id, []).append(id)
            was_open = old.state is not CLOSED
            waited = None if old.queue is None else _waits_in(old)
        is_open = new.state is not CLOSED
        if is_open is not was_open:
            self._list_open(new, is_open)
        if old is None or old.assignee != new.assignee or is_open is not was_open:
            if old is not None:
                self._list_place(old, False)
            self._list_place(new, True)
        waits = None if new.queue is None else _waits_in(new)
        if waits != waited:
            if waited is not None:
                self.waiting[waited[0]].discard(waited[1])
            if waits is not None:
                queue, place = waits
                if queue not in self.waiting:
                    self.waiting[queue] = Ordered()
                self.waiting[queue].add(place)

    def drop_request(self, id: RequestId) -> None:
        """Forget a request, if it is there."""
        old = self.requests.pop(id, None)
        if old is None:
            return
        self.request_ids.discard(id)
        self.requests_of[old.conversation_id].remove(id)
        if old.state is not CLOSED:
            self._list_open(old, False)
        self._list_place(old, False)
        waited = _waits_in(old)
        if waited is not None:
            self.waiting[waited[0]].discard(waited[1])

    def _list_place(self, request: Request, stands: bool) -> None:
        """Where a request is found by its assignee, or once it is closed by its channel."""
        closed, assignee = request.state is CLOSED, request.assignee
        lists = [_listed(self.closed_in, request.channel_id)] if closed else []
        if assignee is not None:
            lists.append(_listed(self.closed_of if closed else self.assigned_to, assignee))
        for each in lists:
            if stands:
                each.add(request.id)
            else:
                each.discard(request.id)

    def _list_open(self, request: Request, is_open: bool) -> None:
        opened = self.open_in.get(request.channel_id)
        if opened is None:
            opened = self.open_in[request.channel_id] = Ordered()
        if is_open:
            opened.add((request.opened_at, request.id))
            self.open_requests.add(request.id)
        else:
            opened.discard((request.opened_at, request.id))
            self.open_requests.discard(request.id)

    # --- messages ---

    def put_message(self, new: Message) -> None:
        """Store a new row."""
        id = new.id
        self.messages[id] = new
        self.message_ids.add(id)
        self.natives[new.channel_id, new.native] = id
        sent = (new.sent_at, id)
        of = self.messages_of.get(new.conversation_id)
        if not of:  # none yet, or all of them were dropped
            self.messages_of[new.conversation_id] = [sent]
        elif sent > of[-1]:
            of.append(sent)
        else:
            insort(of, sent)
        if new.top and new.profile_id is not None and new.side is REQUESTER:
            lane = new.channel_id, new.profile_id
            tops = self.tops.get(lane)
            if tops is None:
                tops = self.tops[lane] = Ordered()
            tops.add(sent)

    def revise_message(self, new: Message) -> None:
        """Store a row as it is now; it is there, with the same native id."""
        old = self.messages[new.id]
        if _placed(old) == _placed(new):
            self.messages[new.id] = new
        else:
            self.drop_message(new.id)
            self.put_message(new)

    def drop_message(self, id: MessageId) -> None:
        """Forget a row, if it is there."""
        old = self.messages.pop(id, None)
        if old is None:
            return
        self.message_ids.discard(id)
        del self.natives[old.channel_id, old.native]
        self.messages_of[old.conversation_id].remove((old.sent_at, id))
        if old.profile_id is not None and (old.channel_id, old.profile_id) in self.tops:
            self.tops[old.channel_id, old.profile_id].discard((old.sent_at, id))

    def drop_conversation(self, id: ConversationId) -> None:
        """Forget the requests and messages of a conversation."""
        for _, message in tuple(self.messages_of.get(id, ())):
            self.drop_message(message)
        for request in tuple(self.requests_of.get(id, ())):
            self.drop_request(request)

    def add_thread(self, key: NativeKey, conversation: ConversationId) -> None:
        """Store a thread key, unless it is there."""
        if key not in self.threads:
            self.threads[key] = conversation
            self.threads_of.setdefault(conversation, []).append(key)

    # --- records ---

    def put_record(self, new: Record) -> None:
        """Store a state, whatever was there; from now on only its own keys find it."""
        kind, id = new.tag, new.id
        old = self.records.get((kind, id))
        self.records[kind, id] = new
        if old is None:
            self.record_ids.setdefault(kind, Ordered()).add(id)
        had = frozenset() if old is None else frozenset(old.found_by())
        has = frozenset(new.found_by())
        for name, content, rank in had - has:
            self._unlist(kind, name, content, rank, id)
        for name, content, rank in has - had:
            self.records_by.setdefault((kind, name, content), Ordered()).add((rank, id))

    def drop_record(self, kind: str, id: str) -> None:
        """Forget a record, if it is there, and what it was found by."""
        old = self.records.pop((kind, id), None)
        if old is None:
            return
        self.record_ids[kind].discard(id)
        for name, content, rank in frozenset(old.found_by()):
            self._unlist(kind, name, content, rank, id)

    def _unlist(self, kind: str, name: str, content: str, rank: str, id: str) -> None:
        line = self.records_by[kind, name, content]
        line.discard((rank, id))
        if line.last() is None:
            del self.records_by[kind, name, content]

    # --- effects ---

    def queue_effect(self, queued: QueuedEffect, at: datetime) -> None:
        """Put an effect in the outbox; of those that it collapses with, the ones that nobody tried are cancelled."""
        place = self._new_place(queued)
        if queued.muted:
            place.state = EffectState.MUTED
            return
        if queued.collapse is not None:
            key = queued.destination, queued.collapse
            before = self.collapsing.get(key, [])
            for other in before:
                if not other.attempts:  # what was tried may have arrived: it is tried again under its own key
                    self.outbox.cancel(other, at)
            done = [other for other in before if other.state is EffectState.DONE]
            self.collapsing[key] = [*done[-1:], *[other for other in before if other.state in LEFT], place]
        self.outbox.put(place)

    def _new_place(self, queued: QueuedEffect) -> Waiting:
        self.queued += 1
        place = Waiting(self.queued, str(self.queued), queued.destination, queued)
        self.effects.append(place)
        about = getattr(queued.effect, "conversation_id", None)
        if about is not None:
            self.effects_of.setdefault(about, []).append(place)
        return place

    def keep_effect(self, queued: QueuedEffect, state: EffectState) -> Waiting:
        """Put an effect in the outbox that stood so elsewhere."""
        place = self._new_place(queued)
        place.state = state
        if state in LEFT:
            self.outbox.keep(place)
        if queued.collapse is not None and state in (EffectState.DONE, *LEFT):
            key = queued.destination, queued.collapse
            before = self.collapsing.get(key, [])
            if state is EffectState.DONE:
                before = [other for other in before if other.state is not EffectState.DONE]
            self.collapsing[key] = [*before, place]
        return place

    def is_overtaken(self, place: Waiting, *states: EffectState) -> bool:
        """Whether of the effects that this one collapses with a later one is in one of these states."""
        item = place.item
        if not isinstance(item, QueuedEffect) or item.collapse is None:
            return False
        line = self.collapsing.get((item.destination, item.collapse), ())
        return any(other.number > place.number and other.state in states for other in line)

    def drop_overtaken(self, place: Waiting) -> None:
        """Cancel an effect that nobody tried, if a later one waits that it collapses with."""
        if self.is_overtaken(place, EffectState.READY):
            self.outbox.drop(place)

    def requeue(self, queue: LeaseQueue, ids: Sequence[str] | None) -> list[str]:
        """Let parked items wait again; returns which."""
        if queue is LeaseQueue.AGENDA:
            keys = [key for key, _ in self.agenda.all_parked()] if ids is None else ids
            return [key for key in keys if self.agenda.requeue(key)]
        line = self.inbox if queue is LeaseQueue.INBOX else self.outbox
        found: list[str] = []
        for id in tuple(line.parked) if ids is None else ids:
            place = line.parked.get(id)
            if place is None:
                continue
            if self.is_overtaken(place, EffectState.READY, EffectState.DONE):
                line.drop(place)
            else:
                line.requeue(place)
                found.append(id)
        return found
