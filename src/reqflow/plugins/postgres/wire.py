"""Statements over the wire: prepared once on each connection, one round trip each.

Half of what a small statement costs a client is the general machinery of a driver: adapting values,
guessing types, building rows. None of it is needed here, where every value is text and every statement a
constant. So connections are used through libpq itself, which psycopg offers as `psycopg.pq`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from ...errors import InvalidInput
from .connections import Connections, Line
from .failures import Failed

__all__ = [
    "PREPARED",
    "TEXT",
    "TIMESTAMPTZ",
    "Rows",
    "Runs",
    "Statement",
    "Value",
    "Wire",
    "array_literal",
    "check_result",
    "moment",
    "rows_of",
    "sent_values",
]

Value = str | None
Rows = list[list[bytes | None]]

PREPARED = 400
"""How many statements a connection keeps; beyond that it forgets them all and starts again."""
TEXT, TIMESTAMPTZ = 25, 1184  # types, by the numbers that PostgreSQL gives them
_OUTDATED = frozenset({"26000", "0A000"})  # somebody changed the session, or the schema under a statement


class Statement:
    """A constant statement. ``types`` are its first parameters' types, where its text does not tell them."""

    __slots__ = ("name", "text", "types")

    def __init__(self, text: str, types: Sequence[int] | None = None) -> None:
        self.text = text.encode()
        self.name = b"reqflow_" + blake2b(self.text, digest_size=12).hexdigest().encode()
        self.types = types


def array_literal(items: Sequence[str]) -> str:
    """A ``text[]`` as text."""
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    return "{" + ",".join(quoted) + "}"


def moment(content: bytes | None) -> datetime | None:
    """A ``timestamptz`` that was read as text."""
    return None if content is None else datetime.fromisoformat(content.decode())


def sent_values(values: Sequence[Value]) -> list[Any]:
    """The values as they are sent. libpq would cut a text at a NUL without a word."""
    try:
        sent = [None if value is None else value.encode() for value in values]
    except UnicodeEncodeError as problem:
        raise InvalidInput(f"a lone surrogate at {problem.start} cannot be stored") from None
    if b"\0" in b"".join([each for each in sent if each is not None]):
        raise InvalidInput("a NUL character cannot be stored")
    return sent


class Runs(Protocol):
    """Whatever runs statements: on the connections of a store, or on a host's."""

    def run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        """Run one statement. Raises `Failed`."""
        ...

    def run_together(self, steps: Sequence[tuple[Statement, Sequence[Value]]]) -> None:
        """Run several statements, all or none. Raises like `run`."""
        ...


class Wire:
    """Runs statements on the connections of a store. Safe to use from several threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        """Run one statement, which is a transaction of its own. Raises `Failed` and `StoreUnavailable`."""
        sent = sent_values(values)
        line = self._connections.take()
        try:
            return _run(line, statement, sent)
        finally:
            self._connections.give(line)

    def run_together(self, steps: Iterable[tuple[Statement, Sequence[Value]]]) -> None:
        """Run several statements in one transaction, all or none, each when its turn comes. Raises like `run`."""
        line = self._connections.take()
        try:
            _command(line, b"BEGIN")
            try:
                for statement, values in steps:
                    _run(line, statement, sent_values(values))
            except BaseException:
                with suppress(Failed):  # what went wrong before is what counts
                    _command(line, b"ROLLBACK")
                raise
            _command(line, b"COMMIT")
        finally:
            self._connections.give(line)


def _run(line: Line, statement: Statement, sent: list[Any]) -> Rows:
    pg = line.pg
    try:
        if statement.name not in line.known:
            _prepare(line, statement)
        result = pg.exec_prepared(statement.name, sent)
        if result.status != ExecStatus.TUPLES_OK:
            if _code(result) in _OUTDATED:
                _forget(line)
                _prepare(line, statement)
                result = pg.exec_prepared(statement.name, sent)
            check_result(result)
    except psycopg.Error:
        raise Failed("", lost=True) from None
    return rows_of(result)


def rows_of(result: Any) -> Rows:
    """The rows of a result."""
    get = result.get_value
    width = range(result.nfields)
    return [[get(row, column) for column in width] for row in range(result.ntuples)]


def _prepare(line: Line, statement: Statement) -> None:
    if len(line.known) >= PREPARED:
        _forget(line)
    check_result(line.pg.prepare(statement.name, statement.text, statement.types))
    line.known.add(statement.name)


def _forget(line: Line) -> None:
    _command(line, b"DEALLOCATE ALL")
    line.known.clear()


def _command(line: Line, command: bytes) -> None:
    try:
        check_result(line.pg.exec_(command))
    except psycopg.Error:
        raise Failed("", lost=True) from None


def _code(result: Any) -> str:
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def check_result(result: Any) -> None:
    """Raise `Failed` for what the server has refused."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    code = _code(result)
    table = (result.error_field(DiagnosticField.TABLE_NAME) or b"").decode()
    told = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    raise Failed(code, table, told, lost=not code)
