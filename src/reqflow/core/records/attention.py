"""What is kept of who has seen what, and of what was sent and greeted: state without history. And of who follows what.

None of it moves a request; it is what effects need to find their way, and what keeps machines from talking too much.
Who follows which conversation is how somebody finds those that they follow, long after they were closed. (OneDesk)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import (
    Actor,
    AgentId,
    Audience,
    Code,
    ConversationId,
    Message,
    MessageId,
    NativeId,
    ProfileId,
    RequestId,
)
from ..values import value
from .projection import Projection
from .root import Record, RecordKey

__all__ = [
    "PROJECTIONS",
    "Attention",
    "Card",
    "Following",
    "Forwarded",
    "Greeted",
    "GreetedHere",
    "attention_id",
    "card_id",
]


def attention_id(conversation: ConversationId, agent: AgentId | None, profile: ProfileId | None) -> Code:
    """The id of somebody's attention to a conversation: an agent's or a customer's profile's."""
    return Code(f"{conversation}.{profile}" if agent is None else f"{conversation}.agent:{agent}")


def card_id(request: RequestId, room: Code | None = None) -> Code:
    """The id of a request's card: in the triage room the request's own; in that of specialists it names the room."""
    return Code(request if room is None else f"{request}@{room}")


@value
class _UpTo:
    """How far somebody got: messages up to this id, as far as they had arrived by that moment."""

    id: MessageId
    at: datetime

    def covers(self, message: Message) -> bool:
        return message.id <= self.id and message.received_at <= self.at

    def or_further(self, id: MessageId, at: datetime) -> _UpTo:
        return _UpTo(max(self.id, id), max(self.at, at))


@value(kw_only=True)
class Attention(Record):
    """How far an agent or a customer has seen a conversation, and how far they were sent by mail what they had not.

    ``threads`` are the transport's ids of the first mail to them, by the audience of what it held: later ones are
    answers to it.
    """

    tag: ClassVar[str] = "attention"
    folds: ClassVar[bool] = False
    conversation_id: ConversationId
    agent: AgentId | None = None
    profile_id: ProfileId | None = None
    seen: _UpTo | None = None
    sent: _UpTo | None = None
    threads: tuple[tuple[Audience, NativeId], ...] = ()

    def has(self, message: Message) -> bool:
        """Whether they have seen the message, or were sent it."""
        return any(each is not None and each.covers(message) for each in (self.seen, self.sent))

    def thread(self, audience: Audience) -> NativeId | None:
        """The mail that another one with words for this audience answers."""
        return dict(self.threads).get(audience)

    def after_seeing(self, id: MessageId, at: datetime) -> Attention:
        """Once they have seen it up to a message, at that moment."""
        seen = _UpTo(id, at) if self.seen is None else self.seen.or_further(id, at)
        return attrs.evolve(self, seen=seen, version=self.version + 1)

    def after_sending(self, id: MessageId, at: datetime) -> Attention:
        """Once they were sent what it held up to a message, at that moment."""
        sent = _UpTo(id, at) if self.sent is None else self.sent.or_further(id, at)
        return attrs.evolve(self, sent=sent, version=self.version + 1)

    def in_thread(self, audience: Audience, native: NativeId) -> Attention:
        """Once the first mail to them with words for this audience has an id."""
        threads = (*self.threads, (audience, native))
        return attrs.evolve(self, threads=threads)


@value(kw_only=True)
class Forwarded(Record):
    """A mail with what somebody had not seen; its id is the key of that mail among inbound ones.

    Who answers it in the name of the team says so to ``audience``.
    """

    tag: ClassVar[str] = "forwarded"
    folds: ClassVar[bool] = False
    conversation_id: ConversationId
    audience: Audience


@value(kw_only=True)
class Card(Record):
    """A request's card in a room (see `card_id`); ``native`` is the transport's own id of it."""

    tag: ClassVar[str] = "card"
    folds: ClassVar[bool] = False
    native: NativeId


@value(kw_only=True)
class Greeted(Record):
    """When a bot of ours last answered a profile by itself; its id is the profile's."""

    tag: ClassVar[str] = "greeted"
    folds: ClassVar[bool] = False
    greeted_at: datetime


@value(kw_only=True)
class GreetedHere(Record):
    """How many automatic answers a channel gave in an hour, counted in parts so that few writers meet at one row."""

    tag: ClassVar[str] = "greeted_here"
    folds: ClassVar[bool] = False
    hour_at: datetime
    count: int


@value(kw_only=True)
class Following(Record):
    """That an agent follows a conversation, since ``since_at``; or did, until ``ended_at``."""

    tag: ClassVar[str] = "following"
    conversation_id: ConversationId
    agent: AgentId
    since_at: datetime
    ended_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By agent while they follow it, in the order of the conversations."""
        return () if self.ended_at is not None else (RecordKey("agent", self.agent, self.conversation_id),)


def _begun(old: Following | None, event: Any, stream: str, at: datetime, actor: Actor) -> Following:
    if old is not None and old.ended_at is None:
        return old
    return Following(
        id=Code(f"{stream}.{event.agent}"),
        conversation_id=ConversationId(stream),
        agent=event.agent,
        since_at=at,
    )


def _ended(
    old: Following | None, event: e.ConversationUnfollowed, stream: str, at: datetime, actor: Actor
) -> Following:
    return attrs.evolve(old or _begun(None, event, stream, at, actor), ended_at=at)


_AGENT: Any = attrgetter("agent")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.ConversationFollowed: Projection(Following, _AGENT, _begun, here=True),
        e.AgentMentioned: Projection(Following, _AGENT, _begun, here=True),
        e.ConversationUnfollowed: Projection(Following, _AGENT, _ended, here=True),
    }
)
