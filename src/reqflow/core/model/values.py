"""What other values are made of: actors, references to texts, reasons."""

from __future__ import annotations

from ..values import value
from .ids import AgentId, Code, MessageId, TextId
from .words import ActorKind, Audience, Label

__all__ = ["Actor", "Detection", "Dropped", "Reason", "Text", "TextRef"]


@value
class Actor:
    """Who did something: an agent, a customer's profile, a rule by its name, a timer by its kind."""

    kind: ActorKind
    id: Code


@value
class TextRef:
    """Points to a text row: its id, who may read it, whom it belongs to, a salted digest of it."""

    id: TextId
    audience: Audience
    owner: Code
    digest: Code


@value
class Text:
    """A text row: what a `TextRef` points to. ``body`` is empty once erased."""

    ref: TextRef
    body: str


@value
class Detection:
    """What was found out about a message before it was placed, by whom, and why.

    ``sentiment`` and ``language`` are codes of the classifier's own choice (``angry``; ``pt-br``), where it has any.
    """

    label: Label
    by: Code
    confidence: float = 1.0
    reasons: tuple[Code, ...] = ()
    sentiment: Code | None = None
    language: Code | None = None


@value
class Dropped:
    """A candidate that a policy left out, and the rule that did it."""

    agent: AgentId
    rule: Code


@value
class Reason:
    """Why something happened: a code, and what a policy looked at where one chose."""

    code: Code
    message_id: MessageId | None = None
    policy: Code | None = None
    candidates: tuple[AgentId, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    tie_break: Code | None = None
    note: TextRef | None = None
