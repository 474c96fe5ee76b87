"""Drafts: answers that wait for review, and what was said about them. (SentiOne)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..lifecycle import DRAFT
from ..model import (
    Actor,
    AgentId,
    Attachment,
    ChannelId,
    Code,
    ConversationId,
    DraftState,
    MessageId,
    RequestId,
    TextRef,
)
from ..values import value
from .notes import Jotting, taken_away
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "Draft", "DraftNote"]


@value(kw_only=True)
class Draft(Record):
    """An answer to the customer that a colleague handed in for review.

    ``text`` is the author's newest wording, with its ``attachments``; both stay internal when it is published: what
    the customer got is the message ``message_id``. ``waiting_at`` is since when it waits, None once it does not.
    ``reviewer``, ``reviewed_at`` and ``reason`` tell of the last review; a rejected draft has a reason.
    """

    tag: ClassVar[str] = "draft"
    conversation_id: ConversationId
    channel_id: ChannelId
    request_id: RequestId | None = None
    author: AgentId
    text: TextRef
    attachments: tuple[Attachment, ...] = ()
    state: DraftState = DraftState.WAITING
    submitted_at: datetime
    waiting_at: datetime | None
    reviewer: Actor | None = None
    reviewed_at: datetime | None = None
    reason: TextRef | None = None
    message_id: MessageId | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By conversation for ever; by channel while it waits; by author until it is published or withdrawn."""
        submitted = rank_of(self.submitted_at)
        keys = [RecordKey("conversation", self.conversation_id, submitted)]
        if self.waiting_at is not None:
            keys.append(RecordKey("waiting", self.channel_id, rank_of(self.waiting_at)))
        if self.state not in DRAFT.final:
            keys.append(RecordKey("author", self.author, submitted))
        return tuple(keys)


@value(kw_only=True)
class DraftNote(Jotting):
    """A note on a draft."""

    tag: ClassVar[str] = "draft_note"
    draft_id: Code

    def hangs_on(self) -> tuple[str, str]:
        """Its draft."""
        return "draft", self.draft_id


def _submitted(old: None, event: e.DraftSubmitted, stream: str, at: datetime, actor: Actor) -> Draft:
    return Draft(
        id=event.draft_id,
        conversation_id=ConversationId(stream),
        channel_id=event.channel_id,
        request_id=event.request_id,
        author=event.author,
        text=event.text,
        attachments=event.attachments,
        submitted_at=at,
        waiting_at=at,
    )


def _moved(old: Draft, event: e.Event, **changes: Any) -> Draft:
    state: Any = DRAFT.table[old.state, event.tag]  # the table is typed by StrEnum, the state by its own
    return attrs.evolve(old, state=state, **changes)


def _revised(old: Draft, event: e.DraftRevised, stream: str, at: datetime, actor: Actor) -> Draft:
    # a new wording keeps its place in line; a draft that comes back begins to wait anew
    waiting_at = old.waiting_at or at
    return _moved(old, event, text=event.text, attachments=event.attachments, waiting_at=waiting_at)


def _approved(old: Draft, event: e.DraftApproved, stream: str, at: datetime, actor: Actor) -> Draft:
    return _moved(
        old,
        event,
        waiting_at=None,
        reviewer=actor,
        reviewed_at=at,
        reason=None,
        message_id=event.message_id,
    )


def _rejected(old: Draft, event: e.DraftRejected, stream: str, at: datetime, actor: Actor) -> Draft:
    reason = event.reason.note
    return _moved(old, event, waiting_at=None, reviewer=actor, reviewed_at=at, reason=reason)


def _withdrawn(old: Draft, event: e.DraftWithdrawn, stream: str, at: datetime, actor: Actor) -> Draft:
    return _moved(old, event, waiting_at=None)


def _note_added(old: None, event: e.DraftNoteAdded, stream: str, at: datetime, actor: Actor) -> DraftNote:
    return DraftNote(
        id=event.note_id,
        draft_id=event.draft_id,
        conversation_id=ConversationId(stream),
        text=event.text,
        author=actor,
        added_at=at,
    )


_ID: Any = attrgetter("draft_id")
_NOTE_ID: Any = attrgetter("note_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.DraftSubmitted: Projection(Draft, _ID, _submitted, begins=True),
        e.DraftRevised: Projection(Draft, _ID, _revised),
        e.DraftApproved: Projection(Draft, _ID, _approved),
        e.DraftRejected: Projection(Draft, _ID, _rejected),
        e.DraftWithdrawn: Projection(Draft, _ID, _withdrawn),
        e.DraftNoteAdded: Projection(DraftNote, _NOTE_ID, _note_added, begins=True),
        e.DraftNoteDeleted: Projection(DraftNote, _NOTE_ID, taken_away),
    }
)
