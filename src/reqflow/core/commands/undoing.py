"""Taking back what was done."""

from __future__ import annotations

from ..model import ConversationId
from ..values import value
from .root import Command

__all__ = ["Undo"]


@value(kw_only=True)
class Undo(Command):
    """Take back what one entry of a conversation's history did, by what undoes it: history itself only grows.

    ``seq`` is the entry's place in the conversation's history. Refused when the entry did something that cannot be
    taken back (a message that was sent), or when a later entry depends on it; the refusal names that one.
    """

    conversation_id: ConversationId
    seq: int
