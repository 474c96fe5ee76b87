"""Who gets a request without anybody saying so: the first to answer, the channel's owner, a policy's choice.

ORDER (which request next) is oldest first. ELIGIBLE is the queue's members below their capacity. PICK is a
policy: a plain function of frozen facts that returns a choice with its reason, and that may declare which of the
eligible it wants to see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from .model import AgentId, AgentLoad, Code, Dropped, Reason
from .values import value

if TYPE_CHECKING:
    from .facts import WantPool
    from .settings import Desk, Queue

__all__ = [
    "POLICIES",
    "Choice",
    "Policy",
    "PoolFacts",
    "PoolOrder",
    "TopK",
    "WholePool",
    "eligible",
    "fewest_open",
    "pool_want",
    "round_robin",
    "wants_pool",
]

SMALL_POOL = 32
"""Pools up to this size are looked at whole, so that the reason can name everybody who was left out."""


@value(kw_only=True)
class PoolFacts:
    """What a picking policy sees: the eligible agents in the order that it asked for, and the queue's limit.

    ``dropped`` are the members who were left out before, and the rule that did it; of large pools not all are known.
    """

    candidates: tuple[AgentLoad, ...]
    capacity: int | None = None
    dropped: tuple[Dropped, ...] = ()


@value
class Choice:
    """Whom a policy picked, and why."""

    agent: AgentId
    reason: Reason


Policy = Callable[[PoolFacts], Choice | None]
"""Returns None when nobody fits: then the request waits on."""

P = TypeVar("P", bound=Policy)


class PoolOrder(StrEnum):
    """What the eligible agents are ranked by; ties go by the other, then by id."""

    LOAD = "load"
    """Fewest assigned requests first."""
    CHOSEN = "chosen"
    """Longest since a policy chose them first, and those it never chose before all others."""


@value
class TopK:
    """The first ``most`` of the eligible, found by an index: the cost does not grow with the team."""

    most: int = 8
    by: PoolOrder = PoolOrder.LOAD


@value
class WholePool:
    """All of the eligible, by id order of nothing in particular: each choice reads a row for every member."""

    by: PoolOrder = PoolOrder.LOAD


def wants_pool(pool: TopK | WholePool) -> Callable[[P], P]:
    """Declare what a policy wants to see; without it, a policy sees `TopK()`."""

    def declare(policy: P) -> P:
        policy.pool = pool  # type: ignore[attr-defined]  # functions take attributes
        return policy

    return declare


def pool_want(policy: Policy, queue: Queue, desk: Desk) -> WantPool:
    """What has to be recalled for a policy to choose among the members of a queue."""
    from .facts import WantPool  # to name a policy takes no facts

    members = desk.members(queue)
    pool: TopK | WholePool = getattr(policy, "pool", TopK())
    own_limits = any(desk.agents[each].capacity is not None for each in members)
    if len(members) <= SMALL_POOL or own_limits or isinstance(pool, WholePool):
        return WantPool(members, None, len(members), pool.by.value)
    return WantPool(members, queue.capacity, pool.most, pool.by.value)


def eligible(policy: Policy, loads: tuple[AgentLoad, ...], queue: Queue, desk: Desk) -> PoolFacts:
    """What the policy sees of those who were recalled: who has reached a limit, the queue's or their own, is left out.

    (Intercom: under the own limit and under the inbox's)
    """
    dropped = tuple(
        Dropped(each.agent, rule) for each in loads if (rule := _full(each, queue, desk)) is not None
    )
    full = {each.agent for each in dropped}
    pool: TopK | WholePool = getattr(policy, "pool", TopK())
    most = len(loads) if isinstance(pool, WholePool) else pool.most
    left = tuple([each for each in loads if each.agent not in full][:most])
    return PoolFacts(candidates=left, capacity=queue.capacity, dropped=dropped)


def _full(load: AgentLoad, queue: Queue, desk: Desk) -> Code | None:
    if queue.capacity is not None and load.load >= queue.capacity:
        return Code("queue_capacity")
    own = desk.agents[load.agent].capacity
    return Code("own_capacity") if own is not None and load.load >= own else None


# --- the policies that come with reqflow ------------------------------------------------------------


def fewest_open(facts: PoolFacts) -> Choice | None:
    """Fewest open requests; a tie goes to whom no policy has chosen for longest, then by id. (Intercom)"""
    ranked = sorted(facts.candidates, key=lambda each: (each.load, *_turn(each), each.agent))
    if not ranked:
        return None
    ties = [each for each in ranked if each.load == ranked[0].load]
    tie_break = None
    if len(ties) > 1:
        tie_break = "longest_since_chosen" if ties[0].chosen_at != ties[1].chosen_at else "id"
    return _choice("fewest_open", ranked, facts, tie_break)


@wants_pool(TopK(by=PoolOrder.CHOSEN))
def round_robin(facts: PoolFacts) -> Choice | None:
    """In turn: whom no policy has chosen for longest, by moments and not by an index. (Zendesk)

    Whoever was passed over because they were full keeps their place; who joins the team comes first.
    """
    ranked = sorted(facts.candidates, key=lambda each: (*_turn(each), each.load, each.agent))
    if not ranked:
        return None
    ties = [each for each in ranked if each.chosen_at == ranked[0].chosen_at]
    tie_break = None
    if len(ties) > 1:
        tie_break = "fewest_open" if ties[0].load != ties[1].load else "id"
    return _choice("round_robin", ranked, facts, tie_break)


def _turn(each: AgentLoad) -> tuple[bool, datetime | bool]:
    return each.chosen_at is not None, each.chosen_at or False


def _choice(policy: str, ranked: list[AgentLoad], facts: PoolFacts, tie_break: str | None) -> Choice:
    reason = Reason(
        Code("policy"),
        policy=Code(policy),
        candidates=tuple(each.agent for each in ranked),
        dropped=facts.dropped,
        tie_break=Code(tie_break) if tie_break else None,
    )
    return Choice(ranked[0].agent, reason)


POLICIES: Mapping[str, Policy] = MappingProxyType({"fewest_open": fewest_open, "round_robin": round_robin})
"""The policies that come with reqflow; plugins add theirs (hook ``reqflow_policies``)."""
