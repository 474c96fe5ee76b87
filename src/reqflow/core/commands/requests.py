"""Commands on one request."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..model import AgentId, HoldReason, QueueId, RequestId, Resolution, TeamId
from ..values import value
from .checks import as_hold_reason, as_resolution, as_utc, is_moment, is_text
from .root import Command

__all__ = ["Assign", "Close", "Hold", "Reopen", "Route", "Take", "Unassign", "Wake"]


@value(kw_only=True)
class Take(Command):
    """The agent takes the request ("Looking into it"); refused if somebody else has it. (Thena)"""

    request_id: RequestId


@value(kw_only=True)
class Assign(Command):
    """Give the request to ``assignee``, whoever has it now. (Thena, SentiOne, Audite)"""

    request_id: RequestId
    assignee: AgentId


@value(kw_only=True)
class Unassign(Command):
    """Take the request from its assignee; it waits again. (SentiOne)"""

    request_id: RequestId


@value(kw_only=True)
class Route(Command):
    """Point the request at a queue or a team; assigns nobody. At least one of the two is needed."""

    request_id: RequestId
    queue: QueueId | None = None
    team: TeamId | None = None


@value(kw_only=True)
class Hold(Command):
    """Let the request rest. A snooze needs ``until_at`` (aware; kept in UTC), others may have it."""

    request_id: RequestId
    reason: HoldReason = attrs.field(converter=as_hold_reason)
    until_at: datetime | None = attrs.field(
        default=None, converter=as_utc, validator=attrs.validators.optional(is_moment)
    )


@value(kw_only=True)
class Wake(Command):
    """Go on with a held request; ``requeue`` gives it back to be assigned anew."""

    request_id: RequestId
    requeue: bool = False


@value(kw_only=True)
class Close(Command):
    """End the request. ``into`` names the request that a duplicate or merged one points at."""

    request_id: RequestId
    resolution: Resolution = attrs.field(default=Resolution.DONE, converter=as_resolution)
    into: RequestId | None = None
    note: str | None = attrs.field(default=None, validator=attrs.validators.optional(is_text))


@value(kw_only=True)
class Reopen(Command):
    """Open a closed request again; an assignee who is still in the roster gets it back."""

    request_id: RequestId
