"""``react``: what an event asks to be done outside. Effects hold references, never texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import events as e
from .effects import Effect, NotifyAgent, PostMessage
from .model import Actor, ActorKind, AgentId, Audience, Code, Conversation
from .settings import ChannelSettings

__all__ = ["REACTIONS", "react"]


Reaction = tuple[Code, Effect]

_AGENT, _CUSTOMER = ActorKind.AGENT, Audience.CUSTOMER


def react(
    conversation: Conversation, event: e.Event, actor: Actor, settings: ChannelSettings
) -> Reaction | None:
    """The effect of an event, with the destination whose order it keeps; None for most events.

    ``conversation`` is the state after the event. Nobody is told of their own act.
    """
    rule = REACTIONS.get(event.__class__)
    return None if rule is None else rule(conversation, event, actor, settings)


def _assigned(
    conversation: Conversation, event: e.RequestAssigned, actor: Actor, settings: ChannelSettings
) -> Reaction | None:
    if not settings.notify_assignee or (actor.kind is _AGENT and actor.id == Code(event.assignee)):
        return None
    return _notice(conversation, event, event.assignee, "assigned")


def _nudged(
    conversation: Conversation, event: e.RequestNudged, actor: Actor, settings: ChannelSettings
) -> Reaction | None:
    holder = next((r.assignee for r in conversation.requests if r.id == event.request_id), None)
    return _notice(conversation, event, holder, "please_close") if holder else None


def _notice(
    conversation: Conversation, event: e.RequestAssigned | e.RequestNudged, agent: AgentId, code: str
) -> Reaction:
    return Code(f"agent:{agent}"), NotifyAgent(
        agent=agent,
        conversation_id=conversation.id,
        request_id=event.request_id,
        code=Code(code),
    )


def _post(
    conversation: Conversation, event: e.MessagePosted, actor: Actor, settings: ChannelSettings
) -> Reaction | None:
    message = event.message
    if message.audience is not _CUSTOMER or message.text is None:
        return None  # internal words stay on the desk
    return Code(conversation.channel_id), PostMessage(
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        message_id=message.id,
        audience=message.audience,
        text=message.text,
        answers=conversation.thread,
    )


REACTIONS: Mapping[type[e.Event], Callable[..., Reaction | None]] = MappingProxyType(
    {
        e.RequestAssigned: _assigned,
        e.RequestNudged: _nudged,
        e.MessagePosted: _post,
    }
)
"""The few events that ask for anything outside, each with its rule."""
