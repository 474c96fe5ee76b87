"""Figures of requests that were purged: what statistics need, and nobody's words or profile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

from .. import events as e
from ..asking.effort import Effort
from ..model import Actor, AgentId, ChannelId, Code, QueueId, RequestId, Resolution, TeamId
from ..values import value
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "PastRequest"]


@value(kw_only=True)
class PastRequest(Record):
    """A closed request that was purged; its id is the request's. See `reqflow.vocabulary.RequestPurged`."""

    tag: ClassVar[str] = "past_request"
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

    @property
    def effort(self) -> Effort:
        """What it took, as it was told when it was purged."""
        return Effort(
            held=timedelta(seconds=self.held_seconds),
            contacted=self.contacted,
            tools=self.tools,
            escalations=self.escalations,
        )

    def found_by(self) -> tuple[RecordKey, ...]:
        """Among all and by channel, in the order of closing."""
        rank = rank_of(self.closed_at)
        return (RecordKey("all", "", rank), RecordKey("channel", self.channel_id, rank))


def _purged(old: None, event: e.RequestPurged, stream: str, at: datetime, actor: Actor) -> PastRequest:
    return PastRequest(
        id=Code(event.request_id),
        channel_id=event.channel_id,
        resolution=event.resolution,
        opened_at=event.opened_at,
        closed_at=event.closed_at,
        answered_at=event.answered_at,
        assignee=event.assignee,
        team=event.team,
        queue=event.queue,
        theme=event.theme,
        level=event.level,
        severity=event.severity,
        status=event.status,
        parent=event.parent,
        tags=event.tags,
        sentiment=event.sentiment,
        language=event.language,
        held_seconds=event.held_seconds,
        contacted=event.contacted,
        tools=event.tools,
        escalations=event.escalations,
    )


_REQUEST: Any = attrgetter("request_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {e.RequestPurged: Projection(PastRequest, _REQUEST, _purged, begins=True)}
)
