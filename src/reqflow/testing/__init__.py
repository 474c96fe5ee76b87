"""What third parties prove their plugins with. Needs pytest and hypothesis, which `reqflow` itself does not.

A store is proven by a class of three lines::

    class TestMyStore(StoreContract):
        def make_store(self, tmp_path):
            return MyStore(tmp_path / "desk.db")

A desk with its plugins lives through bad days by `simulate`::

    def test_my_desk_survives_bad_days():
        for seed in range(100):
            simulate(Simulation(desk=MY_DESK, plugins=lambda: [MyPlugin()]), seed=seed)
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("reqflow.testing.stores", "reqflow.testing.store_laws")

from .simulation import (  # noqa: E402  # assertions are rewritten before anything is imported
    Run,
    Simulation,
    SimulationFailed,
    SimulationMachine,
    Tally,
    simulate,
    simulate_many,
)
from .stores import StoreContract  # noqa: E402

__all__ = [
    "Run",
    "Simulation",
    "SimulationFailed",
    "SimulationMachine",
    "StoreContract",
    "Tally",
    "simulate",
    "simulate_many",
]
