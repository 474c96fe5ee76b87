"""What a desk is told: it has happened, and is placed or ignored with a reason, never refused."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..model import Audience, ChannelId, Code, ConversationId, MessageId, NativeId, RequestId
from ..values import value
from .checks import as_audience, as_chain, as_utc, check_moment, check_place, check_text, check_word

__all__ = ["Delivered", "Inbound"]


@value(kw_only=True)
class Inbound:
    """A message from outside, before it is placed. The observation that everything starts with.

    ``channel`` and ``author`` are ``transport:name``. ``native`` is the transport's own id of the message
    (Slack's ``ts``, a Message-ID): with the channel it identifies the message for ever. ``replies_to``
    are native ids of messages in the same channel that this one answers, nearest last; empty for a
    message that stands by itself. ``sent_at`` is the sender's claim (any zone; kept in UTC); a claim
    later than ``received_at`` counts as received. ``subject`` is kept as the first line of a message that stands
    by itself. ``bot`` marks machine senders, which nobody answers.

    Raises `InvalidInput` when a field cannot be used.
    """

    channel: ChannelId
    author: str
    native: NativeId
    sent_at: datetime = attrs.field(converter=as_utc)
    text: str = ""
    received_at: datetime | None = attrs.field(default=None, converter=as_utc)
    replies_to: tuple[NativeId, ...] = attrs.field(default=(), converter=as_chain)
    name: str | None = None
    subject: str | None = None
    request_id: RequestId | None = None
    audience: Audience = attrs.field(default=Audience.CUSTOMER, converter=as_audience)
    bot: bool = False

    def __attrs_post_init__(self) -> None:
        # plain calls: every message comes through here, and validators cost three times as much
        check_place("Inbound.channel", self.channel)
        check_place("Inbound.author", self.author)
        check_word("Inbound.native", self.native)
        check_text("Inbound.text", self.text)
        check_moment("Inbound.sent_at", self.sent_at)
        if self.received_at is not None:
            check_moment("Inbound.received_at", self.received_at)
        for native in self.replies_to:
            check_word("Inbound.replies_to", native)


@value(kw_only=True)
class Delivered:
    """Observation of the worker: the transport took (``code`` is None) or refused a posted message."""

    conversation_id: ConversationId
    message_id: MessageId
    code: Code | None = None
    native: NativeId | None = None
