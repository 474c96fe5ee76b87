"""What a conversation is after an answer was written for later, called off, or sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation, FollowUp
from ..values import changed
from .marks import left

__all__ = ["RULES"]


def _scheduled(
    conversation: Conversation, event: e.FollowUpScheduled, at: datetime, actor: Actor
) -> Conversation:
    made = FollowUp(event.follow_up_id, event.due_at, event.text, actor, event.author, event.request_id)
    return left(conversation, actor, follow_ups=(*conversation.follow_ups, made))


def _over(
    conversation: Conversation, event: e.FollowUpCancelled | e.FollowUpSent, at: datetime, actor: Actor
) -> Conversation:
    rest = tuple([each for each in conversation.follow_ups if each.id != event.follow_up_id])
    return changed(conversation, follow_ups=rest)


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.FollowUpScheduled: _scheduled,
        e.FollowUpCancelled: _over,
        e.FollowUpSent: _over,
    }
)
