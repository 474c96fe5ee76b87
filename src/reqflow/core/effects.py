"""What is to be done outside after the commit. A transport delivers it; a `Receipt` says how it went.

Effects hold ids and `TextRef`s, never texts: the worker resolves those with the effect's audience,
which is also the guard that keeps internal text from customers.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from .model import AgentId, Audience, ChannelId, Code, ConversationId, MessageId, NativeId, RequestId, TextRef
from .values import value

__all__ = ["EFFECTS", "Effect", "NotifyAgent", "PostMessage", "QueuedEffect"]


@value
class Effect:
    """Root of all effects, for type annotations; never made by itself."""

    tag: ClassVar[str]


@value(kw_only=True)
class PostMessage(Effect):
    """Show a message in its channel, as an answer to ``answers`` where the transport has threads.

    ``answers`` is the transport's own id of the message that opened the thread, if there is one.
    """

    tag: ClassVar[str] = "message.post"
    channel_id: ChannelId
    conversation_id: ConversationId
    message_id: MessageId
    audience: Audience
    text: TextRef
    answers: NativeId | None = None


@value(kw_only=True)
class NotifyAgent(Effect):
    """Tell one agent something about a request: ``code`` is ``assigned`` or ``please_close``."""

    tag: ClassVar[str] = "agent.notify"
    agent: AgentId
    conversation_id: ConversationId
    request_id: RequestId
    code: Code


@value(kw_only=True)
class QueuedEffect:
    """An effect with its envelope. ``id`` is the idempotency key: the same over every retry.

    Effects with one ``destination`` are delivered in the order they were queued; of those with one
    ``collapse`` key only the latest matters. ``muted`` ones are recorded and never delivered.
    """

    id: Code
    destination: Code
    effect: Effect
    queued_at: datetime
    muted: bool = False
    collapse: Code | None = None


EFFECTS: tuple[type[Effect], ...] = (PostMessage, NotifyAgent)
