"""The store on PostgreSQL keeps the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from reqflow.plugins.postgres import PostgresStore
from reqflow.testing import StoreContract


class TestPostgresStore(StoreContract):
    dsns: dict[int, str]

    @pytest.fixture(autouse=True)
    def database(self, new_dsn: Callable[..., str]) -> None:
        self.dsn = new_dsn()

    def make_store(self, tmp_path):
        return PostgresStore(self.dsn)

    def reopen(self, store):
        return PostgresStore(self.dsn)
