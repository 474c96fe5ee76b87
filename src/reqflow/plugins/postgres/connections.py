"""The connections of one store: made when needed, kept for the next, replaced when they died."""

from __future__ import annotations

from threading import Lock, Semaphore
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ConnStatus, TransactionStatus

from ...errors import InvalidInput, StoreUnavailable
from .schema import check_schema

__all__ = ["Connections", "Line"]

SETTINGS = {
    # Every statement finds its rows by an index, on an empty table as on a large one. Plans are made once and
    # kept, so they must not be those that suit a table before it grew.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",  # of partitions, too, the first rows come from the index that has them in order
    # A look costs what the processor does for it, not the pages, of which the planner has no idea: so going straight
    # to a place is cheaper than any index.
    "random_page_cost": "0.01",
    "seq_page_cost": "0.01",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # What the statements take for granted.
    "default_transaction_isolation": "read\\ committed",
    "timezone": "UTC",
    "datestyle": "ISO",
    "lock_timeout": "15s",
}
PATIENCE = 30.0
"""Seconds that a thread waits for a connection when all are busy."""


class Line:
    """One connection, and the names of the statements that were prepared on it."""

    __slots__ = ("_connection", "known", "pg")

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.pg = connection.pgconn
        self.known: set[bytes] = set()

    def is_alive(self) -> bool:
        """False once the server is seen to have gone; nothing is sent to find out."""
        try:
            self.pg.consume_input()  # its last words
            self.pg.consume_input()  # and the end
        except psycopg.Error:
            return False
        return True

    def is_reusable(self) -> bool:
        """True while the connection stands and no transaction is open on it."""
        return self.pg.status == ConnStatus.OK and self.pg.transaction_status == TransactionStatus.IDLE

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class Connections:
    """At most ``size`` connections, the one used last first. Safe to use from several threads."""

    def __init__(self, conninfo: str, size: int) -> None:
        self._conninfo = _with_settings(conninfo)
        self._turns = Semaphore(size)
        self._free: list[Line] = []
        self._lock = Lock()
        self._checked = False
        self._closed = False

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the caller's own, in autocommit."""
        try:
            return psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as problem:
            raise StoreUnavailable(f"cannot connect: {str(problem).strip()}") from None

    def take(self) -> Line:
        """A connection, to be given back. The first one of all is used to look at the schema."""
        if not self._turns.acquire(timeout=PATIENCE):
            raise StoreUnavailable(f"all connections were busy for {PATIENCE:.0f} seconds")
        try:
            if self._closed:
                raise StoreUnavailable("this store was closed")
            while (line := self._idle()) is not None:
                if line.is_alive():
                    return line
                line.close()
            return self._new()
        except BaseException:
            self._turns.release()
            raise

    def give(self, line: Line) -> None:
        """Give a connection back; one that cannot be used again is closed."""
        if self._closed or not line.is_reusable():
            line.close()
        else:
            self._free.append(line)
        self._turns.release()

    def close(self) -> None:
        """Close what is free now, and the rest as it is given back."""
        self._closed = True
        while (line := self._idle()) is not None:
            line.close()

    def _idle(self) -> Line | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _new(self) -> Line:
        connection = self.connect()
        try:
            with self._lock:
                if not self._checked:
                    check_schema(connection)
                    self._checked = True
        except BaseException:
            connection.close()
            raise
        return Line(connection)


def _with_settings(conninfo: str) -> str:
    """The connection string with our settings in front of the host's own, which win."""
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.Error:
        raise InvalidInput("the connection string cannot be read") from None
    ours = " ".join(f"-c {name}={content}" for name, content in SETTINGS.items())
    given["options"] = f"{ours} {given.get('options') or ''}".strip()
    given["client_encoding"] = "UTF8"
    given.setdefault("application_name", "reqflow")
    return make_conninfo("", **given)
