"""Waking on PostgreSQL: only where somebody waits, without waiting for each other, over a connection that may die."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

import pytest

from reqflow import Engine, Inbound, Requests, RequestState
from reqflow.errors import StoreUnavailable
from reqflow.plugins.postgres import PostgresStore, waking
from reqflow.testing.samples import WORKSPACE, make_batch, make_conversation, make_effect, make_item
from reqflow.worker import Worker

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

DESK = {
    "workspace": "desk",
    "agents": {"ana": {"teams": ["support"]}},
    "queues": {"q": {"teams": ["support"], "policy": "fewest_open"}},
    "channels": {"web:*": {"kind": "direct", "queue": "q"}},
}


@pytest.fixture
def dsn(new_dsn: Callable[..., str]) -> str:
    return new_dsn()


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(dsn)) as made:
        yield made


@pytest.fixture
def other(dsn: str) -> Iterator[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def heard(other: Any) -> list[str]:
    """The notifications that have come by now."""
    return [each.payload for each in other.notifies(timeout=0.1)]


def mark(other: Any, ends: str = "30 s") -> None:
    """Leave a mark as a worker does that waits."""
    other.execute(
        "INSERT INTO reqflow.listeners VALUES ('desk', clock_timestamp() + %s::interval)"
        " ON CONFLICT (workspace) DO UPDATE SET until = excluded.until",
        (ends,),
    )


def test_a_commit_tells_only_where_somebody_waits(store: PostgresStore, other: Any) -> None:
    other.execute("LISTEN reqflow")
    store.commit(make_batch(inbox=(make_item(1),)))
    assert heard(other) == []
    mark(other, "-1 s")
    store.commit(make_batch(inbox=(make_item(2),)))
    assert heard(other) == []
    mark(other)
    store.commit(make_batch(inbox=(make_item(3),), effects=(make_effect(1),)))
    assert heard(other) == ["desk"]


def test_what_puts_nothing_in_a_queue_tells_nothing(store: PostgresStore, other: Any) -> None:
    other.execute("LISTEN reqflow")
    mark(other)
    store.commit(make_batch(conversations=(make_conversation(1),)))
    store.commit(make_batch(effects=(make_effect(1, muted=True),)))
    assert heard(other) == []


def test_a_commit_that_fails_tells_nothing(store: PostgresStore, other: Any) -> None:
    other.execute("LISTEN reqflow")
    mark(other)
    with pytest.raises(Exception, match="changed by another writer"):
        store.commit(make_batch(conversations=(make_conversation(1, 7),), inbox=(make_item(1),)))
    assert heard(other) == []


def test_a_commit_waits_for_nobody_who_is_telling_already(store: PostgresStore, other: Any, dsn: str) -> None:
    """A host's transaction may take long, and has told within it: the others commit, and leave the telling to it."""
    other.execute("LISTEN reqflow")
    mark(other)
    with psycopg.connect(dsn) as slow:
        slow.execute("SELECT pg_try_advisory_xact_lock(1919250035, hashtext('desk'))")
        slow.execute("SELECT pg_notify('reqflow', 'desk')")
        begun = time.monotonic()
        store.commit(make_batch(inbox=(make_item(1),)))
        assert time.monotonic() - begun < 5
        assert heard(other) == []
        slow.commit()
    assert heard(other) == ["desk"]


def test_whoever_waits_renews_the_mark_and_looks_once_more(
    store: PostgresStore, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "ECHO", 0.01)
    with closing(store.waker(WORKSPACE)) as woken:
        assert [woken.wait(0.05) for _ in range(4)] == [True, True, False, False]  # marked, looked again
        (until,) = other.execute("SELECT until FROM reqflow.listeners").fetchone()
        assert 25 < (until - datetime.now(UTC)).total_seconds() <= 30
        store.commit(make_batch(inbox=(make_item(1),)))
        assert [woken.wait(0.05) for _ in range(3)] == [True, True, False]
        monkeypatch.setattr(waking, "STANDS", 0.0)  # much later
        other.execute("DELETE FROM reqflow.listeners")
        assert woken.wait(0.05)
        assert other.execute("SELECT count(*) FROM reqflow.listeners").fetchone() == (1,)


def test_a_connection_that_died_is_replaced_and_nothing_is_missed(store: PostgresStore, other: Any) -> None:
    with closing(store.waker(WORKSPACE)) as woken:
        while woken.wait(0.2):
            continue
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%%listeners%%'"
            " AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StoreUnavailable):
            woken.wait(20)
        store.commit(make_batch(inbox=(make_item(1),)))
        assert woken.wait(20)
        while woken.wait(0.2):
            continue
        store.commit(make_batch(inbox=(make_item(2),)))
        assert woken.wait(20)


def test_a_waker_makes_no_connection_before_it_waits_and_leaves_none_behind(
    store: PostgresStore, other: Any
) -> None:
    def count() -> int:
        (found,) = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%listeners%%' AND pid <> pg_backend_pid()"
        ).fetchone()
        return int(found)

    woken = store.waker(WORKSPACE)
    assert count() == 0
    woken.wait(0.01)
    assert count() == 1
    woken.close()
    end = time.monotonic() + 10
    while count() and time.monotonic() < end:
        time.sleep(0.01)
    assert count() == 0


def test_two_idle_workers_serve_at_once_what_another_process_commits(dsn: str) -> None:
    """They would look only once an hour."""
    with closing(PostgresStore(dsn)) as first:
        writer = Engine(first, DESK)
        _ = writer.desk
        stop, threads, stores = Event(), [], []
        for _ in range(2):
            stores.append(PostgresStore(dsn))
            worker = Worker(Engine(stores[-1], workspace="desk"), poll=3600)
            threads.append(Thread(target=worker.run, args=(stop,)))
            threads[-1].start()
        slowest = 0.0
        try:
            for number in range(10):
                time.sleep(0.05)
                begun = time.monotonic()
                letter = Inbound(
                    channel=f"web:{number}",
                    author=f"web:{number}",
                    native="1",
                    sent_at=datetime.now(UTC),
                    text="Hello",
                )
                writer.accept(letter)
                while len(writer.read(Requests(states=(RequestState.ASSIGNED,))).items) <= number:
                    assert time.monotonic() - begun < 20, "nobody woke"
                    time.sleep(0.005)
                slowest = max(slowest, time.monotonic() - begun)
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=20)
            for each in stores:
                each.close()
    assert not any(thread.is_alive() for thread in threads)
    assert slowest < 10
