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

__all__ = ["PROJECTIONS", "Jotting", "Note", "taken_away"]


@value(kw_only=True)
class Jotting(Record):
    """Root of what colleagues leave in words. One that was deleted keeps its text, for history."""

    conversation_id: ConversationId
    text: TextRef
    author: Actor
    added_at: datetime
    deleted_at: datetime | None = None
    deleted_by: Actor | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By what it hangs on while it is there, in the order of time."""
        if self.deleted_at is not None:
            return ()
        return (RecordKey(*self.hangs_on(), rank_of(self.added_at)),)

    def hangs_on(self) -> tuple[str, str]:
        """What it is on: the name and content of its key."""
        return "conversation", self.conversation_id


def taken_away(old: Jotting, event: e.Event, stream: str, at: datetime, actor: Actor) -> Jotting:
    """It is not found any more; its text stays."""
    return attrs.evolve(old, deleted_at=at, deleted_by=actor)


@value(kw_only=True)
class Note(Jotting):
    """A note on a conversation."""

    tag: ClassVar[str] = "note"
    request_id: RequestId | None = None


def _added(old: None, event: e.NoteAdded, stream: str, at: datetime, actor: Actor) -> Note:
    return Note(
        id=event.note_id,
        conversation_id=ConversationId(stream),
        request_id=event.request_id,
        text=event.text,
        author=actor,
        added_at=at,
    )


_ID: Any = attrgetter("note_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.NoteAdded: Projection(Note, _ID, _added, begins=True),
        e.NoteDeleted: Projection(Note, _ID, taken_away),
    }
)
