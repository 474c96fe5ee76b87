"""What a conversation is after somebody wrote a note on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from .marks import left

__all__ = ["RULES"]


def _noted(conversation: Conversation, event: e.NoteAdded, at: datetime, actor: Actor) -> Conversation:
    return left(conversation, actor)


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.NoteAdded: _noted})
