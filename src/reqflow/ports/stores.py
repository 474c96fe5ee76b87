"""Where a desk is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..core.batch import Batch, Lease, LeaseQueue
    from ..core.events import Entry
    from ..core.facts import Answer, Want
    from ..core.model import Audience, TextId, Workspace
    from ..core.queues import Backlog
    from .archive import Row
    from .schema import Schema
    from .views import Page, View

__all__ = ["JoinedStore", "Store", "Waker"]


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
        lost before count no more, neither as such nor among its attempts.
        """
        ...

    def next_due(self, workspace: Workspace) -> datetime | None:
        """The earliest moment on the agenda, leased or not; None when it is empty."""
        ...

    def requeue(
        self, workspace: Workspace, queue: LeaseQueue, ids: Sequence[str] | None = None
    ) -> Sequence[str]:
        """Let parked items of a queue wait again, or all of it; returns the ids of those that do.

        They begin anew, without attempts or note, in the places of their lanes where they stood; a timer is due at the
        moment that it was. Of effects that collapse, one that a later one has overtaken is cancelled instead.
        """
        ...

    def backlog(self, workspace: Workspace, now: datetime) -> Sequence[Backlog]:
        """How much inbox, outbox and agenda have to do, in this order. Cheap: it is asked every few seconds."""
        ...

    def dump(self, workspace: Workspace) -> Iterator[Row]:
        """All rows of a desk in the order of `Row`, from one moment, a few at a time; none where there is no desk."""
        ...

    def load(self, workspace: Workspace, rows: Iterable[Row]) -> None:
        """Store all the rows of a desk or, whatever goes wrong, nothing of them.

        History is kept as it is given, with its digests. Raises `Conflict` where the workspace is there already.
        """
        ...

    def schema(self) -> Schema:
        """Which version of the schema is there, and which this reqflow works with; nothing is changed.

        Raises `SchemaMismatch` for a newer one, and for what is not ours.
        """
        ...

    def migrate(self) -> int:
        """Bring the schema up to date and say its version; safe to run twice, at once, or after a kill."""
        ...

    def joined(self, connection: Any) -> JoinedStore:
        """The store inside the open transaction of a host's driver connection to the same database.

        Raises `UsageError` for a connection that cannot be joined, or where there is nothing to join.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class JoinedStore(Protocol):
    """A store inside a host's transaction, for one ``with`` block after the other: each for one operation.

    It never commits the transaction, and never rolls it back. The block is a savepoint: an error that leaves it, and a
    commit in it that fails, take back what was done in it and nothing else; the transaction goes on either way. A
    `Conflict` that no second try in this transaction can help is ``final``.
    """

    def __enter__(self) -> JoinedStore:
        """Look at the connection and set the savepoint. Raises `UsageError` where there is no transaction."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the savepoint, or go back to it."""
        ...

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """As `Store.recall`, with what the transaction has written."""
        ...

    def commit(self, batch: Batch) -> None:
        """As `Store.commit`: all of it or nothing, and all of it as long as the transaction stands."""
        ...

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """As `Store.history`."""
        ...

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """As `Store.texts`."""
        ...


class Waker(Protocol):
    """Wakes an idle worker of one workspace. One thread uses it, and `close` may come from another.

    A store that can tell has a method ``waker(workspace)`` that makes one, without I/O; of others workers look again
    after a while. It may always fail to wake: whoever waits looks now and then in any case.
    """

    def wait(self, seconds: float) -> bool:
        """Wait until something was put in a queue, or requeued, since the wait before returned; at most so long.

        True says to look at once: something was put there, or may have been. Raises `StoreUnavailable`.
        """
        ...

    def close(self) -> None:
        """Wait no more, and let go of connections; returns at once."""
        ...
