"""What can happen, in the past tense. The word in ``tag`` is arrow label, wire tag and history row in one.

Events carry whatever the decision knew (the chosen agent, the moment, the reason), because `evolve`
takes no facts: history alone must be able to say why, years later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from .model import (
    Actor,
    AgentId,
    Audience,
    ChannelId,
    CloseReason,
    Code,
    CommandKey,
    ConversationId,
    Detection,
    HoldReason,
    LinkKind,
    Message,
    MessageId,
    ProfileId,
    QueueId,
    Reason,
    RequestId,
    Resolution,
    TeamId,
    TextRef,
)
from .values import value

__all__ = [
    "CONVERSATION_EVENTS",
    "CONVERSATION_NOTES",
    "DESK_EVENTS",
    "EVENTS",
    "MESSAGE_EVENTS",
    "REQUEST_EVENTS",
    "Cause",
    "CauseKind",
    "ConversationAbsorbed",
    "ConversationAccepted",
    "ConversationClosed",
    "ConversationHandedOver",
    "ConversationLinked",
    "ConversationOpened",
    "ConversationQueued",
    "ConversationReleased",
    "ConversationReopened",
    "ConversationReviewEnded",
    "ConversationReviewStarted",
    "DeskChanged",
    "Entry",
    "Event",
    "LoopStopped",
    "MessageAdopted",
    "MessageDelivered",
    "MessagePosted",
    "MessageReceived",
    "MessageUndelivered",
    "Opaque",
    "RequestAssigned",
    "RequestClosed",
    "RequestHeld",
    "RequestNudged",
    "RequestOpened",
    "RequestReopened",
    "RequestRequeued",
    "RequestRouted",
    "RequestUnassigned",
    "RequestWoken",
    "RuleRefused",
]


@value
class Event:
    """Root of all events, for type annotations; never made by itself."""

    tag: ClassVar[str]


# --- messages ---------------------------------------------------------------------------------------


@value(kw_only=True)
class MessageReceived(Event):
    """Somebody wrote in the conversation; ``message`` is the row as it was placed."""

    tag: ClassVar[str] = "message.received"
    message: Message
    detection: Detection | None = None
    reason: Reason | None = None


@value(kw_only=True)
class MessagePosted(Event):
    """The desk wrote to the customer, or internally, through reqflow; delivery is reported apart."""

    tag: ClassVar[str] = "message.posted"
    message: Message


@value(kw_only=True)
class MessageAdopted(Event):
    """Loose messages of this conversation sent at or after ``since_at`` now belong to the request."""

    tag: ClassVar[str] = "message.adopted"
    request_id: RequestId
    since_at: datetime


@value(kw_only=True)
class MessageDelivered(Event):
    """A transport took the message and, where it has one, gave it its own reference."""

    tag: ClassVar[str] = "message.delivered"
    message_id: MessageId


@value(kw_only=True)
class MessageUndelivered(Event):
    """A transport refused the message for good."""

    tag: ClassVar[str] = "message.undelivered"
    message_id: MessageId
    code: Code


# --- requests ---------------------------------------------------------------------------------------


@value(kw_only=True)
class RequestOpened(Event):
    """A message became a piece of work.

    ``lane_version`` is as in `ConversationOpened`, where the author's lane leads to the conversation from now on.
    """

    tag: ClassVar[str] = "request.opened"
    request_id: RequestId
    opener: MessageId
    requester: ProfileId
    opened_at: datetime
    queue: QueueId | None = None
    team: TeamId | None = None
    lane_version: int = 0
    reason: Reason


@value(kw_only=True)
class RequestAssigned(Event):
    """One agent has the request now; ``previous`` had it before."""

    tag: ClassVar[str] = "request.assigned"
    request_id: RequestId
    assignee: AgentId
    previous: AgentId | None = None
    reason: Reason


@value(kw_only=True)
class RequestUnassigned(Event):
    """Nobody has the request any more; it waits again."""

    tag: ClassVar[str] = "request.unassigned"
    request_id: RequestId
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class RequestRouted(Event):
    """The request was pointed at a team or queue; that assigns nobody."""

    tag: ClassVar[str] = "request.routed"
    request_id: RequestId
    queue: QueueId | None = None
    team: TeamId | None = None
    reason: Reason


@value(kw_only=True)
class RequestHeld(Event):
    """Work rests until the customer answers, a third party acts, or a moment comes."""

    tag: ClassVar[str] = "request.held"
    request_id: RequestId
    hold_reason: HoldReason
    until_at: datetime | None = None
    reason: Reason


@value(kw_only=True)
class RequestWoken(Event):
    """A held request goes on with the agent who had it."""

    tag: ClassVar[str] = "request.woken"
    request_id: RequestId
    reason: Reason


@value(kw_only=True)
class RequestRequeued(Event):
    """A held request that nobody had, or whose agent gave it back, waits to be assigned."""

    tag: ClassVar[str] = "request.requeued"
    request_id: RequestId
    previous: AgentId | None = None
    reason: Reason


@value(kw_only=True)
class RequestClosed(Event):
    """Work ended, with a resolution; ``into`` names the target of a merge."""

    tag: ClassVar[str] = "request.closed"
    request_id: RequestId
    resolution: Resolution
    into: RequestId | None = None
    reason: Reason


@value(kw_only=True)
class RequestReopened(Event):
    """A closed request is open again and waits to be assigned."""

    tag: ClassVar[str] = "request.reopened"
    request_id: RequestId
    reason: Reason


@value(kw_only=True)
class RequestNudged(Event):
    """The assignee was asked to close; ``missed`` counts the repeats that downtime swallowed."""

    tag: ClassVar[str] = "request.nudged"
    request_id: RequestId
    missed: int = 0


# --- conversations ----------------------------------------------------------------------------------


@value(kw_only=True)
class ConversationOpened(Event):
    """A conversation began; its requester is who began it.

    ``lane_version`` tells which of an author's conversations in a channel began later, whatever their
    messages claim; 0 for one that no lane leads to.
    """

    tag: ClassVar[str] = "conversation.opened"
    conversation_id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    audience: Audience
    opened_at: datetime
    lane_version: int = 0


@value(kw_only=True)
class ConversationAccepted(Event):
    """An agent holds the conversation now."""

    tag: ClassVar[str] = "conversation.accepted"
    holder: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationHandedOver(Event):
    """The conversation passed from one holder to the next."""

    tag: ClassVar[str] = "conversation.handed_over"
    holder: AgentId
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationReleased(Event):
    """Nobody holds the conversation any more; its queue stays."""

    tag: ClassVar[str] = "conversation.released"
    previous: AgentId
    reason: Reason


@value(kw_only=True)
class ConversationQueued(Event):
    """The conversation was put in a queue, whose agents may accept it."""

    tag: ClassVar[str] = "conversation.queued"
    queue: QueueId
    reason: Reason


@value(kw_only=True)
class ConversationReviewStarted(Event):
    """A draft in the conversation waits for review."""

    tag: ClassVar[str] = "conversation.review_started"


@value(kw_only=True)
class ConversationReviewEnded(Event):
    """The last draft that waited for review was published, rejected or withdrawn."""

    tag: ClassVar[str] = "conversation.review_ended"


@value(kw_only=True)
class ConversationClosed(Event):
    """The conversation ended."""

    tag: ClassVar[str] = "conversation.closed"
    close_reason: CloseReason
    into: ConversationId | None = None
    reason: Reason


@value(kw_only=True)
class ConversationReopened(Event):
    """A closed conversation goes on. ``lane_version`` is as in `ConversationOpened`."""

    tag: ClassVar[str] = "conversation.reopened"
    reason: Reason
    lane_version: int = 0


@value(kw_only=True)
class ConversationLinked(Event):
    """The conversation refers to another one, and why."""

    tag: ClassVar[str] = "conversation.linked"
    kind: LinkKind
    other: ConversationId


@value(kw_only=True)
class ConversationAbsorbed(Event):
    """All messages of ``other`` belong here now, to ``request_id``; its group began at ``group_at``."""

    tag: ClassVar[str] = "conversation.absorbed"
    other: ConversationId
    request_id: RequestId
    group_at: datetime
    messages: int
    customer_at: datetime | None = None


@value(kw_only=True)
class LoopStopped(Event):
    """Rules answered rules too deep; the rest was not carried out. ``rule`` is who asked last."""

    tag: ClassVar[str] = "loop.stopped"
    rule: Code
    depth: int


@value(kw_only=True)
class RuleRefused(Event):
    """A rule asked for something that the desk does not allow now; ``code`` says why not."""

    tag: ClassVar[str] = "rule.refused"
    rule: Code
    code: Code


# --- desk -------------------------------------------------------------------------------------------


@value(kw_only=True)
class DeskChanged(Event):
    """The desk's settings or roster were replaced; ``digest`` names the new content."""

    tag: ClassVar[str] = "desk.changed"
    revision: int
    digest: Code
    note: TextRef | None = None


MESSAGE_EVENTS: tuple[type[Event], ...] = (
    MessageReceived,
    MessagePosted,
    MessageAdopted,
    MessageDelivered,
    MessageUndelivered,
)
REQUEST_EVENTS: tuple[type[Event], ...] = (
    RequestOpened,
    RequestAssigned,
    RequestUnassigned,
    RequestRouted,
    RequestHeld,
    RequestWoken,
    RequestRequeued,
    RequestClosed,
    RequestReopened,
    RequestNudged,
)
CONVERSATION_EVENTS: tuple[type[Event], ...] = (
    ConversationOpened,
    ConversationAccepted,
    ConversationHandedOver,
    ConversationReleased,
    ConversationQueued,
    ConversationReviewStarted,
    ConversationReviewEnded,
    ConversationClosed,
    ConversationReopened,
)
CONVERSATION_NOTES: tuple[type[Event], ...] = (
    ConversationLinked,
    ConversationAbsorbed,
    LoopStopped,
    RuleRefused,
)
DESK_EVENTS: tuple[type[Event], ...] = (DeskChanged,)
EVENTS = MESSAGE_EVENTS + REQUEST_EVENTS + CONVERSATION_EVENTS + CONVERSATION_NOTES + DESK_EVENTS


@value(kw_only=True)
class Opaque(Event):
    """An event that this version does not know: kept as it was stored, skipped by `evolve`."""

    tag: ClassVar[str] = "opaque"
    name: Code
    content: str


class CauseKind(StrEnum):
    """What set a commit off."""

    INBOUND = "inbound"
    COMMAND = "command"
    TIMER = "timer"
    RECEIPT = "receipt"
    SETUP = "setup"


@value(kw_only=True)
class Cause:
    """Why a commit happened: what set it off, and its key. ``rules`` names the automations on the way."""

    kind: CauseKind
    key: CommandKey
    rules: tuple[Code, ...] = ()


@value(kw_only=True)
class Entry:
    """One row of history: everything that one commit did to one stream, by whom, when and why.

    ``seq`` counts from 1 without gaps within a stream (a conversation's id, or ``desk``). ``at`` is when it
    was decided, in UTC.
    """

    stream: Code
    seq: int
    at: datetime
    actor: Actor
    cause: Cause
    events: tuple[Event, ...]
