"""Notes: added and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..model import Code
from ..operations.step import Step
from ..records import Note
from .finding import conversation_of, request_in

__all__ = ["DECISIONS"]


def _add(step: Step, command: c.AddNote) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    if not command.text.strip():
        raise Refused("empty", "a note needs some text")
    if command.request_id is not None:
        request_in(step, conversation, command.request_id)
    note_id = step.new_id("n")
    text = step.write(command.text, note_id, "body")
    step.emit(conversation.id, e.NoteAdded(note_id=note_id, text=text, request_id=command.request_id))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, record_id=note_id)


def _delete(step: Step, command: c.DeleteNote) -> Outcome:
    note: Note | None = step.record(Note, command.note_id)
    if note is None or note.conversation_id != command.conversation_id or note.deleted_at is not None:
        raise UnknownId(f"no note {command.note_id} on {command.conversation_id}")
    step.emit(note.conversation_id, e.NoteDeleted(note_id=note.id, text=note.text))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=note.conversation_id, record_id=Code(note.id))


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.AddNote: _add, c.DeleteNote: _delete})
