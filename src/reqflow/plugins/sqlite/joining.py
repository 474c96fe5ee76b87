"""The store inside a host's transaction: on the host's connection to the same file, behind a savepoint."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ...core.events import Entry
from ...core.facts import Answer, Want
from ...core.model import Audience, TextId, Workspace
from ...errors import Conflict, StoreUnavailable, UsageError
from ...ports import Batch
from ..storable import check_texts, not_joinable
from .database import Database, Execute
from .failures import translated
from .reading import ANSWERS, read_history, read_texts
from .writing import write

__all__ = ["JoinedSQLite"]

LOCK = "UPDATE desk SET revision=revision WHERE 0"
"""Changes nothing, and makes the transaction one that writes."""
LEGACY = -1  # sqlite3.LEGACY_TRANSACTION_CONTROL, which Python 3.11 does not name


class JoinedSQLite:
    """Reads and writes in a transaction that somebody else has begun.

    The lock for writing is taken before anything is read. So nobody changes what is read before it is written, and a
    transaction that has looked at the file before somebody else wrote is told so at once: it could never write.
    """

    def __init__(self, database: Database, connection: sqlite3.Connection) -> None:
        if not isinstance(connection, sqlite3.Connection):
            raise not_joinable("sqlite3.Connection", connection)
        self._database = database
        self._connection = connection
        self._execute: Execute | None = None
        self._ways: tuple[Any, Any] = (None, None)

    def __enter__(self) -> JoinedSQLite:
        """Set the savepoint and take the lock. Raises `UsageError` where there is no transaction."""
        connection = self._connection
        with self._telling():
            self._ways = (connection.row_factory, connection.text_factory)
            connection.row_factory, connection.text_factory = None, str
            try:
                self._look()
                self._begin()
            except BaseException:
                connection.row_factory, connection.text_factory = self._ways
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the savepoint, or go back to it."""
        connection, self._execute = self._connection, None
        connection.row_factory, connection.text_factory = self._ways
        with self._telling():
            if problem is not None:
                self._undo()
            connection.execute("RELEASE SAVEPOINT reqflow")

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order."""
        with self._telling() as execute:
            return tuple([ANSWERS[want.__class__](execute, workspace, want) for want in wants])

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing, until the host commits or rolls back."""
        if batch.texts:
            check_texts(batch)
        with self._telling() as execute:
            try:
                write(execute, batch)
            except BaseException:
                self._undo()
                raise

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        with self._telling() as execute:
            return read_history(execute, workspace, stream, after, limit)

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        with self._telling() as execute:
            return read_texts(execute, workspace, ids, audience)

    def _look(self) -> None:
        """Whether the connection is what it should be; begins a transaction where the driver would, to write."""
        connection = self._connection
        try:
            connection.cursor()
        except sqlite3.ProgrammingError as problem:  # closed, or another thread's
            raise UsageError(f"this connection cannot be used here: {problem}") from None
        ((_, _, file), *_) = connection.execute("PRAGMA database_list").fetchall()
        path = self._database.path
        if not file or not os.path.exists(path) or not os.path.samefile(file, path):
            raise UsageError(f"this connection is one to {file or 'a database in memory'}, not to {path}")
        if connection.in_transaction:
            return
        legacy = getattr(connection, "autocommit", LEGACY) == LEGACY
        if not legacy or connection.isolation_level is None:
            raise UsageError("this connection is in no transaction: execute BEGIN IMMEDIATE on it before")
        connection.execute("BEGIN IMMEDIATE")

    def _begin(self) -> None:
        connection = self._connection
        connection.execute("SAVEPOINT reqflow")
        try:
            self._database.check(connection)
            connection.execute(LOCK)
        except BaseException:
            self._undo()
            connection.execute("RELEASE SAVEPOINT reqflow")
            raise
        self._execute = connection.cursor().execute

    def _undo(self) -> None:
        """Go back to the savepoint, if SQLite has not rolled back the transaction by itself."""
        if not self._connection.in_transaction:
            raise StoreUnavailable(
                f"{self._database.path}: SQLite could not go on, and has rolled back your whole transaction"
            )
        self._connection.execute("ROLLBACK TO SAVEPOINT reqflow")

    @contextmanager
    def _telling(self) -> Iterator[Execute]:
        """Only errors of ours get out."""
        try:
            yield self._execute or self._connection.execute
        except Exception as problem:
            if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY_SNAPSHOT:
                raise Conflict(
                    detail="this transaction has read the file before another one wrote it, and can write no more:"
                    " roll it back, and begin it with BEGIN IMMEDIATE",
                    final=True,
                ) from problem
            ours = translated(problem, self._database.path)
            if ours is not None:
                raise ours from problem
            raise
