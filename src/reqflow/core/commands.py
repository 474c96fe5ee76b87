"""What may be asked of a desk (commands, which may be refused) and what it is told (observations).

An observation has happened: it is placed or ignored with a reason, never refused. Texts come in here
as plain strings; the core turns them into text rows and lets only their `TextRef`s go further.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import attrs

from ..errors import InvalidInput
from .model import (
    Actor,
    AgentId,
    Audience,
    ChannelId,
    CloseReason,
    Code,
    CommandKey,
    ConversationId,
    HoldReason,
    MessageId,
    NativeId,
    QueueId,
    RequestId,
    Resolution,
    TeamId,
)
from .values import value

__all__ = [
    "COMMANDS",
    "Accept",
    "Assign",
    "Close",
    "CloseConversation",
    "Command",
    "Delivered",
    "Enqueue",
    "Hold",
    "Inbound",
    "Release",
    "Reopen",
    "Reply",
    "Route",
    "Take",
    "Unassign",
    "Wake",
]

MAX_NATIVE = 512
MAX_REPLIES_TO = 24


def _text(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    _check_text(f"{type(instance).__name__}.{attribute.name}", content)


def _check_text(where: str, content: object) -> None:
    if not isinstance(content, str):
        raise _no_text(where, content)


def _no_text(where: str, content: object) -> InvalidInput:
    return InvalidInput(f"{where} must be text, not {type(content).__name__}")


def _check_word(where: str, content: object) -> str:
    if not isinstance(content, str):
        raise _no_text(where, content)
    if not 0 < len(content) <= MAX_NATIVE:
        raise InvalidInput(f"{where} must have 1 to {MAX_NATIVE} characters, not {len(content)}")
    if not content.isprintable():
        raise InvalidInput(f"{where} must have printable characters only: {content!a}")
    return content


def _check_place(where: str, content: object) -> None:
    if ":" not in _check_word(where, content):
        raise InvalidInput(f"{where} must be 'transport:name', not {content!r}")


def _moment(instance: object, attribute: attrs.Attribute[datetime], content: object) -> None:
    _check_moment(f"{type(instance).__name__}.{attribute.name}", content)


def _check_moment(where: str, content: object) -> None:
    if not isinstance(content, datetime) or content.tzinfo is None:
        raise InvalidInput(f"{where} must be a datetime with a time zone, not {content!r}")


E = TypeVar("E", bound=StrEnum)


def _member(kind: type[E], given: E | str) -> E:
    """Takes a word of a closed vocabulary as a member or as plain text, and refuses any other."""
    if isinstance(given, kind):
        return given
    try:
        return kind(given)
    except ValueError:
        allowed = ", ".join(kind)
        raise InvalidInput(f"{kind.__name__} must be one of {allowed}, not {given!r}") from None


def _audience(given: Audience | str) -> Audience:
    return _member(Audience, given)


def _hold_reason(given: HoldReason | str) -> HoldReason:
    return _member(HoldReason, given)


def _resolution(given: Resolution | str) -> Resolution:
    return _member(Resolution, given)


def _close_reason(given: CloseReason | str) -> CloseReason:
    return _member(CloseReason, given)


def _chain(given: Iterable[NativeId]) -> tuple[NativeId, ...]:
    """The ids that a message answers: of a very long chain its beginning and its end."""
    natives = tuple(given)
    if len(natives) > MAX_REPLIES_TO:
        natives = (natives[0], *natives[1 - MAX_REPLIES_TO :])
    return natives


def _utc(content: Any) -> Any:
    """Other zones become UTC; what is no moment at all is left for the check to name."""
    if isinstance(content, datetime) and content.tzinfo is not None and content.tzinfo is not UTC:
        return content.astimezone(UTC)
    return content


@value(kw_only=True)
class Inbound:
    """A message from outside, before it is placed. The observation that everything starts with.

    ``channel`` and ``author`` are ``transport:name``. ``native`` is the transport's own id of the message
    (Slack's ``ts``, a Message-ID): with the channel it identifies the message for ever. ``replies_to``
    are native ids of messages in the same channel that this one answers, nearest last; empty for a
    message that stands by itself. ``sent_at`` is the sender's claim (any zone; kept in UTC); a claim
    later than ``received_at`` counts as received. ``subject`` is kept as the first line of a message that stands
    by itself. ``bot`` marks machine senders, which nobody answers.

    Raises `InvalidInput` when a field cannot be used.
    """

    channel: ChannelId
    author: str
    native: NativeId
    sent_at: datetime = attrs.field(converter=_utc)
    text: str = ""
    received_at: datetime | None = attrs.field(default=None, converter=_utc)
    replies_to: tuple[NativeId, ...] = attrs.field(default=(), converter=_chain)
    name: str | None = None
    subject: str | None = None
    request_id: RequestId | None = None
    audience: Audience = attrs.field(default=Audience.CUSTOMER, converter=_audience)
    bot: bool = False

    def __attrs_post_init__(self) -> None:
        # plain calls: every message comes through here, and validators cost three times as much
        _check_place("Inbound.channel", self.channel)
        _check_place("Inbound.author", self.author)
        _check_word("Inbound.native", self.native)
        _check_text("Inbound.text", self.text)
        _check_moment("Inbound.sent_at", self.sent_at)
        if self.received_at is not None:
            _check_moment("Inbound.received_at", self.received_at)
        for native in self.replies_to:
            _check_word("Inbound.replies_to", native)


@value(kw_only=True)
class Command:
    """Root of all commands. ``by`` gives it; ``key`` makes a retry harmless (same key, same outcome).

    Without a key the driver makes one, so that each call counts as a new command.
    """

    by: Actor
    key: CommandKey | None = None


@value(kw_only=True)
class Take(Command):
    """The agent takes the request ("Looking into it"); refused if somebody else has it. (Thena)"""

    request_id: RequestId


@value(kw_only=True)
class Assign(Command):
    """Give the request to ``assignee``, whoever has it now. (Thena, SentiOne, Audite)"""

    request_id: RequestId
    assignee: AgentId


@value(kw_only=True)
class Unassign(Command):
    """Take the request from its assignee; it waits again. (SentiOne)"""

    request_id: RequestId


@value(kw_only=True)
class Route(Command):
    """Point the request at a queue or a team; assigns nobody. At least one of the two is needed."""

    request_id: RequestId
    queue: QueueId | None = None
    team: TeamId | None = None


@value(kw_only=True)
class Hold(Command):
    """Let the request rest. A snooze needs ``until_at`` (aware; kept in UTC), others may have it."""

    request_id: RequestId
    reason: HoldReason = attrs.field(converter=_hold_reason)
    until_at: datetime | None = attrs.field(
        default=None, converter=_utc, validator=attrs.validators.optional(_moment)
    )


@value(kw_only=True)
class Wake(Command):
    """Go on with a held request; ``requeue`` gives it back to be assigned anew."""

    request_id: RequestId
    requeue: bool = False


@value(kw_only=True)
class Close(Command):
    """End the request. ``into`` names the request that a duplicate or merged one points at."""

    request_id: RequestId
    resolution: Resolution = attrs.field(default=Resolution.DONE, converter=_resolution)
    into: RequestId | None = None
    note: str | None = None


@value(kw_only=True)
class Reopen(Command):
    """Open a closed request again; an assignee who is still in the roster gets it back."""

    request_id: RequestId


@value(kw_only=True)
class Accept(Command):
    """Hold a pending conversation; its unassigned requests come along. (Audite)"""

    conversation_id: ConversationId


@value(kw_only=True)
class Release(Command):
    """Give a held conversation back; the holder's requests in it wait again. (Audite)"""

    conversation_id: ConversationId


@value(kw_only=True)
class Enqueue(Command):
    """Put the conversation, released if it was held, and its open requests in a queue. (Audite)"""

    conversation_id: ConversationId
    queue: QueueId


@value(kw_only=True)
class CloseConversation(Command):
    """End the conversation and its open requests. (Audite: close and reject; SentiOne: ignore)

    Refused when another agent has an open request in it, unless ``by`` holds the grant ``close_any``.
    """

    conversation_id: ConversationId
    reason: CloseReason = attrs.field(default=CloseReason.HANDLED, converter=_close_reason)


@value(kw_only=True)
class Reply(Command):
    """Write in the conversation: to the customer, or internally. Counts as a response of ``by``."""

    conversation_id: ConversationId
    text: str = attrs.field(validator=_text)
    audience: Audience = attrs.field(default=Audience.CUSTOMER, converter=_audience)
    request_id: RequestId | None = None


@value(kw_only=True)
class Delivered:
    """Observation of the worker: the transport took (``code`` is None) or refused a posted message."""

    conversation_id: ConversationId
    message_id: MessageId
    code: Code | None = None
    native: NativeId | None = None


COMMANDS: tuple[type[Command], ...] = (
    Take,
    Assign,
    Unassign,
    Route,
    Hold,
    Wake,
    Close,
    Reopen,
    Accept,
    Release,
    Enqueue,
    CloseConversation,
    Reply,
)
