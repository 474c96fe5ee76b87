"""Timers are questions: a due one is answered from the state and the settings of today.

The agenda holds one moment per conversation, the earliest at which any of its questions could be due, or
earlier. Activity moves deadlines away without touching the agenda; when the moment comes, what is not
yet due is simply asked again later. Repeats missed in downtime are answered once, with their count.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from .model import (
    Code,
    Conversation,
    ConversationState,
    HoldReason,
    QueueId,
    RequestId,
    RequestState,
)
from .settings import ChannelSettings
from .values import value

__all__ = [
    "Question",
    "QuestionKind",
    "drain_key",
    "drained_queue",
    "due_now",
    "next_due",
    "questions",
    "sweep_key",
    "swept_after",
]


class QuestionKind(StrEnum):
    """What a timer asks."""

    WAKE = "wake"
    EXPIRE = "auto_close"
    NUDGE = "close_nudge"
    INACTIVE = "inactivity_close"


@value
class Question:
    """One question, and when it is due. ``missed`` counts repeats that passed unasked before ``now``."""

    due_at: datetime
    kind: QuestionKind
    request_id: RequestId | None = None
    missed: int = 0


def drain_key(queue: QueueId) -> Code:
    """The timer that asks whether work waiting in a queue can be handed out."""
    return Code(f"drain:{queue}")


def sweep_key(revision: int, after: str = "") -> Code:
    """The timer that looks at conversations anew because the desk changed; ``after`` is where it goes on."""
    return Code(f"sweep:{revision}:{after}")


def swept_after(key: str) -> str | None:
    """Where such a timer goes on (empty: at the beginning); None for other timers."""
    return key.split(":", 2)[2] if key.startswith("sweep:") else None


def drained_queue(key: str) -> QueueId | None:
    """The queue that such a timer drains; None for the timer of a conversation."""
    return QueueId(key.removeprefix("drain:")) if key.startswith("drain:") else None


_MOMENT = itemgetter(0)

_CLOSED, _ASSIGNED, _SNOOZED = ConversationState.CLOSED, RequestState.ASSIGNED, HoldReason.SNOOZED

Due = tuple[datetime, QuestionKind, RequestId | None]


def questions(conversation: Conversation, settings: ChannelSettings) -> list[Due]:
    """Every question that the conversation's state raises, with the moment it is due."""
    found: list[Due] = []
    if conversation.state is _CLOSED:
        return found
    for request in conversation.requests:
        state = request.state
        assigned = state is _ASSIGNED
        if request.hold_until_at is not None:
            found.append((request.hold_until_at, QuestionKind.WAKE, request.id))
        if (
            settings.auto_close_after
            and request.hold_reason is not _SNOOZED
            and (assigned or not settings.auto_close_assigned_only)
        ):
            due_at = request.active_at + settings.auto_close_after
            found.append((due_at, QuestionKind.EXPIRE, request.id))
        if assigned and settings.nudge_after:
            since = request.active_at
            if request.nudged_at is not None and request.nudged_at > since:
                since = request.nudged_at
            found.append((since + settings.nudge_after, QuestionKind.NUDGE, request.id))
    heard_at = conversation.customer_at
    if settings.inactivity_close_after and heard_at is not None and not conversation.is_quiet:
        answered = conversation.team_at is not None and conversation.team_at > heard_at
        if answered or not settings.inactivity_only_when_answered:
            found.append((heard_at + settings.inactivity_close_after, QuestionKind.INACTIVE, None))
    return found


def next_due(conversation: Conversation, settings: ChannelSettings) -> datetime | None:
    """The earliest moment at which a question of this conversation is due; None if it raises none."""
    found = questions(conversation, settings)
    if len(found) > 1:
        return min(found, key=_MOMENT)[0]
    return found[0][0] if found else None


def due_now(conversation: Conversation, settings: ChannelSettings, now: datetime) -> Question | None:
    """The question to answer first: the one due longest (ends before reminders at one moment), or None."""
    order = {kind: place for place, kind in enumerate(QuestionKind)}
    due = [each for each in questions(conversation, settings) if each[0] <= now]
    if not due:
        return None
    due_at, kind, request_id = min(due, key=lambda each: (each[0], order[each[1]], each[2] or ""))
    missed = (now - due_at) // settings.nudge_after if kind is QuestionKind.NUDGE else 0
    return Question(due_at, kind, request_id, missed)
