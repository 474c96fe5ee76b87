"""What a question took: read off its history, never stored. (Slack's measures of effort)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from .. import events as e
from ..model import ActorKind, AgentId, Code, RequestId
from ..values import value

__all__ = ["Effort", "EscalationShare", "consultations", "effort", "escalated_in"]


@value(kw_only=True)
class Effort:
    """What one request took.

    ``held`` is how long it was on hold, ``contacted`` are the distinct agents who had it, acted on it, wrote about it,
    were called in or were consulted; ``tools`` those that were put on record (`Touch`), ``escalations`` how often it
    went to specialists.
    """

    held: timedelta
    contacted: tuple[AgentId, ...]
    tools: tuple[Code, ...]
    escalations: int


@value(kw_only=True)
class EscalationShare:
    """How many of the requests that were closed in a period had gone to specialists. (Slack)"""

    closed: int
    escalated: int

    @property
    def share(self) -> float:
        """The escalated among the closed, from 0 to 1; 0 where none was closed."""
        return self.escalated / self.closed if self.closed else 0.0


_ENDS_HOLD = (e.RequestWoken, e.RequestRequeued, e.RequestClosed)


def effort(
    entries: Iterable[e.Entry], request_id: RequestId, now: datetime, consulted: Iterable[e.Entry] = ()
) -> Effort:
    """What the request took up to ``now``. ``entries`` are its conversation's, ``consulted`` those of consultations."""
    held, since = timedelta(0), None
    people: dict[AgentId, None] = {}
    tools: dict[Code, None] = {}
    escalations = 0
    for entry in entries:
        mine = [event for event in entry.events if _concerns(event, request_id)]
        for event in mine:
            people.update(dict.fromkeys(_people(entry, event)))
            if isinstance(event, e.RequestHeld) and since is None:
                since = entry.at
            elif isinstance(event, _ENDS_HOLD) and since is not None:
                held, since = held + (entry.at - since), None
            elif isinstance(event, e.ToolTouched):
                tools[event.tool] = None
            elif isinstance(event, e.RequestEscalated):
                escalations += 1
    if since is not None:
        held += max(now - since, timedelta(0))
    for entry in consulted:
        for event in entry.events:
            people.update(dict.fromkeys(_people(entry, event)))
    return Effort(held=held, contacted=tuple(sorted(people)), tools=tuple(tools), escalations=escalations)


def consultations(entries: Iterable[e.Entry], request_id: RequestId) -> tuple[RequestId, ...]:
    """The requests that were opened to help with one of a conversation."""
    events = (event for entry in entries for event in entry.events)
    escalated = [each for each in events if isinstance(each, e.RequestEscalated)]
    return tuple([each.child for each in escalated if each.request_id == request_id and each.child])


def escalated_in(entries: Iterable[e.Entry]) -> frozenset[RequestId]:
    """The requests of a conversation that went to specialists."""
    events = (event for entry in entries for event in entry.events)
    return frozenset(event.request_id for event in events if isinstance(event, e.RequestEscalated))


def _concerns(event: e.Event, request_id: RequestId) -> bool:
    """Whether an event of its conversation is about the request; calling a colleague in concerns all that is in it."""
    message = getattr(event, "message", None)
    about = getattr(event, "request_id", None) if message is None else message.request_id
    return about == request_id or isinstance(event, e.AgentMentioned)


def _people(entry: e.Entry, event: e.Event) -> Iterator[AgentId]:
    message = getattr(event, "message", None)
    if message is not None:
        if message.author.kind is ActorKind.AGENT:
            yield AgentId(message.author.id)
        return
    if entry.actor.kind is ActorKind.AGENT:
        yield AgentId(entry.actor.id)
    if isinstance(event, e.RequestAssigned):
        yield event.assignee
    if isinstance(event, e.AgentMentioned):
        yield event.agent
