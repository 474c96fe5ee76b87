"""`SQLiteStore`: the store port over one SQLite file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..storable import check_texts
from .database import Database
from .queues import claim, extend, finish, release
from .reading import ANSWERS, read_history, read_texts
from .rows import as_moment, micros
from .writing import write

if TYPE_CHECKING:
    from ...core.events import Entry
    from ...core.facts import Answer, Want
    from ...core.model import Audience, TextId, Workspace
    from ...ports import Backlog, Batch, JoinedStore, Lease, LeaseQueue, Page, Row, Schema, View

__all__ = ["SQLiteStore"]

NEXT_DUE = "SELECT min(due_at) FROM agenda WHERE workspace=? AND parked=0"


class SQLiteStore:
    """Keeps desks in one SQLite file. Several threads may share a store, several processes a file.

    A file that does not exist, or whose schema is older, is made or brought up to date by `migrate`, or at
    once with ``create=True``; until then every other method raises `SchemaMismatch`. Made files are
    readable for their owner only. ``path`` may be ``:memory:``.

    ``synchronous`` is ``"FULL"``: a commit is on the disk when it returns. ``"NORMAL"`` is faster, and a
    power loss may take the last commits (never half of one). ``timeout`` (seconds) is how long a commit
    waits for another process before it raises `StoreUnavailable`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = False,
        synchronous: str = "FULL",
        timeout: float = 5.0,
    ) -> None:
        self.path = os.fspath(path)
        self._database = Database(self.path, synchronous=synchronous, timeout=timeout)
        if create:
            self._database.migrate()

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order, from one consistent moment."""
        with self._database.reading as execute:
            return tuple([ANSWERS[want.__class__](execute, workspace, want) for want in wants])

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing."""
        if batch.texts:
            check_texts(batch)
        with self._database.writing as execute:
            write(execute, batch)

    def query(self, workspace: Workspace, view: View) -> Page:
        """One page of a view."""
        from .views import read_page  # for people, and now and then

        with self._database.glancing as execute:
            return read_page(execute, workspace, view)

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        with self._database.glancing as execute:
            return read_history(execute, workspace, stream, after, limit)

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        with self._database.glancing as execute:
            return read_texts(execute, workspace, ids, audience)

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
        with self._database.writing as execute:
            return claim(execute, workspace, queue, micros(now), micros(until), limit)

    def extend(self, workspace: Workspace, leases: Sequence[Lease], until: datetime) -> None:
        """Keep the leases longer, or raise `StaleLease`."""
        with self._database.writing as execute:
            for lease in leases:
                extend(execute, workspace, lease, until)

    def settle(self, workspace: Workspace, leases: Sequence[Lease]) -> None:
        """The items are done; all of them, or `StaleLease` and none."""
        with self._database.writing as execute:
            for lease in leases:
                finish(execute, workspace, lease)

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
        with self._database.writing as execute:
            release(execute, workspace, lease, ready_at, note, park)

    def next_due(self, workspace: Workspace) -> datetime | None:
        """The earliest moment on the agenda, leased or not; None when it is empty."""
        with self._database.glancing as execute:
            ((due_at,),) = execute(NEXT_DUE, (workspace,)).fetchall()
        return None if due_at is None else as_moment(due_at)

    def requeue(
        self, workspace: Workspace, queue: LeaseQueue, ids: Sequence[str] | None = None
    ) -> Sequence[str]:
        """Let parked items of a queue wait again, or all of it; returns the ids of those that do."""
        from .tending import requeue  # for operators

        with self._database.writing as execute:
            return requeue(execute, workspace, queue, ids)

    def backlog(self, workspace: Workspace, now: datetime) -> Sequence[Backlog]:
        """How much inbox, outbox and agenda have to do."""
        from .tending import backlogs  # for operators

        with self._database.reading as execute:
            return backlogs(execute, workspace, now)

    def dump(self, workspace: Workspace) -> Iterator[Row]:
        """All rows of a desk in the order of `Row`, from one moment, a few at a time.

        A file is read through a connection of its own: nobody waits for it, though the log of the file grows meanwhile.
        """
        from .archive import read_rows  # seldom needed

        with self._database.snapshot() as connection:
            yield from read_rows(connection, workspace)

    def load(self, workspace: Workspace, rows: Iterable[Row]) -> None:
        """Store all the rows of a desk or, whatever goes wrong, nothing of them; other writers wait for it."""
        from .archive import write_rows

        with self._database.writing as execute:
            write_rows(execute, workspace, rows)

    def schema(self) -> Schema:
        """Which version of the schema the file has, and which is needed. Raises `SchemaMismatch` for a newer one."""
        return self._database.schema()

    def migrate(self) -> int:
        """Make the file or bring its schema up to date, and say its version."""
        return self._database.migrate()

    def compact(self) -> None:
        """Write the file anew without what was deleted, and empty its log: only then is what was erased gone from both.

        It takes as long as copying the file, and room for that. Raises `StoreUnavailable` while others read or write.
        """
        self._database.compact()

    def joined(self, connection: sqlite3.Connection) -> JoinedStore:
        """The store inside the open transaction of a host's connection to the same file.

        How durable its commit is, and how long it waits for other writers, is up to that connection.
        """
        from .joining import JoinedSQLite  # seldom needed

        return JoinedSQLite(self._database, connection)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
