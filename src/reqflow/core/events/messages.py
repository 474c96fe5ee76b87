"""What happens to messages."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import (
    AgentId,
    Code,
    Detection,
    Message,
    MessageId,
    NativeId,
    Pointer,
    Reason,
    RequestId,
    TextRef,
)
from ..values import value
from .root import Event

__all__ = [
    "MESSAGE_EVENTS",
    "MessageAdopted",
    "MessageDeleted",
    "MessageDelivered",
    "MessageEdited",
    "MessageMoved",
    "MessagePosted",
    "MessageReceived",
    "MessageUndelivered",
    "MessageUnreviewed",
]


@value(kw_only=True)
class MessageReceived(Event):
    """Somebody wrote in the conversation; ``message`` is the row as it was placed."""

    tag: ClassVar[str] = "message.received"
    message: Message
    detection: Detection | None = None
    reason: Reason | None = None


@value(kw_only=True)
class MessagePosted(Event):
    """The desk wrote to the customer, or internally, through reqflow; delivery is reported apart.

    ``answer`` names the quick answer that was sent. (Audite) ``to`` is the address that it goes to where the desk
    speaks first. ``pointers`` are the resolved requests that it points to. (Slack)
    """

    tag: ClassVar[str] = "message.posted"
    message: Message
    answer: Code | None = None
    to: TextRef | None = None
    pointers: tuple[Pointer, ...] = ()


@value(kw_only=True)
class MessageAdopted(Event):
    """Loose messages of this conversation sent at or after ``since_at`` now belong to the request."""

    tag: ClassVar[str] = "message.adopted"
    request_id: RequestId
    since_at: datetime


@value(kw_only=True)
class MessageDelivered(Event):
    """A transport took the message; ``native`` is its own reference, where it has one."""

    tag: ClassVar[str] = "message.delivered"
    message_id: MessageId
    native: NativeId | None = None


@value(kw_only=True)
class MessageUndelivered(Event):
    """A transport refused the message for good."""

    tag: ClassVar[str] = "message.undelivered"
    message_id: MessageId
    code: Code


@value(kw_only=True)
class MessageUnreviewed(Event):
    """A restricted agent wrote to the customer past the review: it assigned nobody, and no clock heard it."""

    tag: ClassVar[str] = "message.unreviewed"
    message_id: MessageId
    agent: AgentId


@value(kw_only=True)
class MessageEdited(Event):
    """The words of a message were changed outside; ``previous`` is what it said before."""

    tag: ClassVar[str] = "message.edited"
    message_id: MessageId
    text: TextRef
    edited_at: datetime
    previous: TextRef | None = None


@value(kw_only=True)
class MessageDeleted(Event):
    """A message was taken away outside; ``previous`` is what it said last."""

    tag: ClassVar[str] = "message.deleted"
    message_id: MessageId
    deleted_at: datetime
    previous: TextRef | None = None


@value(kw_only=True)
class MessageMoved(Event):
    """A message belongs to another request of its conversation now; ``previous`` had it before, if any did.

    ``group_at`` is when the first message of its group was sent; None while it is in none.
    """

    tag: ClassVar[str] = "message.moved"
    message_id: MessageId
    request_id: RequestId
    previous: RequestId | None = None
    group_at: datetime | None = None


MESSAGE_EVENTS: tuple[type[Event], ...] = (
    MessageReceived,
    MessagePosted,
    MessageAdopted,
    MessageDelivered,
    MessageUndelivered,
    MessageUnreviewed,
    MessageEdited,
    MessageDeleted,
    MessageMoved,
)
