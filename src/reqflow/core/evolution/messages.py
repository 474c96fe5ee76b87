"""What a conversation is after something happened to its messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, ActorKind, Conversation, Message, Request, Side
from ..values import changed
from .state import later

__all__ = ["RULES", "heard"]

# On CPython 3.11 a member costs five times more through its enumeration than through a name of its own.
_AGENT, _BOT = ActorKind.AGENT, ActorKind.BOT
_REQUESTER, _TEAM = Side.REQUESTER, Side.TEAM


def _message(
    conversation: Conversation, event: e.MessageReceived | e.MessagePosted, at: datetime, actor: Actor
) -> Conversation:
    message = event.message
    if message.unreviewed:  # what nobody let through counts as nobody's having said anything
        return changed(conversation, messages=conversation.messages + 1)
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
            if message.channel_id == conversation.channel_id:
                changes["thread"] = message.thread or conversation.thread or message.native
    elif message.audience is conversation.audience:
        if message.author.kind is _BOT:
            changes["greeted_at"] = later(conversation.greeted_at, sent_at)
        else:
            changes["team_at"] = later(conversation.team_at, sent_at)
    return changed(conversation, **changes)


def _answered(request: Request, message: Message) -> Request:
    # a colleague may be the one who asks: only the team's words count as somebody's having acted
    touched = request.touched or (message.author.kind is _AGENT and message.side is _TEAM)
    if message.sent_at <= request.active_at:
        return request if touched is request.touched else changed(request, touched=touched)
    return changed(request, active_at=message.sent_at, touched=touched)


def heard(request: Request, sent_at: datetime) -> Request:
    """The request after words of its customer's: they count as activity, late ones change nothing."""
    if sent_at <= request.active_at:
        return request
    return changed(request, active_at=sent_at)


def _adopted(conversation: Conversation, event: e.MessageAdopted, at: datetime, actor: Actor) -> Conversation:
    return changed(
        conversation,
        requests=tuple(
            heard(request, conversation.active_at) if request.id == event.request_id else request
            for request in conversation.requests
        ),
    )


def _delivered(
    conversation: Conversation, event: e.MessageDelivered, at: datetime, actor: Actor
) -> Conversation:
    # where the desk spoke first there is nothing else to answer in
    if conversation.thread is None and event.native is not None:
        return changed(conversation, thread=event.native)
    return conversation


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.MessageReceived: _message,
        e.MessagePosted: _message,
        e.MessageAdopted: _adopted,
        e.MessageDelivered: _delivered,
    }
)
