"""What people look at: boards, inboxes, lists of conversations, the past, documents. Each view is a typed value.

They are put together from the few views that a store answers (`reqflow.ports`), for a principal who sees only what
they may see. Each says what it costs where that is more than its page.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from ..errors import InvalidInput
from .commands.checks import Paged, as_request_states, as_words, member
from .commands.fields import Content
from .model import (
    AgentId,
    Attachment,
    Audience,
    ChannelId,
    Conversation,
    ConversationId,
    CustomerId,
    MessageId,
    ProfileId,
    QueueId,
    Request,
    RequestState,
)
from .model.values import Actor
from .settings import ChannelSettings
from .timers import QuestionKind, questions
from .values import value

__all__ = [
    "Board",
    "Box",
    "Column",
    "Composed",
    "Document",
    "Documents",
    "FromCustomers",
    "Inbox",
    "Past",
    "Search",
    "Shelf",
    "WithField",
    "expires_at",
    "is_unanswered",
]


# --- boards -----------------------------------------------------------------------------------------


def _as_box(given: Box | str) -> Box:
    return member(Box, given)


def _as_shelf(given: Shelf | str) -> Shelf:
    return member(Shelf, given)


def _as_audience(given: Audience | str | None) -> Audience | None:
    return None if given is None else member(Audience, given)


def _as_channels(given: Iterable[ChannelId]) -> tuple[ChannelId, ...]:
    return as_words("Board.channels", given)


@value(kw_only=True)
class Board(Paged):
    """Requests by state, across channels: a column for each state. Items: `Column`. (Thena's Kanban)

    Without ``channels`` it shows all of them. Open requests stand oldest first, closed ones newest first. ``limit`` is
    that of each column; a column goes on by asking for its state alone, with its ``next`` as ``after``. Raises
    `InvalidInput` for an ``after`` with several states.
    """

    states: tuple[RequestState, ...] = attrs.field(default=tuple(RequestState), converter=as_request_states)
    channels: tuple[ChannelId, ...] = attrs.field(default=(), converter=_as_channels)
    assignee: AgentId | None = None
    queue: QueueId | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.after is not None and len(self.states) != 1:
            raise InvalidInput("a column of a Board goes on with states=(its state,) and after=its next")


@value(kw_only=True)
class Column:
    """One column of a board. ``next`` is None when it shows all that there is."""

    state: RequestState
    requests: tuple[Request, ...]
    next: str | None = None


# --- lists of conversations -------------------------------------------------------------------------


class Box(StrEnum):
    """What an agent's inbox is sorted into. (OneDesk's "my conversations", Thena's App Home)

    ``assigned``: what they hold or have a request in. ``followed``: open ones that they follow. ``unanswered``: those
    of both that nobody on our side has answered. ``closed``: closed ones that they follow.
    """

    ASSIGNED = "assigned"
    FOLLOWED = "followed"
    UNANSWERED = "unanswered"
    CLOSED = "closed"


@value(kw_only=True)
class Inbox(Paged):
    """An agent's conversations. Items: `Conversation`; open ones by their most recent activity, closed newest first.

    ``audience`` keeps those with customers apart from internal ones. An open box reads all open conversations: its
    cost grows with them.
    """

    agent: AgentId
    box: Box = attrs.field(default=Box.ASSIGNED, converter=_as_box)
    audience: Audience | None = attrs.field(default=None, converter=_as_audience)


class Shelf(StrEnum):
    """What conversations from customers are sorted into. (OneDesk)"""

    OPEN = "open"
    UNANSWERED = "unanswered"
    CLOSED = "closed"


@value(kw_only=True)
class FromCustomers(Paged):
    """Conversations with customers, quiet ones left out. Items: `Conversation`. (OneDesk's "from customers")

    Open and unanswered ones come by their most recent activity, closed ones newest first. The open ones of all
    channels are read for that: the cost grows with them.
    """

    shelf: Shelf = attrs.field(default=Shelf.OPEN, converter=_as_shelf)
    channel_id: ChannelId | None = None


@value(kw_only=True)
class Past(Paged):
    """Closed conversations of a profile, or of all profiles of a customer, newest first. Items: `Conversation`.

    ``opened_at`` and ``channel_id`` are the timeline that Audite shows. Raises `InvalidInput` unless one of the two is
    given.
    """

    profile_id: ProfileId | None = None
    customer_id: CustomerId | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        _need_one(self, self.profile_id, self.customer_id)


@value(kw_only=True)
class Search(Paged):
    """Closed conversations in which all these words were written, newest first. Items: `Conversation`. (Audite)

    Whole words count, in any case and with or without accents; internal messages are searched too. Only channels with
    the setting ``searchable`` are. Raises `InvalidInput` for words that hold none.
    """

    words: str
    channel_id: ChannelId | None = None


@value(kw_only=True)
class Documents(Paged):
    """What was attached to messages. Items: `Document`; ``limit`` counts messages that have any. (Audite)

    Of one conversation in the order of their messages; of a profile or a customer for all their conversations, the
    newest conversation first. Raises `InvalidInput` unless one of the three is given.
    """

    conversation_id: ConversationId | None = None
    profile_id: ProfileId | None = None
    customer_id: CustomerId | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        _need_one(self, self.conversation_id, self.profile_id, self.customer_id)


@value(kw_only=True)
class Document:
    """Something that came with a message, and where and when."""

    conversation_id: ConversationId
    message_id: MessageId
    author: Actor
    audience: Audience
    sent_at: datetime
    attachment: Attachment


def _need_one(view: Any, *given: object) -> None:
    if sum(each is not None for each in given) != 1:
        names = [field.name for field in attrs.fields(view.__class__) if field.name.endswith("_id")]
        raise InvalidInput(f"{view.__class__.__name__} needs one of {', '.join(names)}")


@value(kw_only=True)
class WithField(Paged):
    """What has a filterable field that holds this: conversations, requests or customers. Items: `FieldEntry`.

    They come in the order in which it was set. Raises, when it is read, `InvalidInput` for a field that is not
    filterable, and `Refused` for one that the desk does not declare and for content that it does not take.
    """

    field: str
    content: Content


Composed = Board | Inbox | FromCustomers | Past | Search | Documents | WithField
"""The views that are put together from those of a store."""


# --- what is told about one conversation ------------------------------------------------------------


_ENDS = frozenset({QuestionKind.EXPIRE, QuestionKind.INACTIVE})


def expires_at(conversation: Conversation, settings: ChannelSettings) -> datetime | None:
    """When the conversation, or the first of its requests, ends by itself if nobody says anything more."""
    ends = [due_at for due_at, kind, _ in questions(conversation, settings) if kind in _ENDS]
    return min(ends, default=None)


def is_unanswered(conversation: Conversation) -> bool:
    """Open, and nothing from our side yet; an automatic answer is one. (OneDesk)"""
    return conversation.is_open and conversation.team_at is None and conversation.greeted_at is None
