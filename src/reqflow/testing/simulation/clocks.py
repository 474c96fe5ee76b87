"""Clocks that go wrong: each process has one of its own, which may be off, drift, and jump."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..desks import START

__all__ = ["TICK", "SimClock", "moment_at"]

TICK = timedelta(microseconds=1)
"""The smallest span that counts."""


def moment_at(microseconds: int) -> datetime:
    """The true time, so long after every simulation's beginning."""
    return START + timedelta(microseconds=microseconds)


class SimClock:
    """What a process takes for the time: an aware datetime in UTC. ``true`` counts microseconds and never goes back.

    Attributes:
        offset: how far it is ahead of the true time, where it does not drift.
        drift: how many microseconds it gains in a second.
    """

    def __init__(self, true: Callable[[], int], offset: timedelta = timedelta(0), drift: int = 0) -> None:
        self._true = true
        self.offset = offset
        self.drift = drift

    def __call__(self) -> datetime:
        """Now, as far as this clock knows."""
        true = self._true()
        if self.drift:
            true += true * self.drift // 1_000_000
        return moment_at(true) + self.offset

    def jump(self, by: timedelta) -> None:
        """Somebody sets it, forwards or back."""
        self.offset += by

    def mend(self) -> None:
        """Somebody sets it right."""
        self.offset, self.drift = timedelta(0), 0

    def wait_until(self, moment: datetime) -> timedelta:
        """How long it really takes until it shows that moment, or a little longer; nothing if it is past."""
        ahead = moment - self()
        if ahead <= timedelta(0):
            return timedelta(0)
        return ahead if self.drift == 0 else ahead * 1_000_000 / (1_000_000 + self.drift) + TICK
