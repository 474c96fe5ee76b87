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

from .events import Entry
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
    Profile,
    ProfileId,
    QueueId,
    Request,
    RequestId,
    TextId,
)
from .records.root import Record
from .values import value

__all__ = [
    "Answer",
    "DeskDocument",
    "Need",
    "Neighbours",
    "Outcome",
    "OutcomeKind",
    "Want",
    "WantConversation",
    "WantDesk",
    "WantEntries",
    "WantLane",
    "WantLastOpen",
    "WantMessage",
    "WantNeighbours",
    "WantOutcome",
    "WantPlaced",
    "WantPool",
    "WantProfile",
    "WantRecord",
    "WantRecords",
    "WantRequest",
    "WantText",
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

    ``record_id`` is that of a note, a draft and the like. ``code`` says why something was ignored.
    ``duplicate`` marks the first outcome, told again.
    """

    kind: OutcomeKind
    code: Code | None = None
    conversation_id: ConversationId | None = None
    request_id: RequestId | None = None
    message_id: MessageId | None = None
    record_id: Code | None = None
    duplicate: bool = False


class WantMessage(NamedTuple):
    """The message with this native id in this channel. Answer: `Message` or None."""

    channel_id: ChannelId
    native: NativeId
    word: str = "message"


class WantPlaced(NamedTuple):
    """A message by its id, and the conversation that it is in. Answer: ``(Message | None, Conversation | None)``."""

    id: MessageId
    word: str = "placed"


class WantProfile(NamedTuple):
    """A profile on record. Answer: `Profile` or None."""

    id: ProfileId
    word: str = "profile"


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

    The last of ``natives`` whose conversation is there decides; a message is known by its own row or by a thread key,
    in this order: where its own conversation was purged, the key of what answered it since leads on.
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
    """The loads of these agents (zero where no row is), in order. Answer: tuple of `AgentLoad`.

    Order ``by="load"``: load, then longest since chosen (never comes first), then id; ``by="chosen"``: longest
    since chosen, then load, then id. At most ``top``; only those with a load below ``below`` where it is given.
    """

    agents: tuple[AgentId, ...]
    below: int | None = None
    top: int = 8
    by: str = "load"
    word: str = "pool"


class WantWaiting(NamedTuple):
    """Unassigned requests of a queue, the most urgent first. Answer: ``tuple[Request, ...]``.

    Order: ``priority`` (the smallest first), ``waiting_at``, then id; at most ``top``.
    """

    queue: QueueId
    top: int = 1
    word: str = "waiting"


class WantRecord(NamedTuple):
    """The record of this kind and id. Answer: `Record` or None."""

    kind: Code
    id: Code
    word: str = "record"


class WantRecords(NamedTuple):
    """Records of a kind that have this key, by its rank, then by their ids. Answer: ``tuple[Record, ...]``.

    At most ``top``; the last ones first if ``newest_first``.
    """

    kind: Code
    name: str
    content: str
    top: int = 100
    newest_first: bool = False
    word: str = "records"


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
    | WantPlaced
    | WantProfile
    | WantOutcome
    | WantLane
    | WantThread
    | WantConversation
    | WantRequest
    | WantLastOpen
    | WantNeighbours
    | WantPool
    | WantWaiting
    | WantRecord
    | WantRecords
    | WantDesk
)


class WantText(NamedTuple):
    """What a text says, whoever may read it. Answer: `str`, empty once it was erased.

    It is no part of `Want`: the store answers it with its texts, not with what it recalls. For the few decisions
    that write down again what somebody wrote before.
    """

    id: TextId
    word: str = "text"


class WantEntries(NamedTuple):
    """The whole history of a stream. Answer: ``tuple[Entry, ...]``.

    It is no part of `Want` either: for the few decisions that take back what was done before.
    """

    stream: Code
    word: str = "entries"


Need = Want | WantText | WantEntries
"""All that a decision may turn out to need."""
Answer = (
    Message
    | Profile
    | Outcome
    | Conversation
    | Neighbours
    | DeskDocument
    | Record
    | tuple[Lane | None, Conversation | None]
    | tuple[Request | None, Conversation | None]
    | tuple[Message | None, Conversation | None]
    | tuple[AgentLoad, ...]
    | tuple[Request, ...]
    | tuple[Record, ...]
    | tuple[Entry, ...]
    | str
    | None
)
