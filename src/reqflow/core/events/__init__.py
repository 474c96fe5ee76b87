"""What can happen, in the past tense. The word in ``tag`` is arrow label, wire tag and history row in one.

Events carry whatever the decision knew (the chosen agent, the moment, the reason), because `evolve`
takes no facts: history alone must be able to say why, years later. Each module holds the events of one subject.
"""

from __future__ import annotations

from .conversations import (
    CONVERSATION_EVENTS,
    ConversationAccepted,
    ConversationClosed,
    ConversationHandedOver,
    ConversationOpened,
    ConversationQueued,
    ConversationReleased,
    ConversationReopened,
    ConversationReviewEnded,
    ConversationReviewStarted,
)
from .desk import DESK_EVENTS, DeskChanged
from .entry import Cause, CauseKind, Entry
from .messages import (
    MESSAGE_EVENTS,
    MessageAdopted,
    MessageDelivered,
    MessagePosted,
    MessageReceived,
    MessageUndelivered,
)
from .notes import CONVERSATION_NOTES, ConversationAbsorbed, ConversationLinked, LoopStopped, RuleRefused
from .requests import (
    REQUEST_EVENTS,
    RequestAssigned,
    RequestClosed,
    RequestHeld,
    RequestNudged,
    RequestOpened,
    RequestReopened,
    RequestRequeued,
    RequestRouted,
    RequestUnassigned,
    RequestWoken,
)
from .root import Event, Opaque

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

EVENTS: tuple[type[Event], ...] = (
    MESSAGE_EVENTS + REQUEST_EVENTS + CONVERSATION_EVENTS + CONVERSATION_NOTES + DESK_EVENTS
)
