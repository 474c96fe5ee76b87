"""The smaller kinds of rows, and what events make of them. Each module holds one subject.

A record is to its events what a conversation is to its own: its `Projection` is its ``evolve``. It hangs on the
conversation in whose history its events stand, or it has a history of its own: a stream named by its kind and id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...rooms import parted, tagged, window
from .. import events as e
from .projection import Projection

if TYPE_CHECKING:
    from .answers import Answer
    from .attention import Attention, Card, Following, Forwarded, Greeted, GreetedHere, attention_id, card_id
    from .bars import Bar, BarCount
    from .catalogue import RECORDS
    from .contacts import Contact, Customer, ProfileSet
    from .drafts import Draft, DraftNote
    from .erasure import Erasure
    from .escalation import Flag, Issue, Offer, Trend, issue_id
    from .fields import FieldEntry
    from .links import LinkRecord
    from .notes import Note
    from .retention import PastRequest
    from .root import Record, RecordKey
    from .searches import SearchCard
    from .tags import Tag, Tagged
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".answers": "Answer",
            ".attention": "Attention Card Following Forwarded Greeted GreetedHere attention_id card_id",
            ".catalogue": "RECORDS",
            ".bars": "Bar BarCount",
            ".contacts": "Contact Customer ProfileSet",
            ".drafts": "Draft DraftNote",
            ".erasure": "Erasure",
            ".escalation": "Flag Issue Offer Trend issue_id",
            ".fields": "FieldEntry",
            ".links": "LinkRecord",
            ".notes": "Note",
            ".retention": "PastRequest",
            ".root": "Record RecordKey",
            ".searches": "SearchCard",
            ".tags": "Tag Tagged",
        },
    )

__all__ = [
    "RECORDS",
    "TAGS",
    "Answer",
    "Attention",
    "Bar",
    "BarCount",
    "Card",
    "Contact",
    "Customer",
    "Draft",
    "DraftNote",
    "Erasure",
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
    "PastRequest",
    "ProfileSet",
    "Record",
    "RecordKey",
    "SearchCard",
    "Tag",
    "Tagged",
    "Trend",
    "attention_id",
    "card_id",
    "issue_id",
    "kind_of",
    "projection_of",
    "stream_of",
]

TAGS: Mapping[str, str] = {
    "notes": "note",
    "drafts": "draft draft_note",
    "tags": "tag tagged",
    "answers": "answer",
    "fields": "field_value",
    "contacts": "contact customer profile_set",
    "bars": "bar bar_count",
    "links": "link",
    "attention": "attention forwarded card greeted greeted_here following",
    "searches": "search_card",
    "escalation": "flag trend issue offer",
    "erasure": "erasure",
    "retention": "past_request",
}
"""The tags of all kinds of records, by the module that holds them."""

kind_of: Callable[[str], type[Record] | None] = tagged(__name__, TAGS)
"""The kind of records that has a tag; None for a tag that this version does not know."""

projection_of: Callable[[type[e.Event]], Projection | None] = parted(
    __name__,
    "PROJECTIONS",
    "answers attention contacts drafts erasure escalation fields links notes retention tags",
)
"""How events of a class bear on a record; None of those that bear on none."""


def stream_of(kind: str, id: str) -> str:
    """The stream of a record that has a history of its own; conversations' streams have no colon."""
    return f"{kind}:{id}"
