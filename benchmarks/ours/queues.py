"""The queues of reqflow, drained: effects that a transport takes, timers that end requests.

Notices are what jobs of a job queue are like: once delivered, they are done. Replies leave more: each delivery is
recorded in the history of its conversation, in the commit that ends its lease.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import evolve
from ours.desk import SETTINGS, Desk
from ours.nowhere import Nowhere
from ours.stores import opened
from workload import FIRST, WARM_UP, Plan, check, clocked, groups

from reqflow import Effects, Inbound, Reply, Requests, RequestState, agent
from reqflow.ports import EffectState

__all__ = ["CASES"]

AGENTS = 50
"""Each has a line of their own in the outbox, as each channel has."""
PATIENCE = timedelta(days=31)
"""After this, requests that nobody works on are closed by their timer."""
QUIET = {"kind": "chat", "detection": "always", "status_emoji": False, "offer_actions": False}
OFFICE = {
    **SETTINGS,
    "agents": {
        f"bob{each}": {"name": "Bob", "teams": ["support"], "addresses": [f"slack:UBOB{each}"]}
        for each in range(AGENTS)
    },
    "channels": {"slack:*": QUIET},
}


class Office(Desk):
    """A desk of many agents, each of whom answers some requests; nothing leaves but notices and replies."""

    def __init__(self, store: Any, transport: Nowhere) -> None:
        super().__init__(store, OFFICE, plugins=[transport])

    def first(self, number: int) -> Inbound:
        """The answer that gets an agent the request: a notice tells them."""
        author = f"slack:UBOB{number % AGENTS}"
        return self._message(number, author, "2", FIRST, f"{number}.1")

    def reply(self, number: int, placed: Any) -> Reply:
        """A further answer of the same agent."""
        return evolve(super().reply(number, placed), by=agent(f"bob{number % AGENTS}"))


def _notices(office: Office, numbers: range) -> list[Any]:
    """Leave one notice for each request; the outcomes of their openings."""
    placed = []
    for group in groups(numbers):
        placed += office.handled([office.opening(number) for number in group])
        office.handled([office.first(number) for number in group])
    return placed


def _replies(office: Office, numbers: range) -> None:
    """Leave one reply for each request, the notices delivered before."""
    placed = _notices(office, numbers)
    office.engine.work()
    for group in groups(numbers):
        office.handled([office.reply(number, placed[number - numbers.start]) for number in group])


def _dispatched(plan: Plan, fill: Callable[[Office, range], object], each: int) -> dict[str, float]:
    """Effects that were queued before, delivered; ``each`` is how many a request leaves, all told."""
    store, transport = opened(plan), Nowhere()
    office = Office(store, transport)
    try:
        fill(office, range(WARM_UP))
        office.engine.work()
        fill(office, range(WARM_UP, WARM_UP + plan.requests))
        waiting = len(transport.keys)
        found = clocked(plan.requests, office.engine.work)
        keys, total = transport.keys, WARM_UP + plan.requests
        check(len(keys) - waiting == plan.requests, f"{len(keys) - waiting} delivered, not {plan.requests}")
        check(len(keys) == len(set(keys)) == each * total, "an effect was delivered twice, or never")
        done = office.all(Effects(state=EffectState.DONE, limit=1000), len(keys))
        check(len(done) == len(keys), f"{len(done)} effects are done, not {len(keys)}")
        last = office.engine.history(done[-1].queued.effect.conversation_id)
        told = [event.tag for entry in last for event in entry.events if event.tag == "message.delivered"]
        check(len(told) == each - 1, "history does not know the deliveries that it should")
    finally:
        store.close()
    return found


def timers(plan: Plan) -> dict[str, float]:
    """Requests that nobody worked on for a month, each closed by its timer."""
    store = opened(plan)
    office = Office(store, Nowhere())

    def fill(numbers: range) -> None:
        for group in groups(numbers):
            office.handled([office.opening(number) for number in group])
        office.at += PATIENCE

    try:
        fill(range(WARM_UP))
        office.engine.tick()
        fill(range(WARM_UP, WARM_UP + plan.requests))
        found = clocked(plan.requests, office.engine.tick)
        total = WARM_UP + plan.requests
        closed = office.all(Requests(states=(RequestState.CLOSED,), limit=1000), total)
        check(len(closed) == total, f"{len(closed)} requests closed, not {total}")
        history = office.engine.history(closed[-1].id)
        check(len(history) == 2, f"{len(history)} history entries, not 2")
        check(office.engine.next_due() is None, "a timer is left")
    finally:
        store.close()
    return found


CASES = {
    "notices": lambda plan: _dispatched(plan, _notices, 1),
    "replies": lambda plan: _dispatched(plan, _replies, 2),
    "timers": timers,
}
