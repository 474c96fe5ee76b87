"""What goes beyond the desk: to ticket tools, and to engineers. (Thena, Slack)"""

from __future__ import annotations

from typing import ClassVar

from ..ids import body_of
from ..model import ChannelId, Code, ConversationId, LinkTarget, MessageId, RequestId, TextId, TextRef
from ..values import value
from .root import Internal, ids_of

__all__ = ["OpenTicket", "PageEngineers"]


@value(kw_only=True)
class OpenTicket(Internal):
    """Send a request to the e-mail-based ticket tool at ``tool``. (Thena)

    ``texts`` are what opened the request and what the agent says of it. The tool's number of the ticket, as the receipt
    names it, becomes a link of the conversation. Of ``kind`` ``issue`` it is a bug for a tracker. (Slack)
    """

    tag: ClassVar[str] = "ticket.open"
    kind: LinkTarget = LinkTarget.TICKET
    tool: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    texts: tuple[TextRef, ...] = ()

    def shown(self) -> tuple[TextId, ...]:
        """What opened it, and what the agent says."""
        return ids_of(self.texts, None)


@value(kw_only=True)
class PageEngineers(Internal):
    """Call engineering to a request of a severity that cannot wait. (Slack) It shows the opener's words."""

    tag: ClassVar[str] = "engineers.page"
    destination: Code
    conversation_id: ConversationId
    request_id: RequestId
    opener: MessageId
    severity: Code

    def shown(self) -> tuple[TextId, ...]:
        """The words of the message that opened it."""
        return (body_of(self.opener),)
