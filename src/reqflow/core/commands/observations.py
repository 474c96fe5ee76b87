"""What a desk is told: it has happened, and is placed or ignored with a reason, never refused."""

from __future__ import annotations

from datetime import datetime

import attrs

from ...errors import InvalidInput
from ..model import (
    Audience,
    ChannelId,
    Code,
    ConversationId,
    IdentityLevel,
    LinkTarget,
    MessageId,
    NativeId,
    RequestId,
)
from ..values import value
from .attachments import Enclosure, check_enclosures
from .checks import (
    as_audience,
    as_chain,
    as_identity_level,
    as_utc,
    check_moment,
    check_place,
    check_said,
    check_word,
)

__all__ = [
    "Delivered",
    "Inbound",
    "MenuChoice",
    "MessageDeletion",
    "MessageEdit",
    "Observation",
    "Reacted",
    "TicketReported",
]


@value(kw_only=True)
class Inbound:
    """A message from outside, before it is placed. The observation that everything starts with.

    ``channel`` and ``author`` are ``transport:name``. ``native`` is the transport's own id of the message
    (Slack's ``ts``, a Message-ID): with the channel it identifies the message for ever. ``replies_to``
    are native ids of messages in the same channel that this one answers, nearest last; empty for a
    message that stands by itself. ``sent_at`` is the sender's claim (any zone; kept in UTC); a claim
    later than ``received_at`` counts as received. ``subject`` becomes that of the conversation that
    the message begins; of another message that stands by itself it is kept as the first line. ``bot`` marks machine
    senders, which nobody answers.

    ``author`` is who the message came from, as exactly as the transport knows: never what a header, a name or a form
    merely says. ``level`` is how sure it is of that (see `IdentityLevel`; OneDesk): only ``signed_in`` authors are
    recognised by their address, or by the ``email`` that came with the message. In a public channel the comments below
    a post answer nothing (each begins a conversation of its own), replies below a comment answer the comment.

    ``theme`` is the product theme that was chosen in an escalation form (Slack): what is asked goes to its specialists
    at once. A theme that the desk does not have counts as none.

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
    attachments: tuple[Enclosure, ...] = ()
    level: IdentityLevel = attrs.field(default=IdentityLevel.DECLARED, converter=as_identity_level)
    email: str | None = None
    theme: Code | None = None

    def __attrs_post_init__(self) -> None:
        # plain calls: every message comes through here, and validators cost three times as much
        check_place("Inbound.channel", self.channel)
        check_place("Inbound.author", self.author)
        check_word("Inbound.native", self.native)
        check_said("Inbound.text", self.text)
        check_moment("Inbound.sent_at", self.sent_at)
        if self.received_at is not None:
            check_moment("Inbound.received_at", self.received_at)
        for native in self.replies_to:
            check_word("Inbound.replies_to", native)
        if self.request_id is not None:
            check_word("Inbound.request_id", self.request_id)
        if self.name is not None:
            check_said("Inbound.name", self.name)
        if self.subject is not None:
            check_said("Inbound.subject", self.subject)
        if self.email is not None:
            check_said("Inbound.email", self.email)
        if self.theme is not None:
            check_word("Inbound.theme", self.theme)
        if self.attachments:
            check_enclosures("Inbound.attachments", self.attachments)


@value(kw_only=True)
class MessageEdit:
    """Somebody changed the words of a message outside. ``author`` is who did, its writer or a moderator.

    What it says now is not judged anew: a remark that becomes a question is no request until somebody promotes it.
    ``native`` names the message in its channel; ``edited_at`` is the transport's moment of the change (any zone; kept
    in UTC) and tells a change from one that comes again, and a newer one from an older one that comes late.
    """

    channel: ChannelId
    native: NativeId
    author: str
    edited_at: datetime = attrs.field(converter=as_utc)
    text: str

    def __attrs_post_init__(self) -> None:
        _check_change("MessageEdit", self.channel, self.native, self.author)
        check_moment("MessageEdit.edited_at", self.edited_at)
        check_said("MessageEdit.text", self.text)


@value(kw_only=True)
class MessageDeletion:
    """Somebody took a message away outside. ``author`` is who did, its writer or a moderator."""

    channel: ChannelId
    native: NativeId
    author: str
    deleted_at: datetime = attrs.field(converter=as_utc)

    def __attrs_post_init__(self) -> None:
        _check_change("MessageDeletion", self.channel, self.native, self.author)
        check_moment("MessageDeletion.deleted_at", self.deleted_at)


@value(kw_only=True)
class Reacted:
    """Somebody put an emoji on a message, or took one away (``removed``). (Slack)

    ``native`` names the message in its channel, ``emoji`` the emoji as the transport calls it, without colons.
    ``author`` is who did it; ``bot`` says that it was a machine, such as the desk itself. ``inbound`` is the whole
    message, for a transport that can look it up where the desk may never have seen it: then it is placed first.
    """

    channel: ChannelId
    native: NativeId
    emoji: str
    author: str
    removed: bool = False
    bot: bool = False
    inbound: Inbound | None = None

    def __attrs_post_init__(self) -> None:
        _check_change("Reacted", self.channel, self.native, self.author)
        check_word("Reacted.emoji", self.emoji)
        named = self.inbound
        if named is not None and not isinstance(named, Inbound):
            raise InvalidInput(f"Reacted.inbound must be an Inbound, not {named!r:.80}")
        if named is not None and (named.channel, named.native) != (self.channel, self.native):
            raise InvalidInput("Reacted.inbound must be the message that the emoji was put on")


@value(kw_only=True)
class MenuChoice:
    """Somebody chose an option of one of the desk's menus. (Slack)

    ``channel`` is where they are answered if a request comes of it, ``native`` the transport's own id of the choice,
    ``text`` what they wrote beside it. ``offer`` is what they were offered before (`Engine.suggest`): only with one
    does a form open. The outcome's ``code`` says what the transport is to show, where nothing but that is to be done:
    ``guidance``, ``channel``, ``suggest`` (ask for suggestions first) or ``form``; its words are the option's.
    """

    menu: Code
    option: Code
    channel: ChannelId
    author: str
    native: NativeId
    chosen_at: datetime = attrs.field(converter=as_utc)
    text: str = ""
    name: str | None = None
    offer: Code | None = None

    def __attrs_post_init__(self) -> None:
        _check_change("MenuChoice", self.channel, self.native, self.author)
        check_moment("MenuChoice.chosen_at", self.chosen_at)
        check_said("MenuChoice.text", self.text)
        check_word("MenuChoice.menu", self.menu)
        check_word("MenuChoice.option", self.option)
        if self.name is not None:
            check_said("MenuChoice.name", self.name)
        if self.offer is not None:
            check_word("MenuChoice.offer", self.offer)


Observation = Inbound | MessageEdit | MessageDeletion | Reacted | MenuChoice
"""What comes from outside."""


def _check_change(where: str, channel: ChannelId, native: NativeId, author: str) -> None:
    check_place(f"{where}.channel", channel)
    check_word(f"{where}.native", native)
    check_place(f"{where}.author", author)


@value(kw_only=True)
class Delivered:
    """Observation of the worker: the transport took (``code`` is None) or refused a posted message."""

    conversation_id: ConversationId
    message_id: MessageId
    code: Code | None = None
    native: NativeId | None = None


@value(kw_only=True)
class TicketReported:
    """Observation of the worker: a ticket tool took (``code`` is None) or refused a request.

    ``native`` is the tool's own number of the ticket, where the transport tells one.
    """

    conversation_id: ConversationId
    request_id: RequestId
    kind: LinkTarget = LinkTarget.TICKET
    code: Code | None = None
    native: NativeId | None = None
