"""Timers around the seams of an engine: where the time of its operations goes.

The timers themselves cost a microsecond or so each, so the whole is larger than without them; what counts is the
proportion.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from time import perf_counter
from typing import Any

__all__ = ["Clockwork"]


class Clockwork:
    """Adds up seconds and calls by name. ``within`` is the port that is being asked just now, if any."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.within = ""

    def clear(self) -> None:
        """Forget what was added up, so far."""
        self.spent.clear()
        self.calls.clear()

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

    def port(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same method of a port, with its time added to its name, which is ``within`` meanwhile."""

        def asked(*given: Any) -> Any:
            self.within = name
            try:
                return call(*given)
            finally:
                self.within = ""

        return self.around(name, asked)

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

    def cursor(self) -> type[sqlite3.Cursor]:
        """Cursors of SQLite whose statements are timed, those of transactions apart."""
        spent, calls = self.spent, self.calls

        class Cursor(sqlite3.Cursor):
            def execute(cursor, sql: str, *values: Any) -> Any:  # noqa: N805  # `self` is the clockwork
                kind = "transaction" if sql.startswith(("BEGIN", "COMMIT")) else "statements"
                name = f"{self.within}: {kind}"
                calls[name] += 1
                start = perf_counter()
                try:
                    return super().execute(sql, *values)
                finally:
                    spent[name] += perf_counter() - start

        return Cursor

    def sending(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        """The same sending of a statement to PostgreSQL, timed."""
        spent, calls = self.spent, self.calls

        def run(*given: Any) -> Any:
            name = f"{self.within}: statements"
            calls[name] += 1
            start = perf_counter()
            try:
                return plain(*given)
            finally:
                spent[name] += perf_counter() - start

        return run
