"""What it costs to join a host's transaction: ``python benchmarks/joining.py [operations]``.

One message and one row of the host's, in turns on the same server or file: in one transaction, and in one each.
The channel needs no classifier, so that nothing is measured but the store. Prints the median of each way.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import psycopg
from measuring.places import opened

from reqflow import Engine, Inbound
from reqflow.plugins.postgres import PostgresStore
from reqflow.plugins.sqlite import SQLiteStore

SETTINGS: dict[str, Any] = {"channels": {"chat:*": {"kind": "direct", "detection": "always"}}}
START = datetime(2024, 3, 1, tzinfo=UTC)
ORDERS = "CREATE TABLE orders (number INTEGER PRIMARY KEY)"
WARM_UP = 50


class Desk:
    """A desk, and a host's connection to its database."""

    def __init__(self, store: Any, connection: Any, begin: str) -> None:
        self.engine = Engine(store, SETTINGS)
        self.connection = connection
        self.begin = begin
        self.number = 0
        connection.execute(ORDERS)
        connection.commit()

    def message(self) -> Inbound:
        """The next of a thousand people."""
        self.number += 1
        return Inbound(
            channel="chat:web",
            author=f"chat:{self.number % 1000}",
            native=str(self.number),
            sent_at=START + timedelta(seconds=self.number),
            text="Where is my parcel?",
        )

    def order(self) -> None:
        """A row of the host's, in a transaction that stays open."""
        if self.begin:
            self.connection.execute(self.begin)
        self.connection.execute(f"INSERT INTO orders VALUES ({self.number})")

    def one_transaction(self) -> None:
        """The host's row and the message together."""
        prepared = self.engine.prepare(self.message())
        self.order()
        self.engine.joined(self.connection).apply(prepared)
        self.connection.commit()

    def one_each(self) -> None:
        """The host's row, and then the message."""
        message = self.message()
        self.order()
        self.connection.commit()
        self.engine.handle(message)


@contextmanager
def on_postgres(dsn: str, **how: Any) -> Iterator[Desk]:
    """A desk on PostgreSQL."""
    store = PostgresStore(dsn)
    store.migrate()
    with psycopg.connect(dsn, **how) as connection:
        yield Desk(store, connection, "")
    store.close()


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Desk]:
    """A desk in a file."""
    store = SQLiteStore(folder / "desk.db", create=True)
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    yield Desk(store, connection, "BEGIN IMMEDIATE")
    connection.close()
    store.close()


def measured(desk: Desk, operations: int) -> dict[str, float]:
    """Microseconds of each way, in turns."""
    ways: dict[str, Callable[[], None]] = {
        "one transaction": desk.one_transaction,
        "one each": desk.one_each,
    }
    spent: dict[str, list[int]] = {name: [] for name in ways}
    for turn in range(WARM_UP + operations):
        for name, way in ways.items():
            begun = perf_counter_ns()
            way()
            if turn >= WARM_UP:
                spent[name].append(perf_counter_ns() - begun)
    return {name: median(times) / 1000 for name, times in spent.items()}


def main(operations: int) -> None:
    """Measure and print."""
    with opened(None, postgres="tmpfs") as ground:
        cases: list[tuple[str, Any]] = []
        if ground.server is not None:
            for words, how in (("prepared statements", {}), ("none prepared", {"prepare_threshold": None})):
                with ground.database() as dsn, on_postgres(dsn, **how) as desk:
                    cases.append((f"{ground.words('postgres')}, {words}", measured(desk, operations)))
        for medium in dict.fromkeys(("disk", ground.quickest)):
            with ground.folder(medium) as folder, on_sqlite(folder) as desk:
                cases.append((ground.words(medium), measured(desk, operations)))
    for words, told in cases:
        print(f"{words}: " + ", ".join(f"{name} {spent:.0f} us" for name, spent in told.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
