"""What a bot of the desk says in a conversation by itself, in a step of its own after the one that it belongs to.

It assigns nobody and stops no clock; it belongs to no request. The customer counts as answered. (OneDesk)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from .. import events as e
from ..ids import message_id
from ..model import (
    Actor,
    ActorKind,
    Audience,
    Code,
    CommandKey,
    ConversationId,
    Message,
    NativeId,
    RequestId,
    Side,
)

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = ["Aside", "say"]

Aside = tuple[ConversationId, Code, str]
"""Where a bot says something, which bot, and what."""


def say(step: Step, asides: Sequence[Aside]) -> None:
    """Post what was asked for while a step was made; that one is finished."""
    for place, (conversation_id, bot, body) in enumerate(asides):
        name = Code(f"{bot}:{place}") if place else bot
        cause = attrs.evolve(step.cause, rules=(*step.cause.rules, name))
        own = type(step)(step.overlay, Actor(ActorKind.BOT, bot), cause, muted=step.muted)
        conversation = own.conversation(conversation_id)
        if conversation is None:
            continue
        key = message_id(CommandKey(f"out:{own.key}"), own.at)
        own.message = Message(
            key,
            NativeId(f"out:{key}"),
            conversation_id=conversation.id,
            request_id=_adopted(own, conversation.id),
            channel_id=conversation.channel_id,
            author=own.actor,
            profile_id=None,
            side=Side.TEAM,
            audience=Audience.CUSTOMER,
            sent_at=own.at,
            received_at=own.at,
            text=own.write(body, key, "body", Audience.CUSTOMER),
        )
        own.emit(conversation.id, e.MessagePosted(message=own.message))
        own.finish()


def _adopted(step: Step, conversation: ConversationId) -> RequestId | None:
    """A late message takes along whatever was said since: this too, as it is said in the same commit."""
    for each in step.overlay.adopted:
        if each.conversation_id == conversation and step.at >= each.since_at:
            return each.request_id
    return None
