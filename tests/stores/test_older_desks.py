"""Desks that older versions wrote are brought up to date whole: read, verified, and gone on with.

Their rows stand in tests/golden/desks, a file for each store and version of the schema that desks were kept with. In
each of them Cara asked in a chat and was answered, Dan wrote a mail that Bo took, Finn and Gus wait in a queue for one
agent at a time, Hal asked directly, and a message of Ivy was accepted and not handled yet.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reqflow.core.commands import Close
from reqflow.core.model import Actor, ActorKind, RequestState
from reqflow.errors import SchemaMismatch
from reqflow.plugins.sqlite import SQLiteStore, database
from reqflow.ports import Conversations, Messages, Requests, Store
from reqflow.testing.desks import Story
from reqflow.testing.samples import WORKSPACE

KEPT = sorted((Path(__file__).parent.parent / "golden" / "desks").glob("*.sql"))


def version_of(kept: Path) -> int:
    return int(kept.stem.partition("_")[2])


def in_sqlite(kept: Path, path: Path) -> SQLiteStore:
    """A store over a file of that version of the schema."""
    with sqlite3.connect(path) as file:
        for script in database._migrations()[: version_of(kept)]:
            file.executescript(script)
        file.executescript(kept.read_text("utf-8"))
        file.execute(f"PRAGMA user_version = {version_of(kept)}")
        file.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    file.close()
    return SQLiteStore(path)


def in_postgres(kept: Path, dsn: str) -> Any:
    """A store over a database of that version of the schema."""
    psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    from reqflow.plugins.postgres import PostgresStore, schema

    with psycopg.connect(dsn) as connection:
        for version in range(1, version_of(kept) + 1):
            connection.execute(schema._steps()[version].encode())
            connection.execute("INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (version,))
        connection.execute(kept.read_bytes())
    return PostgresStore(dsn)


@pytest.fixture(params=KEPT, ids=[kept.stem for kept in KEPT])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    kept: Path = request.param
    if kept.stem.startswith("sqlite"):
        store: Any = in_sqlite(kept, tmp_path / "desk.db")
    else:
        new_dsn: Callable[..., str] = request.getfixturevalue("new_dsn")
        store = in_postgres(kept, new_dsn(empty=True))
    yield version_of(kept), store
    store.close()


def test_a_desk_of_every_store_is_kept() -> None:
    assert {kept.stem.partition("_")[0] for kept in KEPT} == {"postgres", "sqlite"}


def test_an_older_desk_is_refused_until_it_is_migrated(older: tuple[int, Store]) -> None:
    version, store = older
    found, needed = store.schema()
    assert found == version < needed
    with pytest.raises(SchemaMismatch, match=rf"{version}.*{needed}.*migrate"):
        store.query(WORKSPACE, Requests())
    assert store.migrate() == needed
    assert store.schema() == (needed, needed)


TELLS_ALL = 4
"""From this version on a stored request tells when it was assigned; before, only its history does."""


def test_an_older_desk_goes_on(older: tuple[int, Store]) -> None:
    version, store = older
    store.migrate()
    story = Story(store=store)
    engine = story.engine
    if version < TELLS_ALL:
        assert engine.verify() != []
        engine.rebuild()
    assert engine.verify() == []
    assert story.say("cara", "Where is my parcel?", native="1").duplicate
    messages = engine.read(Messages(limit=100)).items
    told = engine.texts(*messages)
    assert [told[each.text.id] for each in messages if each.text] == [
        "Where is my parcel?",
        "It should have come by Monday.",
        "On its way.",
        "Can I pay by invoice? Grüße, 丹",
        "Hello, anybody?",
        "And me?",
        "Is it done?",
        "thanks",
    ]
    assert len(engine.read(Conversations(open=False)).items) == 1
    waiting = engine.read(Requests(states=(RequestState.ASSIGNED,))).items
    assert {each.assignee for each in waiting} == {"ana", "bo"}
    assert "took" in str(engine.explain(messages[3].conversation_id))
    story.wait(minutes=10, work=False)
    assert engine.work() > 0
    late = engine.read(Messages(limit=100)).items[-1]
    assert engine.texts(late)[late.text.id] == "Is this thing on?"
    closed = engine.handle(Close(by=Actor(ActorKind.AGENT, waiting[0].assignee), request_id=waiting[0].id))
    assert not closed.duplicate
    assert engine.verify() == []
