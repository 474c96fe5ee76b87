"""What happens to follow-ups: answers that are sent later, unless the customer writes first."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import AgentId, Code, MessageId, Reason, RequestId, TextRef
from ..values import value
from .root import Event

__all__ = ["FOLLOW_UP_EVENTS", "FollowUpCancelled", "FollowUpScheduled", "FollowUpSent"]


@value(kw_only=True)
class FollowUpScheduled(Event):
    """A message to the customer was written, to be sent at ``due_at``.

    ``author`` is the author of the rule that wrote it, where one did.
    """

    tag: ClassVar[str] = "follow_up.scheduled"
    follow_up_id: Code
    text: TextRef
    due_at: datetime
    author: AgentId | None = None
    request_id: RequestId | None = None


@value(kw_only=True)
class FollowUpCancelled(Event):
    """It will not be sent: somebody took it back, the customer wrote first, or its author may not write any more."""

    tag: ClassVar[str] = "follow_up.cancelled"
    follow_up_id: Code
    reason: Reason


@value(kw_only=True)
class FollowUpSent(Event):
    """Its moment came, and it was posted as ``message_id``."""

    tag: ClassVar[str] = "follow_up.sent"
    follow_up_id: Code
    message_id: MessageId


FOLLOW_UP_EVENTS: tuple[type[Event], ...] = (FollowUpScheduled, FollowUpCancelled, FollowUpSent)
