"""What a rule's conditions may look at: by name, what kind of words it holds, and where it is found.

Every fact is found as words: none, one, or several. Facts of the state can be looked at as they were before what
happened, too. None of them holds anything that people wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from ..model import (
    ActorKind,
    Audience,
    CloseReason,
    Conversation,
    ConversationState,
    FieldValue,
    HoldReason,
    Label,
    Request,
    RequestState,
    Resolution,
    Side,
)
from ..values import value
from .automation import Occasion

__all__ = ["EVENT_FACTS", "NAMED_FACTS", "STATE_FACTS", "EventFact", "StateFact", "Takes", "found"]

Found = tuple[str, ...]


class Takes(StrEnum):
    """What the words of a fact are, where they are not of a closed vocabulary."""

    AGENT = "agent"
    QUEUE = "queue"
    TEAM = "team"
    CHANNEL = "channel"
    """Patterns of channels."""
    STATUS = "status"
    CODE = "code"
    FLAG = "flag"
    """True or false."""


@value
class StateFact:
    """A fact of a conversation and the request in it that a rule is about."""

    takes: Takes | type[StrEnum]
    read: Callable[[Conversation, Request | None], Found]


@value
class EventFact:
    """A fact of what happened."""

    takes: Takes | type[StrEnum]
    read: Callable[[Occasion], Found]


def _words(content: object) -> Found:
    return () if content is None else (str(content),)


def _of_request(name: str) -> Callable[[Conversation, Request | None], Found]:
    return lambda conversation, request: _words(getattr(request, name, None))


def _of_conversation(name: str) -> Callable[[Conversation, Request | None], Found]:
    return lambda conversation, request: _words(getattr(conversation, name))


def _answered(conversation: Conversation, request: Request | None) -> Found:
    heard_at, said_at = conversation.customer_at, conversation.team_at
    return ("yes",) if said_at is not None and (heard_at is None or said_at >= heard_at) else ()


def _touched(conversation: Conversation, request: Request | None) -> Found:
    return ("yes",) if request is not None and request.touched else ()


STATE_FACTS: Mapping[str, StateFact] = MappingProxyType(
    {
        "state": StateFact(RequestState, _of_request("state")),
        "status": StateFact(Takes.STATUS, _of_request("status")),
        "assignee": StateFact(Takes.AGENT, _of_request("assignee")),
        "queue": StateFact(Takes.QUEUE, _of_request("queue")),
        "team": StateFact(Takes.TEAM, _of_request("team")),
        "hold_reason": StateFact(HoldReason, _of_request("hold_reason")),
        "resolution": StateFact(Resolution, _of_request("resolution")),
        "touched": StateFact(Takes.FLAG, _touched),
        "conversation": StateFact(ConversationState, _of_conversation("state")),
        "holder": StateFact(Takes.AGENT, _of_conversation("holder")),
        "close_reason": StateFact(CloseReason, _of_conversation("reason")),
        "sentiment": StateFact(Takes.CODE, _of_conversation("sentiment")),
        "language": StateFact(Takes.CODE, _of_conversation("language")),
        "theme": StateFact(Takes.CODE, _of_request("theme")),
        "severity": StateFact(Takes.CODE, _of_request("severity")),
        "tag": StateFact(Takes.CODE, lambda conversation, request: conversation.tags),
        "answered": StateFact(Takes.FLAG, _answered),
    }
)
"""How things stand now, or how they stood before."""


def _of_message(name: str) -> Callable[[Occasion], Found]:
    return lambda it: _words(getattr(getattr(it.event, "message", None), name, None))


def _audience(it: Occasion) -> Found:
    return _of_message("audience")(it) or _words(it.conversation.audience)


EVENT_FACTS: Mapping[str, EventFact] = MappingProxyType(
    {
        "channel": EventFact(Takes.CHANNEL, lambda it: (it.conversation.channel_id,)),
        "by": EventFact(ActorKind, lambda it: (it.actor.kind,)),
        "author": EventFact(Side, _of_message("side")),
        "audience": EventFact(Audience, _audience),
        "label": EventFact(
            Label, lambda it: _words(getattr(getattr(it.event, "detection", None), "label", None))
        ),
        "reason": EventFact(
            Takes.CODE, lambda it: _words(getattr(getattr(it.event, "reason", None), "code", None))
        ),
        "name": EventFact(Takes.CODE, lambda it: _words(getattr(it.event, "name", None))),
    }
)
"""What happened, and where."""

NAMED_FACTS = frozenset({"field", "data"})
"""Tables of facts by names of the desk's or the host's own: declared fields, and what came with a host's event."""


def found(it: Occasion, fact: str, *, was: bool = False) -> Found:
    """The words of a fact. Nothing stood anywhere before a conversation began."""
    about, _, name = fact.partition(".")
    if about == "data":
        return _named(getattr(it.event, "data", ()), name)
    conversation, request = (it.before, it.request_before) if was else (it.conversation, it.request)
    if about == "field":
        own = request.fields if request is not None else ()
        return _named((*own, *(conversation.fields if conversation is not None else ())), name)
    state = STATE_FACTS.get(fact)
    if state is None:
        return EVENT_FACTS[fact].read(it)
    return state.read(conversation, request) if conversation is not None else ()


def _named(values: tuple[FieldValue, ...], name: str) -> Found:
    return next((_told(each) for each in values if each.field == name), ())


def _told(each: FieldValue) -> Found:
    """A value as the words of a condition; of a text only that there is one."""
    if each.number is not None:
        whole = int(each.number)
        return (str(whole) if whole == each.number else repr(each.number),)
    if each.flag is not None:
        return ("yes",) if each.flag else ()
    if each.at is not None:
        return (each.at.isoformat(),)
    return (str(each.choice or ""),)
