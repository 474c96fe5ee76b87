"""``decide`` for requests: a command on one request becomes events, or is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ..errors import Refused
from . import commands as c
from . import events as e
from .model import (
    Actor,
    ActorKind,
    AgentId,
    Code,
    Conversation,
    HoldReason,
    Reason,
    Request,
    RequestState,
    TextRef,
)
from .settings import Desk

__all__ = ["REQUEST_COMMANDS", "agent_of", "assigned", "decide", "reopened", "unassigned", "woken"]

Events = tuple[e.Event, ...]

_AGENT = ActorKind.AGENT


def decide(
    conversation: Conversation,
    request: Request,
    command: c.Command,
    desk: Desk,
    now: datetime,
    note: TextRef | None = None,
) -> Events:
    """The events that the command makes of the request. Raises `Refused`."""
    return _RULES[type(command)](conversation, request, command, desk, now, note)


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


def _need_open(request: Request) -> None:
    if not request.is_open:
        raise Refused("closed", f"request {request.id} is closed ({request.resolution}); reopen it first")


def _asked(note: TextRef | None = None) -> Reason:
    return Reason(Code("asked"), note=note)


def _take(
    conversation: Conversation, request: Request, command: c.Take, desk: Desk, now: datetime, note: Any
) -> Events:
    _need_open(request)
    agent = agent_of(command.by, desk)
    if request.assignee == agent:
        return ()
    if request.assignee is not None:
        raise Refused("already_assigned", f"request {request.id} is {request.assignee}'s already")
    return (assigned(request, agent, Reason(Code("took_it"))),)


def _assign(
    conversation: Conversation, request: Request, command: c.Assign, desk: Desk, now: datetime, note: Any
) -> Events:
    _need_open(request)
    if command.assignee not in desk.agents:
        raise Refused("unknown_agent", f"no agent {command.assignee!r} in the roster")
    if request.assignee == command.assignee:
        return ()
    return (assigned(request, command.assignee, _asked()),)


def _unassign(
    conversation: Conversation, request: Request, command: c.Unassign, desk: Desk, now: datetime, note: Any
) -> Events:
    _need_open(request)
    if request.assignee is None:
        raise Refused("not_assigned", f"request {request.id} has no assignee")
    return (unassigned(request, request.assignee, _asked()),)


def _route(
    conversation: Conversation, request: Request, command: c.Route, desk: Desk, now: datetime, note: Any
) -> Events:
    _need_open(request)
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
    _need_open(request)
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
    _need_open(request)
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
    _need_open(request)
    if command.into == request.id:
        raise Refused("itself", "a request cannot be a duplicate of itself")
    return (
        e.RequestClosed(
            request_id=request.id,
            resolution=command.resolution,
            into=command.into,
            reason=_asked(note),
        ),
    )


def _reopen(
    conversation: Conversation, request: Request, command: c.Reopen, desk: Desk, now: datetime, note: Any
) -> Events:
    if request.is_open:
        raise Refused("open", f"request {request.id} is {request.state}, not closed")
    if conversation.continued_in is not None:
        raise Refused("continued", f"its conversation goes on in {conversation.continued_in}")
    return reopened(conversation, request, desk, _asked())


_RULES: Mapping[type[c.Command], Callable[..., Events]] = MappingProxyType(
    {
        c.Take: _take,
        c.Assign: _assign,
        c.Unassign: _unassign,
        c.Route: _route,
        c.Hold: _hold,
        c.Wake: _wake,
        c.Close: _close,
        c.Reopen: _reopen,
    }
)

REQUEST_COMMANDS = frozenset(_RULES)
"""The commands that name one request."""
