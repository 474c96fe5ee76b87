"""``decide`` for requests: a command on one request becomes events, or is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..fields import need_filled
from ..model import (
    Actor,
    ActorKind,
    AgentId,
    Code,
    Conversation,
    HoldReason,
    Lane,
    ProfileId,
    QueueId,
    Reason,
    Request,
    RequestId,
    RequestState,
    Resolution,
    TextRef,
)
from ..operations.known import FARTHEST
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..rights.permissions import need_seen
from ..rights.visibility import granted
from ..settings import Desk
from .finding import need_kept, need_open, request_of

__all__ = [
    "DECISIONS",
    "agent_of",
    "assigned",
    "lead",
    "led_on",
    "need_assignable",
    "reopen",
    "reopened",
    "target_of",
    "unassigned",
    "woken",
]

Events = tuple[e.Event, ...]

_AGENT = ActorKind.AGENT


def agent_of(actor: Actor, desk: Desk) -> AgentId:
    """The colleague who gives a command that only colleagues can give. Raises `Refused`."""
    agent = AgentId(actor.id)
    if actor.kind is not _AGENT or agent not in desk.agents:
        raise Refused("unknown_agent", f"{actor.kind} {actor.id} is no agent in the roster")
    return agent


def assigned(request: Request, assignee: AgentId, reason: Reason) -> e.RequestAssigned:
    """The event that gives the request to an agent."""
    return e.RequestAssigned(
        request_id=request.id, assignee=assignee, previous=request.assignee, reason=reason
    )


def unassigned(request: Request, previous: AgentId, reason: Reason) -> e.RequestUnassigned:
    """The event that takes the request from its agent."""
    return e.RequestUnassigned(request_id=request.id, previous=previous, reason=reason)


def reopened(
    conversation: Conversation, request: Request, desk: Desk, reason: Reason, *, lane_version: int = 0
) -> Events:
    """A closed request opens again; an assignee who is still in the roster follows in the same step.

    ``lane_version`` is that of the requester's lane where it leads back to the conversation now.
    """
    made: list[e.Event] = []
    need_kept(conversation)
    if not conversation.is_open:
        made.append(e.ConversationReopened(reason=reason, lane_version=lane_version))
    made.append(e.RequestReopened(request_id=request.id, reason=reason))
    if request.assignee is not None and request.assignee in desk.agents:
        made.append(
            e.RequestAssigned(
                request_id=request.id,
                assignee=request.assignee,
                reason=Reason(Code("had_it_before")),
            )
        )
    return tuple(made)


def need_assignable(desk: Desk, assignee: AgentId, conversation: Conversation, queue: QueueId | None) -> None:
    """Let work that waits in ``queue`` go only to colleagues who may have it. Raises `Refused`. (Audite)"""
    agent = desk.agents.get(assignee)
    if agent is None:
        raise Refused("unknown_agent", f"no agent {assignee!r} in the roster")
    if not (granted(desk, agent, conversation) or (queue is not None and desk.serves(agent, queue))):
        raise Refused(
            "no_grant",
            f"{assignee} was granted neither {conversation.channel_id} nor its queue; `candidates` says who was",
        )


def _asked(note: TextRef | None = None) -> Reason:
    return Reason(Code("asked"), note=note)


def _take(
    conversation: Conversation, request: Request, command: c.Take, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    agent = agent_of(command.by, desk)
    if request.assignee == agent:
        return ()
    if request.assignee is not None:
        raise Refused("already_assigned", f"request {request.id} is {request.assignee}'s already")
    return (assigned(request, agent, Reason(Code("took_it"))),)


def _assign(
    conversation: Conversation, request: Request, command: c.Assign, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    if request.assignee == command.assignee:
        return ()
    need_assignable(desk, command.assignee, conversation, request.queue)
    return (assigned(request, command.assignee, _asked()),)


def _unassign(
    conversation: Conversation, request: Request, command: c.Unassign, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    if request.assignee is None:
        raise Refused("not_assigned", f"request {request.id} has no assignee")
    return (unassigned(request, request.assignee, _asked()),)


def _route(
    conversation: Conversation, request: Request, command: c.Route, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    if command.queue is None and command.team is None:
        raise Refused("no_target", "routing needs a queue or a team")
    if command.queue is not None and command.queue not in desk.queues:
        raise Refused("unknown_queue", f"no queue {command.queue!r} on this desk")
    if command.team is not None and command.team not in desk.teams:
        raise Refused("unknown_team", f"no team {command.team!r} on this desk")
    return (e.RequestRouted(request_id=request.id, queue=command.queue, team=command.team, reason=_asked()),)


def _hold(
    conversation: Conversation, request: Request, command: c.Hold, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    if command.reason is HoldReason.SNOOZED and command.until_at is None:
        raise Refused("needs_moment", "a snooze needs the moment until which it lasts")
    if command.until_at is not None and command.until_at <= now:
        raise Refused("past_moment", f"{command.until_at.isoformat()} has passed already")
    return (
        e.RequestHeld(
            request_id=request.id,
            hold_reason=command.reason,
            until_at=command.until_at,
            reason=_asked(),
        ),
    )


def woken(request: Request, reason: Reason, *, requeue: bool = False) -> e.Event:
    """The event that ends a hold: the agent goes on, or nobody had it and it waits again."""
    if request.assignee is None or requeue:
        return e.RequestRequeued(request_id=request.id, previous=request.assignee, reason=reason)
    return e.RequestWoken(request_id=request.id, reason=reason)


def _wake(
    conversation: Conversation, request: Request, command: c.Wake, desk: Desk, now: datetime, note: Any
) -> Events:
    need_open(request)
    if request.state is not RequestState.ON_HOLD:
        raise Refused("not_on_hold", f"request {request.id} is {request.state}, not on hold")
    return (woken(request, _asked(), requeue=command.requeue),)


def _close(
    conversation: Conversation,
    request: Request,
    command: c.Close,
    desk: Desk,
    now: datetime,
    note: TextRef | None,
) -> Events:
    need_open(request)
    if command.resolution is Resolution.MERGED:
        raise Refused("merged", "requests are merged with Merge, not closed as merged")
    if desk.required_fields:
        last = conversation.requests == (request,)
        ends = last and desk.settings(conversation.channel_id).close_with_last_request
        need_filled(desk, conversation, (request,), command.resolution, ends=ends)
    return (
        e.RequestClosed(
            request_id=request.id,
            resolution=command.resolution,
            into=command.into,
            reason=_asked(note),
        ),
    )


_RULES: Mapping[type[c.Command], Callable[..., Events]] = MappingProxyType(
    {
        c.Take: _take,
        c.Assign: _assign,
        c.Unassign: _unassign,
        c.Route: _route,
        c.Hold: _hold,
        c.Wake: _wake,
        c.Close: _close,
    }
)


# --- in a step ---


def _on_request(step: Step, command: c.Command) -> Outcome:
    named = command.request_id  # type: ignore[attr-defined]
    request, conversation = request_of(step, named)
    if isinstance(command, c.Reopen):
        request, conversation = led_on(step.overlay, request, conversation)
        need_seen(step, conversation, f"no request {named}")
        if request.id == named or not request.is_open:  # else what it was merged into is being worked on
            reopen(step, conversation, request, _asked())
        return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)
    step.bring_back(conversation, request)
    note = None
    if isinstance(command, c.Close):
        note = step.write(command.note, request.id, f"note.{step.key}") if command.note else None
        if command.into is not None:
            step.overlay.hold_conversation(target_of(step, request, command.into)[1])
    conversation = step.conversation(conversation.id) or conversation
    events = _RULES[type(command)](conversation, request, command, step.desk, step.at, note)
    step.emit(conversation.id, *events)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)


def led_on(overlay: Overlay, request: Request, conversation: Conversation) -> tuple[Request, Conversation]:
    """The request that a merged or duplicate one leads to, through up to `FARTHEST`, but never in a circle."""
    seen = {request.id}
    while request.resolution in _LEADS_ON and request.into is not None and request.into not in seen:
        if len(seen) > FARTHEST:
            break
        seen.add(request.into)
        found, home = overlay.request(request.into)
        if found is None or home is None:
            break
        request, conversation = found, home
    return request, conversation


def target_of(step: Step, request: Request, into: RequestId) -> tuple[Request, Conversation]:
    """What a request leads to that ends as a part of ``into``, and where that is. Raises `UnknownId` or `Refused`."""
    target, home = led_on(step.overlay, *request_of(step, into))
    if target.id == request.id:
        raise Refused("itself", f"{into} is {request.id} itself, or leads to it")
    return target, home


_LEADS_ON = frozenset({Resolution.MERGED, Resolution.DUPLICATE})


def reopen(step: Step, conversation: Conversation, request: Request, reason: Reason) -> None:
    """Let a closed request be open again, and its conversation with it. Raises `Refused`."""
    if request.is_open:
        raise Refused("open", f"request {request.id} is {request.state}, not closed")
    if conversation.continued_in is not None:
        raise Refused("continued", f"its conversation goes on in {conversation.continued_in}")
    place = 0 if conversation.is_open else lead(step, conversation, conversation.requester)
    step.bring_back(conversation, request)
    events = reopened(conversation, request, step.desk, reason, lane_version=place)
    step.emit(conversation.id, *events)


def lead(step: Step, conversation: Conversation, profile: ProfileId) -> int:
    """Let what a profile writes in a direct channel lead to the conversation from now on.

    Returns the lane's version by then, which the event that does it carries; 0 where no lane leads, as in channels with
    threads. A direct channel has one open conversation with a profile: raises `Refused` if that is another one.
    """
    channel = conversation.channel_id
    if not step.desk.settings(channel).by_profile:
        return 0
    version, known, latest = step.overlay.lane(channel, profile)
    if latest is not None and latest.is_open and latest.id != conversation.id:
        raise Refused("continued", f"its requester goes on in {latest.id}")
    if known == conversation.id and conversation.is_open:
        return 0
    place = step.overlay.lane_place(channel, profile)
    step.lane = Lane(channel, profile, version + 1, conversation.id)
    return place


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(dict.fromkeys((*_RULES, c.Reopen), _on_request))
