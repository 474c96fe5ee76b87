"""The crash walk: a scenario, broken off at every call of a port and at every pair of them, comes to the same end.

One process at a time plays a script with plain calls. At a chosen call it ends, before or after that took effect;
another one starts, and whoever gave the act that was broken off gives it again. A second crash hits the recovery.
Instead of ending, a process may also be told that its store is busy, or hear nothing of what was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

import attrs

from ...core.model import Workspace
from ...errors import Refused, StoreError, UnknownId
from ...ports import EffectState
from ..desks import START, Story
from ..machines.laws import broken_laws
from ..machines.world import World
from .choices import Chance, TapedChoices
from .clocks import SimClock
from .engines import SALT, engine_of
from .faults import Fault, PortCall
from .ledger import Ledger
from .loop import new_loop
from .processes import Death, SimProcess
from .scenarios import Scenario
from .scripts import Act
from .subjects import Simulation
from .trace import SimulationFailed, Trace, Violation, in_words

__all__ = ["walk_crashes", "walk_faults"]

WORKSPACE = Workspace("one")
AT_ONCE = timedelta(0)
"""Leases that end at once: who goes on is alone, and must not wait for who died."""
AGAIN = 4
"""How often whoever gives an act tries it; more failures than that are never planned."""


def walk_crashes(scenario: Scenario, simulation: Simulation | None = None, *, again: int = 0) -> int:
    """Play a scenario again and again, broken off by a crash before each of its calls, and after the last.

    After any other call is before the next, for a process that is alone. ``again`` lets the process that goes on crash,
    too: of all calls at which it may, at every so many-th; 1 is each pair of calls, 0 none.

    Returns how many runs it took; raises `SimulationFailed` for the first that breaks a promise, or leaves the desk as
    the undisturbed one does not.
    """
    walk, recoveries = _Walk(scenario, simulation), 0
    for first in _crashes(walk.whole):
        played = walk.look(first, like_whole=True)
        for second in _after(first, played) if again else ():
            recoveries += 1
            if recoveries % again == 0:
                walk.look({**first, second: Fault.CRASH_BEFORE}, like_whole=True)
    return walk.runs


def walk_faults(scenario: Scenario, simulation: Simulation | None = None, *, every: int = 1) -> int:
    """The same with each call that fails, or whose answer is lost, while the process lives on.

    Of all these only ``every`` so many-th is tried. The end may be another one here: what failed is put off.
    """
    walk = _Walk(scenario, simulation)
    for faults in islice(_lived_through(walk.whole), 0, None, every):
        walk.look(faults)
    return walk.runs


Faults = Mapping[int, Fault]
"""What goes wrong at the calls of these numbers, from 1 on."""


@attrs.frozen
class _Played:
    """How a scenario came out: what the desk held at the end, which calls it took, and what did not hold."""

    picture: Mapping[str, Any]
    calls: tuple[PortCall, ...]
    violations: tuple[Violation, ...]
    trace: Trace


def _crashes(whole: _Played) -> Iterator[Faults]:
    for number in range(1, len(whole.calls) + 1):
        yield {number: Fault.CRASH_BEFORE}
    yield {len(whole.calls): Fault.CRASH_AFTER}


def _after(first: Faults, played: _Played) -> range:
    (begun,) = first
    return range(begun + 1, len(played.calls) + 1)


def _lived_through(whole: _Played) -> Iterator[Faults]:
    for number, call in enumerate(whole.calls, start=1):
        for fault in _LIVED_THROUGH[call]:
            yield {number: fault}


_LIVED_THROUGH: Mapping[PortCall, tuple[Fault, ...]] = {
    PortCall.STORE: (Fault.BUSY, Fault.LOST),
    PortCall.COMMIT: (Fault.BUSY, Fault.LOST, Fault.CONFLICT),
    PortCall.DELIVER: (Fault.RAISES, Fault.LOST, Fault.GARBAGE, Fault.LIMITED),
    PortCall.JUDGE: (Fault.RAISES, Fault.GARBAGE),
}


class _Walk:
    """A scenario that is played many times, and how it goes if nothing goes wrong."""

    def __init__(self, scenario: Scenario, simulation: Simulation | None) -> None:
        self.runs = 0
        self._scenario = scenario
        self._simulation = simulation or Simulation(plugins=tuple)
        self.whole = self.look({})
        happened = {tag for tags in self.whole.picture["events"].values() for tag in tags}
        if not happened.issuperset(scenario.events):
            missing = ", ".join(sorted(set(scenario.events) - happened))
            self._fail({}, self.whole, [Violation("a scenario does what it says", f"there is no {missing}")])

    def look(self, faults: Faults, *, like_whole: bool = False) -> _Played:
        """Play it with these faults, and look at what became of it."""
        self.runs += 1
        stage = _Stage(self._scenario, faults, self._simulation)
        try:
            stage.play()
            played = stage.outcome()
        finally:
            stage.close()
        violations = [*played.violations]
        if like_whole and played.picture != self.whole.picture:
            parts = [part for part, seen in played.picture.items() if seen != self.whole.picture[part]]
            violations.append(Violation("the same desk in the end", f"other {', '.join(parts)}"))
        if violations:
            self._fail(faults, played, violations)
        return played

    def _fail(self, faults: Faults, played: _Played, violations: Sequence[Violation]) -> None:
        planned = (
            ", ".join(f"{fault} at call {number}" for number, fault in faults.items()) or "nothing goes wrong"
        )
        raise SimulationFailed(
            f"LAW {violations[0].law}: broken  in: {self._scenario.name}; {planned}\n"
            f"  why     {violations[0].told}\n{in_words(played.trace.lines)}",
            violations,
        )


class _Stage:
    """One process after the other on one store, in the time of a script."""

    def __init__(self, scenario: Scenario, faults: Faults, simulation: Simulation) -> None:
        self.simulation = simulation
        self.loop = new_loop(lambda ready: 0)
        self.chance = Chance(TapedChoices({}))
        self.is_calm = False
        self.trace = Trace()
        self.store = simulation.store()
        self.ledger = Ledger((WORKSPACE,), self.store, self.trace, lambda: self.loop.now)
        self.story = Story(
            desk={**scenario.desk(), "workspace": WORKSPACE}, store=self.store, chance=lambda: SALT
        )
        self.ledger.begin(WORKSPACE, self.story.engine.desk)
        self.ledger.is_alive = lambda name: self.process.name == name
        self.calls: list[PortCall] = []
        self.seen: dict[str, Any] = {}
        self._faults = faults
        script = scenario.script()
        script.wait(hours=1)  # for what was put off
        self._acts = script.acts
        self._words = 0
        self.process = self._start(1)

    def tap(self, process: str, call: PortCall) -> Fault:
        """What was planned for this call."""
        self.calls.append(call)
        return self._faults.get(len(self.calls), Fault.NONE)

    def _start(self, life: int) -> SimProcess:
        return SimProcess(self, "process", life, SimClock(lambda: self.loop.now), is_plain=True)

    def engine(self, process: SimProcess, workspace: str) -> Any:
        """The engine of the only process."""
        return engine_of(self, process, workspace, self.store, self._word)

    def _word(self) -> str:
        self._words += 1
        return f"{self._words:032x}"

    def crashed(self, process: SimProcess) -> None:
        """The next one starts when somebody needs it."""

    def play(self) -> None:
        """Do one act after the other; whoever gives one tries again until it is answered."""
        for act in self._acts:
            self.loop.leap((act.at - START) // timedelta(microseconds=1))
            for _ in range(AGAIN):
                try:
                    answer = self._do(act)
                except Death:
                    self.process = self._start(self.process.life + 1)
                except StoreError as problem:
                    self.trace.note(self.loop.now, "told", f"{act.how} -> {type(problem).__name__}")
                except (Refused, UnknownId, KeyError) as no:  # it comes too soon for what was put off
                    self.trace.note(self.loop.now, "told", f"{act.how} -> {no}")
                    break
                else:
                    self.seen[act.name] = answer
                    break
            else:
                self.ledger.broken("every act is answered", f"{act.how} {act.name} was tried {AGAIN} times")

    def _do(self, act: Act) -> Any:
        engine = self.process.engine(WORKSPACE)
        self.trace.note(self.loop.now, "act", f"{act.how} {act.name}".rstrip())
        if act.how == "work":
            return engine.work(leased_for=AT_ONCE)
        return getattr(engine, act.how)(act.given(self.seen))

    def outcome(self) -> _Played:
        """What there is to say about it."""
        self.story.now = self.process.clock()
        self.story.engine._desk = self.ledger.desks[WORKSPACE]
        world = World(self.story)
        violations = [*self.ledger.violations]
        violations += [Violation("laws of a desk", each) for each in broken_laws(self.story, world)]
        for effect in world.effects:
            if effect.state is EffectState.READY:
                violations.append(Violation("nothing waits for ever", f"effect {effect.queued.id}"))
        return _Played(_picture(world), tuple(self.calls), tuple(violations), self.trace)

    def close(self) -> None:
        """Let go of the store."""
        self.process.is_alive = False
        self.process.bury()
        self.simulation.release(self.store)


def _picture(world: World) -> dict[str, Any]:
    """What a desk holds, without the moments and versions in which two runs may differ."""
    return {
        "messages": {
            (m.channel_id, m.native): (
                m.conversation_id,
                m.request_id,
                m.audience,
                m.delivery,
                m.deleted_at is None,
            )
            for m in world.messages
        },
        "requests": {
            r.id: (r.state, r.assignee, r.queue, r.resolution, r.hold_reason, r.into) for r in world.requests
        },
        "conversations": {
            c.id: (c.state, c.holder, c.reason, c.messages, c.continued_in) for c in world.conversations
        },
        "records": {(tag, each.id) for tag, rows in world.records.items() for each in rows},
        "effects": Counter(
            (each.queued.destination, each.queued.effect.tag, each.state) for each in world.effects
        ),
        "events": {
            name: sorted(event.tag for entry in entries for event in entry.events)
            for name, entries in world.history.items()
        },
    }
