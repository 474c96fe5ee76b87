"""In a host's transaction on SQLite: which connections will do, and what a transaction must not have read."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reqflow.errors import Conflict, SchemaMismatch, StoreUnavailable, UsageError

from .hosts import SQLiteHost, says


@pytest.fixture
def host(sqlite_host: SQLiteHost) -> SQLiteHost:
    return sqlite_host


@pytest.fixture
def connection(host: SQLiteHost) -> Iterator[sqlite3.Connection]:
    with closing(host.connect()) as connection:
        yield connection


def test_a_transaction_that_looked_before_another_one_wrote_is_told_how_to_begin(
    host: SQLiteHost, connection: sqlite3.Connection
) -> None:
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM orders").fetchall()
    host.engine.handle(says("1"))
    with pytest.raises(Conflict, match="BEGIN IMMEDIATE") as told:
        host.apply(connection, says("2"))
    assert told.value.final
    assert connection.in_transaction  # to be read from, and rolled back, by the host
    connection.rollback()
    with host.transaction() as another:
        host.apply(another, says("2"))
    assert host.messages() == ["1", "2"]


def test_a_deferred_transaction_will_do_while_nobody_else_has_written(
    host: SQLiteHost, connection: sqlite3.Connection
) -> None:
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM orders").fetchall()
    host.apply(connection, says("1"))
    connection.commit()
    assert host.messages() == ["1"]


def test_a_file_that_another_one_writes_is_waited_for_and_then_unavailable(
    host: SQLiteHost, connection: sqlite3.Connection
) -> None:
    ready = host.engine.prepare(says("1"))
    with closing(host.connect()) as other:
        other.execute("BEGIN IMMEDIATE")
        connection.execute("BEGIN")
        with pytest.raises(StoreUnavailable, match="locked by another writer"):
            host.engine.joined(connection).apply(ready)
        other.rollback()
    host.order(connection, 1)  # the host's transaction goes on
    host.engine.joined(connection).apply(ready)
    connection.commit()
    assert host.orders() == [1] and host.messages() == ["1"]


def test_how_the_host_reads_rows_is_left_as_it_was(host: SQLiteHost, connection: sqlite3.Connection) -> None:
    def named(cursor: sqlite3.Cursor, row: Any) -> dict[str, Any]:
        return {column[0]: cell for column, cell in zip(cursor.description, row, strict=True)}

    connection.row_factory, connection.text_factory = named, bytes
    connection.execute("BEGIN IMMEDIATE")
    host.order(connection, 1)
    asked = host.apply(connection, says("1"))
    with pytest.raises(UsageError):
        host.engine.joined(connection).apply(None)
    assert (connection.row_factory, connection.text_factory) == (named, bytes)
    assert connection.execute("SELECT number FROM orders").fetchall() == [{"number": 1}]
    connection.commit()
    assert host.engine.history(asked.conversation_id)


def test_from_the_first_look_on_nobody_else_writes(host: SQLiteHost, connection: sqlite3.Connection) -> None:
    """So what was decided on is still so when it is written, even in a transaction that began as one of reading."""
    connection.execute("BEGIN")
    with (
        host.store.joined(connection),
        closing(host.connect()) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    connection.rollback()


# --- what is no transaction to join ---


def test_where_the_driver_begins_transactions_so_do_we(host: SQLiteHost) -> None:
    """By its default `sqlite3` begins one before the first change, and this is one."""
    with closing(sqlite3.connect(host.store.path)) as connection:
        host.apply(connection, says("1"))
        assert connection.in_transaction
        host.order(connection, 1)
        connection.rollback()
    assert host.orders() == [] and host.messages() == []


def test_without_a_transaction_there_is_nothing_to_join(
    host: SQLiteHost, connection: sqlite3.Connection
) -> None:
    with pytest.raises(UsageError, match="in no transaction: execute BEGIN IMMEDIATE"):
        host.apply(connection, says("1"))
    assert not connection.in_transaction


@pytest.mark.skipif(sys.version_info < (3, 12), reason="connections have no `autocommit` before 3.12")
@pytest.mark.parametrize("autocommit", [True, False])
def test_the_newer_way_of_transactions_is_understood(host: SQLiteHost, autocommit: bool) -> None:
    how: Any = {"autocommit": autocommit}
    with closing(sqlite3.connect(host.store.path, **how)) as connection:
        if autocommit:
            with pytest.raises(UsageError, match="in no transaction"):
                host.apply(connection, says("1"))
        else:
            host.apply(connection, says("1"))
            connection.commit()
    assert host.messages() == ([] if autocommit else ["1"])


def test_only_a_connection_to_the_same_file_will_do(host: SQLiteHost, tmp_path: Path) -> None:
    ready = host.engine.prepare(says("1"))
    for other in (":memory:", tmp_path / "other.db"):
        with closing(sqlite3.connect(other)) as connection:
            connection.execute("ATTACH ? AS desk", (host.store.path,))  # two files do not commit as one
            with pytest.raises(UsageError, match=r"not to .*desk\.db"):
                host.engine.joined(connection).apply(ready)
    (tmp_path / "link.db").symlink_to(host.store.path)
    with closing(sqlite3.connect(tmp_path / "link.db")) as connection:
        host.engine.joined(connection).apply(ready)
        connection.commit()
    assert host.messages() == ["1"]


def test_a_file_of_another_version_is_refused(host: SQLiteHost, connection: sqlite3.Connection) -> None:
    ready = host.engine.prepare(says("1"))
    connection.execute("PRAGMA user_version = 99")
    connection.execute("BEGIN IMMEDIATE")
    host.order(connection, 1)
    with pytest.raises(SchemaMismatch, match="has schema 99"):
        host.engine.joined(connection).apply(ready)
    connection.commit()
    assert host.orders() == [1]


def test_a_connection_of_another_thread_is_refused(host: SQLiteHost, connection: sqlite3.Connection) -> None:
    ready, told = host.engine.prepare(says("1")), []

    def work() -> None:
        try:
            host.engine.joined(connection).apply(ready)
        except UsageError as problem:
            told.append(str(problem))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "created in a thread" in told[0]


def test_a_transaction_that_sqlite_itself_rolls_back_is_reported_as_gone(
    host: SQLiteHost, connection: sqlite3.Connection
) -> None:
    """As it does when the disk is full: the host must not go on as if its row were still there."""
    connection.execute(
        "CREATE TEMP TRIGGER stop BEFORE INSERT ON message BEGIN SELECT RAISE(ROLLBACK, 'stop'); END"
    )
    connection.execute("BEGIN IMMEDIATE")
    host.order(connection, 1)
    with pytest.raises(StoreUnavailable, match="rolled back your whole transaction"):
        host.apply(connection, says("1"))
    assert not connection.in_transaction
    assert host.orders() == [] and host.messages() == []
