"""A desk under random use keeps every law, on every store; and the machine leaves no command out."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from reqflow.core.commands import COMMANDS, MarkSeen, Observation
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.machines import OBSERVATIONS, SUBJECTS, DeskMachine
from tests.stores.conftest import Server


def test_the_machine_gives_every_command() -> None:
    given = Counter(command for subject in SUBJECTS.values() for command in subject)
    assert given == Counter(COMMANDS)


def test_the_machine_makes_every_observation() -> None:
    assert set(OBSERVATIONS) == {*get_args(Observation), MarkSeen}


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
TestOnSQLite.settings = settings(max_examples=15, stateful_step_count=20)


def test_on_postgres(postgres: Server, template: str) -> None:
    from reqflow.plugins.postgres import PostgresStore

    class OnPostgres(DeskMachine):
        def make_store(self) -> Any:
            self.database = postgres.database(template)
            return PostgresStore(postgres.dsn(self.database))

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "database"):
                postgres.drop(self.database)

    run_state_machine_as_test(OnPostgres, settings=settings(max_examples=8, stateful_step_count=15))


def test_the_laws_see_what_is_broken() -> None:
    """A store that loses track of who has how much to do, and an internal word in a customer's text."""
    pytest.skip("written below")
