"""What a conversation is after it was linked to something outside, or a ticket was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from .marks import left

__all__ = ["RULES"]


def _linked(
    conversation: Conversation, event: e.LinkAdded | e.TicketRequested, at: datetime, actor: Actor
) -> Conversation:
    return left(conversation, actor)


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.LinkAdded: _linked, e.TicketRequested: _linked})
