"""What happens to links, which hang a conversation on something outside."""

from __future__ import annotations

from typing import ClassVar

from ..model import ChannelId, Code, ExternalId, LinkTarget, RequestId, TextRef
from ..values import value
from .root import Event

__all__ = ["LINK_EVENTS", "LinkAdded", "LinkRemoved", "TicketCreated", "TicketFailed", "TicketRequested"]


@value(kw_only=True)
class LinkAdded(Event):
    """The conversation hangs on ``target``, as its own system calls it. (OneDesk)"""

    tag: ClassVar[str] = "link.added"
    link_id: Code
    kind: LinkTarget
    target: ExternalId


@value(kw_only=True)
class LinkRemoved(Event):
    """The conversation does not hang on it any more."""

    tag: ClassVar[str] = "link.removed"
    link_id: Code
    kind: LinkTarget
    target: ExternalId | None = None


@value(kw_only=True)
class TicketRequested(Event):
    """The request was sent to the ticket tool, or tracker, at ``tool``, with these words. (Thena)

    ``kind`` is what its number there becomes a link to.
    """

    tag: ClassVar[str] = "ticket.requested"
    kind: LinkTarget = LinkTarget.TICKET
    link_id: Code
    request_id: RequestId
    tool: ChannelId
    texts: tuple[TextRef, ...] = ()


@value(kw_only=True)
class TicketCreated(Event):
    """The ticket tool took the request; ``target`` is its number there, where the transport told one."""

    tag: ClassVar[str] = "ticket.created"
    link_id: Code
    request_id: RequestId
    target: ExternalId | None = None


@value(kw_only=True)
class TicketFailed(Event):
    """The ticket tool refused the request for good, so that it can be sent again."""

    tag: ClassVar[str] = "ticket.failed"
    link_id: Code
    request_id: RequestId
    code: Code


LINK_EVENTS: tuple[type[Event], ...] = (LinkAdded, LinkRemoved, TicketRequested, TicketCreated, TicketFailed)
