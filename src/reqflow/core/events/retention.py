"""What is left in the history of a conversation that was purged: that it was there, and what statistics need."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import AgentId, ChannelId, Code, QueueId, RequestId, Resolution, TeamId
from ..values import value
from .root import Event

__all__ = ["RETENTION_EVENTS", "ConversationPurged", "RequestPurged"]


@value(kw_only=True)
class ConversationPurged(Event):
    """The conversation was closed long enough, and is gone: this stands in place of its first ``entries`` entries.

    ``head`` is the digest of the last of these, in hexadecimal digits, so that the chain goes on. ``messages`` is how
    many rows stay, emptied, so that a message that comes again is known.
    """

    tag: ClassVar[str] = "conversation.purged"
    channel_id: ChannelId
    entries: int
    head: Code
    messages: int = 0


@value(kw_only=True)
class RequestPurged(Event):
    """A closed request is gone with its conversation; these are its figures, with nobody's words or profile.

    ``answered_at`` is when the team first wrote to the customer after it was opened. ``held_seconds``, ``contacted``,
    ``tools`` and ``escalations`` are its effort, as `reqflow.Engine.effort` told it. ``parent`` is what it was opened
    to help with. ``tags``, ``sentiment`` and ``language`` are its conversation's.
    """

    tag: ClassVar[str] = "request.purged"
    request_id: RequestId
    channel_id: ChannelId
    resolution: Resolution
    opened_at: datetime
    closed_at: datetime
    answered_at: datetime | None = None
    assignee: AgentId | None = None
    team: TeamId | None = None
    queue: QueueId | None = None
    theme: Code | None = None
    level: int = 0
    severity: Code | None = None
    status: Code | None = None
    parent: RequestId | None = None
    tags: tuple[Code, ...] = ()
    sentiment: Code | None = None
    language: Code | None = None
    held_seconds: float = 0.0
    contacted: tuple[AgentId, ...] = ()
    tools: tuple[Code, ...] = ()
    escalations: int = 0


RETENTION_EVENTS: tuple[type[Event], ...] = (ConversationPurged, RequestPurged)
