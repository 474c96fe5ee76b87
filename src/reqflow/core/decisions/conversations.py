"""``decide`` for conversations: a command on one conversation becomes events, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Forbidden, Refused
from .. import commands as c
from .. import events as e
from ..couplings import RESOLVES_AS
from ..facts import Outcome, OutcomeKind
from ..fields import need_filled
from ..model import AgentId, CloseReason, Code, Conversation, Reason, Request
from ..operations.step import Step
from ..rights.permissions import principal_of
from ..settings import Desk, Right
from .finding import conversation_of, need_open_conversation
from .requests import agent_of, assigned, unassigned

__all__ = ["DECISIONS", "accepting", "closing"]

Events = tuple[e.Event, ...]


def _accept(conversation: Conversation, command: c.Accept, desk: Desk) -> Events:
    need_open_conversation(conversation)
    agent = agent_of(command.by, desk)
    if conversation.holder == agent:
        return ()
    if conversation.holder is not None:
        raise Refused("held", f"conversation {conversation.id} is {conversation.holder}'s already")
    return accepting(conversation, agent, Reason(Code("accepted")))


def accepting(conversation: Conversation, agent: AgentId, reason: Reason) -> Events:
    """The events by which an agent holds a pending conversation, and gets what nobody has in it."""
    return (
        e.ConversationAccepted(holder=agent, reason=reason),
        *(assigned(r, agent, reason) for r in conversation.requests if r.assignee is None),
    )


def _release(conversation: Conversation, command: c.Release, desk: Desk) -> Events:
    need_open_conversation(conversation)
    if conversation.holder is None:
        raise Refused("not_held", f"nobody holds conversation {conversation.id}")
    if _others(conversation, conversation.holder):
        raise Refused(
            "others",
            "other agents have open requests here: "
            + ", ".join(r.id for r in _others(conversation, conversation.holder)),
        )
    reason = Reason(Code("released"))
    return (
        e.ConversationReleased(previous=conversation.holder, reason=reason),
        *(
            unassigned(request, conversation.holder, reason)
            for request in conversation.requests
            if request.assignee == conversation.holder
        ),
    )


def _others(conversation: Conversation, agent: AgentId | None) -> list[Request]:
    return [r for r in conversation.requests if r.assignee is not None and r.assignee != agent]


def _enqueue(conversation: Conversation, command: c.Enqueue, desk: Desk) -> Events:
    need_open_conversation(conversation)
    if command.queue not in desk.queues:
        raise Refused("unknown_queue", f"no queue {command.queue!r} on this desk")
    reason = Reason(Code("asked"))
    given_back: Events = ()
    if conversation.holder is not None:
        given_back = _release(conversation, c.Release(by=command.by, conversation_id=conversation.id), desk)
    return (
        *given_back,
        e.ConversationQueued(queue=command.queue, reason=reason),
        *(
            e.RequestRouted(request_id=request.id, queue=command.queue, reason=reason)
            for request in conversation.requests
        ),
    )


def _close(conversation: Conversation, command: c.CloseConversation, desk: Desk) -> Events:
    need_open_conversation(conversation)
    if command.reason is CloseReason.MERGED:
        raise Refused("merged", "conversations are merged by reqflow, not closed as merged")
    if desk.required_fields:
        need_filled(desk, conversation, conversation.requests, RESOLVES_AS[command.reason], ends=True)
    return closing(conversation, command.reason, Reason(Code("asked")))


def _need_own(step: Step, conversation: Conversation) -> None:
    """Let only those end a conversation over somebody's work who may close any; a rule may do what its author may."""
    principal = principal_of(step.actor, step.desk, step.author)
    others = _others(conversation, principal.agent.id if principal.agent is not None else None)
    if others and not principal.has(Right.CLOSE_ANY):
        named = ", ".join(f"{request.id} ({request.assignee})" for request in others)
        raise Forbidden("others", f"other agents have open requests here: {named}")


def closing(conversation: Conversation, why: CloseReason, reason: Reason) -> Events:
    """The events that end a conversation and, with the matching resolution, its open requests."""
    return (
        e.ConversationClosed(close_reason=why, reason=reason),
        *(
            e.RequestClosed(
                request_id=request.id,
                resolution=RESOLVES_AS[why],
                reason=Reason(Code("conversation_closed")),
            )
            for request in conversation.requests
        ),
    )


_RULES: Mapping[type[c.Command], Callable[..., Events]] = MappingProxyType(
    {
        c.Accept: _accept,
        c.Release: _release,
        c.Enqueue: _enqueue,
        c.CloseConversation: _close,
    }
)


def _on_conversation(step: Step, command: Any) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    if isinstance(command, c.CloseConversation):
        _need_own(step, conversation)
    step.emit(conversation.id, *_RULES[type(command)](conversation, command, step.desk))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(dict.fromkeys(_RULES, _on_conversation))
