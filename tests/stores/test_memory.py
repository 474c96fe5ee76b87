"""The store in memory keeps the contract, and its indexes keep their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.memory.ordered import FULL, Ordered
from reqflow.testing import StoreContract


class TestMemoryStore(StoreContract):
    persistent = False

    def make_store(self, tmp_path):
        return MemoryStore()
