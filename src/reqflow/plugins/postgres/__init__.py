"""The store on PostgreSQL, for desks that several processes work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...hooks import hookimpl
from ...ports import Store
from .store import PostgresStore

__all__ = ["PostgresStore"]


@hookimpl
def reqflow_stores() -> Mapping[str, Callable[[str], Store]]:
    """``postgresql://...`` (or ``postgres://...``) is a connection URI."""
    return {"postgresql": PostgresStore, "postgres": PostgresStore}
