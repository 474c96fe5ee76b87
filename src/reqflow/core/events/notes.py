"""What happens to notes, which hang on a conversation."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, RequestId, TextRef
from ..values import value
from .root import Event

__all__ = ["NOTE_EVENTS", "NoteAdded", "NoteDeleted"]


@value(kw_only=True)
class NoteAdded(Event):
    """A colleague left a note on the conversation. (Audite, SentiOne)"""

    tag: ClassVar[str] = "note.added"
    note_id: Code
    text: TextRef
    request_id: RequestId | None = None


@value(kw_only=True)
class NoteDeleted(Event):
    """A note was taken away; ``text`` is what it said. (SentiOne keeps the text for history)"""

    tag: ClassVar[str] = "note.deleted"
    note_id: Code
    text: TextRef


NOTE_EVENTS: tuple[type[Event], ...] = (NoteAdded, NoteDeleted)
