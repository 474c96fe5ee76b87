"""A request: a piece of work."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .content import FieldValue
from .ids import (
    AgentId,
    ChannelId,
    Code,
    ConversationId,
    MessageId,
    ProfileId,
    QueueId,
    RequestId,
    TeamId,
    TextId,
)
from .later import Waited
from .words import HoldReason, RequestState, Resolution

__all__ = ["Request"]


# Asked of every state that anybody meets; CPython 3.11 finds a name of its own five times sooner than a member.
_REQUEST_CLOSED = RequestState.CLOSED


@value
class Request:
    """A piece of work: the only unit of routing, capacity, SLA and escalation.

    ``touched`` says that a person has acted on it; ``into`` names what a duplicate or merged one points at. ``status``
    is the desk's own name for where it stands inside its state; ``fields`` are those of the desk's that were filled in.
    ``assigned_at`` and ``held_at`` are set while it has an assignee, and while it rests; ``waited`` are the waits of
    rules that are over. ``theme`` and ``level`` say whose question it became, and on which tier; ``priority`` what is
    handed out first (the smallest), ``severity`` how much is broken. ``parent`` is the request that it was opened to
    help with, ``consults`` are those that were opened to help with this one and are not answered yet.
    """

    id: RequestId
    conversation_id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    state: RequestState
    opener: MessageId
    opened_at: datetime
    active_at: datetime
    assignee: AgentId | None = None
    team: TeamId | None = None
    queue: QueueId | None = None
    waiting_at: datetime | None = None
    hold_reason: HoldReason | None = None
    hold_until_at: datetime | None = None
    resolution: Resolution | None = None
    closed_at: datetime | None = None
    status: Code | None = None
    nudged_at: datetime | None = None
    touched: bool = False
    into: RequestId | None = None
    fields: tuple[FieldValue, ...] = ()
    assigned_at: datetime | None = None
    held_at: datetime | None = None
    waited: tuple[Waited, ...] = ()
    theme: Code | None = None
    level: int = 0
    priority: int = 0
    severity: Code | None = None
    parent: RequestId | None = None
    consults: tuple[RequestId, ...] = ()

    @property
    def is_open(self) -> bool:
        """True in every state but closed."""
        return self.state is not _REQUEST_CLOSED

    @property
    def words(self) -> TextId:
        """The text of the message that opened it, as it was first said; `Engine.texts` tells what it says."""
        from ..ids import body_of  # ids are made of the words of this model

        return body_of(self.opener)
