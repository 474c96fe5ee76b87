"""Nobody served the desk for hours, or served it by a clock that is wrong: timers come late, each once (P5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reqflow import Engine, Inbound, Requests, RequestState
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
INACTIVE = timedelta(hours=4)
SETTINGS = {"channels": {"web:*": {"kind": "chat", "detection": "always", "inactivity_close_after": "4h"}}}


def visitor(number: int) -> Inbound:
    sent_at = START + timedelta(seconds=number)
    return Inbound(channel="web:w", author=f"web:{number}", native=str(number), sent_at=sent_at, text="Hello")


def asked(store: Any, visitors: int) -> Engine:
    """A desk on which so many asked something, a second after one another, and nobody served it since."""
    engine = Engine(store, SETTINGS, clock=lambda: START)
    for first in range(0, visitors, 100):
        engine.handle_many(
            [visitor(number) for number in range(first, first + 100)],
            at=START + timedelta(seconds=first + 100),
        )
    return engine


def closings(engine: Engine) -> list[tuple[datetime, str]]:
    """When which visitor's conversation was closed, in the order of the visitors."""
    found = []
    after = None
    while True:
        page = engine.read(Requests(states=(RequestState.CLOSED,), limit=1000, after=after))
        for request in page.items:
            (entry,) = [
                e for e in engine.history(request.id) if any(x.tag == "request.closed" for x in e.events)
            ]
            found.append((entry.at, request.id))
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize(("kind", "timers"), [("memory", 10_000), ("sqlite", 1_000)])
def test_thousands_of_overdue_timers_are_answered_once_each_the_longest_due_first(
    kind: str, timers: int, tmp_path: Path
) -> None:
    store = MemoryStore() if kind == "memory" else SQLiteStore(str(tmp_path / "desk.db"), create=True)
    engine = asked(store, timers)
    assert engine.serve(at=START + INACTIVE - timedelta(microseconds=1)) == 0
    late = START + INACTIVE + timedelta(hours=8)
    while engine.serve(at=late):
        late += timedelta(milliseconds=1)  # so that the order shows
    found = closings(engine)
    assert len(found) == timers
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert engine.work(at=late + timedelta(days=30)) == 0
    assert engine.verify() == []
