"""The three stores of reqflow, each new and durable as far as it can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workload import Missing, Plan

from reqflow.errors import UsageError

__all__ = ["STORES", "opened"]


def sqlite_store(plan: Plan) -> Any:
    """A new SQLite store, durable: synchronous FULL over a write-ahead log."""
    from reqflow.plugins.sqlite import SQLiteStore

    return SQLiteStore(plan.folder / "desk.db", create=True)


def memory_store(plan: Plan) -> Any:
    """A new store in memory."""
    from reqflow.plugins.memory import MemoryStore

    return MemoryStore()


def postgres_store(plan: Plan) -> Any:
    """A store in the database of the plan."""
    from reqflow.plugins.postgres import PostgresStore

    try:
        store = PostgresStore(plan.dsn)
    except UsageError as problem:
        raise Missing(str(problem)) from None
    store.migrate()
    return store


def opened(plan: Plan) -> Any:
    """A new store of the kind that the plan is for."""
    return STORES[plan.store](plan)


STORES: Mapping[str, Callable[[Plan], Any]] = {
    "memory": memory_store,
    "sqlite": sqlite_store,
    "postgres": postgres_store,
}
