"""Notes: what colleagues leave for each other, or for themselves. (Audite, SentiOne)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, ConversationId, RequestId, TextRef
from ..values import value
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["NOTE_PROJECTIONS", "Note"]


@value(kw_only=True)
class Note(Record):
    """A note on a conversation. One that was deleted keeps its text, for history."""

    tag: ClassVar[str] = "note"
    conversation_id: ConversationId
    request_id: RequestId | None = None
    text: TextRef
    author: Actor
    added_at: datetime
    deleted_at: datetime | None = None
    deleted_by: Actor | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By conversation while it is there, in the order of time."""
        if self.deleted_at is not None:
            return ()
        return (RecordKey("conversation", self.conversation_id, rank_of(self.added_at)),)


def _added(old: None, event: e.NoteAdded, stream: str, at: datetime, actor: Actor) -> Note:
    return Note(
        id=event.note_id,
        conversation_id=ConversationId(stream),
        request_id=event.request_id,
        text=event.text,
        author=actor,
        added_at=at,
    )


def _deleted(old: Note, event: e.NoteDeleted, stream: str, at: datetime, actor: Actor) -> Note:
    return attrs.evolve(old, deleted_at=at, deleted_by=actor)


_ID: Any = attrgetter("note_id")

NOTE_PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.NoteAdded: Projection(Note, _ID, _added, begins=True),
        e.NoteDeleted: Projection(Note, _ID, _deleted),
    }
)
