"""Commands on one conversation."""

from __future__ import annotations

import attrs

from ..model import CloseReason, ConversationId, QueueId
from ..values import value
from .checks import as_close_reason
from .root import Command

__all__ = ["Accept", "CloseConversation", "Enqueue", "Release"]


@value(kw_only=True)
class Accept(Command):
    """Hold a pending conversation; its unassigned requests come along. (Audite)"""

    conversation_id: ConversationId


@value(kw_only=True)
class Release(Command):
    """Give a held conversation back; the holder's requests in it wait again. (Audite)"""

    conversation_id: ConversationId


@value(kw_only=True)
class Enqueue(Command):
    """Put the conversation, released if it was held, and its open requests in a queue. (Audite)"""

    conversation_id: ConversationId
    queue: QueueId


@value(kw_only=True)
class CloseConversation(Command):
    """End the conversation and its open requests. (Audite: close and reject; SentiOne: ignore)

    Refused when another agent has an open request in it, unless ``by`` holds the grant ``close_any``.
    """

    conversation_id: ConversationId
    reason: CloseReason = attrs.field(default=CloseReason.HANDLED, converter=as_close_reason)
