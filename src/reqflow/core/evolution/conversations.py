"""What a conversation is after something happened to itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..lifecycle import CONVERSATION
from ..model import Actor, Conversation
from ..values import changed

__all__ = ["RULES"]


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
        timers=(),
        follow_ups=(),
        reason=event.close_reason,
        closed_at=at,
        continued_in=event.into or conversation.continued_in,
    )


def _restarted(
    conversation: Conversation, event: e.ConversationReopened, at: datetime, actor: Actor
) -> Conversation:
    return _moved(conversation, event, reason=None, closed_at=None, continued_in=None)


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.ConversationAccepted: _accepted,
        e.ConversationHandedOver: _handed_over,
        e.ConversationReleased: _released,
        e.ConversationQueued: _queued,
        e.ConversationReviewStarted: _review,
        e.ConversationReviewEnded: _review,
        e.ConversationClosed: _ended,
        e.ConversationReopened: _restarted,
    }
)
