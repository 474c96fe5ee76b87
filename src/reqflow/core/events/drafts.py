"""What happens to drafts, which hang on a conversation; the first five label the arrows of their machine."""

from __future__ import annotations

from typing import ClassVar

from ..model import AgentId, Attachment, ChannelId, Code, MessageId, Reason, RequestId, TextRef
from ..values import value
from .root import Event

__all__ = [
    "DRAFT_EVENTS",
    "DRAFT_REMARKS",
    "DraftApproved",
    "DraftNoteAdded",
    "DraftNoteDeleted",
    "DraftRejected",
    "DraftRevised",
    "DraftSubmitted",
    "DraftWithdrawn",
]


@value(kw_only=True)
class DraftSubmitted(Event):
    """A colleague handed in an answer for review. (SentiOne)"""

    tag: ClassVar[str] = "draft.submitted"
    draft_id: Code
    channel_id: ChannelId
    author: AgentId
    text: TextRef
    request_id: RequestId | None = None
    attachments: tuple[Attachment, ...] = ()


@value(kw_only=True)
class DraftRevised(Event):
    """Its author worded the draft anew; it waits for review, also if it had been rejected."""

    tag: ClassVar[str] = "draft.revised"
    draft_id: Code
    text: TextRef
    attachments: tuple[Attachment, ...] = ()


@value(kw_only=True)
class DraftApproved(Event):
    """A reviewer let the draft go to the customer, as ``message_id``. (SentiOne)

    ``text`` is what its author had written; ``edited`` says that the reviewer worded it anew.
    """

    tag: ClassVar[str] = "draft.approved"
    draft_id: Code
    author: AgentId
    message_id: MessageId
    text: TextRef
    edited: bool = False


@value(kw_only=True)
class DraftRejected(Event):
    """A reviewer gave the draft back to its author; ``reason`` holds what they said. (SentiOne)"""

    tag: ClassVar[str] = "draft.rejected"
    draft_id: Code
    author: AgentId
    reason: Reason


@value(kw_only=True)
class DraftWithdrawn(Event):
    """The draft will not be published: somebody gave it up, or its conversation was closed or given back."""

    tag: ClassVar[str] = "draft.withdrawn"
    draft_id: Code
    author: AgentId
    reason: Reason


@value(kw_only=True)
class DraftNoteAdded(Event):
    """A colleague left a note on a draft. (SentiOne)"""

    tag: ClassVar[str] = "draft.note_added"
    draft_id: Code
    note_id: Code
    text: TextRef


@value(kw_only=True)
class DraftNoteDeleted(Event):
    """A note on a draft was taken away; ``text`` is what it said. (SentiOne keeps the text for history)"""

    tag: ClassVar[str] = "draft.note_deleted"
    draft_id: Code
    note_id: Code
    text: TextRef


DRAFT_EVENTS: tuple[type[Event], ...] = (
    DraftSubmitted,
    DraftRevised,
    DraftApproved,
    DraftRejected,
    DraftWithdrawn,
)
DRAFT_REMARKS: tuple[type[Event], ...] = (DraftNoteAdded, DraftNoteDeleted)
