"""Whoever stops finishes the item at hand and gives the rest back at once; cancelled at any await nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from reqflow import AsyncEngine, Engine, Inbound, hookimpl
from reqflow.core.batch import LeaseQueue
from reqflow.core.model import Code
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Effects, EffectState, Messages, Receipt, ReceiptKind, Timer
from reqflow.testing.desks import DESK, QuestionMark, Story
from reqflow.testing.samples import START, make_batch, make_effect, moment

pytestmark = pytest.mark.usefixtures("full_pace")

DONE = Receipt(kind=ReceiptKind.DELIVERED)
CALLS = ("recall", "commit", "query", "history", "texts", "lease", "extend", "settle", "release", "next_due")


class Carrier:
    """Delivers, and counts the copies."""

    scheme = "*"

    def __init__(self) -> None:
        self.copies: Counter[str] = Counter()

    def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        self.copies[key] += 1
        return DONE

    @hookimpl
    def reqflow_transports(self) -> tuple[Any, ...]:
        return (self,)


def fill(store: Any, story: Story) -> None:
    """A few messages of two authors, timers, and effects for two destinations."""
    for number in range(4):
        story.engine.accept(story.letter(("cara", "dan")[number % 2], f"{number}?", native=f"n{number}"))
    store.commit(
        make_batch(
            armed=tuple(Timer(Code(f"drain:q{n}"), moment(-n)) for n in range(3)),
            effects=tuple(make_effect(n, f"chat:{n % 2}") for n in range(6)),
        )
    )


def is_free(store: Any) -> bool:
    """Whether nobody holds anything: what is due could be leased now, all of it."""
    return all(each.leased == 0 for each in store.backlog("desk", START))


@pytest.mark.parametrize("after", range(18))
def test_who_is_told_to_stop_gives_the_rest_back_untried(after: int) -> None:
    story = Story(plugins=[Carrier()])
    fill(story.store, story)
    before = story.engine.backlog()
    asked = count()
    served = story.engine.serve(stopping=lambda: next(asked) >= after)
    assert served <= after
    assert is_free(story.store)
    assert sum(each.waiting for each in before) - served <= sum(
        each.waiting for each in story.engine.backlog()
    )
    for queue in LeaseQueue:
        for lease in story.store.lease("desk", queue, now=story.now, until=moment(60), limit=50):
            assert (lease.attempts, lease.lost) == (1, 0)
            story.store.release("desk", lease, ready_at=story.now)
    story.engine.work()
    assert [each.waiting for each in story.engine.backlog()] == [0, 0, 0]


def test_who_stops_in_the_middle_of_deliveries_settles_what_has_left() -> None:
    story = Story(plugins=[carrier := Carrier()])
    _ = story.engine.desk
    story.store.commit(make_batch(effects=tuple(make_effect(n, f"chat:{n}") for n in range(5))))
    assert story.engine.serve(stopping=lambda: len(carrier.copies) == 2) == 2
    other = Engine(story.store, DESK, plugins=[carrier], clock=story.time)
    other.work()
    assert set(carrier.copies.values()) == {1}
    assert len(carrier.copies) == 5


def test_work_ends_when_it_is_told_to_stop() -> None:
    story = Story(plugins=[Carrier()])
    fill(story.store, story)
    assert story.engine.work(stopping=lambda: True) == 0
    assert is_free(story.store)


# --- cancelled ---


class Awaited:
    """An async store over another; at the ``cancel_at``-th await of all its calls it cancels whoever serves."""

    def __init__(self, store: Any, cancel_at: int) -> None:
        self._store = store
        self.cancel_at = cancel_at
        self.awaits = 0
        self.task: asyncio.Task[Any] | None = None

    async def pass_by(self) -> None:
        self.awaits += 1
        if self.awaits == self.cancel_at and self.task is not None:
            self.task.cancel()
        await asyncio.sleep(0)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in CALLS:
            return method

        async def call(*args: Any, **named: Any) -> Any:
            await self.pass_by()
            answer = method(*args, **named)
            await self.pass_by()
            return answer

        return call


class AwaitedCarrier(Carrier):
    """Delivers, with an await before and one after."""

    def __init__(self, store: Awaited) -> None:
        super().__init__()
        self.store = store

    async def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        await self.store.pass_by()
        self.copies[key] += 1
        await self.store.pass_by()
        return DONE


async def cancelled_at(number: int) -> bool:
    """Serve, cancelled at one await; True if it came so far. Then another worker does what is left, at once."""
    story = Story()
    fill(story.store, story)
    store = Awaited(story.store, number)
    carrier = AwaitedCarrier(store)
    engine = AsyncEngine(
        store, plugins=[carrier], workspace="desk", classifier=QuestionMark(), clock=story.time
    )
    await engine.desk()
    store.awaits, rounds = 0, 0

    async def work() -> None:
        nonlocal rounds
        while await engine.serve():
            rounds += 1

    store.task = asyncio.create_task(work())
    with suppress(asyncio.CancelledError):
        await store.task
    was_cancelled = store.task.cancelled()
    assert was_cancelled == (store.awaits >= number)
    assert is_free(story.store), f"something is still held after {number} awaits"
    other = Engine(
        story.store, DESK, plugins=[rest := Carrier()], classifier=QuestionMark(), clock=story.time
    )
    other.work()
    effects = story.store.query("desk", Effects(limit=100)).items
    assert {each.state for each in effects} <= {EffectState.DONE}
    copies = carrier.copies + rest.copies
    assert set(copies) == {each.queued.id for each in effects}
    assert sum(copies.values()) <= len(effects) + 1  # the one that was on its way
    assert {each.native for each in story.store.query("desk", Messages()).items} == {
        f"n{n}" for n in range(4)
    }
    assert [each.waiting for each in other.backlog()] == [0, 0, 0]
    assert other.verify() == []
    return was_cancelled


def test_cancelled_at_any_await_nothing_is_lost_or_held() -> None:
    async def walk() -> int:
        number = 1
        while await cancelled_at(number):
            number += 1
        return number

    assert asyncio.run(walk()) > 50


def test_cancelled_twice_it_ends_at_once() -> None:
    story = Story()
    fill(story.store, story)

    class Stuck(Awaited):
        async def pass_by(self) -> None:
            self.awaits += 1
            if self.awaits > 4:
                await asyncio.sleep(30)

    store = Stuck(story.store, 0)
    engine = AsyncEngine(store, workspace="desk", clock=story.time)

    async def impatient() -> None:
        task = asyncio.create_task(engine.serve())
        await asyncio.wait({task}, timeout=0.2)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert task.done()

    asyncio.run(asyncio.wait_for(impatient(), 10))


def test_a_transport_that_says_it_was_cancelled_cancels_nobody() -> None:
    class Confused(Carrier):
        async def deliver(self, key: str, effect: Any, texts: Any) -> Any:
            raise asyncio.CancelledError

    store = MemoryStore()
    now = START
    engine = AsyncEngine(store, DESK, plugins=[Confused()], clock=lambda: now)
    store.commit(make_batch(effects=(make_effect(1, "chat:a"),)))

    async def serve() -> None:
        nonlocal now
        for _ in range(5):
            await engine.serve()
            now += timedelta(minutes=5)

    asyncio.run(serve())
    (parked,) = store.query("desk", Effects()).items
    assert parked.state is EffectState.PARKED


def test_an_async_engine_that_is_told_to_stop_gives_back_as_well() -> None:
    story = Story()
    fill(story.store, story)
    engine = AsyncEngine(story.store, DESK, plugins=[Carrier()], classifier=QuestionMark(), clock=story.time)
    asked = count()
    served = asyncio.run(engine.serve(stopping=lambda: next(asked) > 2))
    assert served == 2
    assert is_free(story.store)
    assert asyncio.run(engine.work(stopping=lambda: True)) == 0


def test_a_classifier_that_is_being_asked_is_left() -> None:
    """A cancelled worker does not wait for a sync port that thinks."""

    class Thinks(QuestionMark):
        async def classify(self, inbound: Inbound) -> Any:  # type: ignore[override]
            await asyncio.sleep(30)

    story = Story()
    fill(story.store, story)
    engine = AsyncEngine(story.store, DESK, classifier=Thinks(), clock=story.time)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await engine.serve()

    asyncio.run(leave())
    assert is_free(story.store)
    story.engine.work()
    assert len(story.partition()) == 4
