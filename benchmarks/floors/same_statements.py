"""The own floor in PostgreSQL: the same statements as reqflow's store sends, with the same values, sent again.

The workload first passes through the real engine while every statement is noted. What is then measured, in the same
database made anew, sends them over the store's own wire, and does nothing else. In the end all rows must be the same.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

from ours import seams
from ours.desk import Desk
from ours.stores import opened
from workload import WARM_UP, Missing, Plan, check, timed

__all__ = ["CASES"]

Sent = tuple[Any, ...]
"""A statement and its values."""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'reqflow' AND tablename <> 'schema_versions' ORDER BY 1"


class Recording:
    """A workload as statements: those that make the desk, those of the warm-up, those that are measured."""

    def __init__(self, plan: Plan, how: str) -> None:
        noted: list[Sent] = []

        def noting(plain: Callable[..., Any]) -> Callable[..., Any]:
            def run(wire: Any, *sent: Any) -> Any:
                noted.append(sent)
                return plain(wire, *sent)

            return run

        def cut() -> list[Sent]:
            found = noted.copy()
            noted.clear()
            return found

        with seams.wire(noting):
            store = opened(plan)
            desk = Desk(store)
            self.standing = cut()
            getattr(desk, how)(range(WARM_UP))
            self.warm_up = cut()
            getattr(desk, how)(range(WARM_UP, WARM_UP + plan.requests))
            self.measured = cut()
        check(bool(self.measured), "no statement was seen; has the store changed?")
        desk.verify(WARM_UP + plan.requests)
        store.close()


def _all_rows(execute: Callable[..., Any]) -> dict[str, list[str]]:
    return {
        table: [row[0] for row in execute(f"SELECT t::text FROM reqflow.{table} t ORDER BY 1").fetchall()]
        for (table,) in execute(TABLES).fetchall()
    }


def _measured(plan: Plan, how: str) -> dict[str, float]:
    try:
        import psycopg
    except ImportError as problem:
        raise Missing(str(problem)) from None
    from reqflow.plugins.postgres.connections import Connections
    from reqflow.plugins.postgres.wire import Wire

    recording = Recording(plan, how)
    with psycopg.connect(plan.dsn, autocommit=True) as connection:
        execute: Callable[..., Any] = connection.execute
        left = _all_rows(execute)
        execute("DROP SCHEMA reqflow CASCADE")
        opened(plan).close()
        connections = Connections(plan.dsn, 1)
        run = Wire(connections).run

        def send(statements: Sequence[Sent]) -> None:
            for statement in statements:
                run(*statement)

        send(recording.standing)
        gc.collect()
        gc.freeze()  # the recording is not the floor's garbage to look through
        found = timed(plan, lambda numbers: send(recording.measured if numbers.start else recording.warm_up))
        check(_all_rows(execute) == left, "the rows differ from those of reqflow")
        connections.close()
    found["statements"] = len(recording.measured) / found["operations"]
    return found


CASES = {
    "one_by_one": lambda plan: _measured(plan, "one_by_one"),
    "in_batches": lambda plan: _measured(plan, "in_batches"),
}
