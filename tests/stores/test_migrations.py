"""Schemas are brought up to date by several at once, killed at any statement, and are then what a new one is."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO, Any

import pytest

from reqflow.errors import SchemaMismatch, StoreUnavailable
from reqflow.plugins.sqlite import SQLiteStore, database
from reqflow.plugins.sqlite.database import APPLICATION_ID
from reqflow.testing.store_laws.laws import picture

from .test_older_desks import KEPT as OLDER
from .test_older_desks import in_sqlite, version_of

NewDsn = Callable[..., str]

SCRIPTS = database._migrations()
PROCESSES = 4
KEPT = [kept for kept in OLDER if kept.stem.startswith("sqlite")]

# --- a schema as it is ---


def file_at(path: Path, version: int) -> Path:
    """A file with that version of the schema, 0 for an empty one."""
    path.touch()
    if version:
        with sqlite3.connect(path) as file:
            for script in SCRIPTS[:version]:
                file.executescript(script)
            file.execute(f"PRAGMA user_version = {version}")
            file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        file.close()
    return path


def schema_of_file(path: Path) -> tuple[int, list[tuple[str, ...]]]:
    """The version that a file says it has, and everything in its catalog."""
    file = sqlite3.connect(path)
    try:
        ((version,),) = file.execute("PRAGMA user_version").fetchall()
        catalog = file.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master").fetchall()
        return version, sorted(catalog)
    finally:
        file.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[str, ...]]]:
    """The catalog of each version of the schema in a file."""
    folder = tmp_path_factory.mktemp("files")
    return [schema_of_file(file_at(folder / f"{n}.db", n))[1] for n in range(len(SCRIPTS) + 1)]


CATALOG = (
    "SELECT c.relname, c.relkind::text, array_to_string(c.reloptions, ', '), c.relpersistence::text,"
    " a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attcollation::text,"
    " a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)"
    " FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relnamespace = to_regnamespace('reqflow')",
    "SELECT pg_get_indexdef(indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relnamespace = to_regnamespace('reqflow')",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = to_regnamespace('reqflow')",
    "SELECT oid::regprocedure::text, CASE WHEN prokind = 'f' THEN pg_get_functiondef(oid) END FROM pg_proc"
    " WHERE pronamespace = to_regnamespace('reqflow')",
)


def schema_of_database(dsn: str) -> tuple[int, list[tuple[Any, ...]]]:
    """The version that a database says it has, and everything in its catalog."""
    import psycopg

    with psycopg.connect(dsn) as connection:
        from reqflow.plugins.postgres import schema

        version = schema._version(connection)
        found = [row for query in CATALOG for row in connection.execute(query).fetchall()]
        return version, sorted(found, key=str)


def database_at(dsn: str, version: int) -> str:
    """A database with that version of the schema, 0 for an empty one."""
    import psycopg

    from reqflow.plugins.postgres import schema

    with psycopg.connect(dsn) as connection:
        for step in range(1, version + 1):
            connection.execute(schema._steps()[step].encode())
            connection.execute("INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (step,))
    return dsn


# --- several at once ---

MIGRATE = """
import json, sys
from reqflow.plugins.postgres import PostgresStore
from reqflow.plugins.sqlite import SQLiteStore
for line in sys.stdin:
    place, partitions = json.loads(line)
    if place.startswith("/"):
        store, how = SQLiteStore(place), {}
    else:
        store, how = PostgresStore(place), {"partitions": partitions} if partitions else {}
    try:
        answer = store.migrate(**how)
    except Exception as problem:
        answer = f"{type(problem).__name__}: {problem}"
    store.close()
    print(json.dumps(answer), flush=True)
"""


class Starters:
    """Processes that migrate what they are told, all at the same moment."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", MIGRATE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for _ in range(PROCESSES)
        ]

    def migrate(self, place: str, partitions: int | None = None) -> list[Any]:
        """What each of them says of it."""
        for process in self.processes:
            _pipe(process.stdin).write(json.dumps([place, partitions]) + "\n")
            _pipe(process.stdin).flush()
        return [json.loads(_pipe(process.stdout).readline()) for process in self.processes]

    def stop(self) -> None:
        for process in self.processes:
            process.communicate()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture(scope="module")
def starters() -> Iterator[Starters]:
    made = Starters()
    yield made
    made.stop()


@pytest.mark.parametrize("version", range(len(SCRIPTS)))
def test_several_bring_one_file_up_to_date_at_once(
    tmp_path: Path, starters: Starters, files: list[Any], version: int
) -> None:
    for turn in range(3):
        path = file_at(tmp_path / f"{turn}.db", version)
        assert starters.migrate(str(path)) == [len(SCRIPTS)] * PROCESSES
        assert schema_of_file(path) == (len(SCRIPTS), files[-1])


def _latest() -> int:
    return max(map(int, re.findall(r"/(\d+)_[a-z_]+\.sql", " ".join(map(str, _POSTGRES.glob("*.sql"))))))


_POSTGRES = Path(database.__file__).parent.parent / "postgres"
LATEST = _latest()


@pytest.mark.parametrize("version", range(LATEST))
def test_several_bring_one_database_up_to_date_at_once(
    new_dsn: NewDsn, starters: Starters, version: int
) -> None:
    dsn = database_at(new_dsn(empty=True), version)
    assert starters.migrate(dsn) == [LATEST] * PROCESSES
    assert schema_of_database(dsn) == schema_of_database(new_dsn())
    assert applied(dsn) == list(range(1, LATEST + 1))


def applied(dsn: str) -> list[int]:
    """Which steps were taken: each by one of those who tried."""
    import psycopg

    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT version FROM reqflow.schema_versions ORDER BY version")
        return [version for (version,) in rows.fetchall()]


def test_several_put_one_database_in_partitions_at_once(new_dsn: NewDsn, starters: Starters) -> None:
    dsn = new_dsn(empty=True)
    assert starters.migrate(dsn, 4) == [LATEST] * PROCESSES
    assert schema_of_database(dsn) == schema_of_database(new_dsn(template="parted"))


def test_a_migration_waits_for_one_that_is_under_way(tmp_path: Path, files: list[Any]) -> None:
    """However little patience the store has otherwise: giving a long history its digests takes a while."""
    path = file_at(tmp_path / "desk.db", 1)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    done = Timer(0.3, lambda: other.execute("ROLLBACK"))
    done.start()
    store = SQLiteStore(path, timeout=0.01)
    assert store.migrate() == len(SCRIPTS)
    store.close()
    done.join()
    other.close()
    assert schema_of_file(path)[1] == files[-1]


def test_what_is_not_ours_is_not_touched_by_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE theirs (id)")
    file.close()
    before = path.read_bytes()
    for refused in (SQLiteStore(path).migrate, SQLiteStore(path).schema):
        with pytest.raises(SchemaMismatch, match="another program"):
            refused()
    assert path.read_bytes() == before


# --- killed ---

KILL = """
import os, shutil, signal, sys
from reqflow.plugins.sqlite import SQLiteStore, database
begun, folder = sys.argv[1:]
for step in range(1, 1000):
    path = f"{folder}/{step}.db"
    shutil.copy(begun, path)
    child = os.fork()
    if child == 0:
        left = step
        def count(statement):
            global left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        store = SQLiteStore(path)
        store._database._opened(make=True).set_trace_callback(count)
        store.migrate()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(path, flush=True)
    if status == 0:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kept", [None, *KEPT], ids=lambda kept: kept.stem if kept else "empty")
def test_a_file_whose_migration_is_killed_at_any_statement(
    tmp_path: Path, files: list[Any], kept: Path | None
) -> None:
    """It has one of the schemas, whole, and can be brought up to date then, with all that was in it."""
    begun, version = tmp_path / "begun.db", version_of(kept) if kept else 0
    if kept:
        in_sqlite(kept, begun).close()
    else:
        begun.touch()
    whole = SQLiteStore(shutil.copy(begun, tmp_path / "whole.db"))
    whole.migrate()
    expected = picture(whole)
    whole.close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", KILL, str(begun), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [Path(line) for line in told.stdout.splitlines()]
    left = [schema_of_file(path) for path in paths]
    assert all(catalog == files[found] for found, catalog in left)
    assert {found for found, _ in left} == set(range(version, len(SCRIPTS) + 1))
    assert len(paths) > 6 * (len(SCRIPTS) - version)
    for path in paths:
        store = SQLiteStore(path)
        assert store.migrate() == len(SCRIPTS)
        assert picture(store) == expected
        store.close()
        assert schema_of_file(path) == (len(SCRIPTS), files[-1])


@contextmanager
def dying(dsn: str) -> Iterator[None]:
    """A database in which a connection that says so dies at its n-th change of the schema."""
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION public.die() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE n integer; BEGIN"
            " n := coalesce(nullif(current_setting('dying.after', true), ''), '0')::integer - 1;"
            " PERFORM set_config('dying.after', n::text, false);"
            " IF n = 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$"
        )
        connection.execute("CREATE EVENT TRIGGER dying ON ddl_command_start EXECUTE FUNCTION public.die()")
        yield
        connection.execute("DROP EVENT TRIGGER dying")


def killed_at(dsn: str, statement: int, **how: Any) -> bool:
    """Migrate, and die at that statement; False when it was done before."""
    from psycopg.conninfo import make_conninfo

    from reqflow.plugins.postgres import PostgresStore

    store = PostgresStore(make_conninfo(dsn, options=f"-c dying.after={statement}"))
    try:
        store.migrate(**how)
    except StoreUnavailable:
        return True
    finally:
        store.close()
    return False


def test_a_database_whose_migration_is_killed_at_any_statement(
    new_dsn: NewDsn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version is there whole or not at all, and can be made then."""
    pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    from reqflow.plugins.postgres import schema

    dsn = new_dsn(empty=True)
    kills = 0
    with dying(dsn):
        for version in range(LATEST):
            before = schema_of_database(dsn)
            assert before[0] == version
            monkeypatch.setattr(schema, "LATEST", version + 1)  # one version at a time
            statement = 1
            while killed_at(dsn, statement):
                assert schema_of_database(dsn) == before
                statement += 1
            kills += statement - 1
    assert kills > 60
    assert schema_of_database(dsn) == schema_of_database(new_dsn())
    assert applied(dsn) == list(range(1, LATEST + 1))


def test_a_database_killed_while_it_is_put_in_partitions(new_dsn: NewDsn) -> None:
    """Of so many statements some: it is empty afterwards."""
    pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    dsn = new_dsn(empty=True)
    empty = schema_of_database(dsn)
    with dying(dsn):
        statement = 1
        while killed_at(dsn, statement, partitions=2):
            assert schema_of_database(dsn) == empty
            statement += 13
    assert statement > 150
    from reqflow.plugins.postgres import PostgresStore

    made = new_dsn(empty=True)
    PostgresStore(made).migrate(partitions=2)
    assert schema_of_database(dsn) == schema_of_database(made)
