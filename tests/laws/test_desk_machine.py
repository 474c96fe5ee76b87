"""A desk under random use keeps every law, in memory and in SQLite."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings

from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.machines import DeskMachine


class OnSQLite(DeskMachine):
    def make_store(self) -> Any:
        self.place = tempfile.TemporaryDirectory()
        store = SQLiteStore(Path(self.place.name) / "desk.db")
        store.migrate()
        return store

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "place"):
            self.place.cleanup()


TestInMemory = DeskMachine.TestCase
TestInMemory.settings = settings(max_examples=100, stateful_step_count=25)


TestOnSQLite = OnSQLite.TestCase
TestOnSQLite.settings = settings(max_examples=20, stateful_step_count=20)
