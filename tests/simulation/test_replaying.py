"""A seed is a run, to the byte; one that fails is told in a few steps, with what brings it back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reqflow import __version__
from reqflow.errors import UsageError
from reqflow.testing.simulation import Simulation, SimulationFailed, simulate
from reqflow.testing.simulation.choices import SeededChoices, read, written
from reqflow.testing.simulation.runs import live

from .mutants import MUTANTS

HASHES = """
from reqflow.testing.simulation import Simulation
from reqflow.testing.simulation.choices import SeededChoices
from reqflow.testing.simulation.runs import live

for seed in range(4):
    print(live(Simulation(), SeededChoices(seed), lively=seed == 0, exact=True).hash)
"""


def test_a_seed_is_the_same_run_whatever_hashes_and_zones_are():
    first, second = (
        subprocess.Popen(
            [sys.executable, "-c", HASHES],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, zone in (("1", "UTC"), ("2", "Asia/Kathmandu"))
    )
    one, other = first.communicate()[0].split(), second.communicate()[0].split()
    assert len(set(one)) == 4
    assert one == other


def test_a_tape_is_the_run_that_it_was_taken_from():
    run = simulate(seed=3)
    again = simulate(tape=written(run.tape))
    assert again.hash == run.hash
    assert again.tape == run.tape


def test_a_failure_is_told_in_a_few_steps_that_anybody_can_see_again():
    broken = MUTANTS["M11 effects in a second commit"].simulation()
    seed = next(seed for seed in range(50) if live(broken, SeededChoices(seed)).violations)
    with pytest.raises(SimulationFailed) as caught:
        simulate(broken, seed=seed)
    told, tape = str(caught.value), caught.value.tape
    assert f"found: seed {seed}, reqflow {__version__}; shrunk from 20 steps to " in told
    assert f"  replay  simulate(seed={seed}, version={__version__!r})\n" in told
    assert f"    simulate(\n        tape={tape!r},\n    )\n" in told
    assert len({stream.step for stream in read(tape)} - {0}) < 6
    with pytest.raises(SimulationFailed) as again:
        simulate(broken, tape=tape, shrink=False)
    assert again.value.violations == caught.value.violations
    simulate(Simulation(steps=20), tape=tape)  # as we are, there is nothing wrong with it


def test_a_seed_of_another_version_is_another_run():
    with pytest.raises(UsageError, match="another run"):
        simulate(seed=1, version="0.0.1")


def test_what_is_no_tape_is_refused():
    with pytest.raises(UsageError, match="no tape"):
        simulate(tape="rubbish")
