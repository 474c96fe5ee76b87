"""Who sees a conversation, who may accept it, and whom its work may be given to.

Pending ones are seen by whoever was granted the channel, or the queue that they wait in. While somebody works on one,
a channel whose visibility is ``holder`` shows it to its holder, to the assignees of its requests, to colleagues who
were called in and, while a draft waits, to reviewers; one whose visibility is ``channel`` shows it to all who were
granted the channel, too. Closed ones follow the channel's grant. The right ``see_all`` sees everything. (Audite)

Routing to a team says whose work it is and grants nothing.
"""

from __future__ import annotations

from ..model import AgentId, Audience, Conversation, ConversationState, ProfileId, QueueId, Request
from ..settings import Agent, Desk, Right, Visibility
from ..values import value

__all__ = ["Principal", "candidates", "granted", "may_accept", "may_be_given", "sees"]

_PENDING, _CLOSED = ConversationState.PENDING, ConversationState.CLOSED
_REVIEWED = ConversationState.IN_REVIEW
_SEE_ALL = Right.SEE_ALL


@value
class Principal:
    """On whose behalf something is asked: an agent with their rights, a customer, or the desk itself (neither)."""

    agent: Agent | None = None
    customer: ProfileId | None = None

    @property
    def is_desk(self) -> bool:
        """True for the desk itself, which may do and see everything."""
        return self.agent is None and self.customer is None

    def has(self, right: Right) -> bool:
        """Whether they hold the right."""
        if self.agent is None:
            return self.customer is None
        return right in self.agent.rights


def sees(desk: Desk, principal: Principal, conversation: Conversation) -> bool:
    """Whether the principal may see the conversation as it stands now.

    Customers see what they asked for themselves, and never what is internal.
    """
    agent = principal.agent
    if agent is None:
        mine = conversation.requester == principal.customer and conversation.audience is Audience.CUSTOMER
        return principal.customer is None or mine
    if _SEE_ALL in agent.rights:
        return True
    state = conversation.state
    if state is _PENDING:
        return granted(desk, agent, conversation)
    if state is _CLOSED:
        return desk.granted(agent, conversation.channel_id)
    if _takes_part(agent.id, conversation):
        return True
    shown = desk.settings(conversation.channel_id).visibility is Visibility.CHANNEL
    reviews = state is _REVIEWED and Right.REVIEW in agent.rights
    return (shown or reviews) and granted(desk, agent, conversation)


def _takes_part(agent: AgentId, conversation: Conversation) -> bool:
    return (
        conversation.holder == agent
        or agent in conversation.mentioned
        or any(request.assignee == agent for request in conversation.requests)
    )


def granted(desk: Desk, agent: Agent, conversation: Conversation) -> bool:
    """Whether the agent was granted the conversation's channel, or a queue that it waits in."""
    if desk.granted(agent, conversation.channel_id):
        return True
    return any(desk.serves(agent, queue) for queue in _queues(conversation))


def _queues(conversation: Conversation) -> tuple[QueueId, ...]:
    """The queue that the conversation was put in; where there is none, those of its open requests."""
    if conversation.queue is not None:
        return (conversation.queue,)
    return tuple([request.queue for request in conversation.requests if request.queue is not None])


def may_accept(desk: Desk, agent: Agent, conversation: Conversation, request: Request | None = None) -> bool:
    """Whether the agent may take it: by the grant of its queue if it waits in one, else by the channel's.

    For a request its own queue counts before the conversation's.
    """
    queues = _queues(conversation)
    if request is not None and request.queue is not None:
        queues = (request.queue,)
    if queues:
        return any(desk.serves(agent, queue) for queue in queues)
    return desk.granted(agent, conversation.channel_id)


def may_be_given(
    desk: Desk, agent: Agent, conversation: Conversation, request: Request | None = None
) -> bool:
    """Whether its work may be given to the agent: they were granted the channel, or its queue. (Audite)"""
    if granted(desk, agent, conversation):
        return True
    queue = request.queue if request is not None else None
    return queue is not None and desk.serves(agent, queue)


def candidates(desk: Desk, conversation: Conversation, request: Request | None = None) -> tuple[AgentId, ...]:
    """The colleagues to whom its work may be given, in the order of their ids: what a search for one looks among."""
    able = (
        agent.id
        for agent in desk.agents.values()
        if Right.WORK in agent.rights and may_be_given(desk, agent, conversation, request)
    )
    return tuple(sorted(able))
