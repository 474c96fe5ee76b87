"""History in words: who did what, when and why, a line each. People's names and texts come in as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import attrs

from .. import events as e
from ..ids import profile_texts
from ..model import (
    Actor,
    ActorKind,
    Code,
    FieldValue,
    Message,
    ProfileId,
    Reason,
    RequestId,
    TextId,
    TextRef,
)
from ..values import value
from .words import CLOCKWORK, LABELS, OUTSIDE, REASONS

__all__ = ["Line", "Names", "describe", "profiles", "refs_in", "said_in", "text_refs", "told_reason"]


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
                return CLOCKWORK.get(actor.id, "time")
            case ActorKind.EXTERNAL if actor.id in OUTSIDE:
                return OUTSIDE[actor.id]
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


_BY_HAND = frozenset({ActorKind.AGENT, ActorKind.CUSTOMER, ActorKind.AUTOMATION})
"""Whose acts are asked for by themselves: people's, and a rule's, which asks for everything that it does."""


def told_reason(reason: Reason | None, names: Names) -> str:
    """Why, in words: the reason itself, a policy's candidates and tie-break, a person's note."""
    if reason is None:
        return ""
    told = REASONS.get(reason.code, str(reason.code))
    if reason.policy is not None:
        told = f"policy {reason.policy}"
        if reason.candidates:
            told += f" among {', '.join(names.person(each) for each in reason.candidates)}"
        if reason.dropped:
            left_out = [f"{names.person(d.agent)} ({d.rule.replace('_', ' ')})" for d in reason.dropped]
            told += f", without {', '.join(left_out)}"
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
            tag = event.name if isinstance(event, e.Opaque) else event.tag
            what = say(event, names) if say else str(tag)
            yield Line(
                at=entry.at,
                who=_who(event, entry, names),
                what=what,
                why=_why(event, entry, names),
                tag=str(tag),
                request_id=getattr(event, "request_id", None)
                or getattr(getattr(event, "message", None), "request_id", None),
            )


def _who(event: e.Event, entry: e.Entry, names: Names) -> str:
    if isinstance(event, e.MessagePosted):
        return names.actor(event.message.author)  # a draft speaks for its author, whoever let it go
    if isinstance(event, _GIVEN) and entry.actor.kind is ActorKind.CUSTOMER:
        return "the desk"  # customers set it off, and give nobody work
    return names.actor(entry.actor)


_GIVEN = (e.RequestAssigned, e.ConversationAccepted, e.ConversationHandedOver)


def _why(event: e.Event, entry: e.Entry, names: Names) -> str:
    why = _reason_of(getattr(event, "reason", None), entry.actor, names)
    if isinstance(event, e.MessageReceived) and event.detection is not None:
        found = event.detection
        because = ", ".join(each.replace("_", " ") for each in found.reasons)
        judged = f"{found.by} took it for {LABELS[found.label]}"
        why = judged + (f" ({because})" if because else "")
    earlier = [each.partition(":")[0] for each in entry.cause.rules[:-1]]  # the last one is who acts
    if earlier:
        why = "; ".join(filter(None, (why, f"after rule {' → '.join(earlier)}")))
    return why


def _reason_of(reason: Reason | None, actor: Actor, names: Names) -> str:
    """Why; of what somebody did by hand only what they said of it, since who did it is told anyway."""
    if reason is not None and reason.code == "asked" and actor.kind in _BY_HAND:
        return names.text(reason.note)
    return told_reason(reason, names)


def _received(event: e.MessageReceived, names: Names) -> str:
    return f"wrote {_worded(event.message, names)}"


def _posted(event: e.MessagePosted, names: Names) -> str:
    to = "replied" if event.message.audience == "customer" else "noted for the team"
    ready = f" with quick answer {event.answer}" if event.answer else ""
    pointed = (
        f" and pointed to {', '.join(each.request_id for each in event.pointers)}" if event.pointers else ""
    )
    return f"{to}{ready} {_worded(event.message, names)}{pointed}"


def _worded(message: Message, names: Names) -> str:
    """What a message says, and what came with it."""
    brought = ", ".join(each.kind for each in message.attachments)
    return names.text(message.text) + (f" with {brought}" if brought else "")


def _approved(event: e.DraftApproved, names: Names) -> str:
    how = ", worded anew," if event.edited else ""
    return f"approved the draft{how} of {names.person(event.author)}: {names.text(event.text)}"


def _assigned(event: e.RequestAssigned, names: Names) -> str:
    taken = f", before it was {names.person(event.previous)}'s" if event.previous else ""
    return f"assigned the request to {names.person(event.assignee)}{taken}"


def _escalated(event: e.RequestEscalated, names: Names) -> str:
    how = "escalated the request to" if event.child is None else f"consulted, as {event.child},"
    again = f", as {', '.join(event.earlier)} before" if event.earlier else ""
    return f"{how} the specialists of {event.theme} (tier {event.level}){again}"


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


def _content(given: FieldValue, names: Names) -> str:
    """What a field holds, as people would write it."""
    if given.text is not None:
        return names.text(given.text)
    if given.at is not None:
        return _moment(given.at)
    if given.flag is not None:
        return "yes" if given.flag else "no"
    return f"{given.number:.15g}" if given.number is not None else str(given.choice)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _data(given: tuple[FieldValue, ...], names: Names) -> str:
    told = ", ".join(f"{each.field} {_content(each, names)}" for each in given)
    return f" ({told})" if told else ""


def _fixed(what: str) -> Callable[[Any, Names], str]:
    return lambda event, names: what


def _on_record(what: str) -> Callable[[Any, Names], str]:
    def say(event: e.CustomerCreated | e.CustomerChanged, names: Names) -> str:
        known = event.particulars
        return what.format(f"{names.text(known.first_name)} {names.text(known.last_name)}")

    return say


def _at_the_door(what: str) -> Callable[[Any, Names], str]:
    def say(event: e.ProfileBarred | e.ProfileUnbarred, names: Names) -> str:
        along = f" with customer {event.customer_id}" if event.customer_id else ""
        return f"{what} {names.person(event.profile_id)}{along}"

    return say


_SAYINGS: Mapping[type[e.Event], Callable[[Any, Names], str]] = MappingProxyType(
    {
        e.MessageReceived: _received,
        e.MessagePosted: _posted,
        e.MessageAdopted: _fixed("added earlier words to the request"),
        e.MessageDelivered: _fixed("delivered the message"),
        e.MessageEdited: lambda event, names: (
            f"changed {names.text(event.previous)} to {names.text(event.text)}"
        ),
        e.MessageDeleted: lambda event, names: f"took back {names.text(event.previous)}",
        e.MessageMoved: _fixed("moved a message to the request"),
        e.EntryUndone: lambda event, names: f"took back what entry {event.seq} did",
        e.LinkAdded: lambda event, names: f"linked {event.kind} {event.target}",
        e.LinkRemoved: lambda event, names: (
            f"took away the link to {event.kind} {event.target or 'without number'}"
        ),
        e.TicketRequested: lambda event, names: f"sent the request to the ticket tool {event.tool}",
        e.TicketCreated: lambda event, names: (
            f"took the request as {event.target or 'a ticket without a number'}"
        ),
        e.TicketFailed: lambda event, names: f"did not take the request: {event.code}",
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
        e.ConversationOpened: lambda event, names: (
            "began a conversation" + (f" about {names.text(event.subject)}" if event.subject else "")
        ),
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
        e.RuleRefused: lambda event, names: (
            f"refused {f'{event.command} of ' if event.command else ''}rule {event.rule}: {event.code}"
        ),
        e.RuleMatched: lambda event, names: (
            f"would have carried out rule {event.rule}, which is only watched"
        ),
        e.RuleWaited: lambda event, names: (
            f"asked rule {event.rule}, whose wait since {_moment(event.since_at)} is over: "
            + ("its conditions hold" if event.matched else "its conditions do not hold")
        ),
        e.HostRecorded: lambda event, names: f"recorded {event.name}{_data(event.data, names)}",
        e.HostEffectQueued: lambda event, names: (
            f"asked {event.destination} for {event.kind}{_data(event.data, names)}"
        ),
        e.HostTimerSet: lambda event, names: f"set timer {event.name} for {_moment(event.due_at)}",
        e.HostTimerCancelled: lambda event, names: f"cancelled timer {event.name}",
        e.HostTimerFired: lambda event, names: f"let timer {event.name} fire, due at {_moment(event.due_at)}",
        e.FollowUpScheduled: lambda event, names: (
            f"scheduled a follow-up for {_moment(event.due_at)}: {names.text(event.text)}"
        ),
        e.FollowUpCancelled: _fixed("cancelled the follow-up"),
        e.FollowUpSent: _fixed("sent the follow-up"),
        e.MessageUnreviewed: lambda event, names: (
            f"wrote past the review as {names.person(event.agent)}: nobody was assigned, no clock stopped"
        ),
        e.NoteAdded: lambda event, names: f"left the note {names.text(event.text)}",
        e.NoteDeleted: lambda event, names: f"deleted the note {names.text(event.text)}",
        e.TagDefined: lambda event, names: f"defined tag {event.name} {names.text(event.label)}".rstrip(),
        e.TagRetired: lambda event, names: f"retired tag {event.name}",
        e.TagAdded: lambda event, names: f"added tag {event.name}",
        e.TagRemoved: lambda event, names: f"removed tag {event.name}",
        e.SubjectSet: lambda event, names: f"set the subject to {names.text(event.subject)}",
        e.RequestStatusSet: lambda event, names: (
            f"set the status to {event.status}" if event.status else "took the status back"
        ),
        e.FieldSet: lambda event, names: f"set {event.value.field} to {_content(event.value, names)}",
        e.FieldCleared: lambda event, names: f"emptied {event.field}",
        e.AnswerDefined: lambda event, names: (
            f"defined quick answer {event.answer}, {names.text(event.title)}: {names.text(event.text)}"
        ),
        e.AnswerRetired: lambda event, names: f"retired quick answer {event.answer}",
        e.DraftSubmitted: lambda event, names: f"handed in a draft: {names.text(event.text)}",
        e.DraftRevised: lambda event, names: f"worded the draft anew: {names.text(event.text)}",
        e.DraftApproved: _approved,
        e.DraftRejected: lambda event, names: f"gave the draft back to {names.person(event.author)}",
        e.DraftWithdrawn: lambda event, names: f"withdrew the draft of {names.person(event.author)}",
        e.DraftNoteAdded: lambda event, names: f"noted on the draft: {names.text(event.text)}",
        e.DraftNoteDeleted: lambda event, names: f"deleted the note on the draft: {names.text(event.text)}",
        e.ErasureAsked: lambda event, names: (
            f"asked for {', '.join(event.profiles or event.customers)} to be erased"
        ),
        e.ErasureAdvanced: lambda event, names: (
            f"emptied {event.texts} texts, ended {event.conversations} conversations"
            + (", and was done" if event.finished else "")
        ),
        e.CustomerErased: _fixed("erased what was on record of the customer"),
        e.ConversationErased: lambda event, names: (
            f"erased what was said ({event.scope.replace('_', ' ')}), since whoever asked was erased"
        ),
        e.ConversationPurged: lambda event, names: (
            f"purged {event.entries} entries: the conversation was closed long enough"
        ),
        e.RequestPurged: lambda event, names: f"kept the figures of {event.request_id}",
        e.ConversationDescribed: lambda event, names: (
            "found "
            + " and ".join(
                f"{name} {found}"
                for name, found in (("sentiment", event.sentiment), ("language", event.language))
                if found
            )
        ),
        e.ContactLinked: lambda event, names: (
            f"linked {names.person(event.profile_id)} to customer {event.customer_id}"
            + (f", before it was {event.previous}'s" if event.previous else "")
        ),
        e.ContactUnlinked: lambda event, names: (
            f"unlinked {names.person(event.profile_id)} from customer {event.previous}"
        ),
        e.CustomerCreated: _on_record("put customer {} on record"),
        e.CustomerChanged: _on_record("changed what is on record of {}"),
        e.CustomerMerged: lambda event, names: (
            f"merged the customer into {event.into}, with {len(event.moved)} of their profiles"
        ),
        e.CustomerAbsorbed: lambda event, names: f"took in customer {event.other}",
        e.CustomerRestored: lambda event, names: f"parted the customer from {event.previous} again",
        e.CustomerSeparated: lambda event, names: f"gave customer {event.other} back what was theirs",
        e.CustomerBarred: _fixed("barred the customer"),
        e.CustomerUnbarred: _fixed("let the customer in again"),
        e.ProfileBarred: _at_the_door("barred"),
        e.ProfileUnbarred: _at_the_door("let in again"),
        e.ConversationFollowed: lambda event, names: f"let {names.person(event.agent)} follow it",
        e.ConversationUnfollowed: lambda event, names: f"let {names.person(event.agent)} follow it no more",
        e.AgentMentioned: lambda event, names: f"called {names.person(event.agent)} in",
        e.AgentNotified: lambda event, names: f"told {names.person(event.agent)}: {event.code}",
        e.MessageForwarded: lambda event, names: (
            f"sent {len(event.messages)} message{'s' * (len(event.messages) != 1)} by mail to"
            f" {names.person(event.agent or event.profile_id or '')}"
        ),
        e.RequestEscalated: _escalated,
        e.ConsultAnswered: lambda event, names: (
            f"closed the consultation {event.child}: {event.resolution.replace('_', ' ')}"
        ),
        e.MessageFlagged: lambda event, names: f"put the emoji of {event.theme} on a message",
        e.RequestSeveritySet: lambda event, names: (
            f"set the severity to {event.severity} and "
            + (f"paged {event.destination}" if event.immediate else f"left it to {event.destination}")
        ),
        e.RequestPrioritized: lambda event, names: f"set the priority to {event.priority}",
        e.ToolTouched: lambda event, names: f"used {event.tool}",
        e.TrendNoted: lambda event, names: f"escalated the same question, as {event.request_id}",
        e.HelpOffered: lambda event, names: (
            f"was offered {event.count} answers about {event.theme} before the form"
        ),
        e.FormOpened: _fixed("opened the form all the same"),
        e.IssueFinished: lambda event, names: f"finished issue {event.issue}",
        e.IssueTold: lambda event, names: f"told that issue {event.issue} is done",
        e.DeskChanged: lambda event, names: f"changed the desk to revision {event.revision}",
    }
)


def text_refs(entries: Iterable[e.Entry]) -> Iterator[TextRef]:
    """Every text that these entries refer to, wherever it stands in their events."""
    for entry in entries:
        for event in entry.events:
            yield from refs_in(event)


def refs_in(content: Any) -> Iterator[TextRef]:
    """Every reference to a text inside a value, in the order of its fields."""
    if isinstance(content, TextRef):
        yield content
    elif isinstance(content, tuple):
        for each in content:
            yield from refs_in(each)
    elif attrs.has(content.__class__):
        for field in attrs.fields(content.__class__):
            yield from refs_in(getattr(content, field.name))


def said_in(entries: Iterable[e.Entry], owners: frozenset[str] | None = None) -> tuple[TextId, ...]:
    """The texts of these entries, or of them those that belong to one of the owners.

    Not the address of a profile, which is on record of it whatever is said.
    """
    found: dict[TextId, None] = {}
    for entry in entries:
        for ref in refs_in(entry.events):
            if owners is None or ref.owner in owners:
                found[ref.id] = None
    for owner in {ref.owner for entry in entries for ref in refs_in(entry.events)}:
        for text in profile_texts(ProfileId(owner)):
            found.pop(text, None)
    return tuple(found)


def profiles(entries: Iterable[e.Entry]) -> Iterator[Code]:
    """The profiles of customers and bots that act in these entries, and of contacts that they are about."""
    for entry in entries:
        if entry.actor.kind in (ActorKind.CUSTOMER, ActorKind.BOT):
            yield entry.actor.id
        for event in entry.events:
            about = getattr(event, "profile_id", None)
            if about is not None:
                yield about
