"""A conversation: messages that belong together."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .content import FieldValue
from .ids import AgentId, ChannelId, Code, ConversationId, NativeId, ProfileId, QueueId, TeamId
from .later import FollowUp, HostTimer
from .requests import Request
from .values import TextRef
from .words import Audience, CloseReason, ConversationState, ErasureScope, IdentityLevel, Resolution

__all__ = ["Conversation"]


_CONVERSATION_CLOSED, _NOT_A_REQUEST = ConversationState.CLOSED, Resolution.NOT_A_REQUEST


@value
class Conversation:
    """Messages that belong together, as much of them as decisions need: head, counters, last moments.

    ``requests`` are the open ones, oldest first; ``closed`` holds the one closed last. Earlier ones are
    rows of their own. ``version`` counts commits and equals the ``seq`` of the last history entry.
    ``continued_in`` names the follow-up, or the conversation that absorbed this one. ``thread`` is the
    native id that answers go to. ``marked`` says that people left something on it (a note, a tag, a draft): then it is
    not absorbed by another. ``drafts`` names those that wait for review: while there are any, the conversation is
    in review. ``fields`` are those of the desk's that were filled in. ``timers`` are the
    host's, ``follow_ups`` are answers that are sent in time; closing ends both.
    ``mentioned`` are colleagues who were called in: they see it too. ``followers`` are told what happens in it.
    ``greeted_at`` is when a bot of ours last wrote in it: it then counts as answered, though no clock stops.
    ``level`` is how sure the transport was of its author when it began. ``sentiment`` and ``language`` are codes that a
    classifier or a person found for it. ``erased`` says that whoever asked was erased, and how far: nothing goes on in
    it.
    """

    id: ConversationId
    channel_id: ChannelId
    requester: ProfileId
    state: ConversationState
    audience: Audience
    version: int
    opened_at: datetime
    active_at: datetime
    customer_at: datetime | None = None
    team_at: datetime | None = None
    holder: AgentId | None = None
    queue: QueueId | None = None
    team: TeamId | None = None
    thread: NativeId | None = None
    reason: CloseReason | None = None
    closed_at: datetime | None = None
    continued_in: ConversationId | None = None
    messages: int = 0
    marked: bool = False
    drafts: tuple[Code, ...] = ()
    subject: TextRef | None = None
    tags: tuple[Code, ...] = ()
    fields: tuple[FieldValue, ...] = ()
    mentioned: tuple[AgentId, ...] = ()
    followers: tuple[AgentId, ...] = ()
    greeted_at: datetime | None = None
    level: IdentityLevel = IdentityLevel.DECLARED
    sentiment: Code | None = None
    language: Code | None = None
    timers: tuple[HostTimer, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    requests: tuple[Request, ...] = ()
    closed: tuple[Request, ...] = ()
    erased: ErasureScope | None = None

    @property
    def is_open(self) -> bool:
        """True in every state but closed."""
        return self.state is not _CONVERSATION_CLOSED

    @property
    def is_quiet(self) -> bool:
        """True while nothing in it is a request, and what was taken for one was none: no queue, timer or notice."""
        if self.requests:
            return False
        return not self.closed or self.closed[-1].resolution is _NOT_A_REQUEST
