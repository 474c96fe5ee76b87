"""What a decision may ask to know (wants), and what it is told (answers).

A want says what is needed, never how it is found; a store answers a whole tuple of them in one go. The
union is closed: a new need is a new want, never a new store method.

Wants are tuples because each is looked up by its hash several times in an operation; ``word`` keeps two kinds
of want with the same content apart.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .model import (
    AgentId,
    AgentLoad,
    ChannelId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Lane,
    Message,
    MessageId,
    NativeId,
    ProfileId,
    QueueId,
    Request,
    RequestId,
)
from .values import value

__all__ = [
    "Answer",
    "DeskDocument",
    "Neighbours",
    "Outcome",
    "OutcomeKind",
    "Want",
    "WantConversation",
    "WantDesk",
    "WantLane",
    "WantLastOpen",
    "WantMessage",
    "WantNeighbours",
    "WantOutcome",
    "WantPool",
    "WantRequest",
    "WantThread",
    "WantWaiting",
]

NEIGHBOURS = 64
"""How many later messages of the same author are looked at when one arrives late."""


class OutcomeKind(StrEnum):
    """What became of a command or observation."""

    PLACED = "placed"
    DONE = "done"
    IGNORED = "ignored"


@value(kw_only=True)
class Outcome:
    """What became of a command or observation, and where to look for it.

    ``code`` says why something was ignored. ``duplicate`` marks the first outcome, told again.
    """

    kind: OutcomeKind
    code: Code | None = None
    conversation_id: ConversationId | None = None
    request_id: RequestId | None = None
    message_id: MessageId | None = None
    duplicate: bool = False


class WantMessage(NamedTuple):
    """The message with this native id in this channel. Answer: `Message` or None."""

    channel_id: ChannelId
    native: NativeId
    word: str = "message"


class WantOutcome(NamedTuple):
    """What became of this command. Answer: `Outcome` or None."""

    key: CommandKey
    word: str = "outcome"


class WantLane(NamedTuple):
    """A lane, and the conversation that it opened last. Answer: ``(Lane | None, Conversation | None)``."""

    channel_id: ChannelId
    profile_id: ProfileId
    word: str = "lane"


class WantThread(NamedTuple):
    """The conversation that one of these messages of a channel belongs to. Answer: `Conversation` or None.

    The last of ``natives`` that is known decides; a message is known by its own row or by a thread key.
    """

    channel_id: ChannelId
    natives: tuple[NativeId, ...]
    word: str = "thread"


class WantConversation(NamedTuple):
    """Answer: `Conversation` or None."""

    id: ConversationId
    word: str = "conversation"


class WantRequest(NamedTuple):
    """A request, open or closed, and its conversation. Answer: ``(Request | None, Conversation | None)``."""

    id: RequestId
    word: str = "request"


class WantLastOpen(NamedTuple):
    """The conversation of the channel's open request that was opened last. Answer: `Conversation` or None.

    "Last" is by ``opened_at``, then by id. Read without a guard.
    """

    channel_id: ChannelId
    word: str = "lastopen"


class WantNeighbours(NamedTuple):
    """Top messages of one author in one channel around a moment. Answer: `Neighbours`.

    ``before`` is the nearest with a smaller ``(sent_at, id)``, ``after`` the next 64 with a larger one, in
    order. An empty ``id`` comes before all others. Only messages with ``top`` set and side ``requester`` count.
    """

    channel_id: ChannelId
    profile_id: ProfileId
    sent_at: datetime
    id: MessageId
    word: str = "neighbours"


@value
class Neighbours:
    """Answer to `WantNeighbours`."""

    before: Message | None = None
    after: tuple[Message, ...] = ()


class WantPool(NamedTuple):
    """The loads of these agents (zero where no row is), least loaded first. Answer: tuple of `AgentLoad`.

    Order: load, then longest since chosen (never comes first), then id; at most ``top``; only those with
    a load below ``below`` where it is given.
    """

    agents: tuple[AgentId, ...]
    below: int | None = None
    top: int = 8
    word: str = "pool"


class WantWaiting(NamedTuple):
    """Unassigned requests of a queue, longest waiting first. Answer: ``tuple[Request, ...]``.

    Order: ``waiting_at``, then id; at most ``top``.
    """

    queue: QueueId
    top: int = 1
    word: str = "waiting"


class WantDesk(NamedTuple):
    """The desk document, if its revision differs from the one known. Answer: `DeskDocument` or None."""

    known: int
    word: str = "desk"


@value
class DeskDocument:
    """A desk as it is stored: the plain mapping it was compiled from, as JSON, and its salt (hex)."""

    revision: int
    content: str
    salt: str


Want = (
    WantMessage
    | WantOutcome
    | WantLane
    | WantThread
    | WantConversation
    | WantRequest
    | WantLastOpen
    | WantNeighbours
    | WantPool
    | WantWaiting
    | WantDesk
)
Answer = (
    Message
    | Outcome
    | Conversation
    | Neighbours
    | DeskDocument
    | tuple[Lane | None, Conversation | None]
    | tuple[Request | None, Conversation | None]
    | tuple[AgentLoad, ...]
    | tuple[Request, ...]
    | None
)
