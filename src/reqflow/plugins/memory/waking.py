"""Idle workers of one process, woken by whoever commits something for them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

__all__ = ["MemoryWaker", "Nap"]


class Nap:
    """Where the idle workers of a store wait, behind its lock."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.sleepers = 0

    def end(self) -> None:
        """Wake all that wait; the caller holds the lock."""
        if self.sleepers:
            self.condition.notify_all()


class MemoryWaker:
    """Wakes a worker when ``count``, of what was put in its queues, has changed."""

    def __init__(self, nap: Nap, count: Callable[[], int]) -> None:
        self._nap = nap
        self._count = count
        self._closed = False
        with nap.condition:
            self._seen = count()

    def wait(self, seconds: float) -> bool:
        """Wait until something was put in a queue since the wait before; at most so long."""
        nap = self._nap
        with nap.condition:
            nap.sleepers += 1
            try:
                nap.condition.wait_for(lambda: self._closed or self._count() != self._seen, seconds)
            finally:
                nap.sleepers -= 1
            heard, self._seen = self._count() != self._seen, self._count()
            return heard and not self._closed

    def close(self) -> None:
        """Wait no more."""
        with self._nap.condition:
            self._closed = True
            self._nap.end()
