"""What is remarked in a conversation's history without moving it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Code, ConversationId, LinkKind, RequestId
from ..values import value
from .root import Event

__all__ = [
    "CONVERSATION_REMARKS",
    "ConversationAbsorbed",
    "ConversationLinked",
    "EntryUndone",
    "LoopStopped",
    "RuleMatched",
    "RuleRefused",
    "RuleWaited",
]


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
class EntryUndone(Event):
    """What the entry ``seq`` of this history did is taken back; the events beside this one lead back."""

    tag: ClassVar[str] = "entry.undone"
    seq: int


@value(kw_only=True)
class LoopStopped(Event):
    """Rules answered rules too deep; the rest was not carried out. ``rule`` is who asked last."""

    tag: ClassVar[str] = "loop.stopped"
    rule: Code
    depth: int


@value(kw_only=True)
class RuleRefused(Event):
    """A rule asked for something that the desk does not allow now; ``code`` says why not.

    ``command`` names what it asked for; None where it failed before it asked.
    """

    tag: ClassVar[str] = "rule.refused"
    rule: Code
    code: Code
    command: Code | None = None


@value(kw_only=True)
class RuleMatched(Event):
    """A rule that is only watched would have acted here."""

    tag: ClassVar[str] = "rule.matched"
    rule: Code
    request_id: RequestId | None = None


@value(kw_only=True)
class RuleWaited(Event):
    """The span that a rule waits for has passed since ``since_at``; ``matched`` says whether its conditions held."""

    tag: ClassVar[str] = "rule.waited"
    rule: Code
    request_id: RequestId
    since_at: datetime
    matched: bool


CONVERSATION_REMARKS: tuple[type[Event], ...] = (
    ConversationLinked,
    ConversationAbsorbed,
    EntryUndone,
    LoopStopped,
    RuleRefused,
    RuleMatched,
    RuleWaited,
)
