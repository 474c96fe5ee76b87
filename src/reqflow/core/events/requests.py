"""What happens to requests; the labels of their machine's arrows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import (
    AgentId,
    Code,
    HoldReason,
    MessageId,
    ProfileId,
    QueueId,
    Reason,
    RequestId,
    Resolution,
    TeamId,
)
from ..values import value
from .root import Event

__all__ = [
    "REQUEST_EVENTS",
    "RequestAssigned",
    "RequestClosed",
    "RequestHeld",
    "RequestNudged",
    "RequestOpened",
    "RequestReopened",
    "RequestRequeued",
    "RequestRouted",
    "RequestUnassigned",
    "RequestWoken",
]


@value(kw_only=True)
class RequestOpened(Event):
    """A message became a piece of work; ``origin`` is the request that it was split from.

    ``lane_version`` is as in `ConversationOpened`, where the author's lane leads to the conversation from now on.
    ``theme`` and ``level`` are those of the specialists whom it went to at once; ``parent`` is the request that they
    are consulted about in it.
    """

    tag: ClassVar[str] = "request.opened"
    request_id: RequestId
    opener: MessageId
    requester: ProfileId
    opened_at: datetime
    queue: QueueId | None = None
    team: TeamId | None = None
    lane_version: int = 0
    origin: RequestId | None = None
    theme: Code | None = None
    level: int = 0
    parent: RequestId | None = None
    reason: Reason


@value(kw_only=True)
class RequestAssigned(Event):
    """One agent has the request now; ``previous`` had it before."""

    tag: ClassVar[str] = "request.assigned"
    request_id: RequestId
    assignee: AgentId
    previous: AgentId | None = None
    reason: Reason


@value(kw_only=True)
class RequestUnassigned(Event):
    """Nobody has the request any more; it waits again."""

    tag: ClassVar[str] = "request.unassigned"
    request_id: RequestId
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class RequestRouted(Event):
    """The request was pointed at a team or queue; that assigns nobody."""

    tag: ClassVar[str] = "request.routed"
    request_id: RequestId
    queue: QueueId | None = None
    team: TeamId | None = None
    reason: Reason


@value(kw_only=True)
class RequestHeld(Event):
    """Work rests until the customer answers, a third party acts, or a moment comes."""

    tag: ClassVar[str] = "request.held"
    request_id: RequestId
    hold_reason: HoldReason
    until_at: datetime | None = None
    reason: Reason


@value(kw_only=True)
class RequestWoken(Event):
    """A held request goes on with the agent who had it."""

    tag: ClassVar[str] = "request.woken"
    request_id: RequestId
    reason: Reason


@value(kw_only=True)
class RequestRequeued(Event):
    """A held request that nobody had, or whose agent gave it back, waits to be assigned."""

    tag: ClassVar[str] = "request.requeued"
    request_id: RequestId
    previous: AgentId | None = None
    reason: Reason


@value(kw_only=True)
class RequestClosed(Event):
    """Work ended, with a resolution; ``into`` names the target of a merge."""

    tag: ClassVar[str] = "request.closed"
    request_id: RequestId
    resolution: Resolution
    into: RequestId | None = None
    reason: Reason


@value(kw_only=True)
class RequestReopened(Event):
    """A closed request is open again and waits to be assigned."""

    tag: ClassVar[str] = "request.reopened"
    request_id: RequestId
    reason: Reason


@value(kw_only=True)
class RequestNudged(Event):
    """The assignee was asked to close; ``missed`` counts the repeats that downtime swallowed."""

    tag: ClassVar[str] = "request.nudged"
    request_id: RequestId
    missed: int = 0


REQUEST_EVENTS: tuple[type[Event], ...] = (
    RequestOpened,
    RequestAssigned,
    RequestUnassigned,
    RequestRouted,
    RequestHeld,
    RequestWoken,
    RequestRequeued,
    RequestClosed,
    RequestReopened,
    RequestNudged,
)
