"""History in words: who did what, when and why, a line each. People's names and texts come in as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from . import events as e
from .model import Actor, ActorKind, Code, Reason, RequestId, TextId, TextRef
from .values import value

__all__ = ["Line", "Names", "describe", "profiles", "text_refs", "told_reason"]


@value(kw_only=True)
class Names:
    """What ids are called: agents and profiles by name, texts by body."""

    people: Mapping[str, str]
    texts: Mapping[TextId, str]

    def person(self, key: str) -> str:
        """A person's name, or the id where none is known."""
        return self.people.get(key, key)

    def text(self, ref: TextRef | None) -> str:
        """A text in quotation marks; erased and unknown ones say so."""
        if ref is None:
            return ""
        body = self.texts.get(ref.id)
        if not body:
            return "(no text)" if body == "" else "(text not available)"
        return f"“{' '.join(body.split())}”"

    def actor(self, actor: Actor) -> str:
        """Who did it, by kind where the kind is not a person."""
        match actor.kind:
            case ActorKind.AGENT | ActorKind.CUSTOMER:
                return self.person(actor.id)
            case ActorKind.BOT:
                return f"bot {self.person(actor.id)}"
            case ActorKind.TIMER:
                return f"timer {actor.id}"
            case ActorKind.AUTOMATION:
                return f"rule {actor.id}"
            case _:
                return f"{actor.kind} {actor.id}"


@value(kw_only=True)
class Line:
    """One event in words. ``tag`` is its word in the vocabulary; ``request_id`` the request it concerns."""

    at: datetime
    who: str
    what: str
    why: str
    tag: str
    request_id: RequestId | None = None


_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "detected": "the message was taken for a request",
        "first_message": "the first message of a conversation opens a request in this channel",
        "channel_owner": "the channel's owner gets its requests",
        "first_response": "first to answer",
        "took_it": "took it",
        "asked": "asked for by hand",
        "accepted": "the conversation was accepted",
        "released": "the conversation was given back",
        "request_assigned": "a request in it was assigned",
        "request_moved": "its holder has no open request in it any more",
        "last_request_closed": "its last open request was closed",
        "conversation_closed": "its conversation was closed",
        "customer_wrote": "the customer wrote again",
        "had_it_before": "had it before it was closed",
        "late": "an older message arrived late and began the group",
        "wake": "the snooze is over",
        "auto_close": "nothing happened for too long",
        "close_nudge": "still open after a while",
        "inactivity_close": "the customer has not written for too long",
    }
)


def told_reason(reason: Reason | None, names: Names) -> str:
    """Why, in words: the reason itself, a policy's candidates and tie-break, a person's note."""
    if reason is None:
        return ""
    told = _REASONS.get(reason.code, str(reason.code))
    if reason.policy is not None:
        told = f"policy {reason.policy}"
        if reason.candidates:
            told += f" among {', '.join(names.person(each) for each in reason.candidates)}"
        if reason.dropped:
            left_out = ", ".join(f"{names.person(d.agent)} ({d.rule})" for d in reason.dropped)
            told += f", without {left_out}"
        if reason.tie_break is not None:
            told += f", tie broken by {reason.tie_break.replace('_', ' ')}"
    if reason.note is not None:
        told += f": {names.text(reason.note)}"
    return told


def describe(entries: Iterable[e.Entry], names: Names) -> Iterator[Line]:
    """Every event of these entries as a line, in order."""
    for entry in entries:
        for event in entry.events:
            say = _SAYINGS.get(type(event))
            what = say(event, names) if say else str(getattr(event, "name", event.tag))
            yield Line(
                at=entry.at,
                who=names.actor(entry.actor),
                what=what,
                why=_why(event, entry, names),
                tag=str(getattr(event, "name", event.tag)),
                request_id=getattr(event, "request_id", None)
                or getattr(getattr(event, "message", None), "request_id", None),
            )


def _why(event: e.Event, entry: e.Entry, names: Names) -> str:
    why = told_reason(getattr(event, "reason", None), names)
    if isinstance(event, e.MessageReceived) and event.detection is not None:
        found = event.detection
        because = ", ".join(each.replace("_", " ") for each in found.reasons)
        why = f"{found.by} says {found.label}" + (f" ({because})" if because else "")
    if entry.cause.rules:
        why = "; ".join(filter(None, (why, f"by rule {' → '.join(entry.cause.rules)}")))
    return why


def _received(event: e.MessageReceived, names: Names) -> str:
    return f"wrote {names.text(event.message.text)}"


def _posted(event: e.MessagePosted, names: Names) -> str:
    to = "replied" if event.message.audience == "customer" else "noted for the team"
    return f"{to} {names.text(event.message.text)}"


def _assigned(event: e.RequestAssigned, names: Names) -> str:
    taken = f", before it was {names.person(event.previous)}'s" if event.previous else ""
    return f"assigned the request to {names.person(event.assignee)}{taken}"


def _routed(event: e.RequestRouted, names: Names) -> str:
    targets = [f"queue {event.queue}"] if event.queue else []
    targets += [f"team {event.team}"] if event.team else []
    return f"routed the request to {' and '.join(targets)}"


def _held(event: e.RequestHeld, names: Names) -> str:
    until = f" until {event.until_at:%Y-%m-%d %H:%M} UTC" if event.until_at else ""
    return f"put the request on hold ({event.hold_reason.replace('_', ' ')}){until}"


def _closed(event: e.RequestClosed, names: Names) -> str:
    into = f" into {event.into}" if event.into else ""
    return f"closed the request: {event.resolution.replace('_', ' ')}{into}"


def _nudged(event: e.RequestNudged, names: Names) -> str:
    return "reminded the assignee to close" + (f" ({event.missed} missed)" if event.missed else "")


def _fixed(what: str) -> Callable[[Any, Names], str]:
    return lambda event, names: what


_SAYINGS: Mapping[type[e.Event], Callable[[Any, Names], str]] = MappingProxyType(
    {
        e.MessageReceived: _received,
        e.MessagePosted: _posted,
        e.MessageAdopted: _fixed("added earlier words to the request"),
        e.MessageDelivered: _fixed("delivered the message"),
        e.MessageUndelivered: lambda event, names: f"could not deliver the message: {event.code}",
        e.RequestOpened: _fixed("opened a request"),
        e.RequestAssigned: _assigned,
        e.RequestUnassigned: lambda event, names: f"took the request from {names.person(event.previous)}",
        e.RequestRouted: _routed,
        e.RequestHeld: _held,
        e.RequestWoken: _fixed("went on with the request"),
        e.RequestRequeued: _fixed("put the request back in line"),
        e.RequestClosed: _closed,
        e.RequestReopened: _fixed("opened the request again"),
        e.RequestNudged: _nudged,
        e.ConversationOpened: _fixed("began a conversation"),
        e.ConversationAccepted: lambda event, names: f"gave the conversation to {names.person(event.holder)}",
        e.ConversationHandedOver: lambda event, names: (
            f"handed the conversation from {names.person(event.previous)} to {names.person(event.holder)}"
        ),
        e.ConversationReleased: lambda event, names: (
            f"took the conversation from {names.person(event.previous)}"
        ),
        e.ConversationQueued: lambda event, names: f"put the conversation in queue {event.queue}",
        e.ConversationReviewStarted: _fixed("asked for a review"),
        e.ConversationReviewEnded: _fixed("ended the review"),
        e.ConversationClosed: lambda event, names: f"closed the conversation: {event.close_reason}",
        e.ConversationReopened: _fixed("opened the conversation again"),
        e.ConversationLinked: lambda event, names: (
            f"linked conversation {event.other} ({event.kind.replace('_', ' ')})"
        ),
        e.ConversationAbsorbed: lambda event, names: (
            f"took in {event.messages} message{'s' * (event.messages != 1)} of {event.other}"
        ),
        e.LoopStopped: lambda event, names: f"stopped rule {event.rule} at depth {event.depth}",
        e.RuleRefused: lambda event, names: f"refused rule {event.rule}: {event.code}",
        e.DeskChanged: lambda event, names: f"changed the desk to revision {event.revision}",
    }
)


def text_refs(entries: Iterable[e.Entry]) -> Iterator[TextRef]:
    """Every text that these entries refer to."""
    for entry in entries:
        for event in entry.events:
            message = getattr(event, "message", None)
            reason = getattr(event, "reason", None)
            for ref in (getattr(message, "text", None), getattr(reason, "note", None)):
                if ref is not None:
                    yield ref


def profiles(entries: Iterable[e.Entry]) -> Iterator[Code]:
    """The profiles of customers and bots that act in these entries."""
    for entry in entries:
        if entry.actor.kind in (ActorKind.CUSTOMER, ActorKind.BOT):
            yield entry.actor.id
