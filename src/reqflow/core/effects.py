"""What is to be done outside after the commit. A transport delivers it; a `Receipt` says how it went.

Effects hold ids and `TextRef`s, never texts: the worker resolves those with the effect's eyes, which is also the
guard that keeps internal text from customers.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from .ids import body_of
from .model import (
    AgentId,
    Attachment,
    Audience,
    ChannelId,
    Code,
    ConversationId,
    FieldValue,
    LinkTarget,
    MessageId,
    NativeId,
    Pointer,
    ProfileId,
    QueueId,
    RequestId,
    RequestState,
    Resolution,
    TeamId,
    TextId,
    TextRef,
)
from .values import value

__all__ = [
    "EFFECTS",
    "AnnounceRequest",
    "Effect",
    "HostEffect",
    "MailAgent",
    "MailCustomer",
    "NotifyAgent",
    "NotifyAgentOfMany",
    "NotifyTeam",
    "OfferActions",
    "OpenTicket",
    "PageEngineers",
    "PostMessage",
    "QueuedEffect",
    "React",
]


@value
class Effect:
    """Root of all effects, for type annotations; never made by itself."""

    tag: ClassVar[str]

    def eyes(self) -> Audience:
        """Whose eyes its texts are read with: what a customer may get is never read with a colleague's."""
        return Audience.CUSTOMER

    def shown(self) -> tuple[TextId, ...]:
        """The texts that it shows, which its transport gets as far as its eyes may read them."""
        return ()

    def address(self) -> TextRef | None:
        """The address that it goes to, where the transport cannot know it from the ids."""
        return None


# --- for customers ----------------------------------------------------------------------------------


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
        return _ids((self.text, *named), None)

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


@value(kw_only=True)
class MailCustomer(Effect):
    """Send a customer, by mail, what they have not seen where it was said. (OneDesk)

    ``messages`` are what it shows, oldest first, ``texts`` their texts. It leaves through the mail channel
    ``channel_id`` to the address ``to``; an answer to it comes in there and finds its conversation by the native id
    that the receipt names. ``answers`` is that of the mail which went to them before in this conversation.
    """

    tag: ClassVar[str] = "customer.mail"
    channel_id: ChannelId
    conversation_id: ConversationId
    profile_id: ProfileId
    to: TextRef
    messages: tuple[MessageId, ...]
    texts: tuple[TextRef, ...]
    subject: TextRef | None = None
    answers: NativeId | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What was said, and what the conversation is called."""
        return _ids(self.texts, self.subject)

    def address(self) -> TextRef | None:
        """The customer's."""
        return self.to


# --- for colleagues ---------------------------------------------------------------------------------


@value
class _Internal(Effect):
    """Root of the effects that only colleagues get to see."""

    def eyes(self) -> Audience:
        """A colleague's."""
        return Audience.INTERNAL


@value(kw_only=True)
class NotifyAgent(_Internal):
    """Tell one agent something: ``code`` is one of those in `reqflow.core.notices.TABLE`, or a host's own.

    ``message_id`` and ``text`` are the message that it is about, ``record_id`` the draft or the like. ``to`` is the
    agent's address where they want to be told by a transport of their choice.
    """

    tag: ClassVar[str] = "agent.notify"
    agent: AgentId
    conversation_id: ConversationId
    request_id: RequestId | None = None
    code: Code
    message_id: MessageId | None = None
    record_id: Code | None = None
    text: TextRef | None = None
    to: TextRef | None = None

    def shown(self) -> tuple[TextId, ...]:
        """The message, if it is about one."""
        return _ids((), self.text)

    def address(self) -> TextRef | None:
        """The agent's, where they chose a transport."""
        return self.to


@value(kw_only=True)
class NotifyAgentOfMany(_Internal):
    """Several notices to one agent that leave as one, oldest first. Only the worker makes it: none is ever queued."""

    tag: ClassVar[str] = "agent.notify_of_many"
    agent: AgentId
    notices: tuple[NotifyAgent, ...]
    to: TextRef | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What all of them show."""
        return tuple(text for notice in self.notices for text in notice.shown())

    def address(self) -> TextRef | None:
        """The agent's, where they chose a transport."""
        return self.to


@value(kw_only=True)
class NotifyTeam(_Internal):
    """Tell whoever of a team is there: a bubble, a sound, a message to all of them. (OneDesk)"""

    tag: ClassVar[str] = "team.notify"
    team: TeamId
    conversation_id: ConversationId
    request_id: RequestId | None = None
    code: Code
    queue: QueueId | None = None


@value(kw_only=True)
class AnnounceRequest(_Internal):
    """Show a request in the team's triage room: one card that is kept up to date, and what just happened. (Thena)

    ``code`` is what happened, the rest how things stand now. ``room`` is that of the specialists of its theme, where it
    is their card; None in the triage room. ``shown`` resolves to the opener's text. ``card`` is the
    transport's own id of the card, once it has named one: then that is to be changed and no other posted. The worker
    looks it up when it delivers the effect.
    """

    tag: ClassVar[str] = "request.announce"
    channel_id: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    opener: MessageId
    code: Code
    state: RequestState
    assignee: AgentId | None = None
    queue: QueueId | None = None
    resolution: Resolution | None = None
    card: NativeId | None = None
    room: Code | None = None

    def shown(self) -> tuple[TextId, ...]:
        """The words of the message that opened it."""
        return (body_of(self.opener),)


@value(kw_only=True)
class OfferActions(_Internal):
    """Show the actions of a request, in its thread, to one agent and nobody else (Slack: ephemeral). (Thena)

    It goes to the colleague whose answer got them the request.
    """

    tag: ClassVar[str] = "actions.offer"
    agent: AgentId
    channel_id: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    answers: NativeId | None = None


@value(kw_only=True)
class MailAgent(_Internal):
    """Send an agent, by mail, what they have not seen where it was said. (OneDesk)

    As `MailCustomer`; ``audience`` is that of the messages, and of whatever the agent answers.
    """

    tag: ClassVar[str] = "agent.mail"
    channel_id: ChannelId
    conversation_id: ConversationId
    agent: AgentId
    to: TextRef
    audience: Audience
    messages: tuple[MessageId, ...]
    texts: tuple[TextRef, ...]
    subject: TextRef | None = None
    answers: NativeId | None = None

    def shown(self) -> tuple[TextId, ...]:
        """What was said, and what the conversation is called."""
        return _ids(self.texts, self.subject)

    def address(self) -> TextRef | None:
        """The agent's."""
        return self.to


@value(kw_only=True)
class OpenTicket(_Internal):
    """Send a request to the e-mail-based ticket tool at ``tool``. (Thena)

    ``texts`` are what opened the request and what the agent says of it. The tool's number of the ticket, as the receipt
    names it, becomes a link of the conversation. Of ``kind`` ``issue`` it is a bug for a tracker. (Slack)
    """

    tag: ClassVar[str] = "ticket.open"
    kind: LinkTarget = LinkTarget.TICKET
    tool: ChannelId
    conversation_id: ConversationId
    request_id: RequestId
    texts: tuple[TextRef, ...] = ()

    def shown(self) -> tuple[TextId, ...]:
        """What opened it, and what the agent says."""
        return _ids(self.texts, None)


@value(kw_only=True)
class PageEngineers(_Internal):
    """Call engineering to a request of a severity that cannot wait. (Slack) It shows the opener's words."""

    tag: ClassVar[str] = "engineers.page"
    destination: Code
    conversation_id: ConversationId
    request_id: RequestId
    opener: MessageId
    severity: Code

    def shown(self) -> tuple[TextId, ...]:
        """The words of the message that opened it."""
        return (body_of(self.opener),)


# --- for whatever a host has ------------------------------------------------------------------------


@value(kw_only=True)
class HostEffect(_Internal):
    """Something of the host's own, for the transport that declares its ``kind``; ``data`` is what the host gave."""

    tag: ClassVar[str] = "host.effect"
    kind: Code
    destination: Code
    conversation_id: ConversationId
    request_id: RequestId | None = None
    data: tuple[FieldValue, ...] = ()

    def shown(self) -> tuple[TextId, ...]:
        """The texts among the data."""
        return tuple([each.text.id for each in self.data if each.text is not None])


def _ids(texts: tuple[TextRef, ...], another: TextRef | None) -> tuple[TextId, ...]:
    ids = tuple([text.id for text in texts])
    return ids if another is None else (*ids, another.id)


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


EFFECTS: tuple[type[Effect], ...] = (
    PostMessage,
    React,
    MailCustomer,
    NotifyAgent,
    NotifyAgentOfMany,
    NotifyTeam,
    AnnounceRequest,
    OfferActions,
    MailAgent,
    OpenTicket,
    PageEngineers,
    HostEffect,
)
