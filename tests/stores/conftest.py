"""One throw-away PostgreSQL server for the session, and a database for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.postgres_server import NoPostgres, Server, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server, or a skip that says why there is none."""
    running_here = running(safe=False)
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


@pytest.fixture(scope="session")
def parted(postgres: Server) -> Iterator[str]:
    """The same with every table in four partitions."""
    from reqflow.plugins.postgres import PostgresStore

    name = postgres.database()
    store = PostgresStore(postgres.dsn(name))
    store.migrate(partitions=4)
    store.close()
    yield name
    postgres.drop(name)


@pytest.fixture
def new_dsn(postgres: Server, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Makes databases, with the schema (or as a copy of another fixture's) unless ``empty``; they are dropped then."""
    made: list[str] = []

    def make(*, empty: bool = False, template: str = "template") -> str:
        made.append(postgres.database(None if empty else request.getfixturevalue(template)))
        return postgres.dsn(made[-1])

    yield make
    for name in made:
        postgres.drop(name)
