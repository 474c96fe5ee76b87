"""Calls on other threads: their answers come back, what takes too long is given up, and nothing of it lingers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextvars import ContextVar

import pytest

from reqflow.errands import MOST, Errand, Errands, Exited, TookTooLong


def settled(errands: Errands) -> None:
    end = time.monotonic() + 10
    while errands.hanging:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_it_returns_or_raises_comes_back() -> None:
    errands = Errands()
    assert errands.begin(lambda own: own.limited(lambda: 7, 5)).wait(5) == 7
    for problem, raised in (
        (ValueError("no"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (SystemExit(3), Exited),  # a plugin's sys.exit() must not end a worker
    ):

        def fail(own: Errand, problem: BaseException = problem) -> None:
            raise problem

        with pytest.raises(raised):
            errands.begin(fail).wait(5)
    assert errands.hanging == 0


def test_a_call_that_takes_too_long_is_given_up_and_ends_the_errand_when_it_comes_back() -> None:
    errands, free, done = Errands(), threading.Event(), []

    def work(own: Errand) -> None:
        own.limited(lambda: free.wait(30), 0.02)
        done.append("went on")

    errand = errands.begin(work)
    begun = time.monotonic()
    with pytest.raises(TookTooLong):
        errand.wait(0.02)
    assert time.monotonic() - begun < 5
    assert errands.hanging == 1
    free.set()
    settled(errands)
    assert done == []


def test_only_limited_calls_count_however_long_the_whole_takes() -> None:
    def work(own: Errand) -> int:
        for _ in range(5):
            own.limited(lambda: None, 0.02)
            time.sleep(0.03)
        return 5

    assert Errands().begin(work).wait(0.02) == 5


def test_each_call_has_its_own_limit() -> None:
    def work(own: Errand) -> int:
        own.limited(lambda: time.sleep(0.1), 10)
        return 1

    assert Errands().begin(work).wait(0.02) == 1


def test_whoever_is_interrupted_leaves_the_errand_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    errands, free, went_on = Errands(), threading.Event(), threading.Event()

    def work(own: Errand) -> None:
        own.limited(lambda: free.wait(30), 30)
        went_on.set()

    errand = errands.begin(work)
    monkeypatch.setattr(errand._over, "wait", lambda pause: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        errand.wait(30)
    free.set()
    settled(errands)
    assert not went_on.is_set()


def test_an_errand_that_was_left_ends_at_its_next_step() -> None:
    errands, at_work, free, ended = Errands(), threading.Event(), threading.Event(), []

    def work(own: Errand) -> None:
        at_work.set()
        free.wait(30)
        ended.append("here")
        own.go_on()
        ended.append("and there")

    errand = errands.begin(work)
    at_work.wait(10)
    errand.give_up()
    free.set()
    settled(errands)
    assert ended == ["here"]


def test_so_many_may_hang_and_no_more() -> None:
    errands, free = Errands(), threading.Event()
    for number in range(MOST):
        assert not errands.too_many, number
        errands.begin(lambda own: free.wait(30)).give_up()
    assert errands.too_many
    free.set()
    settled(errands)
    assert not errands.too_many


def test_context_goes_with_it() -> None:
    trace: ContextVar[str] = ContextVar("trace", default="none")
    trace.set("seven")
    assert Errands().begin(lambda own: trace.get()).wait(5) == "seven"


def test_one_that_hangs_does_not_keep_the_process_alive() -> None:
    told = (
        "import threading\n"
        "from reqflow.errands import Errands, TookTooLong\n"
        "try:\n"
        "    Errands().begin(lambda own: own.limited(threading.Event().wait, 0.05)).wait(0.05)\n"
        "except TookTooLong:\n"
        "    print('gone')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "gone\n"
