"""Commands on who is told of what, and the observation that somebody has seen a conversation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ...errors import InvalidInput
from ..model import Actor, ActorKind, AgentId, Code, ConversationId, MessageId, RequestId
from ..values import value
from .checks import Checked, as_utc, as_words, is_moment, is_word
from .root import Command

__all__ = ["Follow", "MarkSeen", "Mention", "Notify", "Unfollow"]


def _as_agents(given: Iterable[AgentId]) -> tuple[AgentId, ...]:
    return as_words("Mention.agents", given)


@value(kw_only=True)
class Follow(Command):
    """Be told what is said and done in the conversation. (OneDesk)

    ``agent`` is who follows; by default the agent who gives the command, and an agent can name nobody else. Following
    twice changes nothing. At most 100 follow one conversation.
    """

    conversation_id: ConversationId
    agent: AgentId | None = None


@value(kw_only=True)
class Unfollow(Command):
    """Stop being told; ``agent`` is as in `Follow`. Whoever has the request is still told of what is theirs."""

    conversation_id: ConversationId
    agent: AgentId | None = None


@value(kw_only=True)
class Mention(Command):
    """Call colleagues in: each is told, sees the conversation from now on, and follows it.

    ``message_id`` is the message of this conversation that names them, if it was one that did.
    """

    conversation_id: ConversationId
    agents: tuple[AgentId, ...] = attrs.field(converter=_as_agents)
    message_id: MessageId | None = None


@value(kw_only=True)
class Notify(Command):
    """Have an agent told something; what rules tell people with.

    ``code`` says what: one of the desk's own notices, or a word with a namespace of the host's (``acme.shipped``).
    ``request_id`` names a request of this conversation.
    """

    conversation_id: ConversationId
    agent: AgentId
    code: Code = attrs.field(validator=is_word)
    request_id: RequestId | None = None


@value(kw_only=True)
class MarkSeen(Checked):
    """Observation: somebody has seen a conversation, up to a message, or all that it holds now.

    ``by`` is an agent (``reqflow.agent("ana")``) or a customer (``reqflow.customer(profile_id)``). ``at`` is when (any
    zone; kept in UTC), by default when it is handled. It is state without history and never refused: about what is
    not known it is ignored.
    """

    conversation_id: ConversationId
    by: Actor
    up_to: MessageId | None = None
    at: datetime | None = attrs.field(
        default=None, converter=as_utc, validator=attrs.validators.optional(is_moment)
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.by.kind not in (ActorKind.AGENT, ActorKind.CUSTOMER):
            raise InvalidInput(f"MarkSeen.by must be an agent or a customer, not a {self.by.kind}")
