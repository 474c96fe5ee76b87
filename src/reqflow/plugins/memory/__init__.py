"""The store in memory: the reference for all others, and the fast one. Nothing outlives the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...hooks import hookimpl
from ...ports import Store
from .store import MemoryStore

__all__ = ["MemoryStore"]


@hookimpl
def reqflow_stores() -> Mapping[str, Callable[[str], Store]]:
    """``memory:`` is a new store each time."""
    return {"memory": lambda address: MemoryStore()}
