"""The schemas of SQLite and PostgreSQL describe the same facts; where they differ, they mean to, and it stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reqflow.plugins.sqlite import SQLiteStore

TABLES = {
    "agenda": "agenda",
    "agent": "agents",
    "conversation": "conversations",
    "desk": "desks",
    "history": "history",
    "inbox": "inbox",
    "lane": "lanes",
    "message": "messages",
    "outbox": "outbox",
    "outcome": "outcomes",
    "profile": "profiles",
    "record": "records",
    "record_key": "record_keys",
    "request": "requests",
    "text": "texts",
    "thread": "thread_keys",
}
"""What SQLite calls a table, and what PostgreSQL does."""
ONLY_SQLITE = {"fence"}  # a sequence in PostgreSQL
ONLY_POSTGRES = {
    "schema_versions",  # SQLite has a number for that
    "listeners",  # who waits for the server to call; a file cannot
}

FLAT = """author_kind author_id profile_id side audience received_at text_id text_audience text_owner text_digest thread
    detected top group_at more""".split()
LEASED = {"free_at", "leased"}, {"lease_until", "ready_at"}  # one moment and what it is of, or two moments
COLUMNS: dict[str, tuple[set[str], set[str]]] = {
    "agenda": ({"free_at"}, {"lease_until"}),
    "conversation": ({"open", "quiet"}, {"is_open", "is_quiet"}),
    "inbox": ({"id", "number", "state"} | LEASED[0], {"key", "seq", "parked"} | LEASED[1]),
    "message": (
        set(FLAT),
        {"document", "lone_profile_id"},
    ),  # as columns it is shorter, as a document quicker
    "outbox": ({"lane", "number"} | LEASED[0], {"destination", "seq"} | LEASED[1]),
    "outcome": (
        {"kind", "code", "conversation_id", "request_id", "message_id", "record_id", "duplicate"},
        {"document"},
    ),
    "request": ({"open"}, set()),  # said by the state
    "text": ({"digest"}, set()),  # whatever refers to a text says it as well
}
"""Columns that only SQLite has, and those that only PostgreSQL has."""

Facts = dict[str, dict[str, Any]]
"""Of each table its columns, and the columns that each of its keys begins with."""


@pytest.fixture(scope="module")
def sqlite() -> Facts:
    file = SQLiteStore(":memory:", create=True)._database.ready()
    found: Facts = {}
    for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
        indexes = [row[1] for row in file.execute(f"PRAGMA index_list({table})")]
        first = [file.execute(f"PRAGMA index_info({index})").fetchone()[2] for index in indexes]
        found[table] = {"columns": set(columns), "keys": first}
    return found


@pytest.fixture
def postgres_facts(new_dsn: Callable[..., str]) -> Facts:
    psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    columns = (
        "SELECT c.relname, array_agg(a.attname::text), ARRAY(SELECT k.attname::text FROM pg_index i"
        " JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0] WHERE i.indrelid = c.oid)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'reqflow'::regnamespace AND c.relkind = 'r' GROUP BY c.oid, c.relname"
    )
    with psycopg.connect(new_dsn()) as connection:
        rows = connection.execute(columns).fetchall()
    return {table: {"columns": set(columns), "keys": keys} for table, columns, keys in rows}


def test_both_have_the_same_tables(sqlite: Facts, postgres_facts: Facts) -> None:
    assert sqlite.keys() - ONLY_SQLITE == TABLES.keys()
    assert postgres_facts.keys() - ONLY_POSTGRES == set(TABLES.values())
    assert sqlite.keys() >= ONLY_SQLITE
    assert postgres_facts.keys() >= ONLY_POSTGRES


@pytest.mark.parametrize("table", TABLES)
def test_both_have_the_same_columns(sqlite: Facts, postgres_facts: Facts, table: str) -> None:
    one, other = sqlite[table]["columns"], postgres_facts[TABLES[table]]["columns"]
    assert (one - other, other - one) == COLUMNS.get(table, (set(), set()))


def test_the_workspace_leads_every_key(sqlite: Facts, postgres_facts: Facts) -> None:
    for facts in (sqlite, postgres_facts):
        for table, told in facts.items():
            if "workspace" in told["columns"]:
                assert set(told["keys"]) == {"workspace"}, table
            else:
                assert table in ONLY_SQLITE | ONLY_POSTGRES
