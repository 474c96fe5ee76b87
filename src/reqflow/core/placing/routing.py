"""Who stands on which side, and which request a message means."""

from __future__ import annotations

from datetime import datetime

from ..model import AgentId, Conversation, ProfileId, Request, Resolution, Side
from ..settings import Agent, ChannelSettings

__all__ = ["meant_request", "reopens", "responds_in", "side_of"]

_REQUESTER, _TEAM = Side.REQUESTER, Side.TEAM


def responds_in(agent: Agent | None, settings: ChannelSettings) -> bool:
    """True for agents of the channel's responder teams; where none are named, for every agent."""
    if agent is None:
        return False
    return not settings.responder_teams or bool(agent.teams & settings.responder_teams)


def side_of(profile: ProfileId, responds: bool, conversation: Conversation | None) -> Side:
    """The author's side, per channel and conversation: who asked stays requester, even a responder.

    (Employees ask employees in Slack's #help-ce.) Talk in which nobody asked anything yet has no such claim.
    """
    if not responds:
        return _REQUESTER
    asked = conversation is not None and not conversation.is_quiet
    if asked and conversation is not None and conversation.requester == profile:
        return _REQUESTER
    return _TEAM


def meant_request(conversation: Conversation, agent: AgentId | None) -> Request | None:
    """Which open request a message in this conversation means, where nothing names one.

    For an agent the own one that was opened last here, else, as for a customer, the last open one.
    """
    requests = conversation.requests
    if agent is not None:
        for request in reversed(requests):
            if request.assignee == agent:
                return request
    return requests[-1] if requests else None


def reopens(settings: ChannelSettings, last: Request, sent_at: datetime) -> bool:
    """Whether a customer's message sent then opens a closed request again. What was merged goes on in another."""
    if last.resolution is Resolution.MERGED or last.closed_at is None:
        return False
    window = settings.reopen_within
    return bool(window) and sent_at - last.closed_at <= window
