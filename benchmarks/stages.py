"""How the time of one operation divides, on the SQLite store, with timers around the seams.

The timers themselves cost some microseconds, so the whole is larger here than in the table; what counts is
the proportion. ``sql`` is the time inside SQLite and its Python module.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any

from floor_same_rows import watched
from ours import Desk
from workload import OPERATIONS, WARM_UP, Plan, check

__all__ = ["CASES", "STAGES"]

STAGES = {
    "items": "messages and commands made by the caller",
    "driver": "engine, driver, key and hooks",
    "core": "flow and core: what to ask, decide, step, history, effects, timers, the batch",
    "recall: sql": "statements that read",
    "recall: transaction": "BEGIN and COMMIT around them",
    "recall: decode": "rows to values",
    "commit: encode": "values to rows and JSON",
    "commit: sql": "statements that write",
    "commit: transaction": "BEGIN and COMMIT, with the flush to the disk",
}


class Clockwork:
    """Adds up where the time goes."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.reading = False

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time added to a name."""
        spent = self.spent

        def timed_call(*given: Any, **named: Any) -> Any:
            start = perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[name] += perf_counter() - start

        return timed_call

    def flow(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """The same flow, with the time of its own steps added to ``flow``."""
        spent = self.spent

        def timed_flow(*given: Any) -> Generator[Any, Any, Any]:
            inner = make(*given)
            send, answer = inner.send, None
            while True:
                start = perf_counter()
                try:
                    ask = send(answer)
                except StopIteration as stop:
                    return stop.value
                finally:
                    spent["flow"] += perf_counter() - start
                try:
                    answer = yield ask
                    send = inner.send
                except Exception as failure:  # noqa: BLE001  # what a port raises is thrown into the flow
                    answer, send = failure, inner.throw

        return timed_flow


def _cursor(clock: Clockwork) -> type[sqlite3.Cursor]:
    spent, calls = clock.spent, clock.calls

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *values: Any) -> Any:
            kind = "transaction" if sql.startswith(("BEGIN", "COMMIT")) else "sql"
            name = f"recall: {kind}" if clock.reading else f"commit: {kind}"
            calls[name] += 1
            start = perf_counter()
            try:
                return super().execute(sql, *values)
            finally:
                spent[name] += perf_counter() - start

    return Cursor


@contextmanager
def _timed_handle(clock: Clockwork) -> Iterator[None]:
    from reqflow import flow

    plain = flow.handle
    flow.handle = clock.flow(plain)
    try:
        yield
    finally:
        flow.handle = plain


def stages(plan: Plan) -> dict[str, Any]:
    """Seconds of each stage, over all measured operations."""
    clock = Clockwork()
    with watched(_cursor(clock)):
        from reqflow.plugins.sqlite import SQLiteStore

        store = SQLiteStore(plan.folder / "desk.db", create=True)
    recall, commit = store.recall, store.commit

    def recalling(*given: Any) -> Any:
        clock.reading = True
        try:
            return recall(*given)
        finally:
            clock.reading = False

    store.recall = clock.around("recall", recalling)  # type: ignore[method-assign]
    store.commit = clock.around("commit", commit)  # type: ignore[method-assign]
    desk = Desk(store)
    desk.engine.handle = clock.around("handle", desk.engine.handle)  # type: ignore[method-assign]
    with _timed_handle(clock):
        desk.one_by_one(range(WARM_UP))
        clock.spent.clear()
        clock.calls.clear()
        cpu, start = process_time(), perf_counter()
        desk.one_by_one(range(WARM_UP, WARM_UP + plan.requests))
        seconds, cpu = perf_counter() - start, process_time() - cpu
    check(clock.spent["flow"] > 0, "the flow was not seen; has the engine changed?")
    spent = clock.spent
    parts = {
        "items": seconds - spent["handle"],
        "driver": spent["handle"] - spent["flow"] - spent["recall"] - spent["commit"],
        "core": spent["flow"],
        "recall: sql": spent["recall: sql"],
        "recall: transaction": spent["recall: transaction"],
        "recall: decode": spent["recall"] - spent["recall: sql"] - spent["recall: transaction"],
        "commit: encode": spent["commit"] - spent["commit: sql"] - spent["commit: transaction"],
        "commit: sql": spent["commit: sql"],
        "commit: transaction": spent["commit: transaction"],
    }
    store.close()
    operations = OPERATIONS * plan.requests
    return {
        "operations": operations,
        "seconds": seconds,
        "cpu": cpu,
        "stages": parts,
        "statements": {name: calls / operations for name, calls in clock.calls.items()},
    }


CASES = {"sqlite": stages}
