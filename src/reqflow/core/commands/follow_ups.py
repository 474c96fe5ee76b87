"""Commands on follow-ups: answers that are sent later, unless the customer writes first."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import as_utc, is_moment, is_text
from .root import Command

__all__ = ["CancelFollowUp", "ScheduleFollowUp"]


@value(kw_only=True)
class ScheduleFollowUp(Command):
    """Write to the customer at ``due_at`` (aware; kept in UTC), unless the customer has written by then.

    It is sent as a reply of whoever scheduled it, if they may still write then. Closing the conversation ends it.
    """

    conversation_id: ConversationId
    text: str = attrs.field(validator=is_text)
    due_at: datetime = attrs.field(converter=as_utc, validator=is_moment)
    request_id: RequestId | None = None


@value(kw_only=True)
class CancelFollowUp(Command):
    """Take a follow-up back that was not sent yet."""

    conversation_id: ConversationId
    follow_up_id: Code
