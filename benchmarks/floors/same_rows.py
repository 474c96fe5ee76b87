"""The own floor in SQLite: the same rows in the same tables and indexes as reqflow's store, without reqflow.

The workload first passes through the real engine on a store whose statements are watched. From that comes,
for each operation, what it read (the statements with their values) and which rows were different afterwards.
What is then measured does nothing but that on a fresh file with the same schema: one transaction with the
reads and one plain statement for each row (an insert, or an update of the columns that changed, by primary
key). In the end both files must hold the same rows.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from floors.sqlite import connect, transaction
from ours.desk import Desk
from ours.seams import sqlite_cursors
from workload import WARM_UP, Plan, check, timed

__all__ = ["CASES"]

Row = tuple[Any, ...]
Step = tuple[str, list[Row]]
"""A statement, and the values it is run with."""


class Watch:
    """What the connections of a store do: statements as they are run, and rows as they change."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, Any]] = []
        self.changes: list[tuple[str, Row | None, Row | None]] = []


def _columns(connection: sqlite3.Connection) -> dict[str, tuple[list[str], list[int]]]:
    """For each table the names of its columns and the places of its primary key."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
    ]
    found = {}
    for table in tables:
        info = connection.execute(f"PRAGMA table_info({table})").fetchall()
        found[table] = ([row[1] for row in info], [row[0] for row in info if row[5]])
    return found


def _note_changes(connection: sqlite3.Connection, watch: Watch) -> None:
    """Have every changed row noted, by triggers that live as long as the connection."""
    tables = _columns(connection)

    def note(table: str, kind: str, *content: Any) -> None:
        width = len(tables[table][0])
        old = content[:width] if kind != "insert" else None
        new = content[-width:] if kind != "delete" else None
        watch.changes.append((table, old, new))

    connection.create_function("note", -1, note)
    for table, (columns, _) in tables.items():
        new, old = (", ".join(f"{word}.{each}" for each in columns) for word in ("NEW", "OLD"))
        for kind, content in (("insert", new), ("update", f"{old}, {new}"), ("delete", old)):
            connection.execute(
                f"CREATE TEMP TRIGGER note_{table}_{kind} AFTER {kind} ON main.{table}"
                f" BEGIN SELECT note('{table}', '{kind}', {content}); END"
            )


class Recording:
    """A workload as statements: the schema, the rows that stand before it, the steps of each operation."""

    def __init__(self, plan: Plan, how: str) -> None:
        watch = Watch()

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *values: Any) -> Any:
                if _reads(sql):
                    watch.reads.append((sql, tuple(*values)))
                return super().execute(sql, *values)

        with sqlite_cursors(Cursor) as opened:
            from reqflow.plugins.sqlite import SQLiteStore

            store = SQLiteStore(plan.folder / "recorded.db", create=True, synchronous="NORMAL")
            desk = Desk(store)
        (connection,) = opened
        self._connection = connection
        self.tables = _columns(connection)
        self.schema = self._select("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        self.standing = self.rows()
        _note_changes(connection, watch)
        self.operations: dict[bool, list[list[Step]]] = {True: [], False: []}
        for first, numbers in (
            (True, range(WARM_UP)),
            (False, range(WARM_UP, WARM_UP + plan.requests)),
        ):
            self._record(watch, desk, how, numbers, self.operations[first])
        self.left = self.rows()
        check(self.statements(True) > 0, "no reading statement was seen; has the store changed?")
        desk.verify(WARM_UP + plan.requests)
        store.close()

    def _record(self, watch: Watch, desk: Desk, how: str, numbers: range, into: list[list[Step]]) -> None:
        """Cut what is noted where one call of the engine ends and the next begins."""

        def cut(call: Callable[..., Any]) -> Callable[..., Any]:
            def noted(*given: Any) -> Any:
                watch.reads.clear()
                watch.changes.clear()
                answer = call(*given)
                into.append([*_together(watch.reads), *_together(self._writes(watch))])
                return answer

            return noted

        engine = desk.engine
        for name in ("handle", "handle_many"):
            setattr(engine, name, cut(getattr(type(engine), name).__get__(engine)))
        getattr(desk, how)(numbers)
        for name in ("handle", "handle_many"):
            delattr(engine, name)

    def _writes(self, watch: Watch) -> list[tuple[str, Row]]:
        """One plain statement for each row that is different after the operation."""
        first: dict[tuple[str, Row], Row | None] = {}
        last: dict[tuple[str, Row], Row | None] = {}
        for table, old, new in watch.changes:
            _, key = self.tables[table]
            check(bool(key), f"table {table} has no primary key")
            some = new if new is not None else old
            assert some is not None
            place = (table, tuple(some[each] for each in key))
            if old is not None:
                check(tuple(old[each] for each in key) == place[1], f"a key of {table} changed")
            first.setdefault(place, old)
            last[place] = new
        return [
            statement
            for place, new in last.items()
            if (statement := self._statement(place[0], first[place], new)) is not None
        ]

    def _statement(self, table: str, old: Row | None, new: Row | None) -> tuple[str, Row] | None:
        columns, key = self.tables[table]
        where = " AND ".join(f"{columns[each]}=?" for each in key)
        if old == new:
            return None
        if old is None:
            assert new is not None
            return f"INSERT INTO {table} VALUES ({','.join('?' * len(new))})", new
        values = tuple(old[each] for each in key)
        if new is None:
            return f"DELETE FROM {table} WHERE {where}", values
        changed = [place for place in range(len(columns)) if old[place] != new[place]]
        into = ", ".join(f"{columns[place]}=?" for place in changed)
        return f"UPDATE {table} SET {into} WHERE {where}", (*(new[place] for place in changed), *values)

    def statements(self, is_read: bool) -> int:
        """How many statements read, or how many rows are written, while the clock runs."""
        steps = [step for operation in self.operations[False] for step in operation]
        return sum(len(values) for sql, values in steps if _reads(sql) is is_read)

    def rows(self) -> dict[str, list[Row]]:
        """All rows of all tables."""
        return _all_rows(self._connection, self.tables)

    def _select(self, sql: str) -> list[str]:
        return [row[0] for row in self._connection.execute(sql).fetchall()]


def _reads(sql: str) -> bool:
    return sql.startswith(("SELECT", "WITH"))


def _together(statements: Sequence[tuple[str, Row]]) -> list[Step]:
    """Statements with the same text are run together."""
    found: dict[str, list[Row]] = {}
    for sql, values in statements:
        found.setdefault(sql, []).append(values)
    return list(found.items())


def _all_rows(connection: sqlite3.Connection, tables: Any) -> dict[str, list[Row]]:
    return {
        table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in tables
    }


def _run(connection: sqlite3.Connection, operations: Sequence[Sequence[Step]]) -> None:
    execute, executemany = connection.execute, connection.executemany
    for steps in operations:
        with transaction(execute):
            for sql, rows in steps:
                if _reads(sql):
                    for values in rows:
                        execute(sql, values).fetchall()
                elif len(rows) == 1:
                    execute(sql, rows[0])
                else:
                    executemany(sql, rows)


def _measured(plan: Plan, how: str) -> dict[str, float]:
    recording = Recording(plan, how)
    connection = connect(plan.folder / "floor.db")
    for statement in recording.schema:
        connection.execute(statement)
    with transaction(connection.execute):
        for table, rows in recording.standing.items():
            connection.execute(f"DELETE FROM {table}")
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    gc.collect()
    gc.freeze()  # the recording is not the floor's garbage to look through
    found = timed(plan, lambda numbers: _run(connection, recording.operations[numbers.start == 0]))
    check(_all_rows(connection, recording.tables) == recording.left, "the rows differ from those of reqflow")
    for kind, is_read in (("reads", True), ("rows", False)):
        found[kind] = recording.statements(is_read) / found["operations"]
    connection.close()
    return found


CASES = {
    "one_by_one": lambda plan: _measured(plan, "one_by_one"),
    "in_batches": lambda plan: _measured(plan, "in_batches"),
}
