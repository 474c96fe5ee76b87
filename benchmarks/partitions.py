"""What partitions cost: ``python benchmarks/partitions.py [operations]``.

One first message at a time, in turns, on databases of one server whose tables are whole or in so many partitions. The
channel needs no classifier, and no commit waits for the disk, so that nothing is measured but the store. Prints the
median of each, its lower quartile (which suffers least from what else runs), that beside whole tables, and what a
connection keeps in the memory of the server.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from reqflow import Engine, Inbound
from reqflow.plugins.postgres import PostgresStore
from tests.postgres_server import running

SETTINGS: dict[str, Any] = {"channels": {"chat:*": {"kind": "direct", "detection": "always"}}}
START = datetime(2024, 3, 1, tzinfo=UTC)
COUNTS = (None, 4, 16, 64)
WARM_UP = 50
MEMORY = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts"


class Desk:
    """A desk on a database of its own."""

    def __init__(self, dsn: str, partitions: int | None) -> None:
        self.name = "whole tables" if partitions is None else f"{partitions} partitions"
        self.store = PostgresStore(dsn, pool=1)
        self.store.migrate(partitions=partitions)
        self.engine = Engine(self.store, SETTINGS)
        self.number = 0

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

    def operation(self) -> float:
        """Microseconds of one message."""
        message = self.message()
        begun = perf_counter_ns()
        self.engine.handle(message)
        return (perf_counter_ns() - begun) / 1000

    def kilobytes(self) -> int:
        """What the server keeps for the connection: plans, and what it knows of tables."""
        line = self.store._connections.take()
        try:
            return int(line._connection.execute(MEMORY).fetchone()[0]) // 1024
        finally:
            self.store._connections.give(line)


def main() -> None:
    operations = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with running(safe=False) as server:
        desks = [Desk(server.dsn(server.database()), count) for count in COUNTS]
        spans: dict[str, list[float]] = {desk.name: [] for desk in desks}
        for turn in range(WARM_UP + operations):
            for desk in desks:
                span = desk.operation()
                if turn >= WARM_UP:
                    spans[desk.name].append(span)
        lowest = quantiles(spans[desks[0].name], n=4)[0]
        for desk in desks:
            told = spans[desk.name]
            lower = quantiles(told, n=4)[0]
            print(
                f"{desk.name:14}  {median(told):6.0f} us  {lower:6.0f} us  {lower / lowest:.2f}"
                f"  {desk.kilobytes() / 1024:5.1f} MB"
            )
            desk.store.close()


if __name__ == "__main__":
    main()
