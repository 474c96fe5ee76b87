"""Where the stories keep their desks: ``--store sqlite`` and ``--store postgres`` tell them all on another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
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


@pytest.fixture(autouse=True)
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stories that name no store get one of the kind asked for."""
    kind = request.config.getoption("--store")
    if kind == "sqlite":

        def make() -> Any:
            store = SQLiteStore(tmp_path / f"{next(NUMBERS)}.db", create=True, synchronous="NORMAL")
            request.addfinalizer(store.close)
            return store

        monkeypatch.setattr(desks, "_memory_store", make)
    elif kind == "postgres":
        monkeypatch.setattr(desks, "_memory_store", partial(Apart, request.getfixturevalue("shared")))
