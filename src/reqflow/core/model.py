"""The vocabulary: the things a desk is about, as frozen values.

Moments are aware datetimes in UTC and end in ``_at``; spans are timedeltas and end in ``_within`` or
``_after``. Free and personal strings never stand in these values: they are `TextRef`s to text rows,
which can be erased without touching history.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

from .values import value

__all__ = [
    "Actor",
    "ActorKind",
    "AgentId",
    "AgentLoad",
    "Audience",
    "ChannelId",
    "CloseReason",
    "Code",
    "CommandKey",
    "Conversation",
    "ConversationId",
    "ConversationState",
    "Detection",
    "Dropped",
    "HoldReason",
    "Label",
    "Lane",
    "LinkKind",
    "Message",
    "MessageId",
    "NativeId",
    "Profile",
    "ProfileId",
    "QueueId",
    "Reason",
    "Request",
    "RequestId",
    "RequestState",
    "Resolution",
    "Side",
    "TeamId",
    "Text",
    "TextId",
    "TextRef",
    "Workspace",
]

Workspace = NewType("Workspace", str)
"""One desk's world; leads every key in every store (others say tenant)."""
ConversationId = NewType("ConversationId", str)
RequestId = NewType("RequestId", str)
MessageId = NewType("MessageId", str)
NativeId = NewType("NativeId", str)
"""The transport's own id of a message; with the channel it is what redelivery is recognised by."""
CommandKey = NewType("CommandKey", str)
"""Names one command or observation; what a retry is recognised by and what history calls cause."""
ProfileId = NewType("ProfileId", str)
"""Keyed digest of an address on a transport; the address itself is a text."""
AgentId = NewType("AgentId", str)
TeamId = NewType("TeamId", str)
QueueId = NewType("QueueId", str)
ChannelId = NewType("ChannelId", str)
"""``transport:place``, such as ``slack:C024BE91L`` or ``mail:support@desk.example``."""
TextId = NewType("TextId", str)
Code = NewType("Code", str)
"""A short stable word of a closed or configured vocabulary; never free text."""


class Audience(StrEnum):
    """Who may read a text. No path shows an internal text to a customer."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


class Side(StrEnum):
    """On which side of a conversation an author stands; decided per channel and conversation."""

    REQUESTER = "requester"
    TEAM = "team"


class ActorKind(StrEnum):
    """What kind of being did something."""

    AGENT = "agent"
    CUSTOMER = "customer"
    BOT = "bot"
    AUTOMATION = "automation"
    TIMER = "timer"
    PLUGIN = "plugin"
    EXTERNAL = "external"


class RequestState(StrEnum):
    """The states of a request; the arrows between them are in `reqflow.core.lifecycle`."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class ConversationState(StrEnum):
    """The states of a conversation; the arrows between them are in `reqflow.core.lifecycle`."""

    PENDING = "pending"
    ACTIVE = "active"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


# Asked of every state that anybody meets; CPython 3.11 finds a name of its own five times sooner than a member.
_REQUEST_CLOSED = RequestState.CLOSED
_CONVERSATION_CLOSED = ConversationState.CLOSED


class HoldReason(StrEnum):
    """What a request on hold waits for."""

    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"
    SNOOZED = "snoozed"


class Resolution(StrEnum):
    """How a request ended."""

    DONE = "done"
    REJECTED = "rejected"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    EXPIRED = "expired"
    BARRED = "barred"
    WITHDRAWN = "withdrawn"
    NOT_A_REQUEST = "not_a_request"


class CloseReason(StrEnum):
    """Why a conversation was closed."""

    HANDLED = "handled"
    REJECTED = "rejected"
    IGNORED = "ignored"
    EXPIRED = "expired"
    BARRED = "barred"
    MERGED = "merged"


class Label(StrEnum):
    """What a classifier may call a message. ``unknown`` means that it could not tell or failed."""

    REQUEST = "request"
    TALK = "talk"
    UNKNOWN = "unknown"


class LinkKind(StrEnum):
    """Why two conversations are linked."""

    FOLLOW_UP = "follow_up"
    LATE = "late"
    MERGED = "merged"


@value
class Actor:
    """Who did something: an agent, a customer's profile, a rule by its name, a timer by its kind."""

    kind: ActorKind
    id: Code


@value
class TextRef:
    """Points to a text row: its id, who may read it, whom it belongs to, a salted digest of it."""

    id: TextId
    audience: Audience
    owner: Code
    digest: Code


@value
class Text:
    """A text row: what a `TextRef` points to. ``body`` is empty once erased."""

    ref: TextRef
    body: str


@value
class Detection:
    """What was found out about a message before it was placed, by whom, and why."""

    label: Label
    by: Code
    confidence: float = 1.0
    reasons: tuple[Code, ...] = ()


@value
class Dropped:
    """A candidate that a policy left out, and the rule that did it."""

    agent: AgentId
    rule: Code


@value
class Reason:
    """Why something happened: a code, and what a policy looked at where one chose."""

    code: Code
    message_id: MessageId | None = None
    policy: Code | None = None
    candidates: tuple[AgentId, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    tie_break: Code | None = None
    note: TextRef | None = None


@value
class Message:
    """One message, placed: where it belongs, who said it when, and what it was taken for.

    ``top`` says that it stood by itself in the channel, not in a thread; only those are grouped.
    ``group_at`` is when the first message of its group was sent; None while it is in no group.
    """

    id: MessageId
    native: NativeId
    conversation_id: ConversationId
    request_id: RequestId | None
    channel_id: ChannelId
    author: Actor
    profile_id: ProfileId | None
    side: Side
    audience: Audience
    sent_at: datetime
    received_at: datetime
    text: TextRef | None
    thread: NativeId | None = None
    detected: bool = False
    top: bool = False
    group_at: datetime | None = None


@value
class Request:
    """A piece of work: the only unit of routing, capacity, SLA and escalation.

    ``touched`` says that a person has acted on it; ``into`` names what a duplicate or merged one points at.
    """

    id: RequestId
    conversation_id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    state: RequestState
    opener: MessageId
    opened_at: datetime
    active_at: datetime
    assignee: AgentId | None = None
    team: TeamId | None = None
    queue: QueueId | None = None
    waiting_at: datetime | None = None
    hold_reason: HoldReason | None = None
    hold_until_at: datetime | None = None
    resolution: Resolution | None = None
    closed_at: datetime | None = None
    status: Code | None = None
    nudged_at: datetime | None = None
    touched: bool = False
    into: RequestId | None = None

    @property
    def is_open(self) -> bool:
        """True in every state but closed."""
        return self.state is not _REQUEST_CLOSED


@value
class Conversation:
    """Messages that belong together, as much of them as decisions need: head, counters, last moments.

    ``requests`` are the open ones, oldest first; ``closed`` holds the one closed last. Earlier ones are
    rows of their own. ``version`` counts commits and equals the ``seq`` of the last history entry.
    ``continued_in`` names the follow-up, or the conversation that absorbed this one. ``thread`` is the
    native id that answers go to.
    """

    id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    state: ConversationState
    audience: Audience
    version: int
    opened_at: datetime
    active_at: datetime
    customer_at: datetime | None = None
    team_at: datetime | None = None
    holder: AgentId | None = None
    queue: QueueId | None = None
    team: TeamId | None = None
    thread: NativeId | None = None
    reason: CloseReason | None = None
    closed_at: datetime | None = None
    continued_in: ConversationId | None = None
    messages: int = 0
    requests: tuple[Request, ...] = ()
    closed: tuple[Request, ...] = ()

    @property
    def is_open(self) -> bool:
        """True in every state but closed."""
        return self.state is not _CONVERSATION_CLOSED

    @property
    def is_quiet(self) -> bool:
        """True while nothing in it was ever a request: no queue, timer, notice or capacity."""
        return not self.requests and not self.closed


@value
class Lane:
    """One author in one channel. Every inbound message writes it, so one author is serial.

    ``conversation_id`` is the one this author opened last, which a direct channel continues.
    """

    channel_id: ChannelId
    profile_id: ProfileId
    version: int
    conversation_id: ConversationId | None = None


@value
class Profile:
    """An address on a transport, and the name that came with it; both are texts."""

    id: ProfileId
    address: TextRef
    name: TextRef | None = None


@value
class AgentLoad:
    """How many assigned requests an agent has now, and when a policy last chose them."""

    agent: AgentId
    version: int = 0
    load: int = 0
    chosen_at: datetime | None = None
