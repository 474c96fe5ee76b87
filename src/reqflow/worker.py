"""Workers: they serve inbox, agenda and outbox round after round, until they are asked to stop.

A worker has as many hands as are to serve at a time. Each does rounds of its own; those that find nothing to do rest in
turns, so that however many there are, one looks at a time. What a transport takes long over keeps one hand busy: the
others go on.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from .core.values import value
from .drivers import apart
from .engine import AsyncEngine, Engine
from .errands import Errands
from .errors import InvalidInput, StoreUnavailable
from .ports import Waker

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncWorker", "Worker"]

LONGEST = 60.0
"""Seconds between two tries on a store that fails, at most."""
GLANCE = 0.25
"""Every so many seconds whoever waits to be woken looks whether to stop."""

_log = logging.getLogger("reqflow.worker")


@value
class Pause:
    """Nothing to do for so many seconds. ``deaf``: there is nobody who could wake, either."""

    seconds: float
    deaf: bool = False


Steps = Generator[Callable[[], Any] | Pause, Any, int]


class _Rounds:
    """What a worker does, as steps: calls of its engine's to make, and pauses. Both workers take them."""

    _kind: type[Engine | AsyncEngine]

    def __init__(
        self,
        engine: Engine | AsyncEngine,
        *,
        concurrency: int,
        poll: float,
        measure_every: float | None,
        sleep: Callable[[float], Any] | None,
    ) -> None:
        if not isinstance(engine, self._kind):
            raise InvalidInput(f"{type(self).__name__} needs an {self._kind.__name__}, not {engine!r:.80}")
        _check_seconds("poll", poll)
        if measure_every is not None:
            _check_seconds("measure_every", measure_every)
        self._any = engine
        self.concurrency = _counted(concurrency)
        self.poll = poll
        self.measure_every = measure_every
        self._sleep = sleep
        self._measured_at: datetime | None = None

    def _steps(self, stopping: Callable[[], bool]) -> Steps:
        """Round after round, and in the end how many items were served."""
        engine = self._any
        served = failures = 0
        while not stopping():
            try:
                done: int = yield partial(engine.serve, stopping=stopping)
                served += done
                if done:
                    _log.info("served", extra={"items": done, "workspace": engine.workspace})
                if self._is_to_measure():
                    backlogs = yield engine.backlog
                    engine.registry.measured(engine.workspace, backlogs)
                if not done:
                    yield Pause(self._until((yield engine.next_due)))
                failures = 0
            except StoreUnavailable as problem:
                failures += 1
                idle = min(self.poll * 2.0 ** min(failures, 10), LONGEST)
                _log.warning("store unavailable", extra={"error": str(problem), "next_try_within": idle})
                yield Pause(idle, deaf=True)
        return served

    def _until(self, due: datetime | None) -> float:
        """How long to wait: until the next timer is due, but no longer than ``poll`` and never not at all."""
        if due is None:
            return self.poll
        ahead = (due - self._any.clock()).total_seconds()
        return min(self.poll, ahead) if ahead > 0 else self.poll

    def _is_to_measure(self) -> bool:
        if self.measure_every is None or not self._any.registry.measures:
            return False
        now, last = self._any.clock(), self._measured_at
        if last is not None and timedelta(0) <= now - last < timedelta(seconds=self.measure_every):
            return False
        self._measured_at = now
        return True

    def _waker(self) -> Waker | None:
        """Who wakes this worker, where its store has somebody and nothing stands in for waiting."""
        make = getattr(self._any.store, "waker", None)
        return None if make is None or self._sleep is not None else make(self._any.workspace)


def _check_seconds(name: str, given: object) -> None:
    if not isinstance(given, int | float) or not given > 0:
        raise InvalidInput(f"{name} must be a number of seconds above 0, not {given!r:.80}")


def _counted(concurrency: object) -> int:
    if not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidInput(f"concurrency must be a number from 1 on, not {concurrency!r:.80}")
    return concurrency


class Worker(_Rounds):
    """Keeps one engine's queues served. Workers may share a store: each item is leased to one of them.

    Args:
        engine: whose queues; its plugins bring the transports.
        concurrency: how many items are served at a time, each on a thread of its own: so many deliveries may take
            long before others wait for them. Effects of one destination leave one after another nevertheless. With 1
            transports are called one at a time.
        poll: how many seconds an idle worker waits before it looks again. A timer that is due sooner is answered in
            time, and where the store can wake (PostgreSQL, memory), new work is served at once.
        measure_every: how many seconds lie between two measurements, if a plugin observes them; None measures nothing.
        sleep: stands in for waiting in tests.
    """

    _kind = Engine
    engine: Engine

    def __init__(
        self,
        engine: Engine,
        *,
        concurrency: int = 4,
        poll: float = 1.0,
        measure_every: float | None = 15.0,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(engine, concurrency=concurrency, poll=poll, measure_every=measure_every, sleep=sleep)
        self.engine = engine

    def run(self, stop: Event) -> int:
        """Work until ``stop`` is set; returns how many items were served.

        Then the item at hand is finished, and what else was leased is given back, so that another worker can go on
        with it at once. A store that cannot be reached is tried again, at growing distance; any other error of the
        store is raised.
        """
        waker, hands = self._waker(), _Hands(stop)
        others = [
            Thread(target=hands.work, args=(self._hand, hands, waker), name="reqflow-worker", daemon=True)
            for _ in range(self.concurrency - 1)
        ]
        try:
            for each in others:
                each.start()
            hands.work(self._hand, hands, waker)
            for each in others:
                each.join()
        finally:  # interrupted it leaves the others to end by themselves
            hands.over = True
            if waker is not None:
                waker.close()
        return hands.answer()

    def _hand(self, hands: _Hands, waker: Waker | None) -> int:
        """Round after round, until all are to stop; returns how many items were served."""
        steps, answer = self._steps(hands.is_stopping), None
        take = steps.send
        try:
            while True:
                step = take(answer)
                take = steps.send
                try:
                    if isinstance(step, Pause):
                        with hands.resting:
                            self._rest(step, hands, waker)
                    else:
                        answer = step()
                except StoreUnavailable as problem:
                    answer, take = problem, steps.throw
        except StopIteration as end:
            served: int = end.value
            return served

    def _rest(self, pause: Pause, hands: _Hands, waker: Waker | None) -> None:
        if self._sleep is not None:
            if not hands.is_stopping():
                self._sleep(pause.seconds)
            return
        until = time.monotonic() + pause.seconds
        while (left := until - time.monotonic()) > 0 and not hands.is_stopping():
            if waker is None or pause.deaf:
                hands.stop.wait(min(left, GLANCE))
            elif waker.wait(min(left, GLANCE)):
                return


class _Hands:
    """The hands of one worker: they stop together, and rest in turns."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self.over = False
        self.resting = Lock()
        self._served: list[int] = []
        self._problems: list[Exception] = []

    def is_stopping(self) -> bool:
        """Whether no hand is to begin with anything more."""
        return self.over or self.stop.is_set()

    def work(self, hand: Callable[..., int], *given: Any) -> None:
        """Let a hand work until the end; one that fails ends the work of all."""
        try:
            self._served.append(hand(*given))
        except Exception as problem:  # noqa: BLE001  (raised again where the worker was called)
            self._problems.append(problem)
            self.over = True

    def answer(self) -> int:
        """How many items were served, or what went wrong first."""
        if self._problems:
            raise self._problems[0]
        return sum(self._served)


class AsyncWorker(_Rounds):
    """`Worker` for an `AsyncEngine`: ``await worker.run(stop)`` in a task of its own.

    Cancelled it ends at once, and gives back what it holds; what was being delivered may be delivered once more, under
    the same key.
    """

    _kind = AsyncEngine
    engine: AsyncEngine

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        concurrency: int = 4,
        poll: float = 1.0,
        measure_every: float | None = 15.0,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(engine, concurrency=concurrency, poll=poll, measure_every=measure_every, sleep=sleep)
        self.engine = engine
        self._errands = Errands()

    async def run(self, stop: asyncio.Event) -> int:
        """As `Worker.run`."""
        from asyncio import Lock, create_task, wait  # dear to import, and loaded already where this runs

        waker, resting = self._waker(), Lock()
        hands = [create_task(self._hand(stop, resting, waker)) for _ in range(self.concurrency)]
        try:
            await wait(hands, return_when="FIRST_EXCEPTION")
        finally:
            for each in hands:
                each.cancel()
            try:
                await wait(hands)  # they give back what they hold
            finally:
                if waker is not None:
                    waker.close()
        for failed in [each for each in hands if not each.cancelled() and each.exception()]:
            failed.result()
        return sum([each.result() for each in hands])

    async def _hand(self, stop: asyncio.Event, resting: asyncio.Lock, waker: Waker | None) -> int:
        """As `Worker._hand`."""
        steps, answer = self._steps(stop.is_set), None
        take = steps.send
        try:
            while True:
                step = take(answer)
                take = steps.send
                try:
                    if isinstance(step, Pause):
                        async with resting:
                            await self._rest(step, stop, waker)
                    else:
                        answer = await step()
                except StoreUnavailable as problem:
                    answer, take = problem, steps.throw
        except StopIteration as end:
            served: int = end.value
            return served

    async def _rest(self, pause: Pause, stop: asyncio.Event, waker: Waker | None) -> None:
        from asyncio import timeout  # dear to import, and loaded already where this runs

        if self._sleep is not None:
            await self._sleep(pause.seconds)
        elif waker is None or pause.deaf:
            try:
                async with timeout(pause.seconds):
                    await stop.wait()
            except TimeoutError:
                return
        else:
            until = time.monotonic() + pause.seconds
            while (left := until - time.monotonic()) > 0 and not stop.is_set():
                if await self._heard(waker, min(left, GLANCE)):
                    return

    async def _heard(self, waker: Waker, seconds: float) -> bool:
        if inspect.iscoroutinefunction(waker.wait):
            return bool(await waker.wait(seconds))
        return bool(await apart(partial(waker.wait, seconds), self._errands))
