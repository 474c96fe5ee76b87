"""A process of a simulation: engines with a clock of their own, which can be paused, and ended at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Protocol

from ...engine import AsyncEngine, Engine
from ...errors import StoreError
from .choices import Chance, Draw
from .clocks import SimClock
from .faults import Tap
from .ledger import Ledger
from .loop import SimLoop, owned
from .trace import Trace

__all__ = ["Crashed", "Death", "Scene", "SimProcess"]

BACKOFF = 60.0
"""Seconds between two tries on a store that fails, at most."""
STOPS = (70.0, 130.0, 4000.0)
"""Seconds for which a stopped process stands still: longer than a lease."""


class Crashed(Exception):
    """The process that was asked ended before it answered."""


class Death(BaseException):
    """The end of a process that runs plainly: nothing in it catches this."""


class Scene(Protocol):
    """Where processes are: what they share, and who says what goes wrong."""

    simulation: Any
    loop: SimLoop
    chance: Chance
    trace: Trace
    ledger: Ledger
    is_calm: bool

    @property
    def tap(self) -> Tap:
        """Says what goes wrong next."""
        ...

    def engine(self, process: SimProcess, workspace: str) -> Any:
        """Make an engine for a process, as its program would when it starts."""
        ...

    def crashed(self, process: SimProcess) -> None:
        """A process has ended; perhaps somebody starts it again."""
        ...


class SimProcess:
    """One life of a process. ``name`` tells lives apart; ``place`` is the same for all lives in one place.

    A plain one has `Engine`s, whose calls run through at once; any other has `AsyncEngine`s in the scene's loop.
    """

    def __init__(
        self, scene: Scene, place: str, life: int, clock: SimClock, *, is_plain: bool = False
    ) -> None:
        self.scene = scene
        self.place = place
        self.life = life
        self.name = f"{place}.{life}"
        self.clock = clock
        self.is_plain = is_plain
        self.is_alive = True
        self.is_paused = False
        self.is_recovering = life > 1
        self.tasks: list[asyncio.Task[Any]] = []
        self.parked: list[Any] = []
        self._engines: dict[str, Any] = {}
        self._replies: list[asyncio.Future[Any]] = []
        self._idle: dict[str, asyncio.Future[None]] = {}
        self._stirred: set[str] = set()

    def note(self, what: str) -> None:
        """Write a line into the trace."""
        self.scene.trace.note(self.scene.loop.now, self.name, what)

    def engine(self, workspace: str) -> Any:
        """The engine for a workspace: an `AsyncEngine`, or an `Engine` in a plain process."""
        found: Engine | AsyncEngine | None = self._engines.get(workspace)
        if found is None:
            found = self._engines[workspace] = self.scene.engine(self, workspace)
        return found

    # --- what it does ---

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start something in this process."""
        self.scene.loop.create_task(work, context=owned(self))

    async def ask(self, workspace: str, what: Callable[[Any], Awaitable[Any]]) -> Any:
        """Let the process do something with an engine of its own. Raises what that raises, or `Crashed`."""
        if not self.is_alive:
            raise Crashed(self.name)
        reply = self.scene.loop.create_future()
        self._replies.append(reply)

        async def answered() -> None:
            try:
                found = await what(self.engine(workspace))
            except Exception as problem:  # noqa: BLE001  (for whoever asked)
                if not reply.done():
                    reply.set_exception(problem)
            else:
                self.is_recovering = False
                if not reply.done():
                    reply.set_result(found)
            if reply in self._replies:
                self._replies.remove(reply)

        self.begin(answered())
        return await reply

    async def serve(self, workspace: str) -> None:
        """Serve the queues of a workspace round after round, as `reqflow.worker.Worker` does."""
        engine = self.engine(workspace)
        failures = 0
        while True:
            looked_at = self.clock()
            self._stirred.discard(workspace)
            try:
                served = await engine.serve()
            except StoreError as problem:
                failures += 1
                self.note(f"serve {workspace} -> {type(problem).__name__}")
                await asyncio.sleep(min(2.0**failures, BACKOFF))
                continue
            except Exception as problem:
                self.scene.ledger.broken("workers go on", f"serving {workspace} raised {problem!r}")
                raise
            failures = 0
            self.is_recovering = False
            if not served:
                await self._wait(workspace, looked_at)

    async def _wait(self, workspace: str, looked_at: datetime) -> None:
        """Wait until something may be had, by this process' own clock, or somebody says that there is something."""
        if workspace in self._stirred:
            return
        woken = self._idle[workspace] = self.scene.loop.create_future()
        moment = self.scene.ledger.next_moment(workspace, looked_at)
        if moment is not None:
            self.expect(workspace, moment)
        await woken
        del self._idle[workspace]

    def expect(self, workspace: str, moment: datetime) -> None:
        """Something may be had from that moment on: if it is idle then, it looks."""
        span = self.clock.wait_until(moment).total_seconds()
        if not span:
            self.wake(workspace)
        elif workspace in self._idle:
            self.scene.loop.call_later(span, self.wake, workspace, context=owned(self))

    def wake(self, workspace: str) -> None:
        """There may be something to do: it looks, or looks again if it is just looking."""
        woken = self._idle.get(workspace)
        if woken is None:
            self._stirred.add(workspace)
        elif not woken.done():
            woken.set_result(None)

    # --- what happens to it ---

    def crash(self) -> None:
        """End it: its memory is gone, and whatever it was at."""
        if not self.is_alive:
            return
        self.is_alive = False
        met = self.scene.trace.met
        if self.is_recovering:
            met("crash inside recovery")
        if self.scene.ledger.holding(self.name):
            met("crash between send and mark")
        self.note("crashes")
        for reply in self._replies:
            if not reply.done():
                reply.set_exception(Crashed(self.name))
        self._replies.clear()
        self.scene.crashed(self)

    def bury(self) -> None:
        """Let go of what a dead process was at; none of it goes on."""
        if self.tasks or self._engines:
            self._engines.clear()
            self._idle.clear()
            self.scene.loop.forget(self)

    def stop(self) -> None:
        """Let it stand still for a while, in the middle of what it does."""
        if self.is_paused or self.scene.is_calm:
            return
        span = self.scene.chance.choice(STOPS, Draw.FAULT, self.place)
        self.is_paused = True
        self.note(f"stands still for {span:g} s")
        self.scene.trace.met("paused past its lease")
        loop = self.scene.loop
        loop.call_at(loop.time() + span, self.go_on, context=owned(None))

    def go_on(self) -> None:
        """It was only paused."""
        if self.is_paused:
            self.is_paused = False
            if self.is_alive:
                self.note("goes on")
                self.scene.loop.go_on(self)
