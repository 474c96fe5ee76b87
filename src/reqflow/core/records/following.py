"""Who follows which conversation: how somebody finds those that they follow, long after they were closed. (OneDesk)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, AgentId, Code, ConversationId
from ..values import value
from .projection import Projection
from .root import Record, RecordKey

__all__ = ["FOLLOWING_PROJECTIONS", "Following"]


@value(kw_only=True)
class Following(Record):
    """That an agent follows a conversation, since ``since_at``; or did, until ``ended_at``."""

    tag: ClassVar[str] = "following"
    conversation_id: ConversationId
    agent: AgentId
    since_at: datetime
    ended_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By agent while they follow it, in the order of the conversations."""
        return () if self.ended_at is not None else (RecordKey("agent", self.agent, self.conversation_id),)


def _begun(old: Following | None, event: Any, stream: str, at: datetime, actor: Actor) -> Following:
    if old is not None and old.ended_at is None:
        return old
    return Following(
        id=Code(f"{stream}.{event.agent}"),
        conversation_id=ConversationId(stream),
        agent=event.agent,
        since_at=at,
    )


def _ended(
    old: Following | None, event: e.ConversationUnfollowed, stream: str, at: datetime, actor: Actor
) -> Following:
    return attrs.evolve(old or _begun(None, event, stream, at, actor), ended_at=at)


_AGENT: Any = attrgetter("agent")

FOLLOWING_PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.ConversationFollowed: Projection(Following, _AGENT, _begun, here=True),
        e.AgentMentioned: Projection(Following, _AGENT, _begun, here=True),
        e.ConversationUnfollowed: Projection(Following, _AGENT, _ended, here=True),
    }
)
