"""Rules as data: when (an event, or a span that has passed), if (conditions), then (commands)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from ..commands.root import Command
from ..model import AgentId, Code
from ..values import value

__all__ = ["Action", "Condition", "Rule", "RuleMode", "Since"]


class RuleMode(StrEnum):
    """Whether a rule does what it says."""

    ACTIVE = "active"
    MONITOR = "monitor"
    """It leaves an entry where it would have acted, and does nothing. (Netflix Dispatch)"""
    INACTIVE = "inactive"


class Since(StrEnum):
    """From when a rule's span counts; each is a moment of an open request or of its conversation."""

    OPENED = "opened"
    """The request's first message was sent."""
    ASSIGNED = "assigned"
    """Its assignee got it; nothing counts while nobody has it."""
    HELD = "held"
    """It was put on hold; nothing counts while it is not."""
    CUSTOMER_WROTE = "customer_wrote"
    """The customer's last message: each new one begins the wait anew."""
    TEAM_WROTE = "team_wrote"
    """The last message from our side."""
    ACTIVE = "active"
    """The last activity of either side: what happens in time cancels the wait. (fazer-ai/chatwoot#694)"""


@value(kw_only=True)
class Condition:
    """One thing that must be so: a fact is one of these words, or there is such a thing, or not.

    Attributes:
        fact: what is looked at, such as ``state`` or ``data.order``.
        was: whether as it was before what happened, in place of how it stands now.
        words: what it may be; for channels patterns.
        present: in place of words, whether there is any.
        negated: turns it round.
    """

    fact: Code
    was: bool = False
    words: frozenset[str] = frozenset()
    present: bool | None = None
    negated: bool = False

    def holds(self, found: Sequence[str]) -> bool:
        """Whether what was found (nothing, one word, or several) is as it must be."""
        if self.present is not None:
            so = bool(found) is self.present
        elif self.fact == "channel":
            so = any(fnmatchcase(each, pattern) for each in found for pattern in self.words)
        else:
            so = not self.words.isdisjoint(found)
        return so is not self.negated


@value(kw_only=True)
class Action:
    """One command that a rule gives, but for what it is about.

    ``fields`` are given as they are; ``ahead`` are moments, each so far ahead of the moment at which the rule acts;
    ``read`` are taken from facts, such as the assignee whoever that is then.
    """

    word: Code
    command: type[Command]
    fields: tuple[tuple[str, object], ...] = ()
    ahead: tuple[tuple[str, timedelta], ...] = ()
    read: tuple[tuple[str, Code], ...] = ()


@value(kw_only=True)
class Rule:
    """A rule of the desk, compiled.

    Attributes:
        name: what history calls it.
        author: whose rights its commands need, as they are when it acts.
        mode: whether it acts, only leaves a trace, or rests.
        on: the words of events that set it off; names of the host's own events among them.
        after: the span that sets it off in place of events, once for each moment that it counts from.
        since: what that span counts from.
        conditions: it acts when all conditions of one of these groups hold; no group is no condition.
        then: the commands it gives, in order.
    """

    name: Code
    author: AgentId
    mode: RuleMode = RuleMode.ACTIVE
    on: frozenset[Code] = frozenset()
    after: timedelta | None = None
    since: Since = Since.OPENED
    conditions: tuple[tuple[Condition, ...], ...] = ()
    then: tuple[Action, ...] = ()

    def reaches(self, channel: str) -> bool:
        """Whether its conditions can hold in this channel at all."""
        return not self.conditions or any(
            all(each.holds((channel,)) for each in group if each.fact == "channel")
            for group in self.conditions
        )
