"""``react``: what an event asks to be done outside. Effects hold references, never texts."""

from __future__ import annotations

from . import events as e
from .effects import Effect, NotifyAgent, PostMessage
from .model import Actor, ActorKind, AgentId, Audience, Code, Conversation
from .settings import ChannelSettings

__all__ = ["react"]


def react(
    conversation: Conversation, event: e.Event, actor: Actor, settings: ChannelSettings
) -> tuple[tuple[Code, Effect], ...]:
    """The effects of an event, each with the destination whose order it keeps.

    ``conversation`` is the state after the event. Nobody is told of their own act.
    """
    if isinstance(event, e.RequestAssigned):
        own = actor == Actor(ActorKind.AGENT, Code(event.assignee))
        if own or not settings.notify_assignee:
            return ()
        return (_notice(conversation, event, event.assignee, "assigned"),)
    if isinstance(event, e.RequestNudged):
        holder = next((r.assignee for r in conversation.requests if r.id == event.request_id), None)
        return (_notice(conversation, event, holder, "please_close"),) if holder else ()
    if isinstance(event, e.MessagePosted):
        return _post(conversation, event)
    return ()


def _notice(
    conversation: Conversation, event: e.RequestAssigned | e.RequestNudged, agent: AgentId, code: str
) -> tuple[Code, Effect]:
    return Code(f"agent:{agent}"), NotifyAgent(
        agent=agent,
        conversation_id=conversation.id,
        request_id=event.request_id,
        code=Code(code),
    )


def _post(conversation: Conversation, event: e.MessagePosted) -> tuple[tuple[Code, Effect], ...]:
    message = event.message
    if message.audience is not Audience.CUSTOMER or message.text is None:
        return ()  # internal words stay on the desk
    return (
        (
            Code(conversation.channel_id),
            PostMessage(
                channel_id=conversation.channel_id,
                conversation_id=conversation.id,
                message_id=message.id,
                audience=message.audience,
                text=message.text,
                answers=conversation.thread,
            ),
        ),
    )
