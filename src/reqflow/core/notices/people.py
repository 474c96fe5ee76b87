"""Whom the words of the table stand for, as things stand after the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from .. import events as e
from .. import rights
from ..evolution import find_request
from ..model import ActorKind, AgentId, Code, Conversation, Request
from ..settings import ChannelSettings, Right
from .words import Who

__all__ = ["AGENTS", "about", "listeners", "specialists_of"]

MOST = 50
"""How many reviewers are told of one draft: the first by their ids."""

_AUTOMATIC = frozenset({"first_response", "channel_owner"})

Agents = Callable[[Any, Conversation, Any, ChannelSettings], Iterable[AgentId | None]]


def about(conversation: Conversation, event: Any) -> Request | None:
    """The request that an event is about, as it is now."""
    named = getattr(event, "request_id", None)
    return None if named is None else find_request(conversation, named)


def _own(step: Any) -> AgentId | None:
    """The agent whose act this is."""
    return AgentId(step.actor.id) if step.actor.kind is ActorKind.AGENT else None


def _assignee(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    request = about(conversation, event)
    agent = request.assignee if request is not None else None
    if agent is None or (agent == _own(step) and not _follows_by_itself(event)):
        return ()
    return (agent,)


def _follows_by_itself(event: Any) -> bool:
    return isinstance(event, e.RequestAssigned) and event.reason.code in _AUTOMATIC


def _previous(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    previous = event.previous
    return () if previous is None or previous == _own(step) else (previous,)


def _holder(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    return () if conversation.holder is None else (conversation.holder,)


def _followers(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    of_messages = isinstance(event, e.MessageReceived | e.MessagePosted)
    if not conversation.followers and not (of_messages and settings.assignees_follow):
        return ()
    agents = listeners(conversation) if of_messages and settings.assignees_follow else conversation.followers
    author = event.message.author if of_messages else step.actor
    own = AgentId(author.id) if author.kind is ActorKind.AGENT else None
    return [agent for agent in agents if agent != own and _may_see(step, agent, conversation)]


def listeners(conversation: Conversation) -> tuple[AgentId, ...]:
    """Everybody on the team whom a conversation concerns: who holds it, has its requests, or follows it."""
    working = (conversation.holder, *[request.assignee for request in conversation.requests])
    return tuple(dict.fromkeys([each for each in (*working, *conversation.followers) if each is not None]))


def _may_see(step: Any, agent: AgentId, conversation: Conversation) -> bool:
    """Whether a colleague is still there, and may still see it: grants end, and what is followed does not."""
    known = step.desk.agents.get(agent)
    return known is not None and rights.sees(step.desk, rights.Principal(known), conversation)


def _named(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    agent = (
        event.author
        if isinstance(event, e.DraftApproved | e.DraftRejected | e.DraftWithdrawn)
        else event.agent
    )
    return () if agent == _own(step) else (agent,)


def _reviewers(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    own = _own(step)
    able = (
        agent.id
        for agent in step.desk.agents.values()
        if Right.REVIEW in agent.rights and agent.id != own and rights.granted(step.desk, agent, conversation)
    )
    return sorted(able)[:MOST]


def _replier(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    return (event.assignee,)


def _nobody_by_name(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    return (None,)


def _rooms(
    step: Any, conversation: Conversation, event: Any, settings: ChannelSettings
) -> Iterable[AgentId | None]:
    return (
        (None,) if settings.triage or (step.desk.themes and specialists_of(step, conversation, event)) else ()
    )


def specialists_of(step: Any, conversation: Conversation, event: Any) -> Code | None:
    """The room of the specialists whose question the request is by now."""
    request = about(conversation, event)
    theme = step.desk.themes.get(request.theme) if request is not None and request.theme else None
    return None if theme is None else theme.destination


AGENTS: Mapping[Who, Agents] = MappingProxyType(
    {
        Who.ASSIGNEE: _assignee,
        Who.PREVIOUS: _previous,
        Who.HOLDER: _holder,
        Who.FOLLOWERS: _followers,
        Who.NAMED: _named,
        Who.REVIEWERS: _reviewers,
        Who.REPLIER: _replier,
        Who.TEAM: _nobody_by_name,
        Who.TRIAGE: _rooms,
        Who.OPENER: _nobody_by_name,
        Who.CUSTOMER: _nobody_by_name,
    }
)
"""The agents whom a word stands for; None for somebody who is no agent."""
