"""What reqflow needs from outside, as small protocols: a store, transports, classifiers, a clock.

Every port may be sync, or async with the same names for `AsyncEngine`. What a store commits is a
`reqflow.core.batch.Batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import attrs

from .core.asking.suggesting import Suggestion
from .core.batch import (
    Absorbed,
    Adopted,
    Batch,
    Hold,
    HoldKind,
    InboxItem,
    Lease,
    LeaseQueue,
    LoadChange,
    RecordPut,
    ThreadKey,
    Timer,
)
from .core.commands import Inbound
from .core.commands.checks import Paged, as_conversation_states, as_request_states, member
from .core.effects import Effect, QueuedEffect
from .core.events import Entry
from .core.facts import Answer, Want
from .core.model import (
    AgentId,
    Audience,
    ChannelId,
    Code,
    ConversationId,
    ConversationState,
    Detection,
    NativeId,
    ProfileId,
    QueueId,
    RequestState,
    TextId,
    Workspace,
)
from .core.settings import Theme
from .core.values import value
from .errors import InvalidInput

__all__ = [
    "Absorbed",
    "Adopted",
    "Batch",
    "Classifier",
    "Clock",
    "Conversations",
    "EffectState",
    "Effects",
    "Hold",
    "HoldKind",
    "InboxItem",
    "Lease",
    "LeaseQueue",
    "LoadChange",
    "Messages",
    "Page",
    "Receipt",
    "ReceiptKind",
    "RecordPut",
    "Records",
    "Requests",
    "Store",
    "StoredEffect",
    "Streams",
    "Suggester",
    "Suggestion",
    "ThreadKey",
    "Timer",
    "Transport",
    "View",
]


# --- reading for people -----------------------------------------------------------------------------


class EffectState(StrEnum):
    """Where an effect stands."""

    READY = "ready"
    DONE = "done"
    MUTED = "muted"
    CANCELLED = "cancelled"
    PARKED = "parked"


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


@value(kw_only=True)
class Records(Paged):
    """Records of one kind: all by id, or those with the key ``name`` and ``content`` by its rank. Items: `Record`."""

    kind: Code
    name: str | None = None
    content: str = ""
    newest_first: bool = False


@value(kw_only=True)
class Streams(Paged):
    """The names of all history streams, in order. Items: `str`."""

    limit: int = 1000


@value(kw_only=True)
class StoredEffect:
    """An effect in the outbox, and where it stands. ``note`` says why it was parked."""

    queued: QueuedEffect
    state: EffectState
    attempts: int
    note: str | None = None


View = Requests | Conversations | Messages | Records | Effects | Streams


@value(kw_only=True)
class Page:
    """A page of a view. ``next`` is the ``after`` of the following one, None on the last."""

    items: tuple[Any, ...]
    next: str | None = None


# --- ports ------------------------------------------------------------------------------------------


@runtime_checkable
class Store(Protocol):
    """Keeps a desk: current state, history, texts and the three queues. See `reqflow.testing.StoreContract`.

    Every method raises only `StoreError`s for what goes wrong in storage. All moments are aware, in UTC.
    """

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order, from one consistent moment."""
        ...

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing.

        Raises `Conflict` for a failed guard, `Duplicate` for a known key, `StaleLease` for a lost lease.
        """
        ...

    def query(self, workspace: Workspace, view: View) -> Page:
        """One page of a view."""
        ...

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        ...

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read: for customers only customer texts, for internal all."""
        ...

    def lease(
        self,
        workspace: Workspace,
        queue: LeaseQueue,
        *,
        now: datetime,
        until: datetime,
        limit: int,
    ) -> Sequence[Lease]:
        """Claim up to ``limit`` items that are due and free, oldest first.

        Of items with one lane (inbox) or destination (outbox) only the first unfinished ones are given, in
        order and never to two owners at once.
        """
        ...

    def extend(self, workspace: Workspace, leases: Sequence[Lease], until: datetime) -> None:
        """Keep the leases longer. Raises `StaleLease` when one was lost."""
        ...

    def settle(self, workspace: Workspace, leases: Sequence[Lease]) -> None:
        """The items are done. Raises `StaleLease` when a lease was lost; then none is settled."""
        ...

    def release(
        self,
        workspace: Workspace,
        lease: Lease,
        *,
        ready_at: datetime,
        note: str | None = None,
        park: bool = False,
    ) -> None:
        """Give an item back, to be leased from ``ready_at`` on; or park it for good with a note.

        Without a note it was not tried: this lease then does not count among its attempts. With one, leases that were
        lost before no longer count as such.
        """
        ...

    def next_due(self, workspace: Workspace) -> datetime | None:
        """The earliest moment on the agenda, leased or not; None when it is empty."""
        ...

    def migrate(self) -> int:
        """Bring the schema up to date and say its version; safe to run twice, at once, or after a kill."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Now."""
        ...


class Classifier(Protocol):
    """Says whether a message is a request. May do I/O; it is asked outside of any transaction."""

    name: str

    def classify(self, inbound: Inbound) -> Detection:
        """Judge one message. An exception counts as ``unknown``, with its name as the reason."""
        ...


class Suggester(Protocol):
    """Knows what may answer a question already: a help centre, a wiki. (Slack) May do I/O, outside any transaction."""

    name: str

    def suggest(self, text: str, theme: Theme) -> Sequence[Suggestion]:
        """What may help, the best first. One that raises, or takes too long, suggests nothing."""
        ...


class ReceiptKind(StrEnum):
    """How a delivery went."""

    DELIVERED = "delivered"
    RETRY = "retry"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@value(kw_only=True)
class Receipt:
    """What a transport says of a delivery: ``native`` is its own id of what it posted.

    ``retry_after`` (seconds) goes with ``retry``, and is kept to the first few times; ``code`` says why something
    failed. What goes wrong five times is parked with that code, and what is put off fifty times, after some hours.
    """

    kind: ReceiptKind
    native: NativeId | None = None
    retry_after: float | None = None
    code: Code | None = None


class Transport(Protocol):
    """Delivers effects. ``scheme`` is the part of channel ids before the colon.

    One that delivers a host's own effects (`reqflow.vocabulary.HostEffect`) names their kinds in an attribute
    ``kinds``, a collection of words such as ``acme.webhook``.
    """

    scheme: str

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Deliver one effect; ``key`` stays the same over retries. Texts come resolved."""
        ...
