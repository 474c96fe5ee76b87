"""Idle workers are woken; a store that cannot do it has no ``waker``."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from ...core.model import Code, Workspace
from ...ports import LeaseQueue, Store, Timer, Waker
from ..samples import WORKSPACE, make_batch, make_effect, make_item, moment
from .laws import StoreLaws, lease

__all__ = ["WakingLaws"]

LONG = 20.0
PUTS = pytest.mark.parametrize(
    "parts",
    [
        {"inbox": (make_item(1),)},
        {"effects": (make_effect(1),)},
        {"armed": (Timer(Code("k"), moment(0)),)},
    ],
    ids=["inbox", "outbox", "agenda"],
)


def waker(store: Any, workspace: Workspace = WORKSPACE) -> Waker:
    """A waker that waits in earnest: it may have woken a few times, to be on the safe side."""
    if not hasattr(store, "waker"):
        pytest.skip("declared: wakes nobody")
    made: Waker = store.waker(workspace)
    for _ in range(5):
        if not made.wait(0.2):
            return made
    raise AssertionError("it wakes again and again, for nothing")


def took(call: Callable[[], object]) -> float:
    """Seconds that a call took."""
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


class WakingLaws(StoreLaws):
    """Whoever waits is woken, and not for what is no business of theirs."""

    @PUTS
    def test_what_is_put_in_a_queue_wakes_whoever_waits(self, store: Store, parts: dict[str, Any]) -> None:
        if not self.concurrent:
            pytest.skip("declared: not for several threads")
        with closing(waker(store)) as woken, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(woken.wait, LONG)
            store.commit(make_batch(**parts))
            assert waiting.result(timeout=LONG / 2)

    @PUTS
    def test_what_was_put_there_before_the_wait_is_not_missed(
        self, store: Store, parts: dict[str, Any]
    ) -> None:
        with closing(waker(store)) as woken:
            store.commit(make_batch(**parts))
            assert woken.wait(LONG)

    def test_what_another_handle_puts_there_wakes_too(self, store: Store, other: Store) -> None:
        with closing(waker(store)) as woken:
            other.commit(make_batch(effects=(make_effect(1),)))
            assert woken.wait(LONG)

    def test_what_is_requeued_wakes_too(self, store: Store) -> None:
        store.commit(make_batch(inbox=(make_item(1),)))
        (held,) = lease(store, LeaseQueue.INBOX)
        store.release(WORKSPACE, held, ready_at=moment(0), note="poison", park=True)
        with closing(waker(store)) as woken:
            store.requeue(WORKSPACE, LeaseQueue.INBOX)
            assert woken.wait(LONG)

    def test_all_that_wait_are_woken(self, store: Store) -> None:
        with closing(waker(store)) as one, closing(waker(store)) as two:
            store.commit(make_batch(inbox=(make_item(1),)))
            assert (one.wait(LONG), two.wait(LONG)) == (True, True)

    def test_nothing_that_happens_wakes_nobody(self, store: Store) -> None:
        with closing(waker(store)) as woken:
            assert not woken.wait(0.01)
            store.commit(make_batch(workspace=Workspace("other"), inbox=(make_item(1),)))
            store.commit(make_batch(disarmed=(Code("k"),)))
            assert not woken.wait(0.2)

    def test_one_wake_is_told_once(self, store: Store) -> None:
        with closing(waker(store)) as woken:
            for number in range(3):
                store.commit(make_batch(inbox=(make_item(number, f"lane{number}"),)))
            told = [woken.wait(0.2) for _ in range(6)]
            assert told[0]
            assert not told[-1]

    def test_closing_ends_a_wait(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not for several threads")
        woken = waker(store)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(woken.wait, 1.0)
            assert took(woken.close) < 0.5
            assert not waiting.result(timeout=LONG)
        assert not woken.wait(LONG)
