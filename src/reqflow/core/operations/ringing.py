"""What a due timer makes happen: its questions are answered, or a queue hands out its oldest work.

What it turns out to need it asks for with `Missing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from ...errors import PluginError, Refused, UnknownId
from .. import events as e
from ..assignment import Policy, eligible, pool_want
from ..automations import Automation, matches, occasion_of
from ..batch import Lease
from ..decisions import conclude, decide
from ..decisions.conversations import closing
from ..decisions.follow_ups import reply_of
from ..decisions.requests import assigned, woken
from ..facts import Outcome, OutcomeKind, Want, WantWaiting
from ..model import (
    Actor,
    ActorKind,
    CloseReason,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    ProfileId,
    QueueId,
    Reason,
    Request,
    RequestId,
    RequestState,
    Resolution,
)
from ..records import Bar
from ..settings import Desk, Queue, Rule
from ..timers import Question, QuestionKind, due_now, over_since
from .overlay import Overlay
from .step import Step

__all__ = ["answer_timer", "drain", "rehearse_waits", "shut_out"]


def answer_timer(
    overlay: Overlay,
    conversation_id: ConversationId,
    lease: Lease,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> int:
    """Answer every question of a conversation that is due, longest due first; returns how many were.

    Nothing due yet is no event: the overlay then only holds the timer, armed anew.
    """
    overlay.consumed.append(lease)
    answered = 0
    while True:
        conversation = overlay.conversation(conversation_id)
        if conversation is None:
            return answered
        channel = conversation.channel_id
        settings, waits = overlay.desk.settings(channel), overlay.desk.waits(channel)
        question = due_now(conversation, settings, overlay.at, waits)
        if question is None:
            break
        key = CommandKey(f"timer:{conversation_id}.{conversation.version}")
        cause = e.Cause(kind=e.CauseKind.TIMER, key=key)
        if question.kind is QuestionKind.FOLLOW_UP:
            step = _sent(overlay, conversation, cause, muted)
        else:
            actor = Actor(ActorKind.TIMER, Code(question.kind.value))
            step = Step(overlay, actor, cause, muted=muted)
            step.emit(conversation_id, *_answers(step, conversation, question, waits))
        conclude(step, rules)
        answered += 1
    if not answered:
        due_at = overlay.due_at(conversation)
        if due_at is not None:
            overlay.arm(Code(conversation_id), due_at)
    return answered


def _answers(
    step: Step, conversation: Conversation, question: Question, waits: Sequence[Rule]
) -> tuple[e.Event, ...]:
    reason = Reason(Code(question.kind.value))
    if question.kind is QuestionKind.INACTIVE:
        return closing(conversation, CloseReason.EXPIRED, reason)
    if question.kind is QuestionKind.HOST:
        due = min(conversation.timers, key=lambda timer: (timer.due_at, timer.name))
        return (e.HostTimerFired(name=due.name, due_at=due.due_at, request_id=due.request_id),)
    request = next(r for r in conversation.requests if r.id == question.request_id)
    match question.kind:
        case QuestionKind.WAKE:
            return (woken(request, reason),)
        case QuestionKind.EXPIRE:
            return (e.RequestClosed(request_id=request.id, resolution=Resolution.EXPIRED, reason=reason),)
        case QuestionKind.RULE:
            over = over_since(conversation, request, waits, step.at)
            assert over is not None  # or nobody would have asked
            return (_waited(step, conversation, request, *over),)
        case _:
            return (e.RequestNudged(request_id=request.id, missed=question.missed),)


def _waited(
    step: Step, conversation: Conversation, request: Request, rule: Rule, since_at: datetime
) -> e.RuleWaited:
    """What happens when a rule's span has passed: it is asked whether its conditions hold, and then answers."""
    asked = e.RuleWaited(rule=rule.name, request_id=request.id, since_at=since_at, matched=False)
    occasion = occasion_of(step, conversation, asked, rule.name)
    return attrs.evolve(asked, matched=matches(rule, occasion))


def rehearse_waits(
    overlay: Overlay,
    request_id: RequestId,
    rules: Sequence[Automation],
    *,
    only: frozenset[str] | None = None,
) -> Outcome:
    """Let rules that wait for a span act on a request as if it had passed: all of its channel's, or these only.

    Raises `UnknownId`, and `Refused` for a closed request, which no rule waits for.
    """
    request, conversation = overlay.request(request_id)
    if request is None or conversation is None:
        raise UnknownId(f"no request {request_id}")
    if not request.is_open:
        raise Refused("closed", f"request {request.id} is closed ({request.resolution})")
    for rule in overlay.desk.waits(conversation.channel_id):
        now = overlay.conversation(conversation.id) or conversation
        if only is None or rule.name in only:
            cause = e.Cause(kind=e.CauseKind.TIMER, key=CommandKey(f"rehearsal:{rule.name}"))
            step = Step(overlay, Actor(ActorKind.TIMER, Code(QuestionKind.RULE.value)), cause)
            step.emit(now.id, _waited(step, now, request, rule, overlay.at))
            conclude(step, rules)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)


def _sent(overlay: Overlay, conversation: Conversation, cause: e.Cause, muted: bool) -> Step:
    """Send the follow-up that is due, as whoever scheduled it, if they may still write; else say why it is not."""
    follow_up = min(conversation.follow_ups, key=lambda each: (each.due_at, each.id))
    step = Step(overlay, follow_up.by, cause, muted=muted, author=follow_up.author)
    try:
        message_id = decide(step, reply_of(step, conversation, follow_up)).message_id
        assert message_id is not None  # a reply is a message
        step.emit(conversation.id, e.FollowUpSent(follow_up_id=follow_up.id, message_id=message_id))
    except (Refused, UnknownId) as refusal:
        code = refusal.code if isinstance(refusal, Refused) else "unknown_id"
        step = Step(overlay, Actor(ActorKind.TIMER, Code(QuestionKind.FOLLOW_UP.value)), cause, muted=muted)
        reason = Reason(Code(code))
        step.emit(conversation.id, e.FollowUpCancelled(follow_up_id=follow_up.id, reason=reason))
    return step


def drain_wants(queue: Queue, policy: Policy, desk: Desk) -> tuple[Want, ...]:
    """What draining a queue asks: the request that waits longest, and who may get it."""
    return (WantWaiting(queue.id, 2), pool_want(policy, queue, desk))


def drain(
    overlay: Overlay,
    queue_id: QueueId,
    lease: Lease,
    policies: Mapping[str, Policy],
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> bool:
    """Give the request that waits longest in a queue to whom its policy picks; True if one was given.

    One request a commit, guarded by the agent's load; while more may wait, the timer is armed anew.
    """
    overlay.consumed.append(lease)
    queue = overlay.desk.queues.get(queue_id)
    policy = policies.get(queue.policy) if queue is not None and queue.policy else None
    if queue is None or policy is None:
        return False
    waiting, pool = overlay.facts(*drain_wants(queue, policy, overlay.desk))
    if not waiting:
        return False
    facts = eligible(policy, pool, queue, overlay.desk)
    choice = policy(facts)
    if choice is None:
        return False
    request = waiting[0]
    conversation = overlay.conversation(request.conversation_id)
    version = next((each.version for each in facts.candidates if each.agent == choice.agent), None)
    if version is None:
        raise PluginError(f"policy {queue.policy} chose {choice.agent!r}, who was no candidate")
    key = CommandKey(f"drain:{request.id}.{conversation.version if conversation else 0}")
    actor = Actor(ActorKind.TIMER, Code("drain"))
    step = Step(overlay, actor, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
    step.chose(choice.agent, version)
    current = next((r for r in conversation.requests if r.id == request.id), None) if conversation else None
    if conversation is not None and current is not None and current.state is RequestState.UNASSIGNED:
        step.emit(conversation.id, assigned(current, choice.agent, choice.reason))
    conclude(step, rules)
    if len(waiting) > 1:
        overlay.arm(Code(lease.id), overlay.at)
    return True


def shut_out(
    overlay: Overlay,
    profile: ProfileId,
    conversations: Sequence[ConversationId],
    lease: Lease,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> int | None:
    """Close those of the conversations that a barred profile asked in; returns how many. None once it was unbarred."""
    overlay.consumed.append(lease)
    bar = overlay.record(Bar.tag, profile)
    if not isinstance(bar, Bar) or not bar.is_barred:
        return None
    overlay.rely_on(bar)
    overlay.recall(conversations)
    closed = 0
    for each in conversations:
        conversation = overlay.conversation(each)
        if conversation is None or not conversation.is_open or conversation.requester != profile:
            continue
        key = CommandKey(f"bar:{conversation.id}.{conversation.version}")
        step = Step(overlay, _BAR_TIMER, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
        step.emit(each, *closing(conversation, CloseReason.BARRED, Reason(Code("barred"))))
        conclude(step, rules)
        closed += 1
    return closed


_BAR_TIMER = Actor(ActorKind.TIMER, Code("bar"))
