"""What a conversation is after a tag was put on it, or taken off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from .marks import left

__all__ = ["RULES"]


def _tagged(conversation: Conversation, event: e.TagAdded, at: datetime, actor: Actor) -> Conversation:
    return left(conversation, actor, tags=(*conversation.tags, event.name))


def _untagged(conversation: Conversation, event: e.TagRemoved, at: datetime, actor: Actor) -> Conversation:
    tags = tuple([each for each in conversation.tags if each != event.name])
    return left(conversation, actor, tags=tags)


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.TagAdded: _tagged, e.TagRemoved: _untagged})
