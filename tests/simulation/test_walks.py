"""Scenarios that are broken off at every call of a port, and resumed: the same desk in the end."""

from __future__ import annotations

import attrs
import pytest

from reqflow.testing.simulation import SCENARIOS, SimulationFailed, walk_crashes, walk_faults
from reqflow.testing.simulation.scenarios import Scenario

SCENES = pytest.mark.parametrize("scenario", SCENARIOS, ids=[each.name for each in SCENARIOS])


@SCENES
def test_a_crash_anywhere_changes_nothing(scenario: Scenario, again: int):
    assert walk_crashes(scenario, again=again) > 15


@SCENES
def test_a_call_that_fails_breaks_no_promise(scenario: Scenario, again: int):
    assert walk_faults(scenario, every=min(again, 6)) > 5


def test_a_scenario_does_what_it_says():
    empty = attrs.evolve(SCENARIOS[0], events=["request.closed"])
    with pytest.raises(SimulationFailed, match=r"there is no request\.closed"):
        walk_crashes(empty)
