"""The operations of a desk, each in one `Step`: observe a message, execute a command, answer a timer, drain.

Each comes with the wants that it starts from. What else it turns out to need it asks for with `Missing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ..errors import PluginError, Refused, UnknownId
from . import commands as c
from . import conversation as conversations
from . import events as e
from . import request as requests
from .assignment import Policy, PoolFacts
from .batch import Lease, ThreadKey
from .facts import (
    Outcome,
    OutcomeKind,
    Want,
    WantConversation,
    WantDesk,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPool,
    WantRequest,
    WantThread,
    WantWaiting,
)
from .ids import make_text, message_id
from .intake import FIRST, Intake
from .model import (
    Actor,
    ActorKind,
    Audience,
    CloseReason,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Detection,
    Lane,
    Message,
    NativeId,
    QueueId,
    Reason,
    Request,
    RequestState,
    Resolution,
    Side,
    TextRef,
)
from .overlay import Overlay
from .routing import meant_request, responds_in
from .settings import Desk, Queue
from .step import Automation, Step, answer_rules
from .timers import Question, QuestionKind, due_now

__all__ = ["answer_timer", "drain", "execute", "observe", "report", "wants_of"]

# What every operation names; CPython 3.11 finds a name of its own five times sooner than a member.
_INBOUND, _COMMAND = e.CauseKind.INBOUND, e.CauseKind.COMMAND
_AGENT, _TEAM, _CUSTOMER = ActorKind.AGENT, Side.TEAM, Audience.CUSTOMER
_UNASSIGNED, _DONE = RequestState.UNASSIGNED, OutcomeKind.DONE


def wants_of(item: c.Inbound | c.Command, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    """What an operation asks first, in one recall."""
    if isinstance(item, c.Inbound):
        return _inbound_wants(item, key, desk)
    first = (WantDesk(desk.revision), WantOutcome(key))
    if type(item) in requests.REQUEST_COMMANDS:
        return (*first, WantRequest(item.request_id))  # type: ignore[attr-defined]
    return (*first, WantConversation(item.conversation_id))  # type: ignore[attr-defined]


def _inbound_wants(inbound: c.Inbound, key: CommandKey, desk: Desk) -> tuple[Want, ...]:
    channel = inbound.channel
    settings = desk.channel(channel)
    first: tuple[Want, ...] = (WantDesk(desk.revision), WantMessage(channel, inbound.native))
    if settings is None:
        return first
    author = desk.author(inbound.author)
    profile = author.profile
    thread = WantThread(channel, (inbound.native, *inbound.replies_to))
    first = (*first, thread, WantLane(channel, profile))
    if inbound.request_id is not None:
        return (*first, WantRequest(inbound.request_id))
    if inbound.replies_to:
        return first
    if responds_in(author.agent, settings):
        return (*first, WantLastOpen(channel))
    if settings.groups:
        sent_at = min(inbound.sent_at, inbound.received_at or inbound.sent_at)
        return (*first, WantNeighbours(channel, profile, sent_at, FIRST))
    return first


def observe(
    overlay: Overlay,
    inbound: c.Inbound,
    key: CommandKey,
    detection: Detection | None,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Place an inbound message. A message seen before gets its first outcome again."""
    seen = overlay.message(inbound.channel, inbound.native)
    if seen is not None:
        return Outcome(
            kind=OutcomeKind.PLACED,
            conversation_id=seen.conversation_id,
            request_id=seen.request_id,
            message_id=seen.id,
            duplicate=True,
        )
    cause = e.Cause(kind=_INBOUND, key=key)
    author = overlay.desk.author(inbound.author)
    actor = Actor(ActorKind.BOT, Code(author.profile)) if inbound.bot else author.actor
    step = Step(overlay, actor, cause, muted=muted)
    outcome = Intake(step, inbound, author, detection).place()
    _conclude(step, rules)
    return outcome


def execute(
    overlay: Overlay,
    command: c.Command,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Carry out a command. Raises `Refused` or `UnknownId`; then nothing has changed."""
    seen = overlay.outcome(key)
    if seen is not None:
        return Outcome(
            kind=seen.kind,
            code=seen.code,
            conversation_id=seen.conversation_id,
            request_id=seen.request_id,
            message_id=seen.message_id,
            duplicate=True,
        )
    step = Step(overlay, command.by, e.Cause(kind=_COMMAND, key=key), muted=muted)
    outcome = _decide(step, command)
    _conclude(step, rules)
    overlay.put_outcome(key, outcome)
    return outcome


def _conclude(step: Step, rules: Sequence[Automation]) -> None:
    events = step.finish()
    if rules:
        answer_rules(step, events, rules, _decide_quietly)


def _decide_quietly(step: Step, command: c.Command) -> None:
    _decide(step, command)


def _decide(step: Step, command: c.Command) -> Outcome:
    if isinstance(command, c.Reply):
        return _reply(step, command)
    if type(command) in requests.REQUEST_COMMANDS:
        return _request_command(step, command)
    if type(command) not in conversations.CONVERSATION_COMMANDS:
        raise Refused("unknown_command", f"{type(command).__name__} is no command of this desk")
    conversation_id: ConversationId = command.conversation_id  # type: ignore[attr-defined]
    conversation = step.conversation(conversation_id)
    if conversation is None:
        raise UnknownId(f"no conversation {conversation_id}")
    step.emit(conversation_id, *conversations.decide(conversation, command, step.desk, step.at))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation_id)


def _request_command(step: Step, command: c.Command) -> Outcome:
    named = command.request_id  # type: ignore[attr-defined]
    request, conversation = step.overlay.request(named)
    if request is None or conversation is None:
        raise UnknownId(f"no request {named}")
    if isinstance(command, c.Reopen):
        request, conversation = _pointed_at(step, request, conversation)
        if (
            request.id != named and request.is_open
        ):  # what it was merged into is being worked on: nothing to do
            return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)
    step.bring_back(conversation, request)
    note = None
    if isinstance(command, c.Close):
        note = _note(step, command.note, request.id) if command.note else None
        if command.into is not None and step.overlay.request(command.into)[0] is None:
            raise UnknownId(f"no request {command.into}")
    conversation = step.conversation(conversation.id) or conversation
    events = requests.decide(conversation, request, command, step.desk, step.at, note)
    if isinstance(command, c.Reopen) and not conversation.is_open:
        events = _led_back(step, conversation, events)
    step.emit(conversation.id, *events)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)


def _pointed_at(step: Step, request: Request, conversation: Conversation) -> tuple[Request, Conversation]:
    """The request that a merged or duplicate one leads to, through however many, but never in a circle."""
    seen = {request.id}
    while request.resolution in _LEADS_ON and request.into is not None and request.into not in seen:
        seen.add(request.into)
        found, home = step.overlay.request(request.into)
        if found is None or home is None:
            break
        request, conversation = found, home
    return request, conversation


_LEADS_ON = frozenset({Resolution.MERGED, Resolution.DUPLICATE})


def _led_back(step: Step, conversation: Conversation, events: tuple[e.Event, ...]) -> tuple[e.Event, ...]:
    """A direct channel has one open conversation with a profile: from now on, this one."""
    channel, profile = conversation.channel_id, conversation.requester
    if not step.desk.settings(channel).by_profile:
        return events
    version, _, latest = step.overlay.lane(channel, profile)
    if latest is not None and latest.is_open:
        raise Refused("continued", f"its requester goes on in {latest.id}")
    place = step.overlay.lane_place(channel, profile)
    step.lane = Lane(channel, profile, version + 1, conversation.id)
    return tuple(
        attrs.evolve(each, lane_version=place) if isinstance(each, e.ConversationReopened) else each
        for each in events
    )


def _note(step: Step, body: str, source: str) -> TextRef:
    salt = step.desk.salt
    text = make_text(body, source, f"note.{step.key}", Audience.INTERNAL, step.actor.id, salt)
    step.texts.append(text)
    return text.ref


def _reply(step: Step, command: c.Reply) -> Outcome:
    conversation = step.conversation(command.conversation_id)
    if conversation is None:
        raise UnknownId(f"no conversation {command.conversation_id}")
    if not conversation.is_open:
        raise Refused("closed", f"conversation {conversation.id} is closed ({conversation.reason})")
    if not command.text.strip():
        raise Refused("empty", "a reply needs some text")
    for_customer = command.audience is _CUSTOMER
    if for_customer and conversation.audience is not _CUSTOMER:
        raise Refused("internal", f"conversation {conversation.id} is internal")
    agent = requests.agent_of(step.actor, step.desk) if step.actor.kind is _AGENT else None
    if command.request_id is None:
        request = meant_request(conversation, agent)
    else:
        request = next((r for r in conversation.requests if r.id == command.request_id), None)
        if request is None:
            raise Refused("not_here", f"{command.request_id} is no open request of {conversation.id}")
    key = message_id(CommandKey(f"out:{step.key}"), step.at)  # apart from what brought a rule here
    text = make_text(command.text, key, "body", command.audience, step.actor.id, step.desk.salt)
    message = Message(
        key,
        NativeId(f"out:{key}"),
        conversation_id=conversation.id,
        request_id=request.id if request else None,
        channel_id=conversation.channel_id,
        author=step.actor,
        profile_id=None,
        side=_TEAM,
        audience=command.audience,
        sent_at=step.at,
        received_at=step.at,
        text=text.ref,
    )
    step.texts.append(text)
    step.message = message
    step.emit(conversation.id, e.MessagePosted(message=message))
    if (
        for_customer
        and agent is not None
        and request is not None
        and request.state is _UNASSIGNED
        and step.desk.settings(conversation.channel_id).assign_first_response
    ):
        reason = Reason(Code("first_response"), message_id=key)
        step.emit(conversation.id, requests.assigned(request, agent, reason))
    return Outcome(
        kind=_DONE,
        conversation_id=conversation.id,
        request_id=request.id if request else None,
        message_id=key,
    )


def report(overlay: Overlay, delivered: c.Delivered, lease: Lease) -> None:
    """Record what a transport said of a posted message, and consume the effect's lease."""
    overlay.consumed.append(lease)
    conversation = overlay.conversation(delivered.conversation_id)
    if conversation is None:
        return
    cause = e.Cause(kind=e.CauseKind.RECEIPT, key=CommandKey(f"receipt:{lease.id}"))
    step = Step(overlay, Actor(ActorKind.EXTERNAL, Code("transport")), cause)
    if delivered.code is not None:
        event: e.Event = e.MessageUndelivered(message_id=delivered.message_id, code=delivered.code)
    else:
        event = e.MessageDelivered(message_id=delivered.message_id)
    if delivered.native is not None:
        step.threads.append(ThreadKey(conversation.channel_id, delivered.native, conversation.id))
    step.emit(conversation.id, event)
    step.finish()


# --- timers -----------------------------------------------------------------------------------------


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
        settings = overlay.desk.settings(conversation.channel_id)
        question = due_now(conversation, settings, overlay.at)
        if question is None:
            break
        key = CommandKey(f"timer:{conversation_id}.{conversation.version}")
        actor = Actor(ActorKind.TIMER, Code(question.kind.value))
        step = Step(overlay, actor, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
        step.emit(conversation_id, *_answers(conversation, question))
        _conclude(step, rules)
        answered += 1
    if not answered:
        due_at = overlay.due_at(conversation)
        if due_at is not None:
            overlay.arm(Code(conversation_id), due_at)
    return answered


def _answers(conversation: Conversation, question: Question) -> tuple[e.Event, ...]:
    reason = Reason(Code(question.kind.value))
    if question.kind is QuestionKind.INACTIVE:
        return conversations.closing(conversation, CloseReason.EXPIRED, reason)
    request = next(r for r in conversation.requests if r.id == question.request_id)
    match question.kind:
        case QuestionKind.WAKE:
            return (requests.woken(request, reason),)
        case QuestionKind.EXPIRE:
            return (e.RequestClosed(request_id=request.id, resolution=Resolution.EXPIRED, reason=reason),)
        case _:
            return (e.RequestNudged(request_id=request.id, missed=question.missed),)


def drain_wants(queue: Queue, desk: Desk) -> tuple[Want, ...]:
    """What draining a queue asks: the request that waits longest, and who has room for it."""
    return (WantWaiting(queue.id, 2), WantPool(desk.members(queue), queue.capacity))


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
    waiting, pool = overlay.facts(*drain_wants(queue, overlay.desk))
    if not waiting:
        return False
    choice = policy(PoolFacts(candidates=pool, capacity=queue.capacity))
    if choice is None:
        return False
    request = waiting[0]
    conversation = overlay.conversation(request.conversation_id)
    version = next((each.version for each in pool if each.agent == choice.agent), None)
    if version is None:
        raise PluginError(f"policy {queue.policy} chose {choice.agent!r}, who was no candidate")
    key = CommandKey(f"drain:{request.id}.{conversation.version if conversation else 0}")
    actor = Actor(ActorKind.TIMER, Code("drain"))
    step = Step(overlay, actor, e.Cause(kind=e.CauseKind.TIMER, key=key), muted=muted)
    step.chose(choice.agent, version)
    current = next((r for r in conversation.requests if r.id == request.id), None) if conversation else None
    if conversation is not None and current is not None and current.state is RequestState.UNASSIGNED:
        step.emit(conversation.id, requests.assigned(current, choice.agent, choice.reason))
    _conclude(step, rules)
    if len(waiting) > 1:
        overlay.arm(Code(lease.id), overlay.at)
    return True
