"""What reqflow needs from outside, as small protocols: a store, transports, classifiers, a clock.

Every port may be sync, or async with the same names for `AsyncEngine`. What a store commits is a
`reqflow.core.batch.Batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

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
    ThreadKey,
    Timer,
)
from .core.commands import Inbound
from .core.effects import Effect, QueuedEffect
from .core.events import Entry
from .core.facts import Answer, Want
from .core.model import (
    AgentId,
    Audience,
    ChannelId,
    Code,
    ConversationId,
    Detection,
    NativeId,
    QueueId,
    RequestState,
    TextId,
    Workspace,
)
from .core.values import value

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
    "Requests",
    "Store",
    "StoredEffect",
    "Streams",
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
class Requests:
    """Requests by id, that is by the time of their first message. Items: `Request`."""

    states: tuple[RequestState, ...] = ()
    channel_id: ChannelId | None = None
    assignee: AgentId | None = None
    queue: QueueId | None = None
    conversation_id: ConversationId | None = None
    newest_first: bool = False
    after: str | None = None
    limit: int = 100


@value(kw_only=True)
class Conversations:
    """Conversations by id. Items: `Conversation`. ``quiet`` picks those that never had a request, or not."""

    open: bool | None = None
    quiet: bool | None = None
    channel_id: ChannelId | None = None
    newest_first: bool = False
    after: str | None = None
    limit: int = 100


@value(kw_only=True)
class Messages:
    """Messages by id, of one conversation or of all. Items: `Message`."""

    conversation_id: ConversationId | None = None
    after: str | None = None
    limit: int = 100


@value(kw_only=True)
class Effects:
    """The outbox in the order it was queued. Items: `StoredEffect`."""

    conversation_id: ConversationId | None = None
    state: EffectState | None = None
    after: str | None = None
    limit: int = 100


@value(kw_only=True)
class Streams:
    """The names of all history streams, in order. Items: `str`."""

    after: str | None = None
    limit: int = 1000


@value(kw_only=True)
class StoredEffect:
    """An effect in the outbox, and where it stands. ``note`` says why it was parked."""

    queued: QueuedEffect
    state: EffectState
    attempts: int
    note: str | None = None


View = Requests | Conversations | Messages | Effects | Streams


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

        Without a note it was not tried: this lease then does not count among its attempts.
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


class ReceiptKind(StrEnum):
    """How a delivery went."""

    DELIVERED = "delivered"
    RETRY = "retry"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@value(kw_only=True)
class Receipt:
    """What a transport says of a delivery: ``native`` is its own id of what it posted.

    ``retry_after`` (seconds) goes with ``retry``; ``code`` says why something failed.
    """

    kind: ReceiptKind
    native: NativeId | None = None
    retry_after: float | None = None
    code: Code | None = None


class Transport(Protocol):
    """Delivers effects. ``scheme`` is the part of channel ids before the colon."""

    scheme: str

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Deliver one effect; ``key`` stays the same over retries. Texts come resolved."""
        ...
