"""What a conversation is after somebody began or ceased to follow it, or was called in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, AgentId, Conversation
from ..values import changed

__all__ = ["RULES"]


def _with(agents: tuple[AgentId, ...], agent: AgentId) -> tuple[AgentId, ...]:
    return agents if agent in agents else (*agents, agent)


def _followed(
    conversation: Conversation, event: e.ConversationFollowed, at: datetime, actor: Actor
) -> Conversation:
    return changed(conversation, followers=_with(conversation.followers, event.agent))


def _unfollowed(
    conversation: Conversation, event: e.ConversationUnfollowed, at: datetime, actor: Actor
) -> Conversation:
    return changed(
        conversation, followers=tuple([each for each in conversation.followers if each != event.agent])
    )


def _mentioned(
    conversation: Conversation, event: e.AgentMentioned, at: datetime, actor: Actor
) -> Conversation:
    return changed(
        conversation,
        mentioned=_with(conversation.mentioned, event.agent),
        followers=_with(conversation.followers, event.agent),
        marked=True,
    )


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.ConversationFollowed: _followed,
        e.ConversationUnfollowed: _unfollowed,
        e.AgentMentioned: _mentioned,
    }
)
