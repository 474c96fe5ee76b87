"""Who may not have seen what was said: one timer for a conversation and a recipient, armed by each message. (OneDesk)

Arming asks nothing and writes no row: the agenda keeps the earliest moment of a key, and what was seen is looked at
when that comes (`.forwarding`). A closed conversation keeps no timer of a colleague; what was last said to the customer
still reaches them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .. import events as e
from ..ids import after_moment
from ..model import (
    ActorKind,
    AgentId,
    Audience,
    CloseReason,
    Code,
    Conversation,
    ConversationId,
    Message,
    ProfileId,
    Side,
)
from ..records import Attention, attention_id
from ..settings import ChannelKind, ChannelSettings, Desk, UnseenBy
from ..values import value
from .people import listeners

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = [
    "UNASKED",
    "UNSEEN",
    "Recipient",
    "concerns",
    "give_up",
    "looked",
    "unseen_key",
    "unseen_of",
    "watch",
]

UNSEEN = Code("unseen")
UNASKED = frozenset({CloseReason.BARRED, CloseReason.IGNORED, CloseReason.REJECTED, CloseReason.MERGED})
"""Customers whose conversation was closed for one of these get no mail about it."""

_AGENT, _BOT = ActorKind.AGENT, ActorKind.BOT
_CUSTOMER, _INTERNAL = Audience.CUSTOMER, Audience.INTERNAL
_REQUESTER = Side.REQUESTER


@value
class Recipient:
    """Who may not have seen something in a conversation: an agent, or the customer with this profile."""

    conversation_id: ConversationId
    agent: AgentId | None = None
    profile_id: ProfileId | None = None

    @property
    def attention(self) -> Code:
        """The id of their attention to it."""
        return attention_id(self.conversation_id, self.agent, self.profile_id)


def unseen_key(recipient: Recipient) -> Code:
    """The timer that asks whether they have seen it."""
    who = f"agent:{recipient.agent}" if recipient.agent is not None else recipient.profile_id
    return Code(f"unseen:{recipient.conversation_id}:{who}")


def unseen_of(key: str) -> Recipient | None:
    """Whom such a timer asks about; None for other timers."""
    if not key.startswith("unseen:"):
        return None
    _, conversation, who = key.split(":", 2)
    kind, _, agent = who.partition(":")
    if kind == "agent" and agent:
        return Recipient(ConversationId(conversation), agent=AgentId(agent))
    return Recipient(ConversationId(conversation), profile_id=ProfileId(who))


def watch(step: Step, conversation: Conversation, message: Message, settings: ChannelSettings) -> None:
    """Ask later whether those who should see the message have."""
    due_at = step.at + settings.unseen_after
    for recipient in _recipients(step.desk, conversation, message, settings):
        step.overlay.arm(unseen_key(recipient), due_at)


def _recipients(
    desk: Desk, conversation: Conversation, message: Message, settings: ChannelSettings
) -> Iterable[Recipient]:
    if UnseenBy.AGENTS in settings.unseen_by and conversation.is_open:
        for agent in listeners(conversation):
            recipient = Recipient(conversation.id, agent=agent)
            if concerns(desk, recipient, message):
                yield recipient
    asked = conversation.is_open or conversation.reason not in UNASKED
    if asked and UnseenBy.CUSTOMERS in settings.unseen_by and settings.kind is not ChannelKind.MAIL:
        recipient = Recipient(conversation.id, profile_id=conversation.requester)
        if concerns(desk, recipient, message):
            yield recipient


def concerns(desk: Desk, recipient: Recipient, message: Message) -> bool:
    """Whether a message is one that they should see, and want to have by mail if they do not."""
    if recipient.agent is None:
        # what went past the review is not carried any further
        return message.side is not _REQUESTER and message.audience is _CUSTOMER and not message.unreviewed
    agent = desk.agents.get(recipient.agent)
    if agent is None or (message.author.kind is _AGENT and message.author.id == Code(agent.id)):
        return False
    if message.author.kind is _BOT and message.side is not _REQUESTER:
        return False  # no colleague has to know what a bot says by itself
    if message.audience is _INTERNAL:
        code = "internal_message"
    else:
        code = "customer_wrote" if message.side is _REQUESTER else "colleague_replied"
    told = agent.notices
    return told.scheme(UNSEEN) is not None and told.scheme(Code(code)) is not None


def looked(step: Step, conversation: Conversation, agent: AgentId) -> None:
    """Whoever takes or follows a conversation has seen what is there."""
    if step.actor.kind is not _AGENT or step.actor.id != Code(agent):
        return  # somebody else gave it to them
    id = attention_id(conversation.id, agent, None)
    known = step.record(Attention, id) or Attention(id=id, conversation_id=conversation.id, agent=agent)
    step.put(known.after_seeing(after_moment(step.at), step.at))


def give_up(step: Step, conversation: Conversation, event: e.ConversationClosed) -> None:
    """Nobody of the team has to look at a closed conversation any more, nor a customer at one they are not to."""
    before = step.before(conversation.id)
    closed = [request.assignee for request in conversation.closed if request.assignee is not None]
    agents = dict.fromkeys([*listeners(conversation), *(listeners(before) if before else ()), *closed])
    for agent in agents:
        step.overlay.disarm(unseen_key(Recipient(conversation.id, agent=agent)))
    if event.close_reason in UNASKED:
        step.overlay.disarm(unseen_key(Recipient(conversation.id, profile_id=conversation.requester)))
