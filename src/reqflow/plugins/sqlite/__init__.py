"""The store in one SQLite file: the embedded default. Needs nothing but the standard library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...hooks import hookimpl
from ...ports import Store
from .store import SQLiteStore

__all__ = ["SQLiteStore"]


@hookimpl
def reqflow_stores() -> Mapping[str, Callable[[str], Store]]:
    """``sqlite:PATH`` is the file of that path; it is not made before `migrate`."""
    return {"sqlite": lambda address: SQLiteStore(address.removeprefix("sqlite:"))}
