"""Plain views of what a store holds, a page at a time."""

from __future__ import annotations

from typing import Any

import attrs

from ..core.batch import LeaseQueue
from ..core.commands.checks import Paged, as_conversation_states, as_request_states, member
from ..core.model import (
    AgentId,
    ChannelId,
    Code,
    ConversationId,
    ConversationState,
    ProfileId,
    QueueId,
    RequestState,
)
from ..core.values import value
from ..errors import InvalidInput
from .outbox import EffectState

__all__ = [
    "Conversations",
    "Effects",
    "Entries",
    "Messages",
    "Page",
    "Parked",
    "Records",
    "Requests",
    "Streams",
    "Texts",
    "View",
]


@value(kw_only=True)
class Requests(Paged):
    """Requests by id, that is by the time of their first message. Items: `Request`.

    An index answers: those of one conversation; open ones of an assignee, or all of them (a ``queue`` or ``channel_id``
    is looked for among them); closed ones of a channel or of an assignee. Without ``states`` all are gone through.
    """

    states: tuple[RequestState, ...] = attrs.field(default=(), converter=as_request_states)
    channel_id: ChannelId | None = None
    assignee: AgentId | None = None
    queue: QueueId | None = None
    conversation_id: ConversationId | None = None
    newest_first: bool = False


@value(kw_only=True)
class Conversations(Paged):
    """Conversations by id, that is by the time of their first message. Items: `Conversation`.

    ``quiet`` picks those with nothing but talk in them, or the others; what was closed as no request counts as talk.
    ``states`` and ``holder`` tell open ones apart.

    An index answers: open ones (whatever else is given is looked for among them); closed ones of a channel or of a
    requester. Without ``open``, ``states`` and ``holder`` all are gone through.
    """

    open: bool | None = None
    states: tuple[ConversationState, ...] = attrs.field(default=(), converter=as_conversation_states)
    quiet: bool | None = None
    channel_id: ChannelId | None = None
    requester: ProfileId | None = None
    holder: AgentId | None = None
    newest_first: bool = False

    @property
    def wants_open(self) -> bool | None:
        """What the filters together say about being open: only open ones have holders. For a store to go by."""
        if self.open is None and (self.holder is not None or self.states):
            closed = ConversationState.CLOSED
            if self.holder is not None or closed not in self.states:
                return True
            return False if self.states == (closed,) else None
        return self.open


@value(kw_only=True)
class Messages(Paged):
    """Messages by id, of one conversation or of all. Items: `Message`."""

    conversation_id: ConversationId | None = None


def _as_effect_state(given: EffectState | str | None) -> EffectState | None:
    return None if given is None else member(EffectState, given)


@value(kw_only=True)
class Effects(Paged):
    """The outbox in the order it was queued. Items: `StoredEffect`."""

    conversation_id: ConversationId | None = None
    state: EffectState | None = attrs.field(default=None, converter=_as_effect_state)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.after is not None and not self.after.isdecimal():
            raise InvalidInput(f"Effects.after must be the next of a page, not {self.after!r:.80}")


def _as_queue(given: LeaseQueue | str) -> LeaseQueue:
    return member(LeaseQueue, given)


@value(kw_only=True)
class Parked(Paged):
    """What was put aside of one queue, in the order it waited; timers by their key. Items: `ParkedItem`."""

    queue: LeaseQueue = attrs.field(converter=_as_queue)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.after is not None and self.queue is not LeaseQueue.AGENDA and not self.after.isdecimal():
            raise InvalidInput(f"Parked.after must be the next of a page, not {self.after!r:.80}")


@value(kw_only=True)
class Records(Paged):
    """Records of one kind: all by id, or those with the key ``name`` and ``content`` by its rank. Items: `Record`."""

    kind: Code
    name: str | None = None
    content: str = ""
    newest_first: bool = False


@value(kw_only=True)
class Texts(Paged):
    """Ids of the texts that belong to one of these owners and say something, in order. Items: `TextId`.

    No index answers: all texts are gone through.
    """

    owners: tuple[Code, ...]


@value(kw_only=True)
class Streams(Paged):
    """The names of all history streams, in order. Items: `str`."""

    limit: int = 1000


@value(kw_only=True)
class Entries(Paged):
    """The entries of one history stream by number, as they are stored, with their digests. Items: `StoredEntry`."""

    stream: Code
    newest_first: bool = False

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.after is not None and not self.after.isdecimal():
            raise InvalidInput(f"Entries.after must be the next of a page, not {self.after!r:.80}")


View = Requests | Conversations | Messages | Records | Effects | Streams | Entries | Texts | Parked


@value(kw_only=True)
class Page:
    """A page of a view. ``next`` is the ``after`` of the following one, None on the last."""

    items: tuple[Any, ...]
    next: str | None = None
