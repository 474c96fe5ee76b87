"""Statements over the wire: prepared once on each connection, one round trip each.

Half of what a small statement costs a client is the general machinery of a driver: adapting values,
guessing types, building rows. None of it is needed here, where every value is text and every statement a
constant. So connections are used through libpq itself, which psycopg offers as `psycopg.pq`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from struct import Struct
from typing import Any

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus

from ...errors import InvalidInput
from .connections import Connections, Line
from .failures import Failed

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

PREPARED = 400
"""How many statements a connection keeps; beyond that it forgets them all and starts again."""
TEXT, TIMESTAMPTZ = 25, 1184  # types, by the numbers that PostgreSQL gives them
_OUTDATED = frozenset({"26000", "0A000"})  # somebody changed the session, or the schema under a statement
_HEAD = Struct("!iiIii")
_LENGTH = Struct("!i")
_SHORT = tuple(_LENGTH.pack(length) for length in range(2048))
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
    add = out.append
    try:
        for item in items:
            if item is None:
                add(_NULL)
            else:
                data = item.encode()
                length = len(data)
                add(_SHORT[length] if length < 2048 else _LENGTH.pack(length))
                add(data)
    except UnicodeEncodeError as problem:
        raise _not_utf8(problem) from None
    return b"".join(out)


def array_literal(items: Sequence[str]) -> str:
    """A ``text[]`` as text."""
    quoted = ['"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    return "{" + ",".join(quoted) + "}"


def moment(content: bytes | None) -> datetime | None:
    """A ``timestamptz`` that was read as text."""
    return None if content is None else datetime.fromisoformat(content.decode())


def _sent(values: Sequence[Value]) -> list[Any]:
    """The values as they are sent. libpq would cut a text at a NUL without a word."""
    try:
        sent = [value.encode() if isinstance(value, str) else value for value in values]
    except UnicodeEncodeError as problem:
        raise _not_utf8(problem) from None
    if "\0" in "".join([value for value in values if isinstance(value, str)]):
        raise InvalidInput("a NUL character cannot be stored")
    return sent


def _not_utf8(problem: UnicodeEncodeError) -> InvalidInput:
    return InvalidInput(f"a lone surrogate at {problem.start} cannot be stored")


class Wire:
    """Runs statements on the connections of a store. Safe to use from several threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        """Run one statement, which is a transaction of its own. Raises `Failed` and `StoreUnavailable`."""
        sent = _sent(values)
        line = self._connections.take()
        try:
            return _run(line, statement, sent)
        finally:
            self._connections.give(line)

    def run_together(self, steps: Sequence[tuple[Statement, Sequence[Value]]]) -> None:
        """Run several statements in one transaction, all or none. Raises like `run`."""
        prepared = [(statement, _sent(values)) for statement, values in steps]
        line = self._connections.take()
        try:
            _command(line, b"BEGIN")
            try:
                for statement, sent in prepared:
                    _run(line, statement, sent)
            except Failed:
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
        result = pg.exec_prepared(statement.name, sent, statement.formats)
        if result.status != ExecStatus.TUPLES_OK:
            if _code(result) in _OUTDATED:
                _forget(line)
                _prepare(line, statement)
                result = pg.exec_prepared(statement.name, sent, statement.formats)
            _check(result)
    except psycopg.Error:
        raise Failed("", lost=True) from None
    get = result.get_value
    width = range(result.nfields)
    return [[get(row, column) for column in width] for row in range(result.ntuples)]


def _prepare(line: Line, statement: Statement) -> None:
    if len(line.known) >= PREPARED:
        _forget(line)
    _check(line.pg.prepare(statement.name, statement.text, statement.types))
    line.known.add(statement.name)


def _forget(line: Line) -> None:
    _command(line, b"DEALLOCATE ALL")
    line.known.clear()


def _command(line: Line, command: bytes) -> None:
    try:
        _check(line.pg.exec_(command))
    except psycopg.Error:
        raise Failed("", lost=True) from None


def _code(result: Any) -> str:
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def _check(result: Any) -> None:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    code = _code(result)
    constraint = (result.error_field(DiagnosticField.CONSTRAINT_NAME) or b"").decode()
    told = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    raise Failed(code, constraint, told, lost=not code)
