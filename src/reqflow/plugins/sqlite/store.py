"""`SQLiteStore`: the store port over one SQLite file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime

from ...core.events import Entry
from ...core.facts import Answer, Want
from ...core.model import Audience, TextId, Workspace
from ...ports import Batch, Lease, LeaseQueue, Page, View
from ..storable import check_texts
from .database import Database
from .queues import claim, extend, finish, release
from .reading import ANSWERS
from .rows import as_entry, as_moment, micros
from .views import read_page
from .writing import write

__all__ = ["SQLiteStore"]

HISTORY = (
    "SELECT seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events FROM history"
    " WHERE workspace=? AND stream=? AND seq>? ORDER BY seq LIMIT ?"
)
_TEXTS = "SELECT id, body FROM text WHERE workspace=? AND id IN (SELECT value FROM json_each(?))"
TEXTS = {Audience.INTERNAL: _TEXTS, Audience.CUSTOMER: f"{_TEXTS} AND audience='customer'"}
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
        with self._database.glancing as execute:
            return read_page(execute, workspace, view)

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        with self._database.glancing as execute:
            key = (workspace, stream, after, -1 if limit is None else limit)
            rows = execute(HISTORY, key).fetchall()
        return tuple(as_entry(stream, row) for row in rows)

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        with self._database.glancing as execute:
            return dict(execute(TEXTS[audience], (workspace, json.dumps(ids))).fetchall())

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

    def migrate(self) -> int:
        """Make the file or bring its schema up to date, and say its version."""
        return self._database.migrate()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
