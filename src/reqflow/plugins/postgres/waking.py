"""Idle workers, told by the server when something was put in a queue.

A worker leaves a mark that it waits, and commits tell it as long as that stands (`forms.WAKE`). Of those that commit at
the same moment only one does: that is enough, and none waits for another. Two things can thus pass by unheard: what was
being committed while there was no mark yet, and what commits after the one that told of it. Both are the matter of a
moment, so a worker that was woken looks once more after `ECHO` seconds.
"""

from __future__ import annotations

import selectors
import time
from threading import Lock
from typing import Any

import psycopg

from ...errors import StoreUnavailable
from .connections import Connections
from .failures import Failed, as_error
from .wire import check_result

__all__ = ["PostgresWaker"]

ECHO = 0.1
STANDS = 20.0
"""For how many seconds a worker can rely on the mark. Several share it, and it is not written anew for each."""
_MARK = (
    b"INSERT INTO reqflow.listeners AS l (workspace, until) VALUES ($1, clock_timestamp() + interval '30 s')"
    b" ON CONFLICT (workspace) DO UPDATE SET until = excluded.until"
    b" WHERE l.until < excluded.until - interval '10 s'"
)


class PostgresWaker:
    """Wakes a worker, over a connection of its own, which is made anew when it was lost."""

    def __init__(self, connections: Connections, workspace: str) -> None:
        self._connections = connections
        self._workspace = workspace.encode()
        self._connection: psycopg.Connection[Any] | None = None
        self._marked_at = 0.0
        self._settled = False
        self._lock = Lock()
        self._closed = False

    def wait(self, seconds: float) -> bool:
        """Wait until something was put in a queue since the wait before; at most so long."""
        with self._lock:
            try:
                return not self._closed and self._wait(seconds)
            except Failed as failed:
                self._let_go()
                raise as_error(failed) from None
            except psycopg.Error:
                self._let_go()
                raise StoreUnavailable("the connection that listens was lost") from None
            finally:
                if self._closed:
                    self._let_go()

    def close(self) -> None:
        """Wait no more; whoever waits just now lets go of the connection."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def _wait(self, seconds: float) -> bool:
        if self._mark():
            return True
        heard = self._hear(seconds if self._settled else min(seconds, ECHO))
        if heard:
            self._settled = False
        elif not self._settled:
            self._settled = True
            return True
        return heard

    def _mark(self) -> bool:
        """See to it that a mark stands; True if there was none for a while, in which nobody told anything."""
        now = time.monotonic()
        age = now - self._marked_at
        connection = self._connection
        if connection is not None and age < STANDS / 2:
            return False
        anew = connection is None or age >= STANDS
        if connection is None:
            connection = self._connection = self._connections.connect()
            check_result(connection.pgconn.exec_(b"LISTEN reqflow"))
        check_result(connection.pgconn.exec_params(_MARK, [self._workspace]))
        self._marked_at = now
        if anew:
            self._settled = False
        return anew

    def _hear(self, seconds: float) -> bool:
        assert self._connection is not None
        pg = self._connection.pgconn
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(pg.socket, selectors.EVENT_READ)
            while True:
                pg.consume_input()
                heard = False
                while (told := pg.notifies()) is not None:
                    heard = heard or told.extra == self._workspace
                left = until - time.monotonic()
                if heard or left <= 0 or self._closed:
                    return heard
                selector.select(left)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
