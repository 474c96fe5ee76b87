"""The worker: serves inbox, agenda and outbox round after round, until it is asked to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

from .engine import Engine
from .errors import StoreUnavailable

__all__ = ["Worker"]

LONGEST = 60.0
"""Seconds between two tries on a store that fails, at most."""

_log = logging.getLogger("reqflow.worker")


class Worker:
    """Keeps one engine's queues served. Workers may share a store: each item is leased to one of them.

    ``poll`` is how many seconds an idle worker waits before it looks again; a timer that is due sooner is
    answered in time. ``sleep`` stands in for waiting in tests; by default the worker wakes up early
    when it is to stop.
    """

    def __init__(
        self, engine: Engine, *, poll: float = 1.0, sleep: Callable[[float], object] | None = None
    ) -> None:
        self.engine = engine
        self.poll = poll
        self._sleep = sleep

    def run(self, stop: Event) -> int:
        """Work until ``stop`` is set; returns how many items were served.

        What was leased in a round is served or given back before it returns, so another worker can go on at
        once. A store that cannot be reached is tried again, at growing distance; any other error of the store
        is raised.
        """
        wait = self._sleep or stop.wait
        served = failures = 0
        while not stop.is_set():
            try:
                done = self.engine.serve()
                idle = 0.0 if done else self._until_due()
                failures = 0
            except StoreUnavailable as problem:
                failures += 1
                idle = min(self.poll * 2**failures, LONGEST)
                _log.warning("store unavailable", extra={"error": str(problem), "next_try_within": idle})
            else:
                served += done
                if done:
                    _log.info("served", extra={"items": done, "workspace": self.engine.workspace})
            if idle:
                wait(idle)
        return served

    def _until_due(self) -> float:
        """How long to wait: until the next timer is due, but no longer than ``poll`` and never not at all."""
        due = self.engine.next_due()
        if due is None:
            return self.poll
        ahead = (due - self.engine.clock()).total_seconds()
        return min(self.poll, ahead) if ahead > 0 else self.poll
