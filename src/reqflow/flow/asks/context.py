"""What flows know without asking, and what may be thrown into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from ...core.batch import LeaseQueue
from ...core.values import value

if TYPE_CHECKING:
    from ...core.asking.signatures import Signature
    from ...core.assignment import Policy
    from ...core.automations import Automation
    from ...core.facts import DeskDocument
    from ...core.notices import NoticeRule
    from ...core.settings import Desk

__all__ = ["Context", "DeskMoved", "Pace", "Stopped"]


class Stopped(BaseException):
    """Thrown into a flow that is to end now. Until it has passed the flow may still ask, to give back what it holds."""


class DeskMoved(Exception):
    """The stored desk is not the one that this flow was given. Caught by the engine, which reloads once."""

    def __init__(self, document: DeskDocument) -> None:
        self.document = document
        super().__init__(document.revision)


class Pace:
    """How many items of each queue one engine claims next. Kept from one call to the next."""

    def __init__(self) -> None:
        self._sizes: dict[LeaseQueue, int] = {}

    def size(self, queue: LeaseQueue) -> int:
        """How many to claim."""
        return self._sizes.get(queue, 1)

    def grow(self, queue: LeaseQueue, most: int) -> None:
        """All went well and quickly."""
        self._sizes[queue] = min(2 * self.size(queue), most)

    def fill(self, queue: LeaseQueue, most: int) -> None:
        """What is there has to be seen together."""
        self._sizes[queue] = most

    def begin_anew(self, queue: LeaseQueue) -> None:
        """It did not."""
        self._sizes[queue] = 1


@value(kw_only=True)
class Context:
    """What flows know without asking: the desk, the rules and policies that plugins brought, the moment.

    ``muted`` records effects without ever delivering them. ``clock`` is for flows that outlast a moment.
    ``leased_for`` is how long a leased item is ours; zero suits a replay, which is alone and must be able to go on at
    once where a killed one stopped. ``stopping`` is asked before each leased item; once it is true, the rest is given
    back. ``pace`` says how much is claimed at a time. ``deliver_within`` is for how many seconds a delivery is waited
    for, ``inbox_limit`` how many accepted messages may wait; None sets no limit. ``schemes`` are those that a transport
    delivers to. ``suggesters`` are the names of those who may know an answer, ``signature`` tells questions apart.
    """

    desk: Desk
    clock: Callable[[], datetime]
    rules: tuple[Automation, ...] = ()
    policies: Mapping[str, Policy]
    notice_rules: tuple[NoticeRule, ...] = ()
    signature: Signature | None = None
    suggesters: tuple[str, ...] = ()
    muted: bool = False
    leased_for: timedelta = timedelta(seconds=60)
    stopping: Callable[[], bool] = lambda: False
    pace: Pace = attrs.field(factory=Pace)
    deliver_within: float | None = None
    inbox_limit: int | None = None
    schemes: frozenset[str] = frozenset()
