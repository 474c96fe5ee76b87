"""`MemoryStore`: the store port over plain dictionaries, behind one lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Condition, Lock
from typing import Any

from ...core.events import Entry
from ...core.facts import Answer, Want
from ...core.model import Audience, TextId, Workspace
from ...errors import UsageError
from ...ports import Backlog, Batch, JoinedStore, Lease, LeaseQueue, Page, Row, Schema, View, Waker
from ..storable import check_texts
from .queues import Waiting
from .reading import ANSWERS, view_page
from .space import Space
from .waking import MemoryWaker, Nap
from .writing import apply, check, check_leases

__all__ = ["MemoryStore"]

VERSION = 1


class MemoryStore:
    """Keeps a desk in this process's memory. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spaces: dict[Workspace, Space] = {}
        self._nothing = Space()  # read in place of workspaces that nobody has written
        self._fence = 0
        self._nap = Nap(Condition(self._lock))

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order, from one consistent moment."""
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            return tuple([ANSWERS[want.__class__](space, want) for want in wants])

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing."""
        if batch.texts:
            check_texts(batch)
        with self._lock:
            space = self._spaces.get(batch.workspace)
            if space is None:
                space = Space()
                check(space, batch)
                self._spaces[batch.workspace] = space
            else:
                check(space, batch)
            apply(space, batch)
            if batch.effects or batch.armed or batch.inbox:
                self._stir(space)

    def query(self, workspace: Workspace, view: View) -> Page:
        """One page of a view."""
        with self._lock:
            return view_page(self._spaces.get(workspace, self._nothing), view)

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        with self._lock:
            entries = self._spaces.get(workspace, self._nothing).streams.get(stream, [])
            first = max(after - entries[0].seq + 1, 0) if entries else 0  # what was purged is not counted
            return tuple(entries[first : None if limit is None else first + limit])

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        with self._lock:
            texts = self._spaces.get(workspace, self._nothing).texts
            found = [texts[id] for id in ids if id in texts]
        return {
            text.ref.id: text.body
            for text in found
            if audience is Audience.INTERNAL or text.ref.audience is Audience.CUSTOMER
        }

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
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            self._fence += 1
            return space.queues[queue].claim(now, until, limit, self._fence)

    def extend(self, workspace: Workspace, leases: Sequence[Lease], until: datetime) -> None:
        """Keep the leases longer, or raise `StaleLease`."""
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            for task in check_leases(space, leases):
                task.lease_until = until

    def settle(self, workspace: Workspace, leases: Sequence[Lease]) -> None:
        """The items are done; all of them, or `StaleLease` and none."""
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            check_leases(space, leases)
            for lease in leases:
                space.queues[lease.queue].finish(lease)

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
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            (task,) = check_leases(space, (lease,))
            if note is not None:
                task.note = note
            if park:
                space.queues[lease.queue].park(lease)
            else:
                task.count(tried=note is not None)
                space.queues[lease.queue].free(lease, ready_at)
                if isinstance(task, Waiting) and not task.attempts:
                    space.drop_overtaken(task)

    def next_due(self, workspace: Workspace) -> datetime | None:
        """The earliest moment on the agenda, leased or not; None when it is empty."""
        with self._lock:
            return self._spaces.get(workspace, self._nothing).agenda.next_due()

    def requeue(
        self, workspace: Workspace, queue: LeaseQueue, ids: Sequence[str] | None = None
    ) -> Sequence[str]:
        """Let parked items of a queue wait again, or all of it; returns the ids of those that do."""
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            found = space.requeue(queue, ids)
            if found:
                self._stir(space)
            return found

    def backlog(self, workspace: Workspace, now: datetime) -> Sequence[Backlog]:
        """How much inbox, outbox and agenda have to do."""
        with self._lock:
            space = self._spaces.get(workspace, self._nothing)
            return [queue.backlog(now) for queue in (space.inbox, space.outbox, space.agenda)]

    def waker(self, workspace: Workspace) -> Waker:
        """What wakes an idle worker of this process."""
        return MemoryWaker(self._nap, lambda: self._spaces.get(workspace, self._nothing).stirred)

    def _stir(self, space: Space) -> None:
        space.stirred += 1
        self._nap.end()

    def dump(self, workspace: Workspace) -> Iterator[Row]:
        """All rows of a desk in the order of `Row`, from one moment."""
        from .archive import rows_of  # seldom needed

        with self._lock:
            return rows_of(self._spaces.get(workspace, self._nothing))

    def load(self, workspace: Workspace, rows: Iterable[Row]) -> None:
        """Store all the rows of a desk or, whatever goes wrong, nothing of them."""
        from ..parcels import there_already
        from .archive import space_of

        if workspace in self._spaces:
            raise there_already(workspace)
        space = space_of(workspace, rows)
        with self._lock:
            if self._spaces.setdefault(workspace, space) is not space:
                raise there_already(workspace)
            self._stir(space)

    def schema(self) -> Schema:
        """There is nothing to be brought up to date."""
        return Schema(VERSION, VERSION)

    def migrate(self) -> int:
        """There is no schema to change."""
        return VERSION

    def joined(self, connection: Any) -> JoinedStore:
        """There is nothing to join: raises `UsageError`."""
        raise UsageError(
            "MemoryStore keeps nothing in a database, so there is no transaction of yours that it could join:"
            " use SQLiteStore or PostgresStore"
        )

    def close(self) -> None:
        """There is nothing to let go of."""
