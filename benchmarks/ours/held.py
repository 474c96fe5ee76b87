"""What the store in memory holds for an open request: four messages, four history entries, own texts.

The outbox is drained, as it is wherever a worker runs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from memory_use import resident
from ours.desk import SETTINGS, Desk
from ours.nowhere import Nowhere
from ours.stores import opened
from workload import AGENT, WARM_UP, Plan, check, groups

from reqflow import Effects, Inbound, Messages, Requests, RequestState
from reqflow.ports import EffectState

__all__ = ["CASES"]

PACE = timedelta(seconds=1)
"""So fast that no timer is due before the last request is there."""


class OwnWords(Desk):
    """A desk where no two messages are the same string."""

    def _message(self, number: int, author: str, part: str, text: str, *answered: str) -> Inbound:
        return super()._message(number, author, part, f"{text} ({number})", *answered)

    def fill(self, numbers: range) -> None:
        """Add open requests, after three further messages in each; all effects are delivered."""
        for group in groups(numbers):
            self.handled([self.opening(number) for number in group])
            self.handled([self.first(number) for number in group])
            self.handled([self.more(number) for number in group])
            self.handled([self.said(number, 4) for number in group])
            self.engine.work()

    def verify_open(self, requests: int) -> None:
        """Every request open and assigned, with its messages and its history, and nothing waits."""
        found: list[Any] = self.all(Requests(states=(RequestState.ASSIGNED,), limit=1000), requests)
        check(len(found) == requests, f"{len(found)} open requests, not {requests}")
        check(all(each.assignee == AGENT for each in found), "a request is not assigned")
        messages = self.all(Messages(limit=1000), 4 * requests)
        check(len(messages) == 4 * requests, f"{len(messages)} messages, not {4 * requests}")
        for each in (found[0], found[-1]):
            history = self.engine.history(each.id)
            check(len(history) == 4, f"{len(history)} history entries, not 4")
        waiting = self.engine.read(Effects(state=EffectState.READY, limit=1)).items
        check(not waiting, "the outbox is not drained")


def held(plan: Plan) -> dict[str, float]:
    """Bytes for so many open requests."""
    desk = OwnWords(opened(plan), SETTINGS, plugins=[Nowhere()], pace=PACE)
    desk.fill(range(WARM_UP))
    before = resident()
    desk.fill(range(WARM_UP, WARM_UP + plan.requests))
    found: dict[str, float] = {"requests": plan.requests, "bytes": resident() - before}
    desk.verify_open(WARM_UP + plan.requests)
    return found


CASES = {"held": held}
