"""What is shown where colleagues choose their work. (Thena)"""

from __future__ import annotations

from typing import ClassVar

from ..ids import body_of
from ..model import (
    AgentId,
    ChannelId,
    Code,
    ConversationId,
    MessageId,
    NativeId,
    QueueId,
    RequestId,
    RequestState,
    Resolution,
    TextId,
)
from ..values import value
from .root import Internal

__all__ = ["AnnounceRequest", "OfferActions"]


@value(kw_only=True)
class AnnounceRequest(Internal):
    """Show a request in the team's triage room: one card that is kept up to date, and what just happened. (Thena)

    ``code`` is what happened, the rest how things stand now. ``room`` is that of the specialists of its theme, where it
    is their card; None in the triage room. ``shown`` resolves to the opener's text. ``card`` is the
    transport's own id of the card, once it has named one: then that is to be changed and no other posted. The worker
    looks it up when it delivers the effect.
    """

    tag: ClassVar[str] = "request.announce"
    channel_id: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    opener: MessageId
    code: Code
    state: RequestState
    assignee: AgentId | None = None
    queue: QueueId | None = None
    resolution: Resolution | None = None
    card: NativeId | None = None
    room: Code | None = None

    def shown(self) -> tuple[TextId, ...]:
        """The words of the message that opened it."""
        return (body_of(self.opener),)


@value(kw_only=True)
class OfferActions(Internal):
    """Show the actions of a request, in its thread, to one agent and nobody else (Slack: ephemeral). (Thena)

    It goes to the colleague whose answer got them the request.
    """

    tag: ClassVar[str] = "actions.offer"
    agent: AgentId
    channel_id: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    answers: NativeId | None = None
