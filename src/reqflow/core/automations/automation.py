"""What a rule is to the loop, whether a host wrote a function or a desk a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from .. import events as e
from ..commands import Command
from ..model import Actor, AgentId, Code, Conversation, Request
from ..settings import Rule, RuleMode
from ..values import value

__all__ = ["Automation", "Occasion"]


@value(kw_only=True)
class Occasion:
    """What sets a rule off: what happened, what was there before, and how things stand now.

    Attributes:
        event: what happened.
        conversation: where it happened, as it stands now: with what it coupled to, and with what the rules before
            this one made of it.
        request: the request that the event is about; for one about none, the one that a message here would mean,
            else the one closed last.
        before: the conversation as the operation found it; None if that began it.
        request_before: the same for the request.
        actor: who did what happened.
        by: the rule itself, to give commands with.
        at: the moment, in UTC.
    """

    event: e.Event
    conversation: Conversation
    request: Request | None
    before: Conversation | None
    request_before: Request | None
    actor: Actor
    by: Actor
    at: datetime


@value(kw_only=True)
class Automation:
    """A rule as a function: on these events it may answer with commands, given in its own name.

    Attributes:
        name: what history calls it.
        on: the classes of the events that set it off.
        then: the commands that it answers an `Occasion` with; a plain function of it, which may be asked again when
            somebody else changed what the operation relied on.
        author: the agent whose rights its commands need, as they are at that moment; None: it acts for the host.
        once: it answers one operation at most once per request, whichever of its events comes first.
        mode: ``monitor`` leaves an entry in place of each answer.
        rule: the table that it was made of, where the desk's settings hold it.
    """

    name: Code
    on: frozenset[type[e.Event]]
    then: Callable[[Occasion], Iterable[Command]]
    author: AgentId | None = None
    once: bool = False
    mode: RuleMode = RuleMode.ACTIVE
    rule: Rule | None = None
