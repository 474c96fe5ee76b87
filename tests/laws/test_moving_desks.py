"""Whatever desk random use has made, it is the same in every other store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from reqflow import Engine
from reqflow.core.model import Workspace
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.machines import DeskMachine
from reqflow.testing.store_laws.laws import picture
from tests.stores.conftest import Server


class Moving(DeskMachine):
    """Moves its desk when it has come to an end, into stores that hold all that were moved before."""

    targets: tuple[Any, ...] = ()
    names = (Workspace(f"desk {number}") for number in count(1))
    moved = 0

    def teardown(self) -> None:
        if hasattr(self, "story") and self.is_sound:
            self._move()
        super().teardown()

    def _move(self) -> None:
        here, mine = self.story.store, self.story.engine.workspace
        rows = list(here.dump(mine))
        name = next(self.names)
        for store in self.targets:
            store.load(name, iter(rows))
            assert list(store.dump(name)) == rows
            assert picture(store, name) == picture(here, mine)
            assert Engine(store, workspace=name).verify() == []
        type(self).moved += len(self.targets)


@pytest.fixture
def targets(postgres: Server, template: str) -> Iterator[tuple[Any, ...]]:
    """A store of each kind."""
    from reqflow.plugins.postgres import PostgresStore

    database = postgres.database(template)
    made = (MemoryStore(), SQLiteStore(":memory:", create=True), PostgresStore(postgres.dsn(database)))
    yield made
    for store in made:
        store.close()
    postgres.drop(database)


def moves(machine: type[Moving], targets: tuple[Any, ...], examples: int) -> None:
    machine.targets = targets
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=15))
    assert machine.moved > 2 * examples


def test_from_memory(targets: tuple[Any, ...]) -> None:
    class FromMemory(Moving):
        pass

    moves(FromMemory, targets, 12)


def test_from_sqlite(targets: tuple[Any, ...]) -> None:
    class FromSQLite(Moving):
        def make_store(self) -> Any:
            self.place = tempfile.TemporaryDirectory()
            return SQLiteStore(Path(self.place.name) / "desk.db", create=True)

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "place"):
                self.place.cleanup()

    moves(FromSQLite, targets, 6)


def test_from_postgres(postgres: Server, template: str, targets: tuple[Any, ...]) -> None:
    from reqflow.plugins.postgres import PostgresStore

    class FromPostgres(Moving):
        def make_store(self) -> Any:
            self.database = postgres.database(template)
            return PostgresStore(postgres.dsn(self.database))

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "database"):
                postgres.drop(self.database)

    moves(FromPostgres, targets, 4)
