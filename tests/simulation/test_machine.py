"""The same simulator under Hypothesis, which chooses what happens, and leaves out what a failure does not need."""

from __future__ import annotations

from hypothesis import settings

from reqflow.testing.simulation import SimulationMachine

TestAnything = SimulationMachine.TestCase
TestAnything.settings = settings(max_examples=25, stateful_step_count=20)
