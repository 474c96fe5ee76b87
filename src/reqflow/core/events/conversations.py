"""What happens to conversations; the labels of their machine's arrows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import (
    AgentId,
    Audience,
    ChannelId,
    CloseReason,
    ConversationId,
    IdentityLevel,
    ProfileId,
    QueueId,
    Reason,
    TextRef,
)
from ..values import value
from .root import Event

__all__ = [
    "CONVERSATION_EVENTS",
    "ConversationAccepted",
    "ConversationClosed",
    "ConversationHandedOver",
    "ConversationOpened",
    "ConversationQueued",
    "ConversationReleased",
    "ConversationReopened",
    "ConversationReviewEnded",
    "ConversationReviewStarted",
]


@value(kw_only=True)
class ConversationOpened(Event):
    """A conversation began; its requester is who began it.

    ``lane_version`` tells which of an author's conversations in a channel began later, whatever their
    messages claim; 0 for one that no lane leads to. ``subject`` is that of the mail that began it.
    ``level`` is how sure the transport is of who that is.
    """

    tag: ClassVar[str] = "conversation.opened"
    conversation_id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    audience: Audience
    opened_at: datetime
    lane_version: int = 0
    subject: TextRef | None = None
    level: IdentityLevel = IdentityLevel.DECLARED


@value(kw_only=True)
class ConversationAccepted(Event):
    """An agent holds the conversation now."""

    tag: ClassVar[str] = "conversation.accepted"
    holder: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationHandedOver(Event):
    """The conversation passed from one holder to the next."""

    tag: ClassVar[str] = "conversation.handed_over"
    holder: AgentId
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationReleased(Event):
    """Nobody holds the conversation any more; its queue stays."""

    tag: ClassVar[str] = "conversation.released"
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationQueued(Event):
    """The conversation was put in a queue, whose agents may accept it."""

    tag: ClassVar[str] = "conversation.queued"
    queue: QueueId
    reason: Reason


@value(kw_only=True)
class ConversationReviewStarted(Event):
    """A draft in the conversation waits for review."""

    tag: ClassVar[str] = "conversation.review_started"


@value(kw_only=True)
class ConversationReviewEnded(Event):
    """The last draft that waited for review was published, rejected or withdrawn."""

    tag: ClassVar[str] = "conversation.review_ended"


@value(kw_only=True)
class ConversationClosed(Event):
    """The conversation ended."""

    tag: ClassVar[str] = "conversation.closed"
    close_reason: CloseReason
    into: ConversationId | None = None
    reason: Reason


@value(kw_only=True)
class ConversationReopened(Event):
    """A closed conversation goes on. ``lane_version`` is as in `ConversationOpened`."""

    tag: ClassVar[str] = "conversation.reopened"
    reason: Reason
    lane_version: int = 0


CONVERSATION_EVENTS: tuple[type[Event], ...] = (
    ConversationOpened,
    ConversationAccepted,
    ConversationHandedOver,
    ConversationReleased,
    ConversationQueued,
    ConversationReviewStarted,
    ConversationReviewEnded,
    ConversationClosed,
    ConversationReopened,
)
