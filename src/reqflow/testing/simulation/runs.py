"""One run, from what is drawn to what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import process_time

import attrs

from .choices import SeededChoices, Tape, TapedChoices
from .oracles import held_at_all_times, lived_on
from .serial import as_one_by_one
from .steps import Walk
from .subjects import Simulation
from .trace import Trace, Violation
from .world import SimWorld

__all__ = ["Run", "live"]


AFTERWARDS = -1
"""The step of a tape in which nothing goes wrong any more."""


@attrs.frozen
class Run:
    """What a run showed.

    Attributes:
        violations: what did not hold; empty, if all is well.
        trace: what happened, line by line, and how often what should happen sometimes did.
        tape: what was drawn.
        took: seconds of the processor's time.
    """

    violations: tuple[Violation, ...]
    trace: Trace
    tape: Tape
    took: float

    @property
    def hash(self) -> str:
        """Equal for equal runs."""
        return self.trace.hash


def live(
    simulation: Simulation,
    choices: SeededChoices | TapedChoices,
    *,
    lively: bool = False,
    exact: bool = False,
) -> Run:
    """Live through one run.

    ``lively`` heals the world at its end, and looks whether everything comes to its end. ``exact`` lets the trace's
    hash depend on every byte that is committed, which takes some time.
    """
    begun = process_time()
    world = SimWorld(simulation, choices)
    world.ledger.exact = exact
    steps = range(1, simulation.steps + 1) if isinstance(choices, SeededChoices) else choices.steps()
    try:
        violations = tuple(_lived(world, steps, lively=lively))
    finally:
        world.close()
    return Run(violations, world.trace, choices.tape, process_time() - begun)


def _lived(world: SimWorld, steps: Iterable[int], *, lively: bool) -> Iterator[Violation]:
    walk = Walk(world)
    world.run()
    for number in steps:
        walk.step(number)
        if world.ledger.violations:
            yield from world.ledger.violations
            return
    if lively:
        world.choices.begin(AFTERWARDS)
        yield from lived_on(world)
        yield from world.ledger.violations
    yield from (Violation("nobody's failure", repr(each)) for each in world.loop.failures)
    world.end()
    yield from held_at_all_times(world)
    yield from as_one_by_one(world)
