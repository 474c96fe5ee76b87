"""`PostgresStore`: the store port over PostgreSQL, for many processes on many machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...core.events import Entry
from ...core.facts import Answer, Want
from ...core.model import Audience, TextId, Workspace
from ...errors import UsageError
from ...ports import Backlog, Batch, JoinedStore, Lease, LeaseQueue, Page, Row, Schema, View, Waker
from ..storable import check_texts

if TYPE_CHECKING:
    from .archive import Archives

__all__ = ["PostgresStore"]


class PostgresStore:
    """Keeps desks in the schema ``reqflow`` of a PostgreSQL database (15 or later).

    Needs the extra ``postgres``. Connects when it is first used, with at most ``pool`` connections, one for
    each thread that is busy with the store; safe to use from several threads. `migrate` makes the schema, and
    nothing else changes it. A recall and a commit are one round trip each. A commit is durable when it
    returns, as far as the server's ``synchronous_commit`` says so.

    ``conninfo`` is a libpq connection string or URI. Statements are prepared and planned with settings of the
    session, so a pooler in between must pool sessions, not transactions.

    A `Hold` on a row that must not exist is checked when the commit looks; a twin that commits at the very
    same time is seen only where the batch itself makes the row (a lane, a conversation, an agent's load).
    """

    def __init__(self, conninfo: str, *, pool: int = 4) -> None:
        try:
            from .commit import Commits
            from .connections import Connections
            from .documents import Documents
            from .joining import Joins
            from .queues import Queues
            from .recall import Recalls
            from .tending import Tending
            from .views import Views
            from .wire import Wire
        except ImportError as problem:
            raise UsageError(
                f"PostgresStore needs psycopg ({problem}): pip install 'reqflow-sdk[postgres]'"
            ) from problem
        if pool < 1:
            raise UsageError(f"pool must be at least 1 connection, not {pool}")
        self._connections = Connections(conninfo, pool)
        self._wire = wire = Wire(self._connections)
        self._documents = documents = Documents()
        self._commits = Commits(wire, documents)
        self._recalls = Recalls(wire, documents)
        self._queues = Queues(wire, documents)
        self._views = Views(wire)
        self._tending = Tending(wire, documents)
        self._joins = Joins(self._connections, self._commits, self._recalls)

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order, from one consistent moment."""
        return self._recalls.recall(workspace, wants)

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing.

        `StoreUnavailable` may leave open whether it was stored; its message says so. The keys in the batch
        make another try harmless.
        """
        if batch.texts:
            check_texts(batch)
        self._commits.commit(batch)

    def query(self, workspace: Workspace, view: View) -> Page:
        """One page of a view."""
        return self._views.query(workspace, view)

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        return self._views.history(workspace, stream, after, limit)

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        return self._views.texts(workspace, ids, audience)

    def lease(
        self,
        workspace: Workspace,
        queue: LeaseQueue,
        *,
        now: datetime,
        until: datetime,
        limit: int,
    ) -> Sequence[Lease]:
        """Claim up to ``limit`` items that are due and free, oldest first."""
        return self._queues.lease(workspace, queue, now, until, limit)

    def extend(self, workspace: Workspace, leases: Sequence[Lease], until: datetime) -> None:
        """Keep the leases longer, or raise `StaleLease`."""
        self._queues.extend(workspace, leases, until)

    def settle(self, workspace: Workspace, leases: Sequence[Lease]) -> None:
        """The items are done; all of them, or `StaleLease` and none."""
        self._commits.settle(workspace, leases)

    def release(
        self,
        workspace: Workspace,
        lease: Lease,
        *,
        ready_at: datetime,
        note: str | None = None,
        park: bool = False,
    ) -> None:
        """Give an item back, to be leased from ``ready_at`` on; or park it for good with a note."""
        self._queues.release(workspace, lease, ready_at, note, park)

    def next_due(self, workspace: Workspace) -> datetime | None:
        """The earliest moment on the agenda, leased or not; None when it is empty."""
        return self._queues.next_due(workspace)

    def requeue(
        self, workspace: Workspace, queue: LeaseQueue, ids: Sequence[str] | None = None
    ) -> Sequence[str]:
        """Let parked items of a queue wait again, or all of it; returns the ids of those that do."""
        return self._tending.requeue(workspace, queue, ids)

    def backlog(self, workspace: Workspace, now: datetime) -> Sequence[Backlog]:
        """How much inbox, outbox and agenda have to do."""
        return self._tending.backlog(workspace, now)

    def waker(self, workspace: Workspace) -> Waker:
        """What wakes an idle worker: it listens on a connection of its own, beside those of the pool."""
        from .waking import PostgresWaker

        return PostgresWaker(self._connections, workspace)

    def dump(self, workspace: Workspace) -> Iterator[Row]:
        """All rows of a desk in the order of `Row`, from one snapshot, over a connection of its own."""
        return self._archives().dump(workspace)

    def load(self, workspace: Workspace, rows: Iterable[Row]) -> None:
        """Store all the rows of a desk or, whatever goes wrong, nothing of them.

        `StoreUnavailable` may leave open whether they were stored; another try will tell.
        """
        self._archives().load(workspace, rows)

    def _archives(self) -> Archives:
        from .archive import Archives  # seldom needed

        return Archives(self._connections, self._wire, self._commits, self._documents)

    def schema(self) -> Schema:
        """Which version of the schema is there, and which is needed. Raises `SchemaMismatch` for a newer one."""
        from .schema import schema_of

        with self._connections.connect() as connection:
            return schema_of(connection)

    def migrate(self, *, partitions: int | None = None) -> int:
        """Bring the schema up to date and say its version; safe to run twice, at once, or after a kill.

        The role must be allowed to create a schema in the database. ``partitions`` (2 to 256) puts every table in so
        many partitions by a hash of the workspace; that is chosen when the schema is made, and stays. Raises
        `UsageError` where it is there in another way.
        """
        from .schema import migrate

        with self._connections.connect() as connection:
            return migrate(connection, partitions)

    def joined(self, connection: Any) -> JoinedStore:
        """The store inside the open transaction of a host's `psycopg.Connection` or `psycopg.AsyncConnection`.

        Statements are prepared on it unless its ``prepare_threshold`` is None.
        """
        return self._joins.join(connection)

    def close(self) -> None:
        """Close the connections. The store is of no use afterwards."""
        self._connections.close()
