"""What customers see in their channel: messages, and the emoji on theirs."""

from __future__ import annotations

from typing import ClassVar

from ..model import (
    Attachment,
    Audience,
    ChannelId,
    Code,
    ConversationId,
    MessageId,
    NativeId,
    Pointer,
    RequestId,
    TextId,
    TextRef,
)
from ..values import value
from .root import Effect, ids_of

__all__ = ["PostMessage", "React"]


@value(kw_only=True)
class PostMessage(Effect):
    """Show a message in its channel, as an answer to ``answers`` where the transport has threads.

    ``answers`` is the transport's own id of the message that opened the thread, if there is one. ``to`` is the
    customer's address where the desk speaks first and there is nothing to answer. The text may be empty beside
    ``attachments``. ``pointers`` are earlier requests to link to, which everybody who reads it may read. (Slack)
    """

    tag: ClassVar[str] = "message.post"
    channel_id: ChannelId
    conversation_id: ConversationId
    message_id: MessageId
    audience: Audience
    text: TextRef
    answers: NativeId | None = None
    attachments: tuple[Attachment, ...] = ()
    to: TextRef | None = None
    pointers: tuple[Pointer, ...] = ()

    def shown(self) -> tuple[TextId, ...]:
        """The message, what is attached to it is called, and where that can be had."""
        if not self.attachments:
            return (self.text.id,)
        named = [ref for each in self.attachments for ref in (each.name, each.address) if ref is not None]
        return ids_of((self.text, *named), None)

    def address(self) -> TextRef | None:
        """The customer's, where the desk speaks first."""
        return self.to


@value(kw_only=True)
class React(Effect):
    """Put an emoji on the message that opened a request, or take it away (``remove``), as the app. (Thena)

    ``native`` is the transport's own id of that message; the worker looks it up when it delivers the effect.
    """

    tag: ClassVar[str] = "message.react"
    channel_id: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    message_id: MessageId
    emoji: Code
    remove: bool = False
    native: NativeId | None = None
