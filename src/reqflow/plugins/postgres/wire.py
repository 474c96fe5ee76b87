"""Statements over the wire: prepared once on each connection, one round trip each.

Half of what a small statement costs a client is the general machinery of a driver: adapting values,
guessing types, building rows. None of it is needed here, where every value is text and every statement a
constant. So the pool's connections are used through libpq itself, which psycopg offers as `psycopg.pq`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from struct import Struct
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from ...errors import InvalidInput, StoreUnavailable
from .failures import Failed
from .schema import check_schema

__all__ = [
    "TEXT",
    "TIMESTAMPTZ",
    "Rows",
    "Statement",
    "Value",
    "Wire",
    "array_literal",
    "moment",
    "text_array",
]

Value = str | bytes | None
Rows = list[list[bytes | None]]

SETTINGS = {
    # Every statement finds its rows by an index, on an empty table as on a large one. Plans are made once and
    # kept, so they must not be those that suit a table before it grew.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # What the statements take for granted.
    "default_transaction_isolation": "read\\ committed",
    "timezone": "UTC",
    "datestyle": "ISO",
    "lock_timeout": "15s",
}
PREPARED = 400
"""How many statements a connection keeps; beyond that it forgets them all and starts again."""
TEXT, TIMESTAMPTZ = 25, 1184  # types by PostgreSQL's numbers for them
_OUTDATED = frozenset(
    {"26000", "0A000"}
)  # the connection or the schema was changed under a prepared statement
_HEAD = Struct("!iiIii")
_LENGTH = Struct("!i")
_NULL = _LENGTH.pack(-1)


class Statement:
    """A constant statement. ``formats`` says which of its parameters are binary (1) and which text (0).

    ``types`` are the first parameters' types, where the statement itself does not tell them.
    """

    __slots__ = ("formats", "name", "text", "types")

    def __init__(
        self, text: str, formats: Sequence[int] | None = None, types: Sequence[int] | None = None
    ) -> None:
        self.text = text.encode()
        self.name = b"reqflow_" + blake2b(self.text, digest_size=12).hexdigest().encode()
        self.formats = formats
        self.types = types


def text_array(items: Sequence[str | None]) -> bytes:
    """A ``text[]`` in PostgreSQL's binary form, which needs neither quoting nor parsing."""
    out = [_HEAD.pack(1, None in items, TEXT, len(items), 1)]
    try:
        for item in items:
            if item is None:
                out.append(_NULL)
            else:
                data = item.encode()
                out.append(_LENGTH.pack(len(data)))
                out.append(data)
    except UnicodeEncodeError as problem:
        raise _not_utf8(problem) from None
    return b"".join(out)


def array_literal(items: Sequence[str]) -> str:
    """A ``text[]`` as text."""
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    return "{" + ",".join(quoted) + "}"


def moment(content: bytes | str | None) -> datetime | None:
    """A ``timestamptz`` that was read as text."""
    if content is None:
        return None
    return datetime.fromisoformat(content if isinstance(content, str) else content.decode())


def _bytes(values: Sequence[Value]) -> list[Any]:
    """The values as they are sent. libpq would cut a text at a NUL without a word."""
    try:
        sent = [value.encode() if value.__class__ is str else value for value in values]
    except UnicodeEncodeError as problem:
        raise _not_utf8(problem) from None
    for value in values:
        if value.__class__ is str and "\0" in value:
            raise InvalidInput("a NUL character cannot be stored")
    return sent


def _not_utf8(problem: UnicodeEncodeError) -> InvalidInput:
    return InvalidInput(f"a lone surrogate at {problem.start} cannot be stored")


class Wire:
    """Connections, made when they are first needed. Safe to use from several threads."""

    def __init__(self, conninfo: str, size: int) -> None:
        self._conninfo = _with_settings(conninfo)
        self._size = size
        self._lock = Lock()
        self._opened = False
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._known: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()

    def connect(self) -> psycopg.Connection[Any]:
        """One connection apart from the pool, in autocommit."""
        try:
            return psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as problem:
            raise StoreUnavailable(f"cannot connect: {str(problem).strip()}") from None

    def run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        """Run one statement, which is a transaction of its own. Raises `Failed` and `StoreUnavailable`."""
        sent = _bytes(values)
        connection = self._take()
        try:
            return self._run(connection, statement, sent)
        finally:
            self._give(connection)

    def run_together(self, steps: Sequence[tuple[Statement, Sequence[Value]]]) -> None:
        """Run several statements in one transaction, all or none. Raises like `run`."""
        prepared = [(statement, _bytes(values)) for statement, values in steps]
        connection = self._take()
        try:
            self._command(connection, b"BEGIN")
            try:
                for statement, sent in prepared:
                    self._run(connection, statement, sent)
            except Failed:
                self._command(connection, b"ROLLBACK")
                raise
            self._command(connection, b"COMMIT")
        finally:
            self._give(connection)

    def close(self) -> None:
        """Close all connections; the wire is of no use afterwards."""
        with self._lock:
            pool, self._pool, self._opened = self._pool, None, True
        if pool is not None:
            pool.close()

    # --- connections ---

    def _take(self) -> psycopg.Connection[Any]:
        pool = self._pool or self._open()
        try:
            for _ in range(self._size):
                connection = pool.getconn()
                try:  # sees a server's last words, and then that it has gone, without asking it
                    connection.pgconn.consume_input()
                    connection.pgconn.consume_input()
                except psycopg.Error:
                    pool.putconn(connection)
                    continue
                return connection
            return pool.getconn()
        except PoolTimeout:
            raise StoreUnavailable("no connection became free, or none can be made") from None
        except psycopg.Error as problem:
            raise StoreUnavailable(f"no connection: {problem}") from None

    def _give(self, connection: psycopg.Connection[Any]) -> None:
        pool = self._pool
        if pool is None:
            connection.close()
        else:
            pool.putconn(connection)

    def _open(self) -> ConnectionPool[psycopg.Connection[Any]]:
        with self._lock:
            if self._opened and self._pool is None:
                raise StoreUnavailable("this store was closed")
            if self._pool is None:
                with self.connect() as connection:  # says at once, and why, if nothing will work
                    check_schema(connection)
                self._pool = ConnectionPool(
                    self._conninfo,
                    kwargs={"autocommit": True},
                    min_size=1,
                    max_size=self._size,
                    open=True,
                    name="reqflow",
                )
                self._opened = True
            return self._pool

    # --- statements ---

    def _run(self, connection: psycopg.Connection[Any], statement: Statement, sent: list[Any]) -> Rows:
        pg = connection.pgconn
        known = self._known.get(connection)
        if known is None:
            known = self._known[connection] = set()
        try:
            for attempt in (1, 2):
                if statement.name not in known:
                    if len(known) >= PREPARED:
                        self._command(connection, b"DEALLOCATE ALL")
                        known.clear()
                    _checked(pg.prepare(statement.name, statement.text, statement.types))
                    known.add(statement.name)
                result = pg.exec_prepared(statement.name, sent, statement.formats)
                if result.status == ExecStatus.FATAL_ERROR and attempt == 1 and _code(result) in _OUTDATED:
                    self._command(connection, b"DEALLOCATE ALL")
                    known.clear()
                    continue
                _checked(result)
                break
        except psycopg.Error:
            raise Failed("", lost=True) from None
        get = result.get_value
        width = range(result.nfields)
        return [[get(row, column) for column in width] for row in range(result.ntuples)]

    def _command(self, connection: psycopg.Connection[Any], command: bytes) -> None:
        try:
            _checked(connection.pgconn.exec_(command))
        except psycopg.Error:
            raise Failed("", lost=True) from None


def _code(result: Any) -> str:
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def _checked(result: Any) -> None:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    code = _code(result)
    constraint = (result.error_field(DiagnosticField.CONSTRAINT_NAME) or b"").decode()
    told = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    raise Failed(code, constraint, told, lost=not code)


def _with_settings(conninfo: str) -> str:
    """The connection string with our settings in front of the host's own, which win."""
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.Error:
        raise InvalidInput("the connection string cannot be read") from None
    ours = " ".join(f"-c {name}={content}" for name, content in SETTINGS.items())
    given["options"] = f"{ours} {given.get('options') or ''}".strip()
    given["client_encoding"] = "UTF8"
    given.setdefault("application_name", "reqflow")
    return make_conninfo("", **given)
