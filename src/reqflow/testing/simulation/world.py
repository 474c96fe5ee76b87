"""The world of a run: two workspaces, some processes, what is between them, and time."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from ...core.model import Workspace
from ...ports import Store
from ..desks import Story
from .choices import Chance, Choices, Draw
from .clocks import SimClock, moment_at
from .engines import SALT, engine_of, lean
from .faults import CALM, Faults, swarm
from .ledger import Ledger
from .loop import new_loop, owned
from .processes import SimProcess
from .senders import SimSender
from .subjects import Simulation
from .trace import Trace

__all__ = ["WORKSPACES", "SimWorld"]

WORKSPACES = (Workspace("one"), Workspace("two"))
RESTARTS = (1.0, 0.0, 10.0, 61.0, 7200.0)
"""Seconds until somebody starts a process again that crashed."""
OFFSETS = (0.0, 0.0, 0.0, 0.5, -0.5, 30.0, -90.0, 3600.0, -3600.0)
"""How many seconds a process' clock may be off when it starts."""
DRIFTS = (0, 0, 0, 50, -50, 500)
MOST = 5_000
"""After so many pieces without a moment's rest something runs in circles."""
EVENTFUL = timedelta(hours=3)
"""For so long, at most, everybody is at work while time passes; the rest of a longer span is downtime."""


class SimWorld:
    """Processes on one store, and who tells them what. Everything that is left open is drawn."""

    def __init__(self, simulation: Simulation, choices: Choices) -> None:
        self.simulation = simulation
        self.choices = choices
        self.chance = Chance(choices)
        self.trace = Trace()
        self.loop = new_loop(lambda ready: choices.below(ready, Draw.ORDER))
        self.desk: Mapping[str, Any] = simulation.drawn_desk(self.chance)
        self.store: Store = simulation.store()
        self.ledger = Ledger(WORKSPACES, self.store, self.trace, lambda: self.loop.now)
        self.tap = Faults(self.chance, swarm(self.chance))
        self.skews = self.chance.happens(500)
        self.is_calm = False
        self.processes: dict[str, SimProcess] = {}
        self._serves: dict[str, str] = {}
        self._lives: dict[str, int] = {}
        self._words = count(1)
        self._handles: dict[str, Any] = {}
        self.ledger.wake = self._wake
        self.ledger.expect = self._expect
        self.ledger.is_alive = lambda name: any(
            each.name == name and each.is_alive for each in self.processes.values()
        )
        self.sender = SimSender(self.chance, self.ledger, self.trace, self.some_web)
        self.stories: dict[str, Story] = {}
        self._open()

    # --- the beginning ---

    def _open(self) -> None:
        for workspace in WORKSPACES:
            desk = {**self.desk, "workspace": workspace}
            story = self.stories[workspace] = Story(
                desk=desk,
                store=self.store,
                plugins=[*map(lean, self.simulation.plugins())],
                chance=lambda: SALT,
            )
            self.ledger.begin(workspace, story.engine.desk)
        for number in range(1 + self.chance.below(2)):
            self.start(f"web-{number + 1}")
        for number in range(2 + self.chance.below(3)):  # each workspace has one at least
            self._serves[f"worker-{number + 1}"] = WORKSPACES[number % 2]
            self.start(f"worker-{number + 1}")

    def start(self, place: str) -> SimProcess:
        """Start a process, or start one again."""
        life = self._lives[place] = self._lives.get(place, 0) + 1
        clock = SimClock(lambda: self.loop.now)
        if self.skews and not self.is_calm:
            clock.offset = timedelta(seconds=self.chance.choice(OFFSETS, Draw.FAULT, place))
            clock.drift = self.chance.choice(DRIFTS, Draw.FAULT, place)
        process = self.processes[place] = SimProcess(self, place, life, clock)
        self.note_skew()
        process.note("starts")
        if place in self._serves:
            process.begin(process.serve(self._serves[place]))
        return process

    def engine(self, process: SimProcess, workspace: str) -> Any:
        """The engine of a process for a workspace, as its program makes it."""
        real = self.store
        if self.simulation.reopen is not None:
            real = self._handles.get(process.name) or self.simulation.reopen(self.store)
            self._handles[process.name] = real
        return engine_of(self, process, workspace, real, lambda: f"{next(self._words):032x}")

    # --- what happens in it ---

    @property
    def now(self) -> datetime:
        """The true time."""
        return moment_at(self.loop.now)

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start something that is nobody's: no crash ends it."""
        self.loop.create_task(work)

    def run(self, most: int = MOST) -> None:
        """Let everybody go on who can, up to so many pieces; time stands still."""
        if self.loop.run(most) == MOST:
            self.ledger.broken("livelock", "everybody is busy, and nothing comes to an end")

    def advance(self, span: timedelta) -> None:
        """Let time pass."""
        if not self._advance(min(span, EVENTFUL)):
            self.ledger.broken("livelock", "everybody is busy, and nothing comes to an end")
        elif span > EVENTFUL:
            for workspace in self.stories:
                due_at = self.store.next_due(Workspace(workspace))
                if due_at is not None and due_at < self.now + span - EVENTFUL:
                    self.trace.met("downtime over timers")
            self.loop.leap(self.loop.now + (span - EVENTFUL) // timedelta(microseconds=1))
            self._advance(timedelta(0))

    def _advance(self, span: timedelta) -> bool:
        return self.loop.advance(self.loop.now + span // timedelta(microseconds=1), MOST)

    def crashed(self, process: SimProcess) -> None:
        """Start a crashed process again, after a while."""
        handle = self._handles.pop(process.name, None)
        if handle is not None:
            handle.close()
        delay = 0.0 if self.is_calm else self.chance.choice(RESTARTS, Draw.FAULT, process.place)
        self.loop.call_at(self.loop.time() + delay, self._start_again, process.place, context=owned(None))

    def _start_again(self, place: str) -> None:
        if not self.processes[place].is_alive:
            self.start(place)

    def crash(self, place: str) -> None:
        """End a process from outside, between two of its pieces."""
        process = self.processes[place]
        process.crash()
        process.bury()

    def heal(self) -> None:
        """Nothing goes wrong from now on: clocks are set right, everybody is up and goes on."""
        self.tap.weights = CALM
        self.is_calm = True
        for place, process in list(self.processes.items()):
            process.clock.mend()
            process.go_on()
            if not process.is_alive:
                self.start(place)
            for workspace in WORKSPACES:
                process.wake(workspace)

    def end(self) -> None:
        """End all processes for good."""
        for process in self.processes.values():
            process.is_alive = False
            process.bury()
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()

    def close(self) -> None:
        """Let go of the store."""
        self.end()
        self.loop.close()
        for story in self.stories.values():
            story.store = None
        self.simulation.release(self.store)

    def _wake(self, workspace: str) -> None:
        for process in self.processes.values():
            process.wake(workspace)

    def _expect(self, workspace: str, moment: datetime) -> None:
        for process in self.processes.values():
            process.expect(workspace, moment)

    def note_skew(self) -> None:
        """Look how far clocks are apart."""
        offsets = [each.clock.offset for each in self.processes.values() if each.is_alive]
        if offsets and max(offsets) - min(offsets) >= timedelta(hours=2):
            self.trace.met("clocks two hours apart")

    def some_web(self) -> SimProcess | None:
        """A process that takes things in; none while all of them are down."""
        running = [
            each for place, each in self.processes.items() if place.startswith("web") and each.is_alive
        ]
        return self.chance.choice(running, Draw.ORDER) if running else None
