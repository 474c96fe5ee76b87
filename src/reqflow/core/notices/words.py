"""The words of the table of notices: who there is to be told, one notice, and a rule that changes which leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum

from .. import events as e
from ..model import Actor, AgentId, Code, Conversation
from ..values import value

__all__ = ["Notice", "NoticeRule", "Telling", "Who"]


class Who(StrEnum):
    """Who there is to be told, or what there is to be shown on."""

    ASSIGNEE = "assignee"
    """The agent who has the request that it is about."""
    PREVIOUS = "previous assignee"
    """The agent who had it until now."""
    HOLDER = "holder"
    """The agent who holds the conversation."""
    FOLLOWERS = "followers"
    """The agents who follow the conversation; of messages also its holder and assignees, where the channel says so."""
    NAMED = "the agent named"
    """The agent whom the event is about."""
    REVIEWERS = "reviewers"
    """The agents who may review in the conversation's channel."""
    REPLIER = "the agent who answered"
    """The colleague whose answer got them the request; privately, in its thread."""
    TEAM = "team"
    """The teams of the request's queue, its own team, or else the channel's responder teams."""
    TRIAGE = "triage room"
    """The request's card in the room that the channel's setting ``triage`` names."""
    OPENER = "opening message"
    """The message that opened the request, which wears the emoji of its status."""
    CUSTOMER = "customer"
    """The customer, in words of a bot's in the conversation."""


@value(kw_only=True)
class Notice:
    """Somebody is to be told something.

    ``code`` says what (a word of `reqflow.core.settings.NOTICE_CODES`, or a host's own with a namespace). ``agent`` is
    whom, where ``who`` stands for agents. ``text`` is what a customer is told: for a notice that a rule adds.
    """

    code: Code
    who: Who
    agent: AgentId | None = None
    text: str | None = None


@value(kw_only=True)
class Telling:
    """What a rule for notices sees: what happened, the conversation after it, and the notices that would leave."""

    event: e.Event
    conversation: Conversation
    actor: Actor
    at: datetime
    notices: tuple[Notice, ...]


@value(kw_only=True)
class NoticeRule:
    """Adds and removes notices: on these events it says which leave in place of those that would. (OneDesk)

    Attributes:
        name: what history calls it.
        on: the classes of the events whose notices it changes.
        then: gives the notices that are to leave, from a `Telling`: some of its own, others, none. A plain function,
            which may be asked again when somebody else changed what the operation relied on. What agents switched
            off stays off. When it raises, all leave as if it were not there, and an entry says so.
    """

    name: Code
    on: frozenset[type[e.Event]]
    then: Callable[[Telling], Iterable[Notice]]
