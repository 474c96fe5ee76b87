"""Several notices to one agent leave as one: the worker waits for those that follow the first, then takes them all.

Nothing of it is stored. Notices wait in the outbox like any other effect, in their order; the first keeps the line
closed until its time is over. So nothing is lost or changes places, whatever happens to the worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from ..core.batch import Lease
from ..core.effects import NotifyAgent, NotifyAgentOfMany, QueuedEffect
from ..core.model import Code
from ..core.settings import Desk
from ..core.values import value

__all__ = ["Delivery", "deliveries"]


@value
class Delivery:
    """What is delivered in one go: an effect, the leases that it stands for, and until when it waits for more."""

    queued: QueuedEffect
    leases: tuple[Lease, ...]
    waits_until: datetime | None = None


def deliveries(desk: Desk, leases: Sequence[Lease]) -> Iterator[Delivery]:
    """The leased effects in their order, those of an agent who wants their notices bundled as one."""
    lines: dict[Code, list[Lease]] = {}
    for lease in leases:
        lines.setdefault(_queued(lease).destination, []).append(lease)
    for lease in leases:
        queued = _queued(lease)
        line = lines[queued.destination]
        within = _within(desk, line)
        if within is None:
            yield Delivery(queued, (lease,))
        elif lease is line[0]:
            yield Delivery(_bundle(line), tuple(line), queued.queued_at + within)


def _queued(lease: Lease) -> QueuedEffect:
    assert isinstance(lease.item, QueuedEffect)
    return lease.item


def _within(desk: Desk, line: Sequence[Lease]) -> timedelta | None:
    """For how long the first of a line waits; None unless it holds nothing but notices to somebody who wants that."""
    first = _queued(line[0]).effect
    agent = desk.agents.get(first.agent) if isinstance(first, NotifyAgent) else None
    if agent is None or not agent.notices.bundle_within:
        return None
    return agent.notices.bundle_within if all(_is_notice(lease) for lease in line) else None


def _is_notice(lease: Lease) -> bool:
    return isinstance(_queued(lease).effect, NotifyAgent)


def _bundle(line: Sequence[Lease]) -> QueuedEffect:
    """All notices of a line as one effect, or the only one.

    Its key is the last one's: a bundle that grew between two tries is another one, of which nothing may be taken for
    delivered before.
    """
    last = _queued(line[-1])
    notices = tuple([each.effect for each in map(_queued, line) if isinstance(each.effect, NotifyAgent)])
    if len(notices) == 1:
        return last
    return attrs.evolve(
        last, effect=NotifyAgentOfMany(agent=notices[0].agent, notices=notices, to=notices[-1].to)
    )
