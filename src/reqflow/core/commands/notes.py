"""Commands on notes."""

from __future__ import annotations

import attrs

from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import is_text
from .root import Command

__all__ = ["AddNote", "DeleteNote"]


@value(kw_only=True)
class AddNote(Command):
    """Leave a note for the next colleague, or for yourself; customers never see it. (Audite, SentiOne)"""

    conversation_id: ConversationId
    text: str = attrs.field(validator=is_text)
    request_id: RequestId | None = None


@value(kw_only=True)
class DeleteNote(Command):
    """Take a note away; history keeps its text, with who deleted it and when. (SentiOne)"""

    conversation_id: ConversationId
    note_id: Code
