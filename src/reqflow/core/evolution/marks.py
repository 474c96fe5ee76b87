"""What a conversation is after people left something on it: notes, links, tags, a subject, fields, a status.

Once a person has, it is not absorbed by another. What rules and transports leave does not count as that: a rule would
have done the same to the conversation that takes it in.
"""

from __future__ import annotations

from typing import Any

from ..model import Actor, ActorKind, Conversation, Request
from ..values import changed
from .state import find_request

__all__ = ["change_held", "held", "left"]

_AGENT = ActorKind.AGENT


def left(conversation: Conversation, actor: Actor, **changes: Any) -> Conversation:
    """The conversation with these changes, marked if a person made them."""
    if actor.kind is _AGENT:
        changes["marked"] = True
    return changed(conversation, **changes) if changes else conversation


def held(conversation: Conversation, event: Any) -> Request:
    """The request that an event names, open or the one closed last."""
    request = find_request(conversation, event.request_id)
    if request is None:
        raise LookupError(f"{event.tag}: {conversation.id} holds no {event.request_id}")
    return request


def change_held(conversation: Conversation, event: Any, actor: Actor, **changes: Any) -> Conversation:
    """The conversation with the request that an event names changed where it stands, open or closed."""
    request = held(conversation, event)
    after = changed(request, touched=request.touched or actor.kind is _AGENT, **changes)
    if after.is_open:
        requests = tuple([after if each.id == after.id else each for each in conversation.requests])
        return changed(conversation, requests=requests)
    closed = tuple([after if each.id == after.id else each for each in conversation.closed])
    return changed(conversation, closed=closed)
