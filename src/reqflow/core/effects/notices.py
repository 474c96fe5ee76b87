"""Notices to colleagues, one by one or as a team."""

from __future__ import annotations

from typing import ClassVar

from ..model import AgentId, Code, ConversationId, MessageId, QueueId, RequestId, TeamId, TextId, TextRef
from ..values import value
from .root import Internal, ids_of

__all__ = ["NotifyAgent", "NotifyAgentOfMany", "NotifyTeam"]


@value(kw_only=True)
class NotifyAgent(Internal):
    """Tell one agent something: ``code`` is one of those in `reqflow.core.notices.TABLE`, or a host's own.

    ``message_id`` and ``text`` are the message that it is about, ``record_id`` the draft or the like. ``to`` is the
    agent's address where they want to be told by a transport of their choice.
    """

    tag: ClassVar[str] = "agent.notify"
    agent: AgentId
    conversation_id: ConversationId
    request_id: RequestId | None = None
    code: Code
    message_id: MessageId | None = None
    record_id: Code | None = None
    text: TextRef | None = None
    to: TextRef | None = None

    def shown(self) -> tuple[TextId, ...]:
        """The message, if it is about one."""
        return ids_of((), self.text)

    def address(self) -> TextRef | None:
        """The agent's, where they chose a transport."""
        return self.to


@value(kw_only=True)
class NotifyAgentOfMany(Internal):
    """Several notices to one agent that leave as one, oldest first. Only the worker makes it: none is ever queued."""

    tag: ClassVar[str] = "agent.notify_of_many"
    agent: AgentId
    notices: tuple[NotifyAgent, ...]
    to: TextRef | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What all of them show."""
        return tuple(text for notice in self.notices for text in notice.shown())

    def address(self) -> TextRef | None:
        """The agent's, where they chose a transport."""
        return self.to


@value(kw_only=True)
class NotifyTeam(Internal):
    """Tell whoever of a team is there: a bubble, a sound, a message to all of them. (OneDesk)"""

    tag: ClassVar[str] = "team.notify"
    team: TeamId
    conversation_id: ConversationId
    request_id: RequestId | None = None
    code: Code
    queue: QueueId | None = None
