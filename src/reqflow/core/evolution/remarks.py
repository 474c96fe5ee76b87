"""What a conversation is after it was linked to another, took one in, or a rule was asked when its span had passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation, LinkKind, Request, Waited
from ..values import changed
from .messages import heard
from .state import later

__all__ = ["RULES"]


def _linked(
    conversation: Conversation, event: e.ConversationLinked, at: datetime, actor: Actor
) -> Conversation:
    if event.kind is LinkKind.FOLLOW_UP and not conversation.is_open:
        return changed(conversation, continued_in=event.other)
    return conversation


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
            heard(request, heard_at) if request.id == event.request_id and heard_at else request
            for request in conversation.requests
        ),
    )


def _waited(conversation: Conversation, event: e.RuleWaited, at: datetime, actor: Actor) -> Conversation:
    requests = [_asked(r, event) if r.id == event.request_id else r for r in conversation.requests]
    return changed(conversation, requests=tuple(requests))


def _asked(request: Request, event: e.RuleWaited) -> Request:
    others = [each for each in request.waited if each.rule != event.rule]
    return changed(request, waited=(*others, Waited(event.rule, event.since_at)))


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.ConversationLinked: _linked,
        e.ConversationAbsorbed: _absorbed,
        e.RuleWaited: _waited,
    }
)
