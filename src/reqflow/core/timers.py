"""Timers are questions: a due one is answered from the state and the settings of today.

The agenda holds one moment per conversation, the earliest at which any of its questions could be due, or
earlier. Activity moves deadlines away without touching the agenda; when the moment comes, what is not
yet due is simply asked again later. Repeats missed in downtime are answered once, with their count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from .model import Code, Conversation, HoldReason, QueueId, RequestId, RequestState
from .settings import ChannelSettings
from .values import value

__all__ = ["Question", "QuestionKind", "drain_key", "due_now", "drained_queue", "next_due", "questions"]


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


def drained_queue(key: str) -> QueueId | None:
    """The queue that such a timer drains; None for the timer of a conversation."""
    return QueueId(key.removeprefix("drain:")) if key.startswith("drain:") else None


def questions(conversation: Conversation, settings: ChannelSettings) -> Iterator[Question]:
    """Every question that the conversation's state raises, with the moment it is due."""
    if not conversation.is_open or conversation.is_quiet:
        return
    for request in conversation.requests:
        state = request.state
        snoozed = request.hold_reason is HoldReason.SNOOZED
        if request.hold_until_at is not None:
            yield Question(request.hold_until_at, QuestionKind.WAKE, request.id)
        if (
            settings.auto_close_after
            and not snoozed
            and (state is RequestState.ASSIGNED or not settings.auto_close_assigned_only)
        ):
            due_at = request.active_at + settings.auto_close_after
            yield Question(due_at, QuestionKind.EXPIRE, request.id)
        if settings.nudge_after and state is RequestState.ASSIGNED:
            since = max(request.active_at, request.nudged_at or request.active_at)
            yield Question(since + settings.nudge_after, QuestionKind.NUDGE, request.id)
    if settings.inactivity_close_after and conversation.customer_at is not None:
        answered = conversation.team_at is not None and conversation.team_at > conversation.customer_at
        if answered or not settings.inactivity_only_when_answered:
            due_at = conversation.customer_at + settings.inactivity_close_after
            yield Question(due_at, QuestionKind.INACTIVE)


def next_due(conversation: Conversation, settings: ChannelSettings) -> datetime | None:
    """The earliest moment at which a question of this conversation is due; None if it raises none."""
    return min((question.due_at for question in questions(conversation, settings)), default=None)


def due_now(
    conversation: Conversation, settings: ChannelSettings, now: datetime
) -> Question | None:
    """The question to answer first: the one due longest (ends before reminders at one moment), or None."""
    order = {kind: place for place, kind in enumerate(QuestionKind)}
    due = [q for q in questions(conversation, settings) if q.due_at <= now]
    if not due:
        return None
    first = min(due, key=lambda q: (q.due_at, order[q.kind], q.request_id or ""))
    if first.kind is not QuestionKind.NUDGE:
        return first
    missed = (now - first.due_at) // settings.nudge_after
    return Question(first.due_at, first.kind, first.request_id, missed)
