"""Tables in partitions by workspace: how they are made, and that nobody looks into those of others.

That the contract holds on them is in test_postgres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reqflow.core.model import Workspace
from reqflow.errors import Duplicate, SchemaMismatch, UsageError
from reqflow.plugins.postgres import PostgresStore, connections, schema, wire
from reqflow.plugins.postgres.schema import LATEST
from reqflow.testing.samples import WORKSPACE, make_batch, make_item, make_message, make_outcome
from reqflow.testing.store_laws.laws import picture

from .test_postgres import merged, one_of_each, use_everything

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

NewDsn = Callable[..., str]


@pytest.fixture
def dsn(new_dsn: NewDsn) -> str:
    return new_dsn(template="parted")


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    made = PostgresStore(dsn, pool=1)
    yield made
    made.close()


def fetched(dsn: str, query: str, *values: object) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return list(connection.execute(query.encode(), values).fetchall())


def home_of(dsn: str, workspace: str, table: str = "messages") -> str:
    """The partition in which a workspace has its rows."""
    ((home,),) = fetched(
        dsn, f"SELECT DISTINCT tableoid::regclass::text FROM reqflow.{table} WHERE workspace = %s", workspace
    )
    return str(home)


def neighbour(dsn: str, store: PostgresStore) -> Workspace:
    """Another workspace with the same things in the same places, in a partition of its own."""
    things = merged([one_of_each(number) for number in range(20)])
    store.commit(things)
    for number in range(40):
        other = Workspace(f"desk{number}")
        batch = merged([one_of_each(number) for number in range(20)])
        store.commit(make_batch(**{**_parts(batch), "workspace": other}))
        if home_of(dsn, other) != home_of(dsn, WORKSPACE):
            return other
    raise AssertionError("no workspace falls into another partition")


def _parts(batch: Any) -> dict[str, Any]:
    import attrs

    return {field.name: getattr(batch, field.name) for field in attrs.fields(type(batch))}


# --- making them ---


def test_every_table_that_names_a_workspace_is_in_partitions(dsn: str) -> None:
    found = dict(
        fetched(
            dsn,
            "SELECT c.relname, c.relkind::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " AND a.attname = 'workspace' WHERE c.relnamespace = 'reqflow'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
        )
    )
    assert len(found) > 12
    assert {name for name, kind in found.items() if kind == "r"} == {"listeners"}  # marks of idle workers


def test_each_partition_is_stored_like_the_whole_table(dsn: str, new_dsn: NewDsn) -> None:
    options = (
        "SELECT {}, reloptions FROM pg_class c WHERE relnamespace = 'reqflow'::regnamespace AND relkind = 'r'"
    )
    whole = {tuple(row) for row in map(_hashable, fetched(new_dsn(), options.format("relname")))}
    parts = fetched(dsn, options.format(r"regexp_replace(relname, '_p\d+$', '')"))
    assert {tuple(row) for row in map(_hashable, parts)} == whole


def _hashable(row: tuple[str, list[str] | None]) -> tuple[str, tuple[str, ...]]:
    return row[0], tuple(row[1] or ())


COLUMNS = """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation,
    pg_get_expr(d.adbin, d.adrelid) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'reqflow'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
INDEXES = """SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'reqflow'::regnamespace AND NOT c.relispartition"""
CONSTRAINTS = """SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c
    ON c.oid = k.conrelid WHERE c.relnamespace = 'reqflow'::regnamespace AND NOT c.relispartition"""
FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'reqflow'::regnamespace AND prokind = 'f'"


@pytest.mark.parametrize("facts", [COLUMNS, INDEXES, CONSTRAINTS, FUNCTIONS])
def test_but_for_that_the_schema_is_the_same(dsn: str, new_dsn: NewDsn, facts: str) -> None:
    assert sorted(map(str, fetched(dsn, facts))) == sorted(map(str, fetched(new_dsn(), facts)))


@pytest.mark.parametrize("count", [-1, 0, 1, 257, 10**9])
def test_a_number_that_makes_no_sense_is_refused(new_dsn: NewDsn, count: int) -> None:
    store = PostgresStore(new_dsn(empty=True))
    with pytest.raises(UsageError, match=f"between 2 and 256, not {count}"):
        store.migrate(partitions=count)
    assert store.schema().found == 0


def test_what_is_there_cannot_be_partitioned_in_another_way(dsn: str, new_dsn: NewDsn) -> None:
    whole, parted = PostgresStore(new_dsn()), PostgresStore(dsn)
    with pytest.raises(UsageError, match=r"is not partitioned.*reqflow export"):
        whole.migrate(partitions=4)
    with pytest.raises(UsageError, match=r"has 4 partitions.*with 8 partitions"):
        parted.migrate(partitions=8)
    assert parted.migrate(partitions=4) == parted.migrate() == LATEST


def test_a_later_version_puts_its_tables_in_partitions_too(
    dsn: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.commit(one_of_each(1))
    before = picture(store)
    later = (
        "CREATE TABLE reqflow.hats (workspace text NOT NULL, id text NOT NULL, PRIMARY KEY (workspace, id))"
        " WITH (fillfactor = 50); CREATE INDEX hats_by ON reqflow.hats (workspace, id) WHERE id <> '';"
        " CREATE FUNCTION reqflow.a_hat() RETURNS reqflow.hats LANGUAGE sql AS 'SELECT h FROM reqflow.hats h';"
        " ALTER TABLE reqflow.messages ADD COLUMN hat text; DROP INDEX reqflow.requests_waiting;"
        " CREATE INDEX requests_waiting ON reqflow.requests (workspace, queue) WHERE queue IS NOT NULL"
    )
    steps = {**schema._steps(), LATEST + 1: later}
    monkeypatch.setattr(schema, "LATEST", LATEST + 1)
    monkeypatch.setattr(schema, "_steps", lambda: steps)
    assert PostgresStore(dsn).migrate() == LATEST + 1
    parts = fetched(dsn, "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'reqflow.hats'::regclass")
    assert len(parts) == 4
    assert fetched(dsn, "SELECT reqflow.a_hat()") == [(None,)]
    store.commit(one_of_each(2))
    assert len(picture(store)["messages"]) == len(before["messages"]) + 1


# --- using them ---


def test_what_one_workspace_does_leaves_the_others_alone(dsn: str, store: PostgresStore) -> None:
    """Though their rows stand in the same places, each in its partition."""
    other = neighbour(dsn, store)
    places = "SELECT workspace, id, ctid FROM reqflow.messages WHERE workspace = %s ORDER BY id"
    assert [row[1:] for row in fetched(dsn, places, WORKSPACE)] == [
        row[1:] for row in fetched(dsn, places, other)
    ]
    before = picture(store, other)
    store.commit(merged([one_of_each(number) for number in range(20, 80)]))
    use_everything(store, 0)
    assert picture(store, other) == before


def test_a_known_key_is_a_duplicate_in_whatever_partition(dsn: str, store: PostgresStore) -> None:
    """Also when it is done and gone already, so that only the failed constraint tells."""
    for batch in (
        make_batch(outcomes=(make_outcome(1),)),
        make_batch(messages=(make_message(1),)),
        make_batch(inbox=(make_item(1),)),
    ):
        store.commit(batch)
        with pytest.raises(Duplicate):
            store.commit(batch)
    failing = "INSERT INTO reqflow.outcomes (workspace, key, document) VALUES ($1, $2, '')"
    with pytest.raises(wire.Failed) as failed:
        store._commits._wire.run(wire.Statement(failing), [WORKSPACE, make_outcome(1)[0]])
    assert failed.value.table == "outcomes"


class Watching:
    """Explains every statement of a store before it is run, and notes which partitions it would look into."""

    def __init__(self, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connection = psycopg.connect(
            connections._with_settings(dsn), autocommit=True, prepare_threshold=None
        )
        self.seen: dict[str, set[str]] = {}
        run = wire._run

        def watched(line: Any, statement: wire.Statement, sent: list[Any]) -> Any:
            self._explain(statement, sent)
            return run(line, statement, sent)

        monkeypatch.setattr(wire, "_run", watched)

    def _explain(self, statement: wire.Statement, sent: list[Any]) -> None:
        values = [None if each is None else each.decode() for each in sent]
        marks = ", ".join("NULL" if each is None else psycopg.sql.quote(each) for each in values)
        execute = self.connection.execute
        execute("BEGIN")
        try:
            self.connection.pgconn.prepare(statement.name, statement.text, statement.types)
            ((plan,),) = execute(
                f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {statement.name.decode()}({marks})".encode()
            ).fetchall()
            self.seen[statement.text.decode()] = set(_scanned(plan[0]["Plan"]))
        except psycopg.errors.DatabaseError:
            pass  # it is refused, which is another test's matter
        finally:
            execute("ROLLBACK")
            execute("DEALLOCATE ALL")


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan has read."""
    if node["Node Type"] != "ModifyTable" and "Relation Name" in node and node["Actual Loops"]:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scanned(child)


def test_one_partition_is_all_that_a_statement_looks_into(
    dsn: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour(dsn, store)
    store.commit(merged([one_of_each(number) for number in range(20, 80)]))
    home = home_of(dsn, WORKSPACE).rpartition("_")[2]
    watching = Watching(dsn, monkeypatch)
    with watching.connection:
        use_everything(store, 0)
    looked = {text: names for text, names in watching.seen.items() if names}
    assert len(looked) > 40
    for text, names in looked.items():
        assert {name.rpartition("_")[2] for name in names} <= {home, "listeners"}, (names, text)


def test_one_partition_is_all_that_is_read_or_written(dsn: str, store: PostgresStore) -> None:
    """In functions, too, which no plan shows."""
    store.commit(merged([one_of_each(number) for number in range(80)]))
    use_everything(store, 0)
    store.close()
    home = home_of(dsn, WORKSPACE).rpartition("_")[2]
    used = fetched(
        dsn,
        "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'reqflow' AND relname ~ '_p[0-9]+$'"
        " AND seq_scan + coalesce(idx_scan, 0) + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0",
    )
    assert len(used) > 12
    assert {name.rpartition("_")[2] for (name,) in used} == {home}


def test_a_schema_in_partitions_is_refused_like_any_other(dsn: str, store: PostgresStore) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("INSERT INTO reqflow.schema_versions (version) VALUES (999)")
    for refused in (store.migrate, store.schema, lambda: picture(store)):
        with pytest.raises(SchemaMismatch, match="999"):
            refused()
