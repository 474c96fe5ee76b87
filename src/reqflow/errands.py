"""Calls that may hang, on threads of their own: whoever waits for one can do something else meanwhile, or give it up.

A thread cannot be ended from outside. One that is given up is left to itself, and what it says later is nobody's; it
does not keep the process from ending.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Any

__all__ = ["MOST", "Errand", "Errands", "Exited", "GivenUp", "TakesLong", "TookTooLong"]

MOST = 8
"""How many calls may hang at a time before no more are begun."""


class TookTooLong(Exception):
    """Raised where somebody waited: a call did not come back in time, and was given up."""


class TakesLong(Exception):
    """Raised where somebody waited: a call takes so long that they may do something else first. See `Errand.rest`."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        super().__init__()


class Exited(Exception):
    """Raised where somebody waited: a call wanted the process to end, which is not its business."""


class GivenUp(BaseException):
    """Ends an errand, on its own thread, whose work nobody leaves to it any more."""


def _fault(problem: BaseException) -> BaseException:
    return Exited() if isinstance(problem, SystemExit) else problem


class Errands:
    """The errands of one engine, and how many of them hang. Safe to use from several threads."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.hanging = 0

    @property
    def too_many(self) -> bool:
        """Whether so many hang that no more should be begun."""
        return self.hanging >= MOST

    def begin(self, work: Callable[[Errand], Any], done: Callable[[], Any] | None = None) -> Errand:
        """Have work done on another thread; ``done`` is called there at the end, unless it was given up."""
        errand = Errand(self, work, done)
        Thread(target=copy_context().run, args=(errand.run,), name="reqflow-errand", daemon=True).start()
        return errand


class Errand:
    """A piece of work for another thread, in which single calls have a time limit each."""

    def __init__(
        self, errands: Errands, work: Callable[[Errand], Any], done: Callable[[], Any] | None
    ) -> None:
        self._errands = errands
        self._work = work
        self._done = done
        self._until: float | None = None
        self._patient_until = math.inf
        self._over = Event()
        self._is_over = self._is_left = self._is_taken = False
        self._answer: Any = None
        self._problem: BaseException | None = None

    # --- on the thread that works ---

    def run(self) -> None:
        """Do the work."""
        try:
            self._answer = self._work(self)
        except GivenUp:
            pass
        except BaseException as problem:  # noqa: BLE001  (raised again where somebody waits)
            self._problem = _fault(problem)
        with self._errands.lock:
            self._is_over = True
            if self._is_left:
                self._errands.hanging -= 1
                return
        self._over.set()
        if self._done is not None:
            self._done()

    def limited(self, call: Callable[[], Any], seconds: float, patience: float = math.inf) -> Any:
        """Call what may hang; after so many seconds the errand is given up, and ends as soon as the call does.

        After ``patience`` seconds already the rest of the work is taken from it; then only the call's answer counts.
        """
        now = time.monotonic()
        with self._errands.lock:
            self._until, self._patient_until = now + seconds, now + patience
        try:
            answer = call()
        except BaseException as raised:  # noqa: BLE001  (whatever it is, it is the flow's, or whose turn it is)
            problem = _fault(raised)
            if self._ends_with(problem=problem):
                raise GivenUp from None
            raise problem from None
        if self._ends_with(answer):
            raise GivenUp
        return answer

    def _ends_with(self, answer: Any = None, problem: BaseException | None = None) -> bool:
        """Whether the call was all that was left to do here."""
        with self._errands.lock:
            if self._is_taken:
                self._answer, self._problem = answer, problem
                return True
            self._until = None
            return self._is_left

    def go_on(self) -> None:
        """End the errand here if it was given up."""
        if self._is_left:
            raise GivenUp

    # --- on the thread that waits ---

    def wait(self, pause: float) -> Any:
        """What the work returned or raised. Raises `TookTooLong` when one of its calls exceeds its limit.

        ``pause`` is the shortest of the limits, in seconds. Raises `TakesLong` when a call exceeds its patience: then
        the rest of the work is the caller's again, and `rest` tells what the call says.
        """
        left = pause
        try:
            while not self._over.wait(left):
                with self._errands.lock:
                    now = time.monotonic()
                    if self._until is None:  # it is between two calls
                        left = pause
                    elif now >= self._until:
                        self._leave()
                        raise TookTooLong
                    elif now >= self._patient_until:
                        self._is_taken = True
                        break
                    else:
                        left = min(self._until, self._patient_until) - now
        except BaseException:
            self.give_up()
            raise
        if self._is_taken:
            raise TakesLong(self)
        return self.answer()

    def rest(self) -> Any:
        """What the call says, or raises, that takes long. Raises `TookTooLong` at its limit."""
        assert self._until is not None
        try:
            if not self._over.wait(max(self._until - time.monotonic(), 0.0)):
                with self._errands.lock:
                    if not self._is_over:
                        self._leave()
                        raise TookTooLong
        except BaseException:
            self.give_up()
            raise
        return self.answer()

    def answer(self) -> Any:
        """What the work returned or raised; it is over."""
        if self._problem is None:
            return self._answer
        problem, self._problem = self._problem, None  # it leads back here by its traceback
        raise problem

    def give_up(self) -> None:
        """Wait no more: the work ends after the call that it is in."""
        with self._errands.lock:
            if not self._is_over:
                self._leave()

    def _leave(self) -> None:
        if not self._is_left:
            self._is_left = True
            self._errands.hanging += 1
