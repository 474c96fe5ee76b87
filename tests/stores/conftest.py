"""One throw-away PostgreSQL server for the session, and a database for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.postgres_server import NoPostgres, Server, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server, or a skip that says why there is none."""
    running_here = running()
    try:
        server = running_here.__enter__()
    except NoPostgres as problem:
        pytest.skip(f"no PostgreSQL: {problem}")
    try:
        yield server
    finally:
        running_here.__exit__(None, None, None)


@pytest.fixture(scope="session")
def template(postgres: Server) -> Iterator[str]:
    """The name of a database that holds the schema and nothing else."""
    from reqflow.plugins.postgres import PostgresStore

    name = postgres.database()
    store = PostgresStore(postgres.dsn(name))
    store.migrate()
    store.close()
    yield name
    postgres.drop(name)


@pytest.fixture
def new_dsn(postgres: Server, template: str) -> Iterator[Callable[..., str]]:
    """Makes databases, with the schema unless ``empty``; they are dropped after the test."""
    made: list[str] = []

    def make(*, empty: bool = False) -> str:
        made.append(postgres.database(None if empty else template))
        return postgres.dsn(made[-1])

    yield make
    for name in made:
        postgres.drop(name)
