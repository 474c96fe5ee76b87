"""The store in one SQLite file: the embedded default. Needs nothing but the standard library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...hooks import hookimpl
from .store import SQLiteStore

if TYPE_CHECKING:
    from ...ports import Store

__all__ = ["SQLiteStore"]


@hookimpl
def reqflow_stores() -> Mapping[str, Callable[[str], Store]]:
    """``sqlite:PATH`` is the file of that path; it is not made before `migrate`."""
    return {"sqlite": lambda address: SQLiteStore(address.removeprefix("sqlite:"))}
