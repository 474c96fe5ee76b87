"""What is asked of the three queues, and of those who deliver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ...core.model import Code, TextId, Workspace
from ...core.values import value
from .deciding import AskStranger

if TYPE_CHECKING:
    from ...core.batch import Lease, LeaseQueue
    from ...core.effects import QueuedEffect

__all__ = [
    "BEGUN",
    "NO_TRANSPORT",
    "TRANSPORTS_HANG",
    "AskBacklog",
    "AskDeliver",
    "AskExtend",
    "AskLease",
    "AskNextDue",
    "AskReceipt",
    "AskRelease",
    "AskRequeue",
    "AskSettle",
]


@value
class AskLease:
    """Lease queued items. Answer: a sequence of `Lease`."""

    workspace: Workspace
    queue: LeaseQueue
    now: datetime
    until: datetime
    limit: int


@value
class AskExtend:
    """Keep these leases until a later moment, all of them or none."""

    workspace: Workspace
    leases: tuple[Lease, ...]
    until: datetime


@value
class AskSettle:
    """These leased items are done."""

    workspace: Workspace
    leases: tuple[Lease, ...]


@value
class AskRelease:
    """Give this item back until a moment, or park it."""

    workspace: Workspace
    lease: Lease
    ready_at: datetime
    note: str | None = None
    park: bool = False


@value
class AskNextDue:
    """The earliest moment on the agenda. Answer: a moment or None."""

    workspace: Workspace


@value
class AskRequeue:
    """Let parked items wait again, or all of the queue where no ids are given. Answer: the ids of those that do."""

    workspace: Workspace
    queue: LeaseQueue
    ids: tuple[str, ...] | None


@value
class AskBacklog:
    """How much the queues have to do. Answer: a sequence of `Backlog`."""

    workspace: Workspace
    now: datetime


NO_TRANSPORT = Code("no_transport")
"""The code of a receipt that says to try again because nothing here delivers to that destination."""
TRANSPORTS_HANG = Code("transports_hang")
"""The same where it was not begun because too many deliveries of this process hang."""


@value
class AskDeliver(AskStranger):
    """Deliver an effect through the transport of its destination. Answer: `Receipt`.

    After ``within`` seconds, if it says any, nobody waits any more, and what came of it is not known. After
    ``patience`` seconds the answer may be `BEGUN`: `AskReceipt` waits for the rest of the time.
    """

    queued: QueuedEffect
    texts: Mapping[TextId, str]
    within: float | None = None
    patience: float | None = None


BEGUN = object()
"""The answer for a delivery that takes long, so that something else may be done first."""


@value
class AskReceipt:
    """What comes of the delivery that was `BEGUN`. Answer: `Receipt`."""
