"""The rights that the documentation says are enough for engines and workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reqflow.core.model import Workspace
from reqflow.errors import StoreUnavailable
from reqflow.plugins.postgres import PostgresStore, schema
from reqflow.ports import LeaseQueue
from reqflow.testing.samples import WORKSPACE, moment
from reqflow.testing.store_laws.archives import fill

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "grow-on-postgresql.md"


def granting(role: str) -> str:
    """The statements of the page, for a role of ours that does not log in."""
    told = PAGE.read_text("utf-8").partition("```sql\n")[2].partition("```")[0]
    assert told.count("desk_worker") == 6
    return told.replace("desk_worker LOGIN", "desk_worker").replace("desk_worker", role)


@pytest.fixture(params=["template", "parted"])
def dsn(request: pytest.FixtureRequest, new_dsn: Callable[..., str]) -> Iterator[str]:
    """A database as a role sees it that has these rights and no others."""
    made, role = new_dsn(template=request.param), f"reqflow_worker_{os.getpid()}"
    with psycopg.connect(made, autocommit=True) as admin:
        admin.execute(granting(role).encode())
        yield psycopg.conninfo.make_conninfo(made, options=f"-c role={role}")
        admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_a_worker_can_do_everything_with_them(dsn: str) -> None:
    store = PostgresStore(dsn)
    fill(store)
    rows = list(store.dump(WORKSPACE))
    copy = Workspace("copy")
    store.load(copy, rows)
    assert list(store.dump(copy)) == rows
    assert store.requeue(WORKSPACE, LeaseQueue.INBOX) != []
    assert len(store.backlog(WORKSPACE, moment(0))) == 3
    with closing(store.waker(WORKSPACE)) as waker:
        waker.wait(0)
    found, needed = store.schema()
    assert found == needed == store.migrate()  # there is nothing to do
    store.close()


def test_but_it_cannot_change_the_schema(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = {**schema._steps(), schema.LATEST + 1: "ALTER TABLE reqflow.messages ADD COLUMN hat text"}
    monkeypatch.setattr(schema, "LATEST", schema.LATEST + 1)
    monkeypatch.setattr(schema, "_steps", lambda: later)
    with pytest.raises(StoreUnavailable, match="must be owner"):
        PostgresStore(dsn).migrate()
