"""Whoever changes history behind a store's back is found: the first row that is not what was written is named.

``REQFLOW_TAMPERS=10000`` tries that many changes on each store instead of a few hundred.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from reqflow.core.chain import BEGINNING, Head, first_break, linked, own_digest
from reqflow.drivers import Ports, run
from reqflow.flow.chaining import broken_chains, heads
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore, database
from reqflow.ports import Entries, Store, Streams
from reqflow.testing.samples import WORKSPACE, make_batch, make_entry, moment

TAMPERS = int(os.environ.get("REQFLOW_TAMPERS", "250"))
STREAMS = {"c_0001": 9, "c_0002": 1, "customer:k_1": 4, "desk": 3}
COLUMNS = "stream seq at actor_kind actor_id cause_kind cause_key rules events digest".split()
WORDS = [each for each in COLUMNS if each not in ("stream", "seq", "at", "digest")]

Row = dict[str, Any]
Rows = dict[tuple[str, int], Row]


def ports(store: Any) -> Ports:
    return Ports(store=store, registry=SimpleNamespace(committed=lambda _: None))


def look(store: Store, published: Sequence[Head] = ()) -> dict[str, str]:
    """The first bad entry of every stream that has one."""
    streams = store.query(WORKSPACE, Streams()).items
    found: dict[str, str] = run(broken_chains(WORKSPACE, streams, published), ports(store))
    return found


def fill(store: Store) -> None:
    for stream, length in STREAMS.items():
        for seq in range(1, length + 1):
            store.commit(make_batch(entries=(make_entry(stream, seq),)))


class Behind:
    """The table of history, reached past the store."""

    def rows(self) -> Rows:
        raise NotImplementedError

    def replace(self, rows: Sequence[Row]) -> None:
        """Make the table hold these rows and no others."""
        raise NotImplementedError


class BehindSQLite(Behind):
    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = OFF")

    def rows(self) -> Rows:
        found = self.connection.execute(f"SELECT {', '.join(COLUMNS)} FROM history").fetchall()
        return {row[:2]: dict(zip(COLUMNS, row, strict=True)) for row in found}

    def replace(self, rows: Sequence[Row]) -> None:
        marks = ", ".join("CAST(? AS TEXT)" if each in WORDS else "?" for each in COLUMNS)
        self.connection.execute("BEGIN")
        self.connection.execute("DELETE FROM history")
        self.connection.executemany(
            f"INSERT INTO history (workspace, {', '.join(COLUMNS)}) VALUES ('{WORKSPACE}', {marks})",
            [tuple(row[each] for each in COLUMNS) for row in rows],
        )
        self.connection.execute("COMMIT")

    @staticmethod
    def flipped(word: str, chance: Random) -> Any:
        """The word with one bit turned, whether that leaves a text or not."""
        content = bytearray(word.encode())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        return bytes(content)


class BehindPostgres(Behind):
    def __init__(self, dsn: str) -> None:
        import psycopg

        self.connection = psycopg.connect(dsn)

    def rows(self) -> Rows:
        moments = {"at": "(extract(epoch FROM at) * 1000000)::bigint"}
        columns = ", ".join(moments.get(each, each) for each in COLUMNS)
        found = self.connection.execute(f"SELECT {columns} FROM reqflow.history").fetchall()
        return {row[:2]: dict(zip(COLUMNS, row, strict=True)) for row in found}

    def replace(self, rows: Sequence[Row]) -> None:
        moments = {"at": "'epoch'::timestamptz + %s * interval '1 microsecond'"}
        marks = ", ".join(moments.get(each, "%s") for each in COLUMNS)
        self.connection.execute("DELETE FROM reqflow.history")
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO reqflow.history (workspace, {', '.join(COLUMNS)})"
                f" VALUES ('{WORKSPACE}', {marks})",
                [tuple(row[each] for each in COLUMNS) for row in rows],
            )
        self.connection.commit()

    @staticmethod
    def flipped(word: str, chance: Random) -> str:
        """The word with one bit turned; this database would take nothing that is no text."""
        at = chance.randrange(len(word))
        return word[:at] + chr(ord(word[at]) ^ (1 << chance.randrange(4))) + word[at + 1 :]


@contextmanager
def reached(name: str, request: pytest.FixtureRequest) -> Iterator[tuple[Store, Any]]:
    """A store of this name, and its table."""
    store: Store
    behind: Any
    if name == "sqlite":
        path = request.getfixturevalue("tmp_path") / "desk.db"
        store, behind = SQLiteStore(path, create=True, synchronous="NORMAL"), BehindSQLite(path)
    else:
        pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
        from reqflow.plugins.postgres import PostgresStore

        dsn = request.getfixturevalue("new_dsn")()
        store, behind = PostgresStore(dsn, pool=1), BehindPostgres(dsn)
    try:
        yield store, behind
    finally:
        behind.connection.close()
        store.close()


# --- what somebody may do to a table: each returns the rows, and the first that is then bad, or is missing ---

Tampered = tuple[Rows, tuple[str, int]]


def flip(rows: Rows, chance: Random, behind: Any) -> Tampered:
    key = chance.choice(sorted(rows))
    row, column = rows[key], chance.choice(["at", "digest", *WORDS])
    if column == "at":
        row["at"] ^= 1 << chance.randrange(40)
    elif column == "digest":
        digest = bytearray(row["digest"])
        digest[chance.randrange(32)] ^= 1 << chance.randrange(8)
        row["digest"] = bytes(digest)
    elif row[column] is None:
        row[column] = ""
    else:
        row[column] = behind.flipped(row[column], chance)
    return rows, key


def drop(rows: Rows, chance: Random, behind: Any) -> Tampered:
    """Any but the last of a stream, which leaves no trace in the chain."""
    key = chance.choice(sorted(key for key in rows if key[1] < STREAMS[key[0]]))
    del rows[key]
    return rows, key


def swap(rows: Rows, chance: Random, behind: Any) -> Tampered:
    stream = chance.choice(sorted(each for each, length in STREAMS.items() if length > 1))
    one, two = sorted(chance.sample(range(1, STREAMS[stream] + 1), 2))
    rows[stream, one]["seq"], rows[stream, two]["seq"] = two, one
    return rows, (stream, one)


def rewrite(rows: Rows, chance: Random, behind: Any) -> Tampered:
    """An entry is written anew, with a digest that fits what it says now: the one behind it gives it away."""
    key = chance.choice(sorted(key for key in rows if key[1] < STREAMS[key[0]]))
    row = rows[key]
    row["actor_id"] = "mallory"
    relink(rows, key)
    return rows, (key[0], key[1] + 1)


def relink(rows: Rows, key: tuple[str, int]) -> None:
    row = rows[key]
    previous = rows[key[0], key[1] - 1]["digest"] if key[1] > 1 else BEGINNING
    row["digest"] = linked(previous, own_digest(*(row[each] for each in COLUMNS[:-1])))


def append(rows: Rows, chance: Random, behind: Any) -> Tampered:
    """A row of one stream is put into another: before it, behind it, or behind a gap."""
    origin, stream = chance.choice(sorted(rows)), chance.choice(sorted(STREAMS))
    seq = chance.choice([0, -1, STREAMS[stream] + 1, STREAMS[stream] + 5])
    rows[stream, seq] = {**rows[origin], "stream": stream, "seq": seq}
    return rows, (stream, 1 if seq < 1 else STREAMS[stream] + 1)


WAYS: tuple[Callable[[Rows, Random, Any], Tampered], ...] = (flip, drop, swap, rewrite, append)


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_the_first_bad_row_is_named_whatever_was_done(name: str, request: pytest.FixtureRequest) -> None:
    chance = Random(f"{name} {TAMPERS}")
    with reached(name, request) as (store, behind):
        fill(store)
        assert look(store) == {}
        for number in range(TAMPERS):
            way = WAYS[number % len(WAYS)]
            rows, (stream, seq) = way(behind.rows(), chance, behind)
            before = behind.rows()
            behind.replace(list(rows.values()))
            found = look(store)
            behind.replace(list(before.values()))
            assert list(found) == [stream], (way, number)
            assert found[stream].startswith(f"history {stream}/{seq}: "), (way, number, found)
        assert look(store) == {}


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_what_the_chain_cannot_know_a_published_head_does(name: str, request: pytest.FixtureRequest) -> None:
    """The end that is cut off, a stream that is gone, and one that was written anew from some entry to its end."""
    with reached(name, request) as (store, behind):
        fill(store)
        published = run(heads(WORKSPACE), ports(store))
        assert {each.stream: each.seq for each in published} == STREAMS
        assert look(store, published) == {}
        whole = behind.rows()
        for stream, length in STREAMS.items():
            cut = [row for key, row in behind.rows().items() if key != (stream, length)]
            behind.replace(cut)
            assert look(store) == {}
            assert look(store, published)[stream].startswith(f"history {stream}/{length}: is missing")
            behind.replace([row for row in behind.rows().values() if row["stream"] != stream])
            assert look(store, published)[stream].startswith(f"history {stream}/1: is missing")
            rows = {key: dict(row) for key, row in whole.items()}
            rows[stream, 1]["actor_id"] = "mallory"
            for seq in range(1, length + 1):
                relink(rows, (stream, seq))
            behind.replace(list(rows.values()))
            assert look(store) == {}
            assert look(store, published)[stream].startswith(f"history {stream}/{length}: is not the entry")
            behind.replace(list(whole.values()))
        store.commit(make_batch(entries=(make_entry("c_0002", 2),)))
        assert look(store, published) == {}  # a history may go on


def test_no_two_entries_say_the_same_by_moving_a_border() -> None:
    plain = ["c_1", 1, 1, "agent", "ana", "command", "cmd:1", None, "[]"]
    told = {own_digest(*plain)}
    for one, two in pairwise((0, 3, 4, 5, 6, 8)):
        moved = [*plain]
        moved[one], moved[two] = f"{moved[one]}{str(moved[two])[:1]}", str(moved[two])[1:]
        told.add(own_digest(*moved))
    told.add(own_digest("c_1", 11, 1, "agent", "ana", "command", "cmd:1", None, "[]"))
    told.add(own_digest("c_1", 1, 11, "agent", "ana", "command", "cmd:1", None, "[]"))
    told.add(own_digest("c_1", 1, 1, "agent", "ana", "command", "cmd:1", "", "[]"))
    assert len(told) == 1 + 5 + 3


# --- history from before there were digests ---


def as_it_should_be() -> dict[str, list[bytes]]:
    """The digests that the same history has where it was written with them."""
    store = MemoryStore()
    fill(store)
    return {
        stream: [each.digest for each in store.query(WORKSPACE, Entries(stream=stream)).items]
        for stream in STREAMS
    }


def after_migration(store: Store) -> None:
    """What was there has its digests, and history goes on behind it."""
    for stream, digests in as_it_should_be().items():
        assert [each.digest for each in store.query(WORKSPACE, Entries(stream=stream)).items] == digests
    store.commit(make_batch(entries=(make_entry("c_0001", 10),)))
    entries = store.query(WORKSPACE, Entries(stream="c_0001")).items
    assert len(entries) == 10
    assert first_break("c_0001", entries, 0, BEGINNING) is None


def old_rows() -> list[tuple[Any, ...]]:
    store = MemoryStore()
    fill(store)
    return [
        tuple(getattr(each, column) for column in COLUMNS[:-1])
        for stream in STREAMS
        for each in store.query(WORKSPACE, Entries(stream=stream)).items
    ]


def test_an_older_file_gets_its_digests(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, scripts = tmp_path / "desk.db", database._migrations()
    with monkeypatch.context() as past:
        past.setattr(database, "_migrations", lambda: scripts[:4])
        SQLiteStore(path, create=True).close()
    with sqlite3.connect(path) as connection:
        marks = ",".join("?" * 9)
        connection.executemany(f"INSERT INTO history VALUES ('{WORKSPACE}', {marks})", old_rows())
    connection.close()
    store = SQLiteStore(path, create=True)
    after_migration(store)
    store.close()


def test_an_older_database_gets_its_digests(new_dsn: Callable[..., str]) -> None:
    psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    from reqflow.plugins.postgres import PostgresStore, schema

    dsn = new_dsn(empty=True)
    with psycopg.connect(dsn) as old:
        for step in range(1, 5):
            old.execute(schema._steps()[step])
            old.execute("INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (step,))
        marks = ",".join(["%s"] * 6)
        for stream, seq, at, *rest in old_rows():
            old.execute(
                f"INSERT INTO reqflow.history VALUES ('{WORKSPACE}', %s, %s, %s, {marks})",
                (stream, seq, moment((at - 1_709_283_600_000_000) / 1_000_000), *rest),
            )
    store = PostgresStore(dsn)
    store.migrate()
    after_migration(store)
    store.close()
