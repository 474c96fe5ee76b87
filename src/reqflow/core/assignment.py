"""Who gets a request without anybody saying so: the first to answer, the channel's owner, a policy's choice.

ORDER (which request next) is oldest first. ELIGIBLE is the queue's members below their capacity. PICK is a
policy: a plain function of frozen facts that returns a choice with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .model import AgentId, AgentLoad, Code, Reason
from .values import value

__all__ = ["POLICIES", "Choice", "Policy", "PoolFacts", "fewest_open"]


@value(kw_only=True)
class PoolFacts:
    """What a picking policy sees: the eligible agents (least loaded first, at most eight) and the limit."""

    candidates: tuple[AgentLoad, ...]
    capacity: int | None = None


@value
class Choice:
    """Whom a policy picked, and why."""

    agent: AgentId
    reason: Reason


Policy = Callable[[PoolFacts], Choice | None]
"""Returns None when nobody fits: then the request waits on."""


def fewest_open(facts: PoolFacts) -> Choice | None:
    """Fewest open requests; a tie goes to whom no policy has chosen for longest, then by id. (Intercom)"""
    if not facts.candidates:
        return None
    ranked = sorted(facts.candidates, key=_by_load)
    first = ranked[0]
    ties = [each for each in ranked if each.load == first.load]
    tie_break = None
    if len(ties) > 1:
        longest = ties[0].chosen_at != ties[1].chosen_at
        tie_break = Code("longest_since_chosen" if longest else "id")
    return Choice(
        first.agent,
        Reason(
            Code("policy"),
            policy=Code("fewest_open"),
            candidates=tuple(each.agent for each in ranked),
            tie_break=tie_break,
        ),
    )


def _by_load(each: AgentLoad) -> tuple[int, bool, float, str]:
    chosen = each.chosen_at.timestamp() if each.chosen_at else 0.0
    return each.load, each.chosen_at is not None, chosen, each.agent


POLICIES: Mapping[str, Policy] = MappingProxyType({"fewest_open": fewest_open})
"""The policies that come with reqflow; plugins add theirs (hook ``reqflow_policies``)."""
