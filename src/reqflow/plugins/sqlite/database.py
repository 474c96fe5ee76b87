"""The file: opened with care, its schema brought up to date or refused, one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import RLock

from ...errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable
from ...ports import Schema
from .chaining import fill_chain
from .failures import translated

__all__ = ["Database", "Execute"]

APPLICATION_ID = 0x72716677  # "rqfw": marks the file as ours
SYNCHRONOUS = ("FULL", "NORMAL")
IN_MEMORY = ":memory:"
PATIENCE = 600
"""Seconds that a migration waits for others that migrate: giving a long history its digests takes a while."""
CHAINED = 5
"""The version of the schema whose step gives digests to the history that is there."""

Execute = Callable[..., sqlite3.Cursor]
"""Runs a statement with its values."""


@cache
def _migrations() -> tuple[str, ...]:
    """The numbered scripts of this package, in order; the first one makes version 1."""
    # `importlib.resources` reads from zip files, too, and takes as long to import as to make the schema
    return tuple(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.sql")))


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo the transaction, unless SQLite has done so already."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):  # what went wrong before is what counts
            connection.execute("ROLLBACK")


class Turn:
    """``with turn as execute``: one thread at a time, all or nothing, and only errors of ours get out.

    Without a ``begin`` each statement stands by itself. All of them go through one cursor, which is cheaper
    than one for each: the rows of a statement are fetched before the next is executed.
    """

    __slots__ = ("_begin", "_database", "_lock")

    def __init__(self, database: Database, begin: str | None) -> None:
        self._database = database
        self._lock = database.lock
        self._begin = begin

    def __enter__(self) -> Execute:
        self._lock.acquire()
        try:
            execute = self._database.execute or self._database.prepared()
            if self._begin is not None:
                execute(self._begin)
        except BaseException as problem:
            self._database.roll_back()  # what stops a BEGIN may come when it has begun
            self._lock.release()
            self._tell(problem)
            raise
        return execute

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        try:
            failure = problem if self._begin is None else self._end(problem)
        finally:
            self._lock.release()
        if failure is not None:
            self._tell(failure)
            if problem is None:
                raise failure

    def _end(self, problem: BaseException | None) -> BaseException | None:
        """Commit or roll back; what went wrong, if anything did."""
        if problem is None:
            try:
                self._database.prepared()("COMMIT")
                return None
            except BaseException as failure:  # noqa: BLE001  # raised by the caller, when the lock is free again
                problem = failure
        self._database.roll_back()
        return problem

    def _tell(self, problem: BaseException) -> None:
        ours = translated(problem, self._database.path)
        if ours is not None:
            raise ours from problem


class Database:
    """One connection behind one lock. Opened when it is needed, so that `migrate` can make a missing file.

    ``reading`` and ``writing`` are transactions, ``glancing`` is for a single statement.
    """

    def __init__(self, path: str, *, synchronous: str, timeout: float) -> None:
        if synchronous not in SYNCHRONOUS:
            raise InvalidInput(f"synchronous must be one of {', '.join(SYNCHRONOUS)}, not {synchronous!r}")
        self.path = path
        self.lock = RLock()
        self.reading = Turn(self, "BEGIN")
        self.writing = Turn(self, "BEGIN IMMEDIATE")
        self.glancing = Turn(self, None)
        self._synchronous = synchronous
        self._timeout = timeout
        self._connection: sqlite3.Connection | None = None
        self._ready: sqlite3.Connection | None = None  # the same, once its schema is known to be ours
        self.execute: Execute | None = None  # of the one cursor, from then on
        self._closed = False

    def ready(self) -> sqlite3.Connection:
        """The connection to a file with our schema. Raises `SchemaMismatch`."""
        if self._ready is not None:
            return self._ready
        connection = self._opened(make=False)
        self.check(connection)
        self._begin_use(connection)
        return connection

    def check(self, connection: sqlite3.Connection) -> None:
        """Raise `SchemaMismatch` unless this connection leads to our schema in the version that we work with."""
        version = self._version(connection)
        if version < len(_migrations()):
            found = f"has schema {version}" if version else "has no schema yet"
            raise SchemaMismatch(
                f"{self.path} {found}, this reqflow needs {len(_migrations())}: call migrate(), or open"
                " with create=True"
            )

    def prepared(self) -> Execute:
        """What executes a statement, once the schema is known to be ours. Raises `SchemaMismatch`."""
        if self.execute is None:
            self.ready()
        assert self.execute is not None  # just made
        return self.execute

    def roll_back(self) -> None:
        """Undo the transaction, if there is one."""
        if self._connection is not None:
            _roll_back(self._connection)

    def _begin_use(self, connection: sqlite3.Connection) -> None:
        self._ready = connection
        self.execute = connection.cursor().execute

    def migrate(self) -> int:
        """Make the file, or bring it up to date. Each version is one transaction: a kill leaves none half."""
        with self.lock:
            try:
                connection = self._opened(make=True)
                behind = self._version(connection) < len(_migrations())  # looked at first: it may not be ours
                self._use_wal(connection)
                if behind:
                    self._bring_up(connection)
            except sqlite3.Error as problem:
                raise translated(problem, self.path) or problem from problem
            self._begin_use(connection)
            return len(_migrations())

    def compact(self) -> None:
        """Leave nothing of deleted rows in the file and its log. Raises `StoreUnavailable` while others are busy."""
        with self.lock:
            execute = self.prepared()
            try:
                execute("VACUUM")
                busy = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as problem:
                raise translated(problem, self.path) or problem from problem
        if busy:
            raise StoreUnavailable(
                f"{self.path} is read by others, so that its log could not be emptied: try again"
            )

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
            self._connection = self._ready = self.execute = None

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees what is stored now, whatever is written meanwhile. Only errors of ours get out."""
        try:
            with self.lock:
                mine = self.ready()
                if self.path == IN_MEMORY:
                    connection = sqlite3.connect(IN_MEMORY, isolation_level=None, check_same_thread=False)
                    mine.backup(connection)
                else:
                    connection = self._open(make=False)
            with closing(connection):
                connection.execute("BEGIN")
                connection.execute("SELECT 1 FROM desk").fetchone()  # the moment that is seen
                yield connection
        except sqlite3.Error as problem:
            raise translated(problem, self.path) or problem from problem

    # --- schema ---

    def schema(self) -> Schema:
        """The version of the file's schema, and the one that is needed. Raises `SchemaMismatch`."""
        with self.lock:
            if self.path != IN_MEMORY and not os.path.exists(self.path):
                return Schema(0, len(_migrations()))
            try:
                return Schema(self._version(self._opened(make=False)), len(_migrations()))
            except sqlite3.Error as problem:
                raise translated(problem, self.path) or problem from problem

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Go to the last version, and wait as long as that takes others who are at it."""
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:d}")
        try:
            while self._step(connection):
                pass
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(self._timeout * 1000):d}")

    def _step(self, connection: sqlite3.Connection) -> bool:
        """Go one version further, unless this is the last; others who migrate wait meanwhile."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version(connection)
            behind = version < len(_migrations())
            if behind:
                for statement in _migrations()[version].split(";\n"):
                    connection.execute(statement)
                if version + 1 == CHAINED:
                    fill_chain(connection)
                connection.execute(f"PRAGMA user_version = {version + 1:d}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
        return behind

    def _version(self, connection: sqlite3.Connection) -> int:
        """The file's schema version. Raises `SchemaMismatch` for a newer one and for what is not ours."""
        begun = connection.in_transaction
        if not begun:
            connection.execute("BEGIN")  # all of it from one moment: somebody may be migrating
        try:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            mark = connection.execute("PRAGMA application_id").fetchone()[0]
            filled = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
        finally:
            if not begun:
                _roll_back(connection)
        if mark != APPLICATION_ID and filled:
            raise SchemaMismatch(f"{self.path} is the database of another program")
        if version > len(_migrations()):
            raise SchemaMismatch(
                f"{self.path} has schema {version}, this reqflow knows {len(_migrations())}: update reqflow"
            )
        return version

    # --- the connection ---

    def _opened(self, *, make: bool) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(f"{self.path} was closed")
        if self._connection is None:
            self._connection = self._open(make)
        return self._connection

    def _open(self, make: bool) -> sqlite3.Connection:
        if self.path != IN_MEMORY:
            if make:
                self._touch()
            elif not os.path.exists(self.path):
                raise SchemaMismatch(f"{self.path} does not exist: call migrate(), or open with create=True")
        connection = sqlite3.connect(
            self.path,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            connection.execute("PRAGMA trusted_schema = OFF")  # the file may come from anywhere
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _touch(self) -> None:
        """Make the file, readable for its owner only; SQLite gives its side files the same mode."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except FileNotFoundError as problem:
            raise StoreUnavailable(f"{self.path}: there is no such folder") from problem
        except IsADirectoryError as problem:
            raise StoreError(f"{self.path} is a folder") from problem
        except OSError as problem:
            raise StoreUnavailable(f"{self.path}: {problem.strerror}") from problem

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch to the write-ahead log; SQLite does not wait for others here, so we do."""
        patience = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise
            time.sleep(0.01)
