"""What happens to messages."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Code, Detection, Message, MessageId, Reason, RequestId
from ..values import value
from .root import Event

__all__ = [
    "MESSAGE_EVENTS",
    "MessageAdopted",
    "MessageDelivered",
    "MessagePosted",
    "MessageReceived",
    "MessageUndelivered",
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
    """The desk wrote to the customer, or internally, through reqflow; delivery is reported apart."""

    tag: ClassVar[str] = "message.posted"
    message: Message


@value(kw_only=True)
class MessageAdopted(Event):
    """Loose messages of this conversation sent at or after ``since_at`` now belong to the request."""

    tag: ClassVar[str] = "message.adopted"
    request_id: RequestId
    since_at: datetime


@value(kw_only=True)
class MessageDelivered(Event):
    """A transport took the message and, where it has one, gave it its own reference."""

    tag: ClassVar[str] = "message.delivered"
    message_id: MessageId


@value(kw_only=True)
class MessageUndelivered(Event):
    """A transport refused the message for good."""

    tag: ClassVar[str] = "message.undelivered"
    message_id: MessageId
    code: Code


MESSAGE_EVENTS: tuple[type[Event], ...] = (
    MessageReceived,
    MessagePosted,
    MessageAdopted,
    MessageDelivered,
    MessageUndelivered,
)
