"""A message, as it was placed."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .ids import ChannelId, Code, ConversationId, MessageId, NativeId, ProfileId, RequestId
from .values import Actor, TextRef
from .words import AttachmentKind, Audience, Delivery, Side

__all__ = ["Attachment", "Message", "Pointer"]


@value
class Attachment:
    """A file or place that came with a message: what it is, what it is called, and where it can be had."""

    kind: AttachmentKind
    name: TextRef | None = None
    address: TextRef | None = None
    media_type: Code | None = None
    size: int | None = None


@value
class Pointer:
    """An earlier request that an answer points to, and where it was asked, as the transport knows it. (Slack)"""

    request_id: RequestId
    channel_id: ChannelId
    native: NativeId


@value
class Message:
    """One message, placed: where it belongs, who said it when, and what it was taken for.

    ``attachments`` are what came with the text. ``unreviewed`` marks what a restricted agent wrote past the review.
    ``text`` is None once the message was deleted, and the newest wording if it was edited. ``delivery`` is for what
    the desk posted: None until a transport has said how it went; ``delivery_code`` is why it was not taken.
    ``top`` says that it stood by itself in the channel, not in a thread; only those are grouped.
    ``group_at`` is when the first message of its group was sent; None while it is in no group.
    """

    id: MessageId
    native: NativeId
    conversation_id: ConversationId
    request_id: RequestId | None
    channel_id: ChannelId
    author: Actor
    profile_id: ProfileId | None
    side: Side
    audience: Audience
    sent_at: datetime
    received_at: datetime
    text: TextRef | None
    thread: NativeId | None = None
    detected: bool = False
    top: bool = False
    group_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    unreviewed: bool = False
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    delivery: Delivery | None = None
    delivery_code: Code | None = None
