"""What is noted in a conversation's history without moving it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Code, ConversationId, LinkKind, RequestId
from ..values import value
from .root import Event

__all__ = ["CONVERSATION_NOTES", "ConversationAbsorbed", "ConversationLinked", "LoopStopped", "RuleRefused"]


@value(kw_only=True)
class ConversationLinked(Event):
    """The conversation refers to another one, and why."""

    tag: ClassVar[str] = "conversation.linked"
    kind: LinkKind
    other: ConversationId


@value(kw_only=True)
class ConversationAbsorbed(Event):
    """All messages of ``other`` belong here now, to ``request_id``; its group began at ``group_at``."""

    tag: ClassVar[str] = "conversation.absorbed"
    other: ConversationId
    request_id: RequestId
    group_at: datetime
    messages: int
    customer_at: datetime | None = None


@value(kw_only=True)
class LoopStopped(Event):
    """Rules answered rules too deep; the rest was not carried out. ``rule`` is who asked last."""

    tag: ClassVar[str] = "loop.stopped"
    rule: Code
    depth: int


@value(kw_only=True)
class RuleRefused(Event):
    """A rule asked for something that the desk does not allow now; ``code`` says why not."""

    tag: ClassVar[str] = "rule.refused"
    rule: Code
    code: Code


CONVERSATION_NOTES: tuple[type[Event], ...] = (
    ConversationLinked,
    ConversationAbsorbed,
    LoopStopped,
    RuleRefused,
)
