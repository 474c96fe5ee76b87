"""``decide`` for hard questions: specialists are consulted or get the request; what is broken gets to who mends it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..asking.repeats import Repeat, escalated, note_repeat
from ..facts import Outcome, OutcomeKind
from ..ids import conversation_id as conversation_id_of
from ..ids import profile_id, request_id
from ..model import (
    Actor,
    ActorKind,
    AgentId,
    Audience,
    Code,
    Conversation,
    ConversationState,
    Escalation,
    ExternalId,
    HoldReason,
    LinkTarget,
    ProfileId,
    Reason,
    Request,
    RequestState,
)
from ..operations.step import Step
from ..placing.introductions import introduce
from ..records import Issue, issue_id
from ..settings import Theme
from ..timers import loop_key
from .finding import need_open, request_of
from .links import link_id, send_to_tool, was_sent
from .replies import message_key, written
from .requests import unassigned

__all__ = ["DECISIONS", "MAX_CONSULTS", "theme_of", "transfer"]

MAX_CONSULTS = 20
"""How many consultations about one request may be open at once: its state names them."""

_INTERNAL = Audience.INTERNAL


def theme_of(step: Step, name: Code) -> Theme:
    """The theme of this name. Raises `Refused` naming those that there are."""
    theme = step.desk.themes.get(name)
    if theme is None:
        known = ", ".join(step.desk.themes) or "none"
        raise Refused("unknown_theme", f"no theme {name!r} on this desk; there are: {known}")
    return theme


def _done(conversation: Conversation, request: Request) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)


# --- escalate ---


def _escalate(step: Step, command: c.Escalate) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    theme = theme_of(step, command.theme)
    if command.how is Escalation.CONSULT:
        return _consult(step, conversation, request, theme, command)
    reason = Reason(Code("asked"))
    if command.note.strip():
        note = step.write(command.note, request.id, f"note.{step.key}")
        reason = Reason(Code("asked"), note=note)
    transfer(step, conversation, request, theme, reason)
    return _done(conversation, request)


def _noted(step: Step, request: Request, theme: Theme) -> Repeat | None:
    """What is known of the same question, escalated before; counts this time."""
    opener, _ = step.overlay.placed(request.opener)
    text = "" if opener is None or opener.text is None else step.overlay.text(opener.text)
    return note_repeat(step, theme, text, request.id)


def transfer(step: Step, conversation: Conversation, request: Request, theme: Theme, reason: Reason) -> None:
    """Give the request to the specialists of a theme: it waits in their queue, and nobody has it. Raises `Refused`."""
    if (request.theme, request.queue) == (theme.name, theme.queue):
        raise Refused("already_escalated", f"{request.id} is with the specialists of {theme.name} already")
    repeat = _noted(step, request, theme)
    routed = e.RequestRouted(request_id=request.id, queue=theme.queue, team=theme.team, reason=reason)
    step.emit(
        conversation.id,
        escalated(request.id, theme, Escalation.TRANSFER, reason, repeat),
        routed,
    )
    if request.state is RequestState.ON_HOLD:
        requeued = e.RequestRequeued(request_id=request.id, previous=request.assignee, reason=reason)
        step.emit(conversation.id, requeued)
    elif request.assignee is not None:
        step.emit(conversation.id, unassigned(request, request.assignee, reason))
    now = step.conversation(conversation.id) or conversation
    elsewhere = now.queue is not None and now.queue != theme.queue
    if elsewhere and now.state is ConversationState.PENDING:  # or its queue's people alone would see it
        step.emit(now.id, e.ConversationQueued(queue=theme.queue, reason=reason))


def _consult(
    step: Step, conversation: Conversation, request: Request, theme: Theme, command: c.Escalate
) -> Outcome:
    if len(request.consults) >= MAX_CONSULTS:
        raise Refused("too_many", f"{request.id} waits for {MAX_CONSULTS} answers of specialists already")
    key = message_key(step)
    here, child = conversation_id_of(key), request_id(key)
    reason = Reason(Code("consulted"), message_id=request.opener)
    repeat = _noted(step, request, theme)
    room = theme.room or conversation.channel_id
    asks = _profile_of(step, step.actor)
    step.emit(
        here,
        e.ConversationOpened(
            conversation_id=here, channel_id=room, requester=asks, audience=_INTERNAL, opened_at=step.at
        ),
    )
    if command.note.strip():
        text = step.write(command.note, key, "body")
        step.message = written(step, here, room, key, text, step.actor, child)
        step.emit(here, e.MessagePosted(message=step.message))
    step.emit(
        here,
        e.RequestOpened(
            request_id=child,
            opener=request.opener,
            requester=asks,
            opened_at=step.at,
            queue=theme.queue,
            team=theme.team,
            theme=theme.name,
            level=theme.level,
            parent=request.id,
            reason=reason,
        ),
    )
    above = ExternalId(conversation.id)
    link = link_id(here, LinkTarget.PARENT, above)
    step.emit(here, e.LinkAdded(link_id=link, kind=LinkTarget.PARENT, target=above))
    if step.actor.kind is ActorKind.AGENT:  # who asks hears what is said, whatever room it is said in
        step.emit(here, e.AgentMentioned(agent=AgentId(step.actor.id)))
    asked = Reason(Code("asked"))
    step.emit(conversation.id, escalated(request.id, theme, Escalation.CONSULT, asked, repeat, child))
    if command.hold and request.state is not RequestState.ON_HOLD:
        held = e.RequestHeld(request_id=request.id, hold_reason=HoldReason.THIRD_PARTY, reason=reason)
        step.emit(conversation.id, held)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=here, request_id=child)


def _profile_of(step: Step, actor: Actor) -> ProfileId:
    """The profile that stands for whoever asks colleagues something; put on record."""
    agent = step.desk.agents.get(AgentId(actor.id)) if actor.kind is ActorKind.AGENT else None
    address = agent.addresses[0] if agent is not None and agent.addresses else f"{actor.kind}:{actor.id}"
    profile = profile_id(address, step.desk.salt)
    introduce(step, profile, address, None if agent is None else agent.name)
    return profile


# --- how urgent it is, and how much is broken ---


def _severity(step: Step, command: c.SetSeverity) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    severity = step.desk.severities.get(command.severity)
    if severity is None:
        known = ", ".join(step.desk.severities) or "none"
        raise Refused(
            "unknown_severity", f"no severity {command.severity!r} on this desk; there are: {known}"
        )
    if request.severity == severity.name:
        return _done(conversation, request)
    files = not severity.immediate and not was_sent(step, conversation, request, LinkTarget.ISSUE)
    step.emit(
        conversation.id,
        e.RequestSeveritySet(
            request_id=request.id,
            severity=severity.name,
            immediate=severity.immediate,
            destination=severity.destination,
        ),
    )
    if files:
        send_to_tool(step, conversation, request, severity.destination, LinkTarget.ISSUE)
    return _done(conversation, request)


def _prioritize(step: Step, command: c.SetPriority) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    if request.priority != command.priority:
        event = e.RequestPrioritized(request_id=request.id, priority=command.priority)
        step.emit(conversation.id, event)
    return _done(conversation, request)


def _touch(step: Step, command: c.Touch) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    step.emit(conversation.id, e.ToolTouched(request_id=request.id, tool=command.tool))
    return _done(conversation, request)


# --- what waits for an issue ---


def _finish(step: Step, command: c.FinishIssue) -> Outcome:
    id = issue_id(command.issue)
    if step.record(Issue, id) is not None:
        return Outcome(kind=OutcomeKind.IGNORED, code=Code("finished"), record_id=id)
    step.change(e.IssueFinished(issue_id=id, issue=command.issue))
    step.overlay.arm(loop_key(id), step.at)
    return Outcome(kind=OutcomeKind.DONE, record_id=id)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {
        c.Escalate: _escalate,
        c.SetSeverity: _severity,
        c.SetPriority: _prioritize,
        c.Touch: _touch,
        c.FinishIssue: _finish,
    }
)
