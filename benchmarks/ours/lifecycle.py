"""The cases of reqflow itself: requests led through their lives, on each store."""

from __future__ import annotations

from dataclasses import replace

from ours.desk import Desk
from ours.stores import opened
from workload import WARM_UP, Plan, timed

__all__ = ["CASES"]

CACHED = 1024
"""How many decoded conversations the SQLite store keeps at hand."""


def _measured(plan: Plan, how: str) -> dict[str, float]:
    store = opened(plan)
    desk = Desk(store)
    try:
        found = timed(plan, getattr(desk, how))
        desk.verify(WARM_UP + plan.requests)
    finally:
        store.close()
    return found


def _wide(plan: Plan) -> Plan:
    """The plan, with more requests than any cache of the store holds."""
    return replace(plan, requests=max(plan.requests, CACHED + 200))


CASES = {
    "one_by_one": lambda plan: _measured(plan, "one_by_one"),
    "in_batches": lambda plan: _measured(plan, "in_batches"),
    "in_turns": lambda plan: _measured(_wide(plan), "in_turns"),
}
