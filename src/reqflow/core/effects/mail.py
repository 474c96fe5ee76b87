"""Mail about what somebody has not seen where it was said. (OneDesk)"""

from __future__ import annotations

from typing import ClassVar

from ..model import (
    AgentId,
    Audience,
    ChannelId,
    ConversationId,
    MessageId,
    NativeId,
    ProfileId,
    TextId,
    TextRef,
)
from ..values import value
from .root import Effect, Internal, ids_of

__all__ = ["MailAgent", "MailCustomer"]


@value(kw_only=True)
class MailCustomer(Effect):
    """Send a customer, by mail, what they have not seen where it was said. (OneDesk)

    ``messages`` are what it shows, oldest first, ``texts`` their texts. It leaves through the mail channel
    ``channel_id`` to the address ``to``; an answer to it comes in there and finds its conversation by the native id
    that the receipt names. ``answers`` is that of the mail which went to them before in this conversation.
    """

    tag: ClassVar[str] = "customer.mail"
    channel_id: ChannelId
    conversation_id: ConversationId
    profile_id: ProfileId
    to: TextRef
    messages: tuple[MessageId, ...]
    texts: tuple[TextRef, ...]
    subject: TextRef | None = None
    answers: NativeId | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What was said, and what the conversation is called."""
        return ids_of(self.texts, self.subject)

    def address(self) -> TextRef | None:
        """The customer's."""
        return self.to


@value(kw_only=True)
class MailAgent(Internal):
    """Send an agent, by mail, what they have not seen where it was said. (OneDesk)

    As `MailCustomer`; ``audience`` is that of the messages, and of whatever the agent answers.
    """

    tag: ClassVar[str] = "agent.mail"
    channel_id: ChannelId
    conversation_id: ConversationId
    agent: AgentId
    to: TextRef
    audience: Audience
    messages: tuple[MessageId, ...]
    texts: tuple[TextRef, ...]
    subject: TextRef | None = None
    answers: NativeId | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What was said, and what the conversation is called."""
        return ids_of(self.texts, self.subject)

    def address(self) -> TextRef | None:
        """The agent's."""
        return self.to
