"""Timers are questions: a due one is answered from the state and the settings of today.

The agenda holds one moment per conversation, the earliest at which any of its questions could be due, or
earlier. Activity moves deadlines away without touching the agenda; when the moment comes, what is not
yet due is simply asked again later. Repeats missed in downtime are answered once, with their count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from . import settings as s
from .model import (
    ChannelId,
    Code,
    Conversation,
    ConversationId,
    ConversationState,
    HoldReason,
    ProfileId,
    QueueId,
    Request,
    RequestId,
    RequestState,
)
from .settings import ChannelSettings
from .values import value

__all__ = [
    "ErasureLook",
    "Question",
    "QuestionKind",
    "bar_key",
    "barred_look",
    "drain_key",
    "drained_queue",
    "due_now",
    "erase_key",
    "erased_look",
    "index_key",
    "indexed",
    "loop_key",
    "looped_after",
    "next_due",
    "over_since",
    "purge_key",
    "purged_after",
    "questions",
    "reindex_key",
    "reindexed_after",
    "retain_key",
    "retained_after",
    "sweep_key",
    "swept_after",
]


class QuestionKind(StrEnum):
    """What a timer asks."""

    WAKE = "wake"
    EXPIRE = "auto_close"
    NUDGE = "close_nudge"
    INACTIVE = "inactivity_close"
    FOLLOW_UP = "follow_up"
    HOST = "host_timer"
    RULE = "rule"


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


def bar_key(profile: ProfileId, look: int = 1, after: str = "") -> Code:
    """The timer that closes the conversations of a barred profile; ``after`` is where it goes on.

    The second ``look`` comes later: for what was on its way when the bar came.
    """
    return Code(f"bar:{profile}:{look}:{after}")


def barred_look(key: str) -> tuple[ProfileId, int, str] | None:
    """The profile, the look, and where it goes on, of such a timer; None for other timers."""
    if not key.startswith("bar:"):
        return None
    _, profile, look, after = key.split(":", 3)
    return ProfileId(profile), int(look), after


def index_key(conversation: ConversationId) -> Code:
    """The timer that makes a closed conversation searchable."""
    return Code(f"index:{conversation}")


def indexed(key: str) -> ConversationId | None:
    """The conversation of such a timer; None for other timers."""
    return ConversationId(key.removeprefix("index:")) if key.startswith("index:") else None


def reindex_key(after: str = "") -> Code:
    """The timer that does so for all closed ones, once more can be searched; ``after`` is where it goes on."""
    return Code(f"reindex:{after}")


def reindexed_after(key: str) -> str | None:
    """Where such a timer goes on (empty: at the beginning); None for other timers."""
    return key.removeprefix("reindex:") if key.startswith("reindex:") else None


def loop_key(issue: Code, after: str = "") -> Code:
    """The timer that tells whoever waits for an issue (the id of its record) that it is done, and where it goes on."""
    return Code(f"loop:{issue}:{after}")


def looped_after(key: str) -> tuple[Code, str] | None:
    """The issue, and where it goes on, of such a timer; None for other timers."""
    if not key.startswith("loop:"):
        return None
    _, issue, after = key.split(":", 2)
    return Code(issue), after


@value
class ErasureLook:
    """Where an erasure goes on: in its turn, with which conversations (or texts, at the end), from where."""

    erasure_id: Code
    turn: int
    place: int
    after: str


def erase_key(erasure: Code, turn: int, place: int = 0, after: str = "") -> Code:
    """The timer that goes on with the erasure of a person."""
    return Code(f"erase:{erasure}:{turn}:{place}:{after}")


def erased_look(key: str) -> ErasureLook | None:
    """Where such a timer goes on; None for other timers."""
    if not key.startswith("erase:"):
        return None
    _, erasure, turn, place, after = key.split(":", 4)
    return ErasureLook(Code(erasure), int(turn), int(place), after)


def purge_key(channel: ChannelId, after: str = "") -> Code:
    """The timer that purges closed conversations of a channel; ``after`` is where it goes on."""
    return Code(f"purge:{after}:{channel}")


def purged_after(key: str) -> tuple[ChannelId, str] | None:
    """The channel, and where it goes on, of such a timer; None for other timers."""
    if not key.startswith("purge:"):
        return None
    _, after, channel = key.split(":", 2)
    return ChannelId(channel), after


def retain_key(after: str = "") -> Code:
    """The timer that looks for channels to purge once the desk has changed; ``after`` is where it goes on."""
    return Code(f"retain:{after}")


def retained_after(key: str) -> str | None:
    """Where such a timer goes on (empty: at the beginning); None for other timers."""
    return key.removeprefix("retain:") if key.startswith("retain:") else None


def drained_queue(key: str) -> QueueId | None:
    """The queue that such a timer drains; None for the timer of a conversation."""
    return QueueId(key.removeprefix("drain:")) if key.startswith("drain:") else None


_MOMENT = itemgetter(0)

_CLOSED, _ASSIGNED, _SNOOZED = ConversationState.CLOSED, RequestState.ASSIGNED, HoldReason.SNOOZED

Due = tuple[datetime, QuestionKind, RequestId | None]


def questions(
    conversation: Conversation, settings: ChannelSettings, waits: Sequence[s.Rule] = ()
) -> list[Due]:
    """Every question that the conversation's state raises, with the moment it is due.

    ``waits`` are the rules of its channel that wait for a span to pass (`Desk.waits`).
    """
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
    if conversation.follow_ups:
        found += [(each.due_at, QuestionKind.FOLLOW_UP, None) for each in conversation.follow_ups]
    if conversation.timers:
        found += [(each.due_at, QuestionKind.HOST, None) for each in conversation.timers]
    if waits:
        for request in conversation.requests:
            found += _waiting(conversation, request, waits)
    return found


def _waiting(conversation: Conversation, request: Request, waits: Sequence[s.Rule]) -> list[Due]:
    found: list[Due] = []
    for rule in waits:
        since_at = _moment_of(rule.since, conversation, request)
        if since_at is not None and rule.after is not None and not _is_over(rule, request, since_at):
            found.append((since_at + rule.after, QuestionKind.RULE, request.id))
    return found


def _moment_of(since: s.Since, conversation: Conversation, request: Request) -> datetime | None:
    match since:
        case s.Since.OPENED:
            return request.opened_at
        case s.Since.ASSIGNED:
            return request.assigned_at
        case s.Since.HELD:
            return request.held_at
        case s.Since.CUSTOMER_WROTE:
            return conversation.customer_at
        case s.Since.TEAM_WROTE:
            return conversation.team_at
        case s.Since.ACTIVE:
            return request.active_at


def _is_over(rule: s.Rule, request: Request, since_at: datetime) -> bool:
    """Whether the rule was asked for this moment before, or for a later one."""
    return any(each.rule == rule.name and each.since_at >= since_at for each in request.waited)


def over_since(
    conversation: Conversation, request: Request, waits: Sequence[s.Rule], now: datetime
) -> tuple[s.Rule, datetime] | None:
    """The rule whose span for the request was over first, and since when it had counted; None if none is over."""
    over: list[tuple[datetime, str, s.Rule, datetime]] = []
    for rule in waits:
        since_at = _moment_of(rule.since, conversation, request)
        if since_at is None or rule.after is None or _is_over(rule, request, since_at):
            continue
        if since_at + rule.after <= now:
            over.append((since_at + rule.after, rule.name, rule, since_at))
    return min(over, key=itemgetter(0, 1))[2:] if over else None


def next_due(
    conversation: Conversation, settings: ChannelSettings, waits: Sequence[s.Rule] = ()
) -> datetime | None:
    """The earliest moment at which a question of this conversation is due; None if it raises none."""
    found = questions(conversation, settings, waits)
    if len(found) > 1:
        return min(found, key=_MOMENT)[0]
    return found[0][0] if found else None


def due_now(
    conversation: Conversation, settings: ChannelSettings, now: datetime, waits: Sequence[s.Rule] = ()
) -> Question | None:
    """The question to answer first: the one due longest (ends before reminders at one moment), or None."""
    order = {kind: place for place, kind in enumerate(QuestionKind)}
    due = [each for each in questions(conversation, settings, waits) if each[0] <= now]
    if not due:
        return None
    due_at, kind, request_id = min(due, key=lambda each: (each[0], order[each[1]], each[2] or ""))
    missed = (now - due_at) // settings.nudge_after if kind is QuestionKind.NUDGE else 0
    return Question(due_at, kind, request_id, missed)
