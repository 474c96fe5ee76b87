"""An event loop of asyncio in a time of its own, in which somebody chooses who goes on next.

Nothing in it waits: time moves when somebody moves it. What coroutines do between two awaits is one piece; which of the
ready ones comes next is drawn. So whole processes run in one thread, the same way for the same draws, and any of them
can be paused, or ended in the middle, as a machine that loses power would end it.
"""

from __future__ import annotations

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from typing import Any, Protocol

__all__ = ["OWNER", "Owner", "SimLoop", "new_loop", "owned", "pause"]

SECOND = 1_000_000
"""In the microseconds that the loop counts."""


CROWD = 64
"""When an owner has so many tasks, those that are done are let go of."""


class Owner(Protocol):
    """Whose coroutines they are: a simulated process."""

    is_alive: bool
    is_paused: bool
    tasks: list[asyncio.Task[Any]]
    parked: list[Any]

    def bury(self) -> None:
        """Let go of what a dead one was at."""
        ...


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)
"""Whose code runs; nobody's is the world's own."""


def owned(owner: Owner | None) -> Context:
    """A context in which everything that begins is this owner's; nobody's is the world's own."""
    context = copy_context()
    context.run(OWNER.set, owner)
    return context


class _Pause:
    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield


PAUSE = _Pause()


def pause() -> _Pause:
    """Await it to let others go on first."""
    return PAUSE


class _Piece:
    """What is to be run, for whom; as asyncio's handles are."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "owner", "when")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None) -> None:
        self.callback = callback
        self.args = args
        self.context = context if context is not None else copy_context()
        self.owner = self.context.get(OWNER)
        self.is_cancelled = False
        self.when = 0

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled


class _Future(asyncio.Future[Any]):
    """A future that knows whose it is."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.owner = OWNER.get()


class SimLoop(asyncio.AbstractEventLoop):
    """The loop. ``choose`` says which of so many ready pieces is run; ``now`` counts microseconds."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self.now = 0
        self.pieces = 0
        self.failures: list[BaseException] = []
        self._choose = choose
        self._ready: list[_Piece] = []
        self._timers: list[tuple[int, int, _Piece]] = []
        self._numbered = 0
        self._strays: list[asyncio.Task[Any]] = []

    # --- what asyncio asks of a loop ---

    def time(self) -> float:
        """Seconds since the beginning; they never go back."""
        return self.now / SECOND

    def get_debug(self) -> bool:
        """False: what debugging adds would be steps of its own."""
        return False

    def is_running(self) -> bool:
        """True: who asks is running in it."""
        return True

    def is_closed(self) -> bool:
        """False."""
        return False

    def call_soon(  # type: ignore[override]  # handles are pieces
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Make a piece ready."""
        piece = _Piece(callback, args, context)
        self._ready.append(piece)
        return piece  # type: ignore[return-value]  # all that anybody does with a handle is to cancel it

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Make a piece ready in so many seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Make a piece ready at a time of the loop's."""
        piece = _Piece(callback, args, context)
        piece.when = max(self.now, round(when * SECOND))
        self._numbered += 1
        heappush(self._timers, (piece.when, self._numbered, piece))
        return piece  # type: ignore[return-value]

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return _Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
        **how: Any,
    ) -> asyncio.Task[Any]:
        """A task; it belongs to whoever begins it, or to the owner of ``context``."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        owner = OWNER.get() if context is None else context.get(OWNER)
        of = self._strays if owner is None else owner.tasks
        if len(of) >= CROWD:
            of[:] = [each for each in of if not each.done()]
        of.append(task)
        return task

    def run_in_executor(  # type: ignore[override]  # it is done at once: there are no threads
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call it here and now, as one piece: that is how plain ports run."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as failure:  # noqa: BLE001  (whoever awaits it gets it)
            done.set_exception(failure)
        return done

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught; what a dead process left behind is no news."""
        if "exception" in context and not _is_dead(getattr(context.get("future"), "owner", None)):
            self.failures.append(context["exception"])

    # --- running it ---

    @contextmanager
    def _running(self) -> Iterator[None]:
        outer = events._get_running_loop()
        events._set_running_loop(self)
        try:
            yield
        finally:
            events._set_running_loop(outer)

    def run(self, most: int) -> int:
        """Run up to ``most`` ready pieces; returns how many there were. Time stands still."""
        with self._running():
            done = 0
            while done < most:
                piece = self._next()
                if piece is None:
                    break
                done += 1
                piece.context.run(piece.callback, *piece.args)
                owner = piece.owner
                if owner is not None and not owner.is_alive:
                    owner.bury()
            self.pieces += done
            return done

    def _next(self) -> _Piece | None:
        ready = self._ready
        while ready:
            piece = ready.pop(self._choose(len(ready)) if len(ready) > 1 else 0)
            owner = piece.owner
            if piece.is_cancelled or (owner is not None and not owner.is_alive):
                continue
            if owner is not None and owner.is_paused:
                owner.parked.append(piece)
                continue
            return piece
        return None

    def go_on(self, owner: Owner) -> None:
        """What a paused owner was to do can be done again."""
        pieces, owner.parked = owner.parked, []
        self._ready += pieces

    def next_moment(self) -> int | None:
        """When something begins to be ready that waits for a time; None if nothing does."""
        timers = self._timers
        while timers and (timers[0][2].is_cancelled or _is_dead(timers[0][2].owner)):
            heappop(timers)
        return timers[0][0] if timers else None

    def advance(self, until: int, most: int) -> bool:
        """Let time pass up to a moment, running what becomes ready on the way.

        False where at one moment more than ``most`` pieces were run: then something runs in circles.
        """
        rested = self.run(most) < most
        while rested and (when := self.next_moment()) is not None and when <= until:
            self.now = max(self.now, when)
            while self._timers and self._timers[0][0] <= self.now:
                self._ready.append(heappop(self._timers)[2])
            rested = self.run(most) < most
        self.now = max(self.now, until)
        return rested

    def leap(self, until: int) -> None:
        """Let time pass at once, as if everything had stood still: what was to be done on the way is late now."""
        self.now = max(self.now, until)

    def forget(self, owner: Owner) -> None:
        """Let go of everything that a dead owner was at, or was to do."""
        tasks, owner.tasks, owner.parked = owner.tasks, [], []
        self._ready = [piece for piece in self._ready if piece.owner is not owner]
        _drop(tasks)

    def close(self) -> None:
        """Let go of what nobody owns; nothing is run any more."""
        tasks, self._strays = self._strays, []
        self._ready.clear()
        self._timers.clear()
        _drop(tasks)


def new_loop(choose: Callable[[int], int]) -> SimLoop:
    """A loop at the beginning of time."""
    return SimLoop(choose)  # type: ignore[abstract]  # what is missing are sockets, processes and signals


def _drop(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        work = task.get_coro()
        if not task.done() and work is not None:
            work.close()
        elif task.done() and not task.cancelled():
            task.exception()  # nobody is there any more to hear of it


def _is_dead(owner: Owner | None) -> bool:
    return owner is not None and not owner.is_alive
