"""What a conversation is after something was found out about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from ..values import changed

__all__ = ["RULES"]


def _described(
    conversation: Conversation, event: e.ConversationDescribed, at: datetime, actor: Actor
) -> Conversation:
    return changed(
        conversation,
        sentiment=event.sentiment or conversation.sentiment,
        language=event.language or conversation.language,
    )


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.ConversationDescribed: _described})
