"""What a request, and the conversation that holds it, is after something happened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..lifecycle import REQUEST
from ..model import Actor, ActorKind, Conversation, Request, RequestState
from ..values import changed
from .state import ORDER, find_request, later

__all__ = ["RULES"]

_AGENT, _CLOSED = ActorKind.AGENT, RequestState.CLOSED


def _opened(conversation: Conversation, event: e.RequestOpened, at: datetime, actor: Actor) -> Conversation:
    by_hand = actor.kind is _AGENT and event.reason.code in _MADE
    made = Request(
        id=event.request_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        requester=event.requester,
        state=RequestState.UNASSIGNED,
        opener=event.opener,
        opened_at=event.opened_at,
        # what a person makes of old words has only begun to be worked on
        active_at=max(event.opened_at, at) if by_hand else event.opened_at,
        queue=event.queue,
        team=event.team,
        waiting_at=event.opened_at,
        touched=by_hand,
    )
    if event.theme is not None:
        made = changed(made, theme=event.theme, level=event.level, parent=event.parent)
    if conversation.is_quiet:  # who asks first is whom the conversation is about
        return changed(conversation, requests=(made,), requester=event.requester)
    requests = (*conversation.requests, made)
    if len(requests) > 1 and ORDER(requests[-2]) > ORDER(made):  # it arrived late
        requests = tuple(sorted(requests, key=ORDER))
    return changed(conversation, requests=requests)


# What becomes of a request's fields; its state follows from the table of arrows.

Changes = dict[str, Any]


def _assigned(request: Request, event: e.RequestAssigned, at: datetime) -> Changes:
    active_at = later(request.active_at, at)
    return {"assignee": event.assignee, "assigned_at": at, "waiting_at": None, "active_at": active_at}


def _unassigned(request: Request, event: e.RequestUnassigned, at: datetime) -> Changes:
    # Who gives work back does not send it to the end of the queue: it keeps its age.
    waiting_at = request.opened_at if request.state is RequestState.ASSIGNED else None
    return {"assignee": None, "assigned_at": None, "waiting_at": waiting_at}


def _routed(request: Request, event: e.RequestRouted, at: datetime) -> Changes:
    return {"queue": event.queue or request.queue, "team": event.team or request.team}


def _held(request: Request, event: e.RequestHeld, at: datetime) -> Changes:
    return {
        "hold_reason": event.hold_reason,
        "hold_until_at": event.until_at,
        "held_at": at,
        "waiting_at": None,
    }


def _woken(request: Request, event: e.RequestWoken, at: datetime) -> Changes:
    active_at = later(request.active_at, at)
    return {"hold_reason": None, "hold_until_at": None, "held_at": None, "active_at": active_at}


def _requeued(request: Request, event: e.RequestRequeued, at: datetime) -> Changes:
    return {
        "hold_reason": None,
        "hold_until_at": None,
        "held_at": None,
        "assignee": None,
        "assigned_at": None,
        "waiting_at": request.opened_at,
        "active_at": later(request.active_at, at),
    }


def _closed(request: Request, event: e.RequestClosed, at: datetime) -> Changes:
    return {
        "resolution": event.resolution,
        "into": event.into,
        "closed_at": at,
        "consults": (),
        "hold_reason": None,
        "hold_until_at": None,
        "held_at": None,
        "waiting_at": None,
    }


def _reopened(request: Request, event: e.RequestReopened, at: datetime) -> Changes:
    return {
        "resolution": None,
        "into": None,
        "closed_at": None,
        "assignee": None,
        "assigned_at": None,
        "nudged_at": None,
        "waiting_at": at,
        "active_at": later(request.active_at, at),
    }


def _nudged(request: Request, event: e.RequestNudged, at: datetime) -> Changes:
    return {"nudged_at": at}


_CHANGES: Mapping[type[e.Event], Callable[[Request, Any, datetime], Changes]] = MappingProxyType(
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
    state = REQUEST.table[before.state, event.tag]
    changes = _CHANGES[event.__class__](before, event, at)
    if before.status is not None and state is not before.state:
        changes["status"] = None  # it was a name for where work stood in the state that it leaves
    after = changed(
        before,
        state=state,
        touched=before.touched or (actor.kind is _AGENT and _by_hand(event)),
        **changes,
    )
    is_open = after.state is not _CLOSED
    if is_open and before.state is not _CLOSED:
        requests = tuple([after if r.id == after.id else r for r in conversation.requests])
        return changed(conversation, requests=requests)
    requests = tuple([r for r in conversation.requests if r.id != after.id])
    closed = tuple([r for r in conversation.closed if r.id != after.id])
    if is_open:
        requests = tuple(sorted((*requests, after), key=ORDER))
    else:
        closed = (*closed, after)
    return changed(conversation, requests=requests, closed=closed)


def _by_hand(event: Any) -> bool:
    """Whether an agent meant this to happen: what follows from asking follows for a colleague, too."""
    reason = getattr(event, "reason", None)
    return reason is None or reason.code not in _BY_ITSELF


_MADE = frozenset({"promoted", "split", "started"})
"""Why a person makes a request; others come of a message by itself."""
_BY_ITSELF = frozenset({"channel_owner", "customer_wrote", "had_it_before", "late"})


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {e.RequestOpened: _opened, **dict.fromkeys(_CHANGES, _request)}
)
