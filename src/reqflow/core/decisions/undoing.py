"""``decide`` for taking back: one entry of a conversation's history is undone by what compensates for it.

History only grows. What the entry did to requests, to their conversation and to where messages belong is compared with
what the entries before it say, and new events lead back there. Nothing that left the desk can be taken back, and
nothing that later entries build on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind, WantPlaced
from ..history import Folded, fold
from ..model import (
    AgentId,
    CloseReason,
    Code,
    Conversation,
    ConversationId,
    Reason,
    Request,
    RequestId,
    RequestState,
    Resolution,
)
from ..operations.step import Step
from .finding import conversation_of, request_in
from .requests import assigned, lead, unassigned, woken

__all__ = ["DECISIONS"]

_UNDONE = Reason(Code("undone"))

_OF_REQUESTS = frozenset(each for each in e.REQUEST_EVENTS if each is not e.RequestNudged)
_OF_CONVERSATIONS = frozenset(
    {
        e.ConversationAccepted,
        e.ConversationHandedOver,
        e.ConversationReleased,
        e.ConversationQueued,
        e.ConversationClosed,
        e.ConversationReopened,
    }
)
_REMARKS = frozenset({e.ConversationLinked, e.MessageAdopted, e.EntryUndone})
"""What may stay as it is: the one tells, and what was taken in is told apart by its request."""
_BY_PERSON = frozenset({"promoted", "split"})


def _undo(step: Step, command: c.Undo) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    entries = step.overlay.entries_of(conversation.id)
    entry = next((each for each in entries if each.seq == command.seq), None)
    if entry is None:
        raise UnknownId(f"no entry {command.seq} in the history of {conversation.id}")
    undone, undoing = _undone(entries)
    if entry.seq in undone:
        raise _cannot(entry, "it was undone already")
    _need_undoable(entry)
    void = undone | undoing
    _need_free(entry, [each for each in entries if each.seq > entry.seq and each.seq not in void])
    before = fold(each for each in entries if each.seq < entry.seq)
    if before is None:
        raise _cannot(entry, e.ConversationOpened.tag)
    _Way(step, before, entry).back()
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id)


# --- whether it can be ---


def _cannot(entry: e.Entry, why: str) -> Refused:
    return Refused("cannot_undo", f"entry {entry.seq} cannot be undone: {why}")


def _undone(entries: Iterable[e.Entry]) -> tuple[set[int], set[int]]:
    """The entries that are undone as things stand, and those that undid them: together they did nothing."""
    undone: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for entry in entries:
        for event in entry.events:
            if isinstance(event, e.EntryUndone):
                pairs.append((event.seq, entry.seq))
                undone.add(event.seq)
                undone.difference_update(was for was, by in pairs if by == event.seq)
    return undone, {by for was, by in pairs if was in undone}


def _need_undoable(entry: e.Entry) -> None:
    kinds = {event.__class__ for event in entry.events}
    if not kinds & (_OF_REQUESTS | _OF_CONVERSATIONS):
        raise _cannot(entry, f"it holds nothing but {', '.join(event.tag for event in entry.events)}")
    for event in entry.events:
        able = event.__class__ in _OF_REQUESTS | _OF_CONVERSATIONS | _REMARKS | {e.MessageMoved}
        if not able or (isinstance(event, e.RequestOpened) and event.reason.code not in _BY_PERSON):
            raise _cannot(entry, f"it holds {event.tag}")


def _need_free(entry: e.Entry, later: Iterable[e.Entry]) -> None:
    """Refuse when a later entry builds on this one, naming it."""
    subjects = {subject for event in entry.events for subject in _subjects(event)}
    opened = {event.request_id for event in entry.events if isinstance(event, e.RequestOpened)}
    for each in later:
        for event in each.events:
            said = getattr(getattr(event, "message", None), "request_id", None)
            if said in opened or not subjects.isdisjoint(_subjects(event)):
                raise Refused(
                    "depended_on",
                    f"entry {entry.seq} cannot be undone: entry {each.seq} ({event.tag}) came after and depends on it",
                )


def _subjects(event: Any) -> tuple[str, ...]:
    """What an event is about, as far as undoing another one may depend on it."""
    kind: type[e.Event] = event.__class__
    if kind in _OF_REQUESTS:
        return (event.request_id,)
    if kind in _OF_CONVERSATIONS:
        return ("conversation",)
    if kind is e.MessageMoved:
        return (event.message_id,)
    return ()


# --- the way back ---


class _Way:
    """From what is now back to what was before an entry."""

    def __init__(self, step: Step, before: Folded, entry: e.Entry) -> None:
        self.step = step
        self.entry = entry
        self.id: ConversationId = before.conversation.id
        self.was = before.conversation
        self.requests = {request.id: request for request in before.requests}
        self.touches_conversation = any(event.__class__ in _OF_CONVERSATIONS for event in entry.events)
        named = [event.request_id for event in entry.events if event.__class__ in _OF_REQUESTS]  # type: ignore[attr-defined]
        self.named: Sequence[RequestId] = tuple(dict.fromkeys(named))

    def now(self) -> Conversation:
        """The conversation as the step has made it so far."""
        return conversation_of(self.step, self.id)

    def back(self) -> None:
        """Refuse, or emit what leads back."""
        moved = [x for x in self.entry.events if isinstance(x, e.MessageMoved) and x.previous is not None]
        self.step.overlay.facts(*[WantPlaced(each.message_id) for each in moved])  # in one go
        self._need_possible()
        for id in self.named:
            request = self._request(id)
            if not request.is_open:
                self.step.bring_back(self.now(), request)
        self.step.emit(self.id, e.EntryUndone(seq=self.entry.seq))
        if self.was.is_open and not self.now().is_open:
            place = lead(self.step, self.now(), self.was.requester)
            self.step.emit(self.id, e.ConversationReopened(reason=_UNDONE, lane_version=place))
        for event in moved:
            self._move_back(event)
        for id in self.named:
            was = self.requests.get(id)
            if was is None:
                self._end(id)
            else:
                self._restore(was)
        if self.touches_conversation:
            self._restore_conversation()

    def _need_possible(self) -> None:
        """What no event can express, and people who are gone."""
        now = self.now()
        people = [self.was.holder] if self.touches_conversation else []
        if self.touches_conversation and self.was.queue is None and now.queue is not None:
            raise _cannot(self.entry, "the conversation was in no queue before")
        for id in self.named:
            was, request = self.requests.get(id), self.step.overlay.request(id)[0]
            if was is None or request is None:
                continue
            people.append(was.assignee if was.is_open else None)
            if (was.queue is None and request.queue is not None) or (
                was.team is None and request.team is not None
            ):
                raise _cannot(self.entry, f"request {id} was routed nowhere before")
        for person in people:
            if person is not None and person not in self.step.desk.agents:
                raise Refused("unknown_agent", f"no agent {person!r} in the roster")

    def _move_back(self, event: e.MessageMoved) -> None:
        message, _ = self.step.overlay.placed(event.message_id)
        if message is None or event.previous is None:
            raise _cannot(self.entry, f"message {event.message_id} is gone")
        self.step.revise(
            message,
            e.MessageMoved(
                message_id=message.id,
                request_id=event.previous,
                previous=event.request_id,
                group_at=message.group_at,
            ),
        )

    def _end(self, id: RequestId) -> None:
        """A request that the entry made ends: into the one that it was split from, or as none."""
        opened = next(x for x in self.entry.events if isinstance(x, e.RequestOpened) and x.request_id == id)
        resolution = Resolution.NOT_A_REQUEST if opened.origin is None else Resolution.MERGED
        self.step.emit(
            self.id,
            e.RequestClosed(request_id=id, resolution=resolution, into=opened.origin, reason=_UNDONE),
        )

    def _request(self, id: RequestId) -> Request:
        return request_in(self.step, self.now(), id)

    def _restore(self, was: Request) -> None:
        if not was.is_open:
            ended = e.RequestClosed(
                request_id=was.id,
                resolution=was.resolution or Resolution.DONE,
                into=was.into,
                reason=_UNDONE,
            )
            if self._request(was.id).is_open:
                self.step.emit(self.id, ended)
            return
        if not self._request(was.id).is_open:
            self.step.emit(self.id, e.RequestReopened(request_id=was.id, reason=_UNDONE))
        self._unhold(was)
        self._reassign(was)
        self._hold(was)
        now = self._request(was.id)
        if (now.queue, now.team) != (was.queue, was.team):
            routed = e.RequestRouted(request_id=was.id, queue=was.queue, team=was.team, reason=_UNDONE)
            self.step.emit(self.id, routed)

    def _unhold(self, was: Request) -> None:
        now = self._request(was.id)
        if now.state is RequestState.ON_HOLD and was.state is not RequestState.ON_HOLD:
            requeue = was.state is RequestState.UNASSIGNED
            self.step.emit(self.id, woken(now, _UNDONE, requeue=requeue))

    def _reassign(self, was: Request) -> None:
        now = self._request(was.id)
        if was.assignee is not None and now.assignee != was.assignee:
            self.step.emit(self.id, assigned(now, was.assignee, _UNDONE))
        elif was.assignee is None and now.assignee is not None:
            self.step.emit(self.id, unassigned(now, now.assignee, _UNDONE))

    def _hold(self, was: Request) -> None:
        now = self._request(was.id)
        differs = (now.hold_reason, now.hold_until_at) != (was.hold_reason, was.hold_until_at)
        if was.hold_reason is not None and differs:
            held = e.RequestHeld(
                request_id=was.id,
                hold_reason=was.hold_reason,
                until_at=was.hold_until_at,
                reason=_UNDONE,
            )
            self.step.emit(self.id, held)

    def _restore_conversation(self) -> None:
        was, now = self.was, self.now()
        if not was.is_open:
            if now.is_open:
                why = was.reason or CloseReason.HANDLED
                closed = e.ConversationClosed(close_reason=why, into=was.continued_in, reason=_UNDONE)
                self.step.emit(self.id, closed)
            return
        if was.queue is not None and now.queue != was.queue:
            if now.holder is not None:
                self._let_go(now.holder)
            self.step.emit(self.id, e.ConversationQueued(queue=was.queue, reason=_UNDONE))
        holder = self.now().holder
        if was.holder == holder:
            return
        if was.holder is None:
            if holder is not None:
                self._let_go(holder)
        elif holder is None:
            self.step.emit(self.id, e.ConversationAccepted(holder=was.holder, reason=_UNDONE))
        else:
            handed = e.ConversationHandedOver(holder=was.holder, previous=holder, reason=_UNDONE)
            self.step.emit(self.id, handed)

    def _let_go(self, holder: AgentId) -> None:
        self.step.emit(self.id, e.ConversationReleased(previous=holder, reason=_UNDONE))


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.Undo: _undo})
