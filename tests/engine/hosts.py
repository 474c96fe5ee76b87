"""Hosts: programs with a table of their own beside a desk's, in one database, and transactions over both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from reqflow import Engine, Inbound
from reqflow.core.facts import Outcome
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Messages
from reqflow.testing.desks import START, QuestionMark

from .scenario import Clock, everything, prepared

ORDERS = "CREATE TABLE orders (number INTEGER PRIMARY KEY)"


class Host:
    """A program with a table of its own beside a desk's, in one database."""

    kind: str

    def __init__(self, store: Any) -> None:
        self.store = prepared(store)
        self.clock = Clock()
        self.clock.now = START + timedelta(hours=1)
        self.engine = self.engine_for(Engine)

    def engine_for(self, make: Any, **more: Any) -> Any:
        more.setdefault("classifier", QuestionMark())
        return make(self.store, workspace="desk", clock=self.clock, **more)

    def connect(self) -> Any:
        """A connection on which the host may begin a transaction."""
        raise NotImplementedError

    def connect_for_threads(self) -> Any:
        """One that other threads may use too, and that begins a transaction with the first row."""
        return self.connect()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A transaction that commits if the block ends well."""
        with closing(self.connect()) as connection:
            self.begin(connection)
            yield connection
            connection.commit()

    def begin(self, connection: Any) -> None:
        connection.execute("BEGIN IMMEDIATE")

    def order(self, connection: Any, number: int) -> None:
        connection.execute(f"INSERT INTO orders VALUES ({number})")

    def orders(self) -> list[int]:
        with closing(self.connect()) as connection:
            return [number for (number,) in connection.execute("SELECT number FROM orders ORDER BY number")]

    def messages(self) -> list[str]:
        return sorted(each.native for each in everything(self.store, Messages()))

    def apply(self, connection: Any, item: Any, engine: Any = None) -> Outcome:
        engine = engine or self.engine
        outcome: Outcome = engine.joined(connection).apply(engine.prepare(item))
        return outcome


class SQLiteHost(Host):
    kind = "sqlite"

    def connect(self) -> Any:
        return sqlite3.connect(self.store.path, isolation_level=None, timeout=0.2)

    def connect_for_threads(self) -> Any:
        return sqlite3.connect(self.store.path, check_same_thread=False)


class PostgresHost(Host):
    kind = "postgres"

    def __init__(self, store: Any, dsn: str) -> None:
        super().__init__(store)
        self.dsn = dsn

    def connect(self, **how: Any) -> Any:
        import psycopg

        return psycopg.connect(self.dsn, **how)

    def begin(self, connection: Any) -> None:
        connection.execute("SELECT 1")


@pytest.fixture
def sqlite_host(tmp_path: Any) -> Iterator[Host]:
    store = SQLiteStore(tmp_path / "desk.db", create=True)
    host = SQLiteHost(store)
    with closing(host.connect()) as connection:
        connection.execute(ORDERS)
    yield host
    store.close()


@pytest.fixture(scope="module")
def host_dsn(postgres: Any, template: str) -> Iterator[str]:
    """One database for all: making one takes longer than a story."""
    import psycopg

    name = postgres.database(template)
    with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
        connection.execute(ORDERS)
    yield postgres.dsn(name)
    postgres.drop(name)


EMPTY = """DO $$ BEGIN
    EXECUTE (SELECT 'TRUNCATE orders, ' || string_agg('reqflow.' || tablename, ', ') FROM pg_tables
        WHERE schemaname = 'reqflow' AND tablename <> 'schema_versions');
    PERFORM setval(format('reqflow.%I', sequencename)::regclass, 1, false) FROM pg_sequences
        WHERE schemaname = 'reqflow';
END $$"""


@pytest.fixture
def postgres_host(host_dsn: str) -> Iterator[Any]:
    import psycopg

    from reqflow.plugins.postgres import PostgresStore

    store = PostgresStore(host_dsn)
    yield PostgresHost(store, host_dsn)
    store.close()
    with psycopg.connect(host_dsn, autocommit=True) as connection:
        connection.execute(EMPTY)


@pytest.fixture(params=["sqlite", "postgres"])
def host(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_host")


def says(native: str, text: str = "Where is it?", who: str = "cara", channel: str = "chat:lobby") -> Inbound:
    return Inbound(channel=channel, author=f"chat:{who}", native=native, sent_at=START, text=text)
