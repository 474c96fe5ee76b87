"""Where reqflow can be watched at work from outside: statements on their way to a database, flows on theirs.

This knows names inside of reqflow. What relies on it checks that it saw something.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["flows", "sqlite_cursors", "wire"]

Wrapping = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes of a function the one that stands in for it."""


@contextmanager
def sqlite_cursors(kind: type[sqlite3.Cursor]) -> Iterator[list[sqlite3.Connection]]:
    """Have every cursor of a connection that is opened meanwhile be of this kind; the connections are listed."""
    opened: list[sqlite3.Connection] = []
    plain = sqlite3.connect

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = kind) -> Any:
            return super().cursor(factory)

        def execute(self, *statement: Any) -> Any:
            return self.cursor().execute(*statement)  # by itself it makes a plain one

    def opening(*given: Any, **named: Any) -> sqlite3.Connection:
        opened.append(plain(*given, **{**named, "factory": Connection}))
        return opened[-1]

    sqlite3.connect = opening  # type: ignore[assignment]  # what it takes, it hands on
    try:
        yield opened
    finally:
        sqlite3.connect = plain


@contextmanager
def wire(wrapping: Wrapping) -> Iterator[None]:
    """Wrap what sends one statement of the PostgreSQL store: ``run(wire, statement, values)``."""
    from reqflow.plugins.postgres.wire import Wire

    with _wrapped(Wire, "run", wrapping):
        yield


@contextmanager
def flows(wrapping: Wrapping) -> Iterator[None]:
    """Wrap what makes the flow of one item."""
    from reqflow import flow

    with _wrapped(flow, "handle", wrapping):
        yield


@contextmanager
def _wrapped(owner: Any, name: str, wrapping: Wrapping) -> Iterator[None]:
    plain = getattr(owner, name)
    setattr(owner, name, wrapping(plain))
    try:
        yield
    finally:
        setattr(owner, name, plain)
