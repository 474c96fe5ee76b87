"""The worker: serves what is due, waits when nothing is, and stops when asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from reqflow import Effects, Engine, Inbound, Reply, Requests, RequestState, agent, hookimpl
from reqflow.errors import SchemaMismatch, StoreUnavailable
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import EffectState, Receipt, ReceiptKind
from reqflow.worker import Worker

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
DESK: Mapping[str, Any] = {
    "agents": {"ana": {"teams": ["support"]}},
    "queues": {"q": {"teams": ["support"], "policy": "fewest_open"}},
    "channels": {"web:*": {"kind": "direct", "queue": "q"}},
}


class Time:
    """A clock that moves when somebody waits, and stops the worker after so many waits."""

    def __init__(self, stop: Event, waits: int) -> None:
        self.now = T0
        self.stop = stop
        self.waits = waits
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        if len(self.slept) >= self.waits:
            self.stop.set()


class Outlet:
    """A transport that keeps what it is given."""

    scheme = "*"

    def __init__(self) -> None:
        self.delivered: list[str] = []

    def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
        self.delivered.append(key)
        return Receipt(kind=ReceiptKind.DELIVERED)

    @hookimpl
    def reqflow_transports(self) -> tuple[Any, ...]:
        return (self,)


def hello(text: str = "Hello") -> Inbound:
    return Inbound(channel="web:1", author="web:visitor", native=text, sent_at=T0, text=text)


def test_it_serves_inbox_agenda_and_outbox():
    stop, outlet = Event(), Outlet()
    time = Time(stop, 1)
    engine = Engine(MemoryStore(), DESK, plugins=[outlet], clock=time)
    engine.accept(hello())
    Worker(engine, sleep=time.sleep).run(stop)
    (request,) = engine.read(Requests()).items
    assert request.state is RequestState.ASSIGNED
    assert len(outlet.delivered) == 1
    assert {each.state for each in engine.read(Effects()).items} == {EffectState.DONE}


def test_it_says_how_much_it_served():
    stop = Event()
    time = Time(stop, 1)
    engine = Engine(MemoryStore(), DESK, clock=time)
    engine.accept(hello())
    assert Worker(engine, sleep=time.sleep).run(stop) == 2  # the message, and the queue's drain


def test_idle_it_looks_again_after_poll():
    stop = Event()
    time = Time(stop, 3)
    engine = Engine(MemoryStore(), DESK, clock=time)
    Worker(engine, poll=0.5, sleep=time.sleep).run(stop)
    assert time.slept == [0.5, 0.5, 0.5]


def test_a_timer_that_is_due_sooner_than_poll_is_answered_in_time():
    stop = Event()
    time = Time(stop, 2)
    engine = Engine(MemoryStore(), DESK, clock=time)
    engine.handle(hello())
    engine.work()
    due = engine.next_due()
    assert due is not None
    time.now = due - timedelta(seconds=0.25)
    Worker(engine, poll=60, sleep=time.sleep).run(stop)
    assert time.slept[0] == 0.25


def test_told_to_stop_it_does_nothing_more():
    stop = Event()
    stop.set()
    engine = Engine(MemoryStore(), DESK)
    engine.accept(hello())
    assert Worker(engine).run(stop) == 0
    assert engine.read(Requests()).items == ()


def test_waiting_for_real_it_wakes_up_to_stop():
    stop = Event()
    worker = Thread(target=Worker(Engine(MemoryStore(), DESK), poll=3600).run, args=(stop,))
    worker.start()
    stop.set()
    worker.join(timeout=10)
    assert not worker.is_alive()


class Gone(MemoryStore):
    """A store that cannot be reached for the first calls."""

    def __init__(self, failures: int, problem: Exception) -> None:
        super().__init__()
        self.failures = failures
        self.problem = problem

    def lease(self, *given: Any, **named: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise self.problem
        return super().lease(*given, **named)


def test_a_store_that_is_gone_is_tried_again_at_growing_distance(caplog: pytest.LogCaptureFixture):
    stop = Event()
    time = Time(stop, 4)
    engine = Engine(Gone(3, StoreUnavailable("locked")), DESK, clock=time)
    engine.accept(hello())
    with caplog.at_level(logging.INFO, "reqflow.worker"):
        assert Worker(engine, sleep=time.sleep).run(stop) > 0
    assert time.slept[:3] == [2.0, 4.0, 8.0]
    assert [record.message for record in caplog.records].count("store unavailable") == 3


def test_other_failures_of_the_store_are_raised():
    engine = Engine(Gone(1, SchemaMismatch("newer")), DESK)
    with pytest.raises(SchemaMismatch):
        Worker(engine).run(Event())


def test_a_timer_that_fails_is_heard_of(caplog: pytest.LogCaptureFixture):
    stop = Event()
    time = Time(stop, 1)
    store = MemoryStore()
    engine = Engine(store, DESK, clock=time)
    engine.accept(hello())
    engine.serve()

    def broken(batch: object) -> None:
        raise TypeError("a bug, with very private words")

    store.commit = broken  # type: ignore[method-assign]
    time.now += timedelta(days=2)
    Worker(engine, sleep=time.sleep).run(stop)
    assert "failed: TypeError" in caplog.text
    assert "private" not in caplog.text


def test_logs_have_no_texts(caplog: pytest.LogCaptureFixture):
    stop, outlet = Event(), Outlet()
    time = Time(stop, 2)
    engine = Engine(MemoryStore(), DESK, plugins=[outlet], clock=time)
    engine.accept(hello("very private words"))
    with caplog.at_level(logging.DEBUG):
        Worker(engine, sleep=time.sleep).run(stop)
    (request,) = engine.read(Requests()).items
    engine.handle(Reply(by=agent("ana"), conversation_id=request.conversation_id, text="more private words"))
    assert "served" in caplog.text
    assert "private" not in "".join(str(record.__dict__) for record in caplog.records)
