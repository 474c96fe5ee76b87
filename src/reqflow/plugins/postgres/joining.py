"""The store inside a host's transaction: on the host's connection, behind a savepoint, under our settings.

What our statements take for granted of a connection is set at the savepoint and put back at its release, each together
with it in one round trip. PostgreSQL itself puts settings back at the end of the transaction only, and until
then the host's own statements run under whatever is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import psycopg
from psycopg.pq import Escaping, PipelineStatus, TransactionStatus

from ...core.events import Entry
from ...core.facts import Answer, Want
from ...core.model import Audience, TextId, Workspace
from ...errors import Conflict, Duplicate, SchemaMismatch, StoreUnavailable, UsageError
from ...ports import Batch
from ..storable import check_texts, not_joinable
from .commit import Commits
from .connections import SETTINGS, Connections
from .failures import DEADLOCK, Failed, as_error
from .recall import Recalls
from .views import Views
from .wire import PREPARED, Rows, Statement, Value, check_result, rows_of, sent_values

__all__ = ["JoinedPostgres", "Joins"]

_THEIRS = frozenset(
    {"default_transaction_isolation", "lock_timeout"}
)  # how to begin, how long to wait: up to hosts
_OURS = {name: content for name, content in SETTINGS.items() if name not in _THEIRS} | {
    "client_encoding": "UTF8"
}
_SETTING = [f"set_config('{name}', '{content}', true)" for name, content in _OURS.items()]
_SET = (
    f"WITH h AS MATERIALIZED (SELECT {', '.join(f'current_setting({each!r}) AS {each}' for each in _OURS)})"
    f" SELECT {', '.join(f'h.{each}' for each in _OURS)}, current_setting('transaction_isolation'),"
    f" current_setting('transaction_read_only'), {', '.join(_SETTING)} FROM h"
)
_SET_PREPARED = Statement(_SET)
_BACK = "ROLLBACK TO SAVEPOINT reqflow"
_WHERE = (
    "SELECT d.oid::text, to_regclass('reqflow.schema_versions')::oid::text, current_database()"
    " FROM pg_database d WHERE d.datname = current_database()"
)
_MADE = (
    "SELECT extract(epoch FROM min(v.applied_at))::text, max(v.version)::text FROM reqflow.schema_versions v"
)
_GONE, _CHANGED, _THERE = "26000", "0A000", "42P05"  # what a connection says of prepared statements
PATIENCE = 30.0
"""Seconds to wait for a thread that uses the connection."""

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class HostWire:
    """Runs statements in a host's transaction. After one that fails it stands at the savepoint again, and can go on.

    ``known`` are the names of the statements that are prepared on the connection; None prepares none.
    """

    def __init__(self, pg: psycopg.pq.abc.PGconn, known: set[bytes] | None) -> None:
        self._pg = pg
        self._known = known
        self._theirs: dict[str, bytes] = {}
        self.lost = False
        self.deadlocked = False

    def begin(self, first: str) -> tuple[bytes | None, ...]:
        """Do what is ``first``, set the savepoint and our settings. Returns isolation, and whether it is read-only."""
        known, name = self._known, _SET_PREPARED.name
        if known is None:
            setting = _SET
        elif name in known:
            setting = f"EXECUTE {name.decode()}"
        else:
            setting = f"PREPARE {name.decode()} AS {_SET}; EXECUTE {name.decode()}"
            known.add(name)
        try:
            (row,) = self.tell(f"{first}SAVEPOINT reqflow; {setting}")
        except Failed as failed:
            if not self._relearn(failed.code, name):
                raise
            (row,) = self.tell(f"{_BACK}; {_SET}")
        self._theirs = {name: theirs or b"" for name, theirs in zip(_OURS, row, strict=False)}
        return tuple(row[len(_OURS) : len(_OURS) + 2])

    def release(self) -> None:
        """Put the host's settings back, and let the savepoint go."""
        literal = Escaping(self._pg).escape_literal
        theirs = [
            f"SET LOCAL {name} = {bytes(literal(content)).decode()}; "
            for name, content in self._theirs.items()
            if content.decode() != _OURS[name]
        ]
        self.tell(f"{''.join(theirs)}RELEASE SAVEPOINT reqflow")

    def undo(self) -> None:
        """Go back to the savepoint, and to the host's settings, and let it go."""
        if not self.lost:
            self.tell(f"{_BACK}; RELEASE SAVEPOINT reqflow")

    def run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        """Run one statement. Raises `Failed`."""
        return self._run([(statement, sent_values(values))])

    def run_together(self, steps: Sequence[tuple[Statement, Sequence[Value]]]) -> None:
        """Run several statements: all of them, or none and `Failed`."""
        self._run([(statement, sent_values(values)) for statement, values in steps])

    def tell(self, commands: str) -> Rows:
        """Run commands without values, in one round trip; the rows of the last one. Raises `Failed`."""
        try:
            result = self._pg.exec_(commands.encode())
            check_result(result)
        except psycopg.Error:
            self.lost = True
            raise Failed("", lost=True) from None
        except Failed as failed:
            self._note(failed)
            raise
        return rows_of(result)

    def _run(self, steps: Sequence[tuple[Statement, list[Any]]]) -> Rows:
        rows: Rows = []
        for last in (False, True):
            try:
                for statement, sent in steps:
                    rows = self._execute(statement, sent)
                break
            except Failed as failed:
                self._note(failed)
                self.tell(f"{_BACK}; {_SET}")
                if last or not self._relearn(failed.code, statement.name):
                    raise
        return rows

    def _note(self, failed: Failed) -> None:
        self.deadlocked = self.deadlocked or failed.code == DEADLOCK
        if failed.lost:
            self.lost = True
            raise failed

    def _execute(self, statement: Statement, sent: list[Any]) -> Rows:
        pg, known, name = self._pg, self._known, statement.name
        try:
            if known is None or (len(known) >= PREPARED and name not in known):
                given = statement.types or ()
                result = pg.exec_params(statement.text, sent, [*given, *[0] * (len(sent) - len(given))])
            else:
                if name not in known:
                    check_result(pg.prepare(name, statement.text, statement.types))
                    known.add(name)
                result = pg.exec_prepared(name, sent)
            check_result(result)
        except psycopg.Error:
            raise Failed("", lost=True) from None
        return rows_of(result)

    def _relearn(self, code: str, name: bytes) -> bool:
        """Whether the failure was about what is prepared on the connection, and is not to be expected again."""
        if self._known is None or code not in (_GONE, _CHANGED, _THERE):
            return False
        if code == _THERE:  # whoever prepared it meant the same: the name says what the statement is
            self._known.add(name)
            return True
        if code == _CHANGED and name in self._known:
            self.tell(f"DEALLOCATE {name.decode()}")
        elif code == _CHANGED:
            return False
        self._known.discard(name)
        return True


class Joins:
    """Joins hosts' connections to one store: knows which database that keeps, and what was prepared on theirs."""

    def __init__(self, connections: Connections, commits: Commits, recalls: Recalls) -> None:
        self._connections = connections
        self._commits = commits
        self._recalls = recalls
        self._place: Rows | None = None
        self._known: WeakKeyDictionary[Connection, set[bytes]] = WeakKeyDictionary()
        self._checked: WeakSet[Connection] = WeakSet()

    def join(self, connection: object) -> JoinedPostgres:
        """The store inside the connection's transaction. Raises `UsageError` for what is no such connection."""
        if not isinstance(connection, psycopg.Connection | psycopg.AsyncConnection):
            raise not_joinable("psycopg.Connection", connection)
        if connection.closed:
            raise UsageError("this connection is closed")
        prepares = connection.prepare_threshold is not None
        known = self._known.setdefault(connection, set()) if prepares else None
        return JoinedPostgres(self, connection, HostWire(connection.pgconn, known))

    def over(self, wire: HostWire) -> tuple[Recalls, Commits, Views]:
        """What reads and writes over a host's wire."""
        return self._recalls.over(wire), self._commits.over(wire), Views(wire)

    def own_place(self) -> Rows:
        """What tells the store's database from all others."""
        if self._place is None:
            line = self._connections.take()
            try:
                self._place = _place(HostWire(line.pg, None))
            except Failed as failed:
                raise as_error(failed) from None
            finally:
                self._connections.give(line)
        return self._place

    def check(self, connection: Connection, wire: HostWire) -> None:
        """Raise `UsageError` unless the connection leads to the store's database. Looks once at each."""
        if connection in self._checked:
            return
        if _place(wire) != self.own_place():
            raise UsageError("this connection leads to another database than that of the store")
        self._checked.add(connection)


def _place(wire: HostWire) -> Rows:
    (where,) = wire.tell(_WHERE)
    if where[1] is None:
        raise SchemaMismatch(
            f"the database {(where[2] or b'').decode()} holds no reqflow schema: run migrate() once"
        )
    return [where, *wire.tell(_MADE)]


class JoinedPostgres:
    """Reads and writes in a transaction that somebody else has begun."""

    def __init__(self, joins: Joins, connection: Connection, wire: HostWire) -> None:
        self._joins = joins
        self._connection = connection
        self._wire = wire
        self._recalls, self._commits, self._views = joins.over(wire)
        self._sees_others = True
        self._lock: Lock | None = connection.lock if isinstance(connection, psycopg.Connection) else None

    def __enter__(self) -> JoinedPostgres:
        """Set the savepoint. Raises `UsageError` where there is no transaction that could be joined."""
        first = self._first()
        if self._lock is not None and not self._lock.acquire(timeout=PATIENCE):
            raise UsageError("this connection is in use by another thread")
        try:
            with self._telling():
                isolation, read_only = self._wire.begin(first)
                try:
                    self._sees_others = isolation in (b"read committed", b"read uncommitted")
                    if read_only == b"on":
                        raise UsageError("this transaction is read-only")
                    self._joins.check(self._connection, self._wire)
                except BaseException:
                    self._wire.undo()
                    raise
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the savepoint, or go back to it."""
        try:
            with self._telling():
                if problem is None:
                    self._wire.release()
                else:
                    self._wire.undo()
        finally:
            self._let_go()

    def recall(self, workspace: Workspace, wants: Sequence[Want]) -> tuple[Answer, ...]:
        """Answer the wants in their order, from one consistent moment."""
        with self._telling():
            return self._recalls.recall(workspace, wants)

    def commit(self, batch: Batch) -> None:
        """Store all of it or nothing, until the host commits or rolls back."""
        if batch.texts:
            check_texts(batch)
        with self._telling():
            self._commits.commit(batch)

    def history(
        self, workspace: Workspace, stream: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Entry]:
        """The entries of a stream with a ``seq`` above ``after``, in order."""
        with self._telling():
            return self._views.history(workspace, stream, after, limit)

    def texts(self, workspace: Workspace, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """The bodies that this audience may read."""
        with self._telling():
            return self._views.texts(workspace, ids, audience)

    def _first(self) -> str:
        """What comes before the savepoint: `psycopg` begins a transaction with the first statement, and so do we."""
        connection, pg = self._connection, self._connection.pgconn
        status = pg.transaction_status
        if connection.closed or status == TransactionStatus.UNKNOWN:
            raise UsageError("this connection is closed")
        if pg.pipeline_status != PipelineStatus.OFF:
            raise UsageError("this connection is in pipeline mode: leave that before")
        if status == TransactionStatus.ACTIVE:
            raise UsageError("a statement is still running on this connection")
        if status == TransactionStatus.INERROR:
            raise UsageError("a statement of this transaction has failed: it can only be rolled back")
        if status == TransactionStatus.INTRANS:
            return ""
        if connection.autocommit:
            raise UsageError(
                "this connection is in autocommit and in no transaction: open one with `connection.transaction()`"
            )
        words = ["BEGIN"]
        if (level := connection.isolation_level) is not None:
            words.append(f"ISOLATION LEVEL {level.name.replace('_', ' ')}")
        if (read_only := connection.read_only) is not None:
            words.append("READ ONLY" if read_only else "READ WRITE")
        if (deferrable := connection.deferrable) is not None:
            words.append("DEFERRABLE" if deferrable else "NOT DEFERRABLE")
        return f"{' '.join(words)}; "

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.release()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Errors as what they mean in a transaction that is not ours."""
        try:
            yield
        except Failed as failed:
            raise self._told(as_error(failed)) from None
        except (Conflict, Duplicate, StoreUnavailable) as problem:
            raise self._told(problem) from None

    def _told(self, problem: Exception) -> Exception:
        if self._wire.lost:
            return StoreUnavailable(
                "the connection was lost, and your transaction with it: nothing of it is stored"
            )
        if not isinstance(problem, Conflict | Duplicate) or (self._sees_others and not self._wire.deadlocked):
            return problem
        why = (
            "it stands in another writer's way"
            if self._sees_others
            else "its isolation hides what another wrote"
        )
        return Conflict(
            getattr(problem, "rows", ()),
            f"{problem}; roll this transaction back and try again: {why}",
            final=True,
        )
