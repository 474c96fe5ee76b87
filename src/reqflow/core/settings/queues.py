"""Queues: where work waits."""

from __future__ import annotations

from ..model import Code, QueueId, TeamId
from ..values import value

__all__ = ["Queue"]


@value
class Queue:
    """Where work waits. With a ``policy`` it is handed out, oldest first, within each ``capacity``.

    ``capacity`` is the number of assigned requests up to which the policy still gives an agent more;
    None means no limit. Without a policy people take the work themselves.
    """

    id: QueueId
    teams: frozenset[TeamId]
    policy: Code | None = None
    capacity: int | None = None
