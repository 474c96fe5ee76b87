"""Deterministic simulation: several processes on one store, in one thread and a time of their own; anything fails.

::

    from reqflow.testing import Simulation, simulate

    def test_my_desk_survives_bad_days():
        for seed in range(100):
            simulate(Simulation(desk=MY_DESK, plugins=lambda: [MyPlugin()]), seed=seed)

A seed says it all: what people do, which process goes on first, what fails, and when. The same seed of the same version
is the same run, to the last byte. One that fails is shrunk, and told with a line to see it again and a test to keep.

Beside seeds there are `SimulationMachine`, with which Hypothesis chooses what happens, and walks through `SCENARIOS`
that are broken off at every call of a port.
"""

from __future__ import annotations

from .crashes import walk_crashes, walk_faults
from .machine import SimulationMachine
from .runs import Run
from .scenarios import SCENARIOS
from .simulating import Tally, simulate, simulate_many
from .subjects import Simulation
from .trace import SimulationFailed

__all__ = [
    "SCENARIOS",
    "Run",
    "Simulation",
    "SimulationFailed",
    "SimulationMachine",
    "Tally",
    "simulate",
    "simulate_many",
    "walk_crashes",
    "walk_faults",
]
