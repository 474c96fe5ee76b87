"""What a conversation is after what was said in it was erased."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from ..values import changed

__all__ = ["RULES"]


def _erased(
    conversation: Conversation, event: e.ConversationErased, at: datetime, actor: Actor
) -> Conversation:
    return changed(conversation, erased=event.scope)


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.ConversationErased: _erased})
