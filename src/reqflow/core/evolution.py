"""``evolve``: what a conversation and its requests are after an event. Total, and without any facts.

Everything that a decision knew travels in the event, and who and when stand in its history entry; so the fold
of the history is the state, and nothing else can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from . import events as e
from .lifecycle import CONVERSATION, REQUEST
from .model import (
    Actor,
    ActorKind,
    Conversation,
    LinkKind,
    Message,
    Request,
    RequestId,
    RequestState,
    Side,
)
from .values import changed

__all__ = ["begin", "evolve", "find_request", "later", "trim"]


# On CPython 3.11 a member costs five times more through its enumeration than through a name of its own.
_AGENT, _BOT = ActorKind.AGENT, ActorKind.BOT
_REQUESTER, _TEAM = Side.REQUESTER, Side.TEAM
_CLOSED = RequestState.CLOSED

_ORDER = attrgetter("opened_at", "id")
"""Open requests stand oldest first, whatever order their messages arrived in."""


def later(known: datetime | None, told: datetime | None) -> datetime | None:
    """The later of two moments, either of which may be missing: late news never turn a clock back."""
    if known is None or told is None:
        return told if known is None else known
    return max(known, told)


def find_request(conversation: Conversation, request_id: RequestId) -> Request | None:
    """The request, if the conversation's state still holds it."""
    for request in conversation.requests:
        if request.id == request_id:
            return request
    for request in conversation.closed:
        if request.id == request_id:
            return request
    return None


def trim(conversation: Conversation) -> Conversation:
    """The state as it is stored: of the closed requests only the one closed last."""
    if len(conversation.closed) <= 1:
        return conversation
    return changed(conversation, closed=conversation.closed[-1:])


def begin(event: e.ConversationOpened) -> Conversation:
    """The state after the first event of a conversation."""
    state = CONVERSATION.initial
    return Conversation(
        id=event.conversation_id,
        channel_id=event.channel_id,
        requester=event.requester,
        state=state,  # type: ignore[arg-type]  # the table is typed by StrEnum, the state by its own
        audience=event.audience,
        version=0,
        opened_at=event.opened_at,
        active_at=event.opened_at,
    )


def evolve(conversation: Conversation, event: e.Event, at: datetime, actor: Actor) -> Conversation:
    """The conversation after the event. ``at`` and ``actor`` are those of its history entry.

    Events without a bearing on state (and `Opaque` ones) change nothing.
    """
    rule = _RULES.get(event.__class__)
    return conversation if rule is None else rule(conversation, event, at, actor)


Rule = Callable[[Conversation, Any, datetime, Actor], Conversation]


# --- messages ---------------------------------------------------------------------------------------


def _message(
    conversation: Conversation, event: e.MessageReceived | e.MessagePosted, at: datetime, actor: Actor
) -> Conversation:
    message = event.message
    sent_at = message.sent_at
    changes: dict[str, Any] = {"messages": conversation.messages + 1}
    if sent_at > conversation.active_at:
        changes["active_at"] = sent_at
    about = message.request_id
    if about is not None:
        changes["requests"] = tuple(
            [
                _answered(request, message) if request.id == about else request
                for request in conversation.requests
            ]
        )
    if message.side is _REQUESTER:
        heard_at = conversation.customer_at
        if heard_at is None or sent_at >= heard_at:
            changes["customer_at"] = sent_at
            changes["thread"] = message.thread or conversation.thread or message.native
    elif message.author.kind is not _BOT and message.audience is conversation.audience:
        changes["team_at"] = later(conversation.team_at, sent_at)
    return changed(conversation, **changes)


def _answered(request: Request, message: Message) -> Request:
    # a colleague may be the one who asks: only the team's words count as somebody's having acted
    touched = request.touched or (message.author.kind is _AGENT and message.side is _TEAM)
    if message.sent_at <= request.active_at:
        return request if touched is request.touched else changed(request, touched=touched)
    return changed(request, active_at=message.sent_at, touched=touched)


def _heard(request: Request, sent_at: datetime) -> Request:
    if sent_at <= request.active_at:
        return request
    return changed(request, active_at=sent_at)


def _adopted(conversation: Conversation, event: e.MessageAdopted, at: datetime, actor: Actor) -> Conversation:
    return changed(
        conversation,
        requests=tuple(
            _heard(request, conversation.active_at) if request.id == event.request_id else request
            for request in conversation.requests
        ),
    )


def _absorbed(
    conversation: Conversation, event: e.ConversationAbsorbed, at: datetime, actor: Actor
) -> Conversation:
    heard_at = event.customer_at
    return changed(
        conversation,
        messages=conversation.messages + event.messages,
        customer_at=later(conversation.customer_at, heard_at),
        active_at=later(conversation.active_at, heard_at),
        requests=tuple(
            _heard(request, heard_at) if request.id == event.request_id and heard_at else request
            for request in conversation.requests
        ),
    )


# --- requests ---------------------------------------------------------------------------------------


def _opened(conversation: Conversation, event: e.RequestOpened, at: datetime, actor: Actor) -> Conversation:
    made = Request(
        id=event.request_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        requester=event.requester,
        state=RequestState.UNASSIGNED,
        opener=event.opener,
        opened_at=event.opened_at,
        active_at=event.opened_at,
        queue=event.queue,
        team=event.team,
        waiting_at=event.opened_at,
    )
    if conversation.is_quiet:  # who asks first is whom the conversation is about
        return changed(conversation, requests=(made,), requester=event.requester)
    requests = (*conversation.requests, made)
    if len(requests) > 1 and _ORDER(requests[-2]) > _ORDER(made):  # it arrived late
        requests = tuple(sorted(requests, key=_ORDER))
    return changed(conversation, requests=requests)


# What becomes of a request's fields; its state follows from the table of arrows.

Changes = dict[str, Any]


def _assigned(request: Request, event: e.RequestAssigned, at: datetime) -> Changes:
    return {"assignee": event.assignee, "waiting_at": None, "active_at": later(request.active_at, at)}


def _unassigned(request: Request, event: e.RequestUnassigned, at: datetime) -> Changes:
    # Who gives work back does not send it to the end of the queue: it keeps its age.
    waiting_at = request.opened_at if request.state is RequestState.ASSIGNED else None
    return {"assignee": None, "waiting_at": waiting_at}


def _routed(request: Request, event: e.RequestRouted, at: datetime) -> Changes:
    return {"queue": event.queue or request.queue, "team": event.team or request.team}


def _held(request: Request, event: e.RequestHeld, at: datetime) -> Changes:
    return {"hold_reason": event.hold_reason, "hold_until_at": event.until_at, "waiting_at": None}


def _woken(request: Request, event: e.RequestWoken, at: datetime) -> Changes:
    return {"hold_reason": None, "hold_until_at": None, "active_at": later(request.active_at, at)}


def _requeued(request: Request, event: e.RequestRequeued, at: datetime) -> Changes:
    return {
        "hold_reason": None,
        "hold_until_at": None,
        "assignee": None,
        "waiting_at": request.opened_at,
        "active_at": later(request.active_at, at),
    }


def _closed(request: Request, event: e.RequestClosed, at: datetime) -> Changes:
    return {
        "resolution": event.resolution,
        "into": event.into,
        "closed_at": at,
        "hold_reason": None,
        "hold_until_at": None,
        "waiting_at": None,
    }


def _reopened(request: Request, event: e.RequestReopened, at: datetime) -> Changes:
    return {
        "resolution": None,
        "into": None,
        "closed_at": None,
        "assignee": None,
        "nudged_at": None,
        "waiting_at": at,
        "active_at": later(request.active_at, at),
    }


def _nudged(request: Request, event: e.RequestNudged, at: datetime) -> Changes:
    return {"nudged_at": at}


_REQUEST_RULES: Mapping[type[e.Event], Callable[[Request, Any, datetime], Changes]] = MappingProxyType(
    {
        e.RequestAssigned: _assigned,
        e.RequestUnassigned: _unassigned,
        e.RequestRouted: _routed,
        e.RequestHeld: _held,
        e.RequestWoken: _woken,
        e.RequestRequeued: _requeued,
        e.RequestClosed: _closed,
        e.RequestReopened: _reopened,
        e.RequestNudged: _nudged,
    }
)


def _request(conversation: Conversation, event: Any, at: datetime, actor: Actor) -> Conversation:
    """Apply a request's event to the request, and put it among the open or the closed ones."""
    before = find_request(conversation, event.request_id)
    if before is None:
        raise LookupError(f"{event.tag}: {conversation.id} holds no {event.request_id}")
    after = changed(
        before,
        state=REQUEST.table[before.state, event.tag],
        touched=before.touched or (actor.kind is _AGENT and _by_hand(event)),
        **_REQUEST_RULES[event.__class__](before, event, at),
    )
    is_open = after.state is not _CLOSED
    if is_open and before.state is not _CLOSED:
        requests = tuple([after if r.id == after.id else r for r in conversation.requests])
        return changed(conversation, requests=requests)
    requests = tuple([r for r in conversation.requests if r.id != after.id])
    closed = tuple([r for r in conversation.closed if r.id != after.id])
    if is_open:
        requests = tuple(sorted((*requests, after), key=_ORDER))
    else:
        closed = (*closed, after)
    return changed(conversation, requests=requests, closed=closed)


def _by_hand(event: Any) -> bool:
    """Whether an agent meant this to happen: what follows from asking follows for a colleague, too."""
    reason = getattr(event, "reason", None)
    return reason is None or reason.code not in _BY_ITSELF


_BY_ITSELF = frozenset({"channel_owner", "customer_wrote", "had_it_before", "late"})


# --- conversations ----------------------------------------------------------------------------------


def _moved(conversation: Conversation, event: e.Event, **changes: Any) -> Conversation:
    return changed(conversation, state=CONVERSATION.table[conversation.state, event.tag], **changes)


def _accepted(
    conversation: Conversation, event: e.ConversationAccepted, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, holder=event.holder)


def _handed_over(
    conversation: Conversation, event: e.ConversationHandedOver, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, holder=event.holder)


def _released(
    conversation: Conversation, event: e.ConversationReleased, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, holder=None)


def _queued(
    conversation: Conversation, event: e.ConversationQueued, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, queue=event.queue)


def _review(conversation: Conversation, event: e.Event, at: datetime, actor: Actor) -> Conversation:
    return _moved(conversation, event)


def _ended(
    conversation: Conversation, event: e.ConversationClosed, at: datetime, actor: Actor
) -> Conversation:
    return _moved(
        conversation,
        event,
        holder=None,
        reason=event.close_reason,
        closed_at=at,
        continued_in=event.into or conversation.continued_in,
    )


def _restarted(
    conversation: Conversation, event: e.ConversationReopened, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, reason=None, closed_at=None)


def _linked(
    conversation: Conversation, event: e.ConversationLinked, at: datetime, actor: Actor
) -> Conversation:
    if event.kind is LinkKind.FOLLOW_UP and not conversation.is_open:
        return changed(conversation, continued_in=event.other)
    return conversation


_RULES: Mapping[type[e.Event], Rule] = MappingProxyType(
    {
        e.MessageReceived: _message,
        e.MessagePosted: _message,
        e.MessageAdopted: _adopted,
        e.RequestOpened: _opened,
        **dict.fromkeys(_REQUEST_RULES, _request),
        e.ConversationAccepted: _accepted,
        e.ConversationHandedOver: _handed_over,
        e.ConversationReleased: _released,
        e.ConversationQueued: _queued,
        e.ConversationReviewStarted: _review,
        e.ConversationReviewEnded: _review,
        e.ConversationClosed: _ended,
        e.ConversationReopened: _restarted,
        e.ConversationLinked: _linked,
        e.ConversationAbsorbed: _absorbed,
    }
)
