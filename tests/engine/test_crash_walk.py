"""Whatever store call a process dies at, before or after it took effect: resuming ends at the same desk."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from reqflow import Engine
from reqflow.errors import StoreUnavailable
from reqflow.plugins.memory import MemoryStore
from reqflow.testing.desks import START

from .scenario import Clock, engine_on, one_step, picture, play, prepared, the_day

CALLS = ("recall", "commit", "query", "history", "texts", "lease", "extend", "settle", "release", "next_due")


class Death(BaseException):
    """The end of a process: nothing catches it."""


class Fragile:
    """A store that fails at one call: before it, or after it, when only the answer is lost."""

    def __init__(self, store: Any, fails_at: int, how: type[BaseException], *, done: bool) -> None:
        self._store = store
        self.fails_at = fails_at
        self._how = how
        self._done = done
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in CALLS:
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls != self.fails_at:
                return method(*args, **kwargs)
            if self._done:
                method(*args, **kwargs)
            raise self._how("here")

        return call


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    store = prepared(MemoryStore())
    clock = Clock()
    engine = engine_on(store, clock)
    play(engine, clock, the_day())
    assert engine.verify() == []
    return picture(store)


def test_the_day_touches_what_it_should(undisturbed):
    events = {tag for tags in undisturbed["events"].values() for tag in tags}
    assert {
        "conversation.absorbed",
        "request.held",
        "request.woken",
        "request.reopened",
        "request.nudged",
        "message.delivered",
        "request.closed",
        "request.assigned",
    } <= events


def test_giving_the_whole_day_again_changes_nothing(undisturbed):
    store, clock, day = prepared(MemoryStore()), Clock(), the_day()
    play(engine_on(store, clock), clock, day)
    play(engine_on(store, clock), clock, day)
    assert picture(store) == undisturbed


@pytest.mark.parametrize("done", [False, True], ids=["before", "answer_lost"])
def test_a_process_that_dies_at_any_store_call_resumes_to_the_same_desk(undisturbed, done):
    day = the_day()
    for n in count(1):
        inner, clock = prepared(MemoryStore()), Clock()
        store = Fragile(inner, n, Death, done=done)
        try:
            play(engine_on(store, clock), clock, day)
        except Death:
            pass
        else:
            break  # the day has fewer calls
        clock.now = START
        engine = engine_on(inner, clock)
        play(engine, clock, day)
        engine.work()
        assert engine.verify() == [], n
        assert picture(inner) == undisturbed, n
    assert n > 80


@pytest.mark.parametrize("done", [False, True], ids=["before", "answer_lost"])
def test_a_store_that_fails_once_is_asked_again(undisturbed, done):
    day = the_day()
    for n in count(1):
        inner, clock = prepared(MemoryStore()), Clock()
        store = Fragile(inner, n, StoreUnavailable, done=done)
        engine = engine_on(store, clock)
        if not played_with_patience(engine, store, clock, day):
            break
        assert engine.verify() == [], n
        assert shared_out(picture(inner)) == shared_out(undisturbed), n
    assert n > 80


def shared_out(seen: dict[str, Any]) -> dict[str, Any]:
    """The picture without who got which of the queue's requests: that goes by who was put off."""
    requests = {
        key: (row if row[2] != "shared" else (row[0], row[2], row[3]))
        for key, row in seen["requests"].items()
    }
    agents = sorted(str(row[1]) for row in seen["requests"].values() if row[2] == "shared")
    return {**seen, "requests": requests, "agents": agents}


def played_with_patience(engine: Engine, store: Fragile, clock: Clock, day: Any) -> bool:
    """Play the day, trying a failed step again; True if one failed or its work was put off."""
    failed = False
    for at, step, item in day.steps:
        clock.now = at
        for _ in range(3):
            try:
                one_step(engine, step, item)
            except StoreUnavailable:
                failed = True
                continue
            if step != "work":
                break
            clock.now += timedelta(seconds=2)  # a worker comes round again: what was put off is done then
    return failed or store.calls >= store.fails_at
