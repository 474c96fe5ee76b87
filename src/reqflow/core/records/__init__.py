"""The smaller kinds of rows, and what events make of them. Each module holds one subject.

A record is to its events what a conversation is to its own: `project` is its ``evolve``. It hangs on the conversation
in whose history its events stand, or it has a history of its own: a stream named by its kind and id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import attrs

from .. import events as e
from ..model import Actor
from .answers import ANSWER_PROJECTIONS, Answer
from .attention import Attention, Card, Forwarded, Greeted, GreetedHere, attention_id
from .contacts import CONTACT_PROJECTIONS, Bar, BarCount, Contact, Customer, ProfileSet
from .drafts import DRAFT_PROJECTIONS, Draft, DraftNote
from .escalation import ESCALATION_PROJECTIONS, Flag, Issue, Offer, Trend, issue_id
from .fields import FIELD_PROJECTIONS, FieldEntry
from .following import FOLLOWING_PROJECTIONS, Following
from .links import LINK_PROJECTIONS, LinkRecord
from .notes import NOTE_PROJECTIONS, Note
from .projection import Projection
from .root import Record, RecordKey
from .searches import SearchCard
from .tags import TAG_PROJECTIONS, Tag, Tagged

__all__ = [
    "PROJECTIONS",
    "RECORDS",
    "Answer",
    "Attention",
    "Bar",
    "BarCount",
    "Card",
    "Contact",
    "Customer",
    "Draft",
    "DraftNote",
    "FieldEntry",
    "Flag",
    "Following",
    "Forwarded",
    "Greeted",
    "GreetedHere",
    "Issue",
    "LinkRecord",
    "Note",
    "Offer",
    "ProfileSet",
    "Record",
    "RecordKey",
    "SearchCard",
    "Tag",
    "Tagged",
    "Trend",
    "attention_id",
    "issue_id",
    "project",
    "stream_of",
]

RECORDS: tuple[type[Record], ...] = (
    Note,
    Draft,
    DraftNote,
    Tag,
    Tagged,
    Answer,
    FieldEntry,
    Contact,
    Customer,
    Bar,
    BarCount,
    ProfileSet,
    LinkRecord,
    Attention,
    Forwarded,
    Card,
    Greeted,
    GreetedHere,
    Following,
    SearchCard,
    Flag,
    Trend,
    Issue,
    Offer,
)

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        **NOTE_PROJECTIONS,
        **DRAFT_PROJECTIONS,
        **TAG_PROJECTIONS,
        **ANSWER_PROJECTIONS,
        **FIELD_PROJECTIONS,
        **CONTACT_PROJECTIONS,
        **LINK_PROJECTIONS,
        **FOLLOWING_PROJECTIONS,
        **ESCALATION_PROJECTIONS,
    }
)


def project(old: Record | None, event: e.Event, stream: str, at: datetime, actor: Actor) -> Record:
    """The record after the event, one version on. ``stream``, ``at`` and ``actor`` are those of its history entry."""
    projection = PROJECTIONS[event.__class__]
    new: Record = projection.then(old, event, stream, at, actor)
    return attrs.evolve(new, version=(old.version if old is not None else 0) + 1)


def stream_of(kind: str, id: str) -> str:
    """The stream of a record that has a history of its own; conversations' streams have no colon."""
    return f"{kind}:{id}"
