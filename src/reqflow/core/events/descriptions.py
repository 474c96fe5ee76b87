"""What is found out about a conversation as a whole."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code
from ..values import value
from .root import Event

__all__ = ["DESCRIPTION_EVENTS", "ConversationDescribed"]


@value(kw_only=True)
class ConversationDescribed(Event):
    """A classifier or a person found how its customer feels, or what they speak; None says nothing new. (Audite)"""

    tag: ClassVar[str] = "conversation.described"
    sentiment: Code | None = None
    language: Code | None = None


DESCRIPTION_EVENTS: tuple[type[Event], ...] = (ConversationDescribed,)
