"""Who follows a conversation, who was called in, and who was told what by a way of its own."""

from __future__ import annotations

from typing import ClassVar

from ..model import AgentId, Code, MessageId, ProfileId, Reason, RequestId
from ..values import value
from .root import Event

__all__ = [
    "ATTENTION_EVENTS",
    "AgentMentioned",
    "AgentNotified",
    "ConversationFollowed",
    "ConversationUnfollowed",
    "MessageForwarded",
]


@value(kw_only=True)
class ConversationFollowed(Event):
    """A colleague wants to be told what happens in the conversation. (OneDesk)"""

    tag: ClassVar[str] = "conversation.followed"
    agent: AgentId


@value(kw_only=True)
class ConversationUnfollowed(Event):
    """A colleague is not told any more what happens in the conversation."""

    tag: ClassVar[str] = "conversation.unfollowed"
    agent: AgentId


@value(kw_only=True)
class AgentMentioned(Event):
    """A colleague was called in: they see the conversation from now on, and follow it."""

    tag: ClassVar[str] = "agent.mentioned"
    agent: AgentId
    message_id: MessageId | None = None


@value(kw_only=True)
class AgentNotified(Event):
    """A colleague, or a rule, had an agent told something; ``code`` says what."""

    tag: ClassVar[str] = "agent.notified"
    agent: AgentId
    code: Code
    request_id: RequestId | None = None


@value(kw_only=True)
class MessageForwarded(Event):
    """What an agent or a customer had not seen was sent to them by mail. (OneDesk)"""

    tag: ClassVar[str] = "message.forwarded"
    messages: tuple[MessageId, ...]
    agent: AgentId | None = None
    profile_id: ProfileId | None = None
    reason: Reason


ATTENTION_EVENTS: tuple[type[Event], ...] = (
    ConversationFollowed,
    ConversationUnfollowed,
    AgentMentioned,
    AgentNotified,
    MessageForwarded,
)
