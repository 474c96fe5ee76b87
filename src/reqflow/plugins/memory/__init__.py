"""The store in memory: the reference for all others, and the fast one. Nothing outlives the process."""

from __future__ import annotations

from .store import MemoryStore

__all__ = ["MemoryStore"]
