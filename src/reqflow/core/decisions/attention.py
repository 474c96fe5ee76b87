"""``decide`` for who follows a conversation, who is called in, and who is told something."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Forbidden, Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..commands.host import own_name
from ..facts import Outcome, OutcomeKind
from ..model import ActorKind, AgentId, Code, Conversation
from ..operations.step import Step
from ..rights.visibility import Principal, sees
from ..settings import NOTICE_CODES
from .finding import conversation_of, request_in
from .requests import agent_of

__all__ = ["DECISIONS", "MAX_FOLLOWERS"]

MAX_FOLLOWERS = 100
"""How many agents may follow one conversation: their ids stand in its state, and each message is told to each."""


def _done(conversation: Conversation) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id)


def _whom(step: Step, command: c.Follow | c.Unfollow) -> AgentId:
    """The agent whom the command is about: an agent's own, or the one that a rule or the host names."""
    own = agent_of(step.actor, step.desk) if step.actor.kind is ActorKind.AGENT else None
    named = command.agent or own
    if named is None:
        raise Refused("no_agent", f"{type(command).__name__} by a {step.actor.kind} must name the agent")
    if own is not None and named != own:
        raise Forbidden("others", f"{type(command).__name__}: agents follow for themselves; mention {named}")
    return _in_roster(step, named)


def _in_roster(step: Step, agent: AgentId) -> AgentId:
    if agent not in step.desk.agents:
        raise Refused("unknown_agent", f"no agent {agent!r} in the roster")
    return agent


def _need_sight(step: Step, agent: AgentId, conversation: Conversation) -> None:
    if not sees(step.desk, Principal(step.desk.agents[agent]), conversation):
        raise Refused(
            "no_grant", f"{agent} does not see {conversation.id}: mention them, or grant the channel"
        )


def _need_room(conversation: Conversation, *more: AgentId) -> None:
    if len({*conversation.followers, *conversation.mentioned, *more}) > MAX_FOLLOWERS:
        raise Refused("too_many", f"at most {MAX_FOLLOWERS} agents may follow {conversation.id}")


def _follow(step: Step, command: c.Follow) -> Outcome:
    conversation, agent = conversation_of(step, command.conversation_id), _whom(step, command)
    _need_sight(step, agent, conversation)
    if agent not in conversation.followers:
        _need_room(conversation, agent)
        step.emit(conversation.id, e.ConversationFollowed(agent=agent))
    return _done(conversation)


def _unfollow(step: Step, command: c.Unfollow) -> Outcome:
    conversation, agent = conversation_of(step, command.conversation_id), _whom(step, command)
    if agent in conversation.followers:
        step.emit(conversation.id, e.ConversationUnfollowed(agent=agent))
    return _done(conversation)


def _mention(step: Step, command: c.Mention) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    agents = tuple(dict.fromkeys(_in_roster(step, agent) for agent in command.agents))
    if not agents:
        raise Refused("no_agent", "a mention names at least one agent")
    _need_room(conversation, *agents)
    if command.message_id is not None:
        message, _ = step.overlay.placed(command.message_id)
        if message is None or message.conversation_id != conversation.id:
            raise UnknownId(f"no message {command.message_id} in {conversation.id}")
    step.emit(
        conversation.id,
        *[e.AgentMentioned(agent=agent, message_id=command.message_id) for agent in agents],
    )
    return _done(conversation)


def _notify(step: Step, command: c.Notify) -> Outcome:
    conversation, agent = conversation_of(step, command.conversation_id), _in_roster(step, command.agent)
    _need_notice(command.code)
    if command.request_id is not None:
        request_in(step, conversation, command.request_id)
    _need_sight(step, agent, conversation)
    step.emit(conversation.id, e.AgentNotified(agent=agent, code=command.code, request_id=command.request_id))
    return _done(conversation)


def _need_notice(code: Code) -> None:
    """Let a notice be one of the table, or a word of the host's own. Raises `Refused`."""
    try:
        if code not in NOTICE_CODES:
            own_name(code)
    except ValueError as problem:
        known = ", ".join(NOTICE_CODES)
        raise Refused(
            "unknown_notice", f"{code!r:.80} is no notice: use one of {known}, or an own one, which {problem}"
        ) from None


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.Follow: _follow, c.Unfollow: _unfollow, c.Mention: _mention, c.Notify: _notify}
)
