"""Where the stories keep their desks: ``--store sqlite`` and ``--store postgres`` tell them all on another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import attrs
import pytest

from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing import desks
from tests.postgres_server import Server
from tests.stores.conftest import postgres, template

__all__ = ["postgres", "template"]

NUMBERS = count(1)


class Apart:
    """A store of which one story sees a workspace of its own, since making a database takes half a second."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._workspace = f"story{next(NUMBERS)}"

    def commit(self, batch: Any) -> None:
        self._store.commit(attrs.evolve(batch, workspace=self._workspace))

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self._store, name)

        def call(_: str, *given: Any, **named: Any) -> Any:
            return method(self._workspace, *given, **named)

        return call


@pytest.fixture(scope="session")
def shared(postgres: Server, template: str) -> Iterator[Any]:
    """One PostgreSQL store for all stories of this process."""
    from reqflow.plugins.postgres import PostgresStore

    name = postgres.database(template)
    store = PostgresStore(postgres.dsn(name))
    yield store
    store.close()
    postgres.drop(name)


@pytest.fixture(scope="session")
def shared_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One SQLite file for all stories of this process."""
    store = SQLiteStore(tmp_path_factory.mktemp("shared") / "desk.db", create=True, synchronous="NORMAL")
    yield store
    store.close()


@pytest.fixture(autouse=True)
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories that name no store get a workspace of one of the kind asked for."""
    shared = {"sqlite": "shared_file", "postgres": "shared"}.get(request.config.getoption("--store"))
    if shared is not None:
        monkeypatch.setattr(desks, "_memory_store", partial(Apart, request.getfixturevalue(shared)))
