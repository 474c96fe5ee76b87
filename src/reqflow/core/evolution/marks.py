"""What a conversation is after people left something on it: notes, links, tags, a subject, fields, a status.

Once a person has, it is not absorbed by another. What rules and transports leave does not count as that: a rule would
have done the same to the conversation that takes it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, ActorKind, Conversation, FieldValue, Request
from ..values import changed
from .state import find_request

__all__ = ["MARK_RULES", "change_held", "held"]

_AGENT = ActorKind.AGENT


def _left(conversation: Conversation, actor: Actor, **changes: Any) -> Conversation:
    """The conversation with these changes, marked if a person made them."""
    if actor.kind is _AGENT:
        changes["marked"] = True
    return changed(conversation, **changes) if changes else conversation


def _noted(conversation: Conversation, event: e.NoteAdded, at: datetime, actor: Actor) -> Conversation:
    return _left(conversation, actor)


def _linked(
    conversation: Conversation, event: e.LinkAdded | e.TicketRequested, at: datetime, actor: Actor
) -> Conversation:
    return _left(conversation, actor)


def _tagged(conversation: Conversation, event: e.TagAdded, at: datetime, actor: Actor) -> Conversation:
    return _left(conversation, actor, tags=(*conversation.tags, event.name))


def _untagged(conversation: Conversation, event: e.TagRemoved, at: datetime, actor: Actor) -> Conversation:
    tags = tuple([each for each in conversation.tags if each != event.name])
    return _left(conversation, actor, tags=tags)


def _titled(conversation: Conversation, event: e.SubjectSet, at: datetime, actor: Actor) -> Conversation:
    return _left(conversation, actor, subject=event.subject)


def _filled(conversation: Conversation, event: e.FieldSet, at: datetime, actor: Actor) -> Conversation:
    if event.request_id is None:
        return _left(conversation, actor, fields=_with(conversation.fields, event.value))
    request = held(conversation, event)
    return _changed(conversation, request, actor, fields=_with(request.fields, event.value))


def _emptied(conversation: Conversation, event: e.FieldCleared, at: datetime, actor: Actor) -> Conversation:
    if event.request_id is None:
        return _left(conversation, actor, fields=_without(conversation.fields, event.field))
    request = held(conversation, event)
    return _changed(conversation, request, actor, fields=_without(request.fields, event.field))


def _set(conversation: Conversation, event: e.RequestStatusSet, at: datetime, actor: Actor) -> Conversation:
    return change_held(conversation, event, actor, status=event.status)


def _without(values: tuple[FieldValue, ...], field: str) -> tuple[FieldValue, ...]:
    return tuple([each for each in values if each.field != field])


def _with(values: tuple[FieldValue, ...], new: FieldValue) -> tuple[FieldValue, ...]:
    return tuple(sorted((*_without(values, new.field), new), key=lambda each: each.field))


def held(conversation: Conversation, event: Any) -> Request:
    """The request that an event names, open or the one closed last."""
    request = find_request(conversation, event.request_id)
    if request is None:
        raise LookupError(f"{event.tag}: {conversation.id} holds no {event.request_id}")
    return request


def change_held(conversation: Conversation, event: Any, actor: Actor, **changes: Any) -> Conversation:
    """The conversation with the request that an event names changed where it stands."""
    return _changed(conversation, held(conversation, event), actor, **changes)


def _changed(conversation: Conversation, request: Request, actor: Actor, **changes: Any) -> Conversation:
    """The conversation with a request of it changed where it stands, among the open or the closed ones."""
    after = changed(request, touched=request.touched or actor.kind is _AGENT, **changes)
    if after.is_open:
        requests = tuple([after if each.id == after.id else each for each in conversation.requests])
        return changed(conversation, requests=requests)
    closed = tuple([after if each.id == after.id else each for each in conversation.closed])
    return changed(conversation, closed=closed)


MARK_RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.NoteAdded: _noted,
        e.LinkAdded: _linked,
        e.TicketRequested: _linked,
        e.TagAdded: _tagged,
        e.TagRemoved: _untagged,
        e.SubjectSet: _titled,
        e.FieldSet: _filled,
        e.FieldCleared: _emptied,
        e.RequestStatusSet: _set,
    }
)
