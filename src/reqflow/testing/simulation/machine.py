"""`SimulationMachine`: the simulator as a Hypothesis state machine, with a rule for each thing that may happen."""

from __future__ import annotations

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .choices import SteppedChoices
from .oracles import held_at_all_times, lived_on
from .serial import as_one_by_one
from .steps import Walk
from .subjects import Simulation
from .trace import Violation, in_words
from .world import SimWorld

__all__ = ["SimulationMachine"]

SEEDS = st.integers(0, 2**32 - 1)
READ = 60
"""How many lines of a trace are told."""


class SimulationMachine(RuleBasedStateMachine):
    """Rules do what a seeded run does in a step; Hypothesis chooses them, and leaves out what a failure does not need.

    A subclass says in ``simulation`` what is simulated.
    """

    simulation = Simulation()

    @initialize(seed=SEEDS)
    def open_the_world(self, seed: int) -> None:
        self.choices = SteppedChoices()
        self.choices.turn_to(seed)
        self.world = SimWorld(self.simulation, self.choices)
        self.walk = Walk(self.world)
        self.world.run()
        self.steps = 0
        self.is_sound = True

    def _do(self, seed: int, *deeds: str) -> None:
        self.choices.turn_to(seed)
        self.steps += 1
        self.walk.do(self.walk.chance.choice(deeds), self.steps)

    @rule(seed=SEEDS)
    def somebody_writes(self, seed: int) -> None:
        self._do(seed, "people write")

    @rule(seed=SEEDS)
    def something_is_told(self, seed: int) -> None:
        self._do(seed, "it is told again", "something is observed", "poison comes")

    @rule(seed=SEEDS)
    def somebody_works(self, seed: int) -> None:
        self._do(seed, *["somebody works"] * 5, "the desk changes")

    @rule(seed=SEEDS)
    def time_passes(self, seed: int) -> None:
        self._do(seed, "time passes", "time passes", "a clock jumps")

    @rule(seed=SEEDS)
    def something_fails(self, seed: int) -> None:
        self._do(seed, "one crashes", "one stops", "all crash")

    @invariant()
    def nothing_is_broken(self) -> None:
        if hasattr(self, "world"):
            self._check(self.world.ledger.violations)

    def _check(self, violations: list[Violation]) -> None:
        self.is_sound = not violations
        if violations:
            note(in_words(self.world.trace.lines[-READ:]))
        assert not violations, "; ".join(map(str, violations))

    def teardown(self) -> None:
        """Let nothing go wrong any more, and look whether all comes to its end; then whether every law holds."""
        if not hasattr(self, "world"):
            return
        try:
            if self.is_sound:
                self.choices.turn_to(0)
                self._check([*lived_on(self.world), *self.world.ledger.violations])
                self.world.end()
                self._check([*held_at_all_times(self.world), *as_one_by_one(self.world)])
        finally:
            self.world.close()
