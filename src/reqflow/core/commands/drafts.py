"""Commands on drafts: answers to customers that somebody else looks at first. (SentiOne)"""

from __future__ import annotations

import attrs

from ..model import Code, ConversationId, RequestId
from ..values import value
from .attachments import Enclosure, as_enclosures
from .checks import is_text
from .root import Command

__all__ = [
    "AddDraftNote",
    "ApproveDraft",
    "DeleteDraftNote",
    "RejectDraft",
    "ReviseDraft",
    "SubmitDraft",
    "WithdrawDraft",
]


@value(kw_only=True)
class SubmitDraft(Command):
    """Hand in an answer to the customer for review. What a restricted agent does instead of `Reply`. (SentiOne)

    A pending conversation is accepted by it; the conversation is in review until its last draft has ended.
    ``request_id`` names the open request that it answers; by default the one that a reply of ``by`` would mean.
    ``attachments`` go with the text, and may stand alone.
    """

    conversation_id: ConversationId
    text: str = attrs.field(validator=is_text)
    request_id: RequestId | None = None
    attachments: tuple[Enclosure, ...] = attrs.field(default=(), converter=as_enclosures)


@value(kw_only=True)
class ReviseDraft(Command):
    """Word the draft anew while it waits, or hand it in again after it was rejected; only its author can.

    ``attachments`` take the place of those it had: name those that stay.
    """

    draft_id: Code
    text: str = attrs.field(validator=is_text)
    attachments: tuple[Enclosure, ...] = attrs.field(default=(), converter=as_enclosures)


@value(kw_only=True)
class ApproveDraft(Command):
    """Publish the draft, as it is or as ``text`` words it: the customer gets it as its author's answer. (SentiOne)

    Its attachments go with it in either case.

    Never by its author. With ``version`` (the record's, as the reviewer saw it) a draft that was revised since is
    refused, so that nobody publishes what they have not read.
    """

    draft_id: Code
    text: str | None = attrs.field(default=None, validator=attrs.validators.optional(is_text))
    version: int | None = None


@value(kw_only=True)
class RejectDraft(Command):
    """Give the draft back to its author for correction, and say why; never by its author. (SentiOne)"""

    draft_id: Code
    reason: str = attrs.field(validator=is_text)


@value(kw_only=True)
class WithdrawDraft(Command):
    """Give the draft up, whether it waits or was rejected; by its author or a reviewer. Its text stays on record."""

    draft_id: Code


@value(kw_only=True)
class AddDraftNote(Command):
    """Say something about the draft to colleagues; customers never see it. (SentiOne)"""

    draft_id: Code
    text: str = attrs.field(validator=is_text)


@value(kw_only=True)
class DeleteDraftNote(Command):
    """Take a note on the draft away; history keeps its text, with who deleted it and when. (SentiOne)"""

    draft_id: Code
    note_id: Code
