"""The worker: serves what is due, waits when nothing is, and stops when asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, current_thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from reqflow import AsyncEngine, Effects, Engine, Inbound, Reply, Requests, RequestState, agent, hookimpl
from reqflow.errors import InvalidInput, SchemaMismatch, StoreUnavailable
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Backlog, EffectState, LeaseQueue, Receipt, ReceiptKind
from reqflow.testing.samples import make_batch, make_effect
from reqflow.worker import AsyncWorker, Worker

pytestmark = pytest.mark.usefixtures("full_pace")

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
    Worker(engine, concurrency=1, sleep=time.sleep).run(stop)
    (request,) = engine.read(Requests()).items
    assert request.state is RequestState.ASSIGNED
    assert len(outlet.delivered) == 1
    assert {each.state for each in engine.read(Effects()).items} == {EffectState.DONE}


def test_it_says_how_much_it_served():
    stop = Event()
    time = Time(stop, 1)
    engine = Engine(MemoryStore(), DESK, clock=time)
    engine.accept(hello())
    served = Worker(engine, concurrency=1, sleep=time.sleep).run(stop)
    assert served == 2  # the message, and the queue's drain


def test_idle_it_looks_again_after_poll():
    stop = Event()
    time = Time(stop, 3)
    engine = Engine(MemoryStore(), DESK, clock=time)
    Worker(engine, poll=0.5, concurrency=1, sleep=time.sleep).run(stop)
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
    Worker(engine, poll=60, concurrency=1, sleep=time.sleep).run(stop)
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
        assert Worker(engine, concurrency=1, sleep=time.sleep).run(stop) > 0
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
    Worker(engine, concurrency=1, sleep=time.sleep).run(stop)
    assert "failed: TypeError" in caplog.text
    assert "private" not in caplog.text


def test_logs_have_no_texts(caplog: pytest.LogCaptureFixture):
    stop, outlet = Event(), Outlet()
    time = Time(stop, 2)
    engine = Engine(MemoryStore(), DESK, plugins=[outlet], clock=time)
    engine.accept(hello("very private words"))
    with caplog.at_level(logging.DEBUG):
        Worker(engine, concurrency=1, sleep=time.sleep).run(stop)
    (request,) = engine.read(Requests()).items
    engine.handle(Reply(by=agent("ana"), conversation_id=request.conversation_id, text="more private words"))
    assert "served" in caplog.text
    assert "private" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_store_that_stays_away_for_days_is_tried_again_all_the_same():
    stop = Event()
    time = Time(stop, 2_000)
    engine = Engine(Gone(1_999, StoreUnavailable("locked")), DESK, clock=time)
    Worker(engine, concurrency=1, sleep=time.sleep).run(stop)
    assert time.slept[-2] == 60.0


# --- several at a time ---


def until(true: Any, seconds: float = 20) -> None:
    """Wait for something that other threads bring about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.002)


class Running:
    """A worker in a thread of its own."""

    def __init__(self, worker: Worker) -> None:
        self.stop = Event()
        self.served = 0
        self.thread = Thread(target=self.run, args=(worker,))

    def run(self, worker: Worker) -> None:
        self.served = worker.run(self.stop)

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


class Stuck(Outlet):
    """Hangs at the first effect of one destination until it is let go."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.free, self.others, self.count = Event(), Event(), count

    def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
        if key == "e_0000":
            assert self.free.wait(20)
        receipt = super().deliver(key, effect, texts)
        if len(self.delivered) == self.count:
            self.others.set()
        return receipt


def test_a_head_that_is_stuck_holds_up_nobody_else():
    """Sixty conversations' effects leave while the first of another hangs; what follows that one waits. (P8)"""
    store, outlet = MemoryStore(), Stuck(60)
    destinations = ["chat:stuck", "chat:stuck", *(f"chat:{n % 30}" for n in range(60))]
    effects = tuple(make_effect(number, to) for number, to in enumerate(destinations))
    store.commit(make_batch(workspace="desk", effects=effects))
    engine = Engine(store, {**DESK, "workspace": "desk"}, plugins=[outlet])
    with Running(Worker(engine, poll=0.01)):
        assert outlet.others.wait(20)
        assert not outlet.free.is_set()
        assert outlet.delivered[:1] != ["e_0000"]
        outlet.free.set()
        until(lambda: len(outlet.delivered) == len(effects))
    assert [key for key in outlet.delivered if key < "e_0002"] == ["e_0000", "e_0001"]
    for lane in range(30):
        assert outlet.delivered.index(f"e_{lane + 2:04}") < outlet.delivered.index(f"e_{lane + 32:04}")


def test_the_first_problem_of_any_hand_ends_the_worker():
    stop = Event()
    engine = Engine(Gone(1, SchemaMismatch("migrate first")), DESK)
    with pytest.raises(SchemaMismatch, match="migrate first"):
        Worker(engine).run(stop)

    async def go() -> int:
        engine = AsyncEngine(Gone(1, SchemaMismatch("migrate first")), DESK)
        return await AsyncWorker(engine).run(asyncio.Event())

    with pytest.raises(SchemaMismatch, match="migrate first"):
        asyncio.run(go())


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        *(("concurrency", each, "a number from 1 on") for each in (0, -1, 1.5, "4", None)),
        *(("poll", each, "a number of seconds above 0") for each in (0, -1.0, float("nan"), "1", None)),
        *(("measure_every", each, "a number of seconds above 0") for each in (0, float("nan"), "x")),
    ],
)
def test_how_it_works_is_looked_at_when_it_is_made(name: str, given: Any, told: str):
    with pytest.raises(InvalidInput, match=f"{name} must be {told}"):
        Worker(Engine(MemoryStore(), DESK), **{name: given})


def test_each_worker_has_the_engine_of_its_kind():
    plain, awaiting = Engine(MemoryStore(), DESK), AsyncEngine(MemoryStore(), DESK)
    with pytest.raises(InvalidInput, match="Worker needs an Engine"):
        Worker(awaiting)
    with pytest.raises(InvalidInput, match="AsyncWorker needs an AsyncEngine"):
        AsyncWorker(plain)


class Interrupting(Outlet):
    """Lets the thread that runs the worker be interrupted, as by a second Ctrl-C, while others deliver."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.free = Event(), Event()

    def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
        self.begun.set()
        self.free.wait(20)
        return super().deliver(key, effect, texts)


def test_interrupted_it_waits_for_no_hand(monkeypatch: pytest.MonkeyPatch):
    outlet = Interrupting()
    engine = Engine(MemoryStore(), {**DESK, "workspace": "desk"}, plugins=[outlet])
    worker, main = Worker(engine, poll=0.01), current_thread()
    rest = worker._rest

    def interrupted(*given: Any) -> None:
        if current_thread() is main and outlet.begun.is_set():
            raise KeyboardInterrupt
        rest(*given)

    def late() -> None:
        end = time.monotonic() + 20
        while not any(each.name == "reqflow-worker" for each in enumerate_threads()):
            assert time.monotonic() < end
        engine.store.commit(make_batch(effects=(make_effect(0, "chat:a"), make_effect(1, "chat:b"))))

    monkeypatch.setattr(worker, "_rest", interrupted)
    Thread(target=late, daemon=True).start()
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            worker.run(Event())
        assert not outlet.delivered
        assert time.monotonic() - begun < 15
    finally:
        outlet.free.set()


# --- woken ---


def fresh(number: int = 0) -> Inbound:
    """A message of just now, each from somebody else."""
    place = f"web:{number}"
    return Inbound(channel=place, author=place, native="1", sent_at=datetime.now(UTC), text="Hello")


def test_idle_it_is_woken_by_what_is_accepted():
    store, outlet = MemoryStore(), Outlet()
    engine = Engine(store, DESK, plugins=[outlet])
    with Running(Worker(engine, poll=3600)) as running:
        until(lambda: store._nap.sleepers)
        for number in range(5):
            engine.accept(fresh(number))
            until(lambda number=number: len(outlet.delivered) == number + 1)
    assert running.served >= 15


class Deaf(MemoryStore):
    """A store whose waker cannot listen for the first few times."""

    failures = 3

    def waker(self, workspace: Any) -> Any:
        store, woken = self, super().waker(workspace)

        class Waker:
            def wait(self, seconds: float) -> bool:
                if store.failures:
                    store.failures -= 1
                    raise StoreUnavailable("nobody listens")
                return woken.wait(seconds)

            def close(self) -> None:
                woken.close()

        return Waker()


def test_when_nobody_can_wake_it_it_looks_all_the_same():
    store, outlet = Deaf(), Outlet()
    engine = Engine(store, DESK, plugins=[outlet])
    with Running(Worker(engine, poll=0.01)):
        until(lambda: not store.failures)
        engine.accept(fresh())
        until(lambda: outlet.delivered)


# --- measured ---


class Watching:
    """An observer of what is measured; it may fail."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.told: list[tuple[str, tuple[Backlog, ...]]] = []
        self.problem = problem

    @hookimpl
    def reqflow_measured(self, workspace: str, backlogs: Any) -> None:
        self.told.append((workspace, tuple(backlogs)))
        if self.problem is not None:
            raise self.problem


@pytest.mark.parametrize(("every", "times"), [(15.0, 5), (1.0, 60), (100.0, 1), (None, 0)])
def test_the_queues_are_measured_now_and_then(every: float | None, times: int):
    stop, watching = Event(), Watching()
    time = Time(stop, 60)
    engine = Engine(MemoryStore(), DESK, plugins=[watching], clock=time)
    Worker(engine, measure_every=every, concurrency=1, sleep=time.sleep).run(stop)
    assert abs(len(watching.told) - times) <= 1
    assert all(told == ("main", tuple(Backlog(queue=each) for each in LeaseQueue)) for told in watching.told)


def test_an_observer_that_fails_is_heard_of_and_stops_nobody(caplog: pytest.LogCaptureFixture):
    stop, first, second = Event(), Watching(ValueError("very private words")), Watching()
    time = Time(stop, 3)
    engine = Engine(MemoryStore(), DESK, plugins=[first, second], clock=time)
    engine.accept(hello())
    assert Worker(engine, measure_every=0.5, concurrency=1, sleep=time.sleep).run(stop) > 0
    assert len(first.told) == len(second.told) > 1
    assert "observer failed" in caplog.text
    assert "private" not in "".join(str(record.__dict__) for record in caplog.records)


def test_without_observers_nobody_counts(monkeypatch: pytest.MonkeyPatch):
    stop = Event()
    time = Time(stop, 60)
    store = MemoryStore()
    monkeypatch.setattr(store, "backlog", lambda *asked: 1 / 0)
    Worker(Engine(store, DESK, clock=time), sleep=time.sleep).run(stop)


# --- awaited ---


def test_an_async_worker_does_the_same():
    stop, outlet, watching = asyncio.Event(), Outlet(), Watching()
    time = Time(stop, 3)
    engine = AsyncEngine(MemoryStore(), DESK, plugins=[outlet, watching], clock=time)

    async def sleep(seconds: float) -> None:
        time.sleep(seconds)

    async def work() -> int:
        await engine.accept(hello())
        return await AsyncWorker(engine, concurrency=1, sleep=sleep).run(stop)

    assert asyncio.run(work()) > 2
    assert len(outlet.delivered) == 1
    assert time.slept == [1.0, 1.0, 1.0]
    assert len(watching.told) == 1


def test_an_async_worker_is_woken_and_stops_when_it_is_asked():
    engine = AsyncEngine(MemoryStore(), DESK, plugins=[outlet := Outlet()])

    async def work() -> int:
        stop = asyncio.Event()
        async with asyncio.timeout(20):
            task = asyncio.create_task(AsyncWorker(engine, poll=3600).run(stop))
            for number in range(3):
                await asyncio.sleep(0.01)
                await engine.accept(fresh(number))
                while len(outlet.delivered) <= number:  # noqa: ASYNC110  (no event tells of it)
                    await asyncio.sleep(0.002)
            stop.set()
            return await task

    assert asyncio.run(work()) >= 6


@pytest.mark.parametrize("idle", [True, False])
def test_an_async_worker_that_is_cancelled_gives_everything_back(idle: bool):
    class Slow(Outlet):
        async def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:  # type: ignore[override]
            await asyncio.sleep(30)
            return Receipt(kind=ReceiptKind.DELIVERED)

    store = MemoryStore()
    engine = AsyncEngine(store, DESK, plugins=[Slow()], workspace="main")
    if not idle:
        effects = tuple(make_effect(n, f"web:{n}") for n in range(5))
        store.commit(make_batch(workspace="main", effects=effects))

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await AsyncWorker(engine).run(asyncio.Event())

    asyncio.run(work())
    outbox = store.backlog("main", engine.clock())[1]
    assert (outbox.leased, outbox.retried) == (0, 0)
    Engine(store, plugins=[outlet := Outlet()], workspace="main").work()
    assert len(outlet.delivered) == (0 if idle else 5)


def test_an_async_worker_rides_out_a_store_that_is_gone():
    stop = asyncio.Event()
    time = Time(stop, 4)
    engine = AsyncEngine(Gone(3, StoreUnavailable("locked")), DESK, clock=time)

    async def sleep(seconds: float) -> None:
        time.sleep(seconds)

    async def work() -> int:
        await engine.accept(hello())
        return await AsyncWorker(engine, concurrency=1, sleep=sleep).run(stop)

    assert asyncio.run(work()) > 0
    assert time.slept[:3] == [2.0, 4.0, 8.0]
