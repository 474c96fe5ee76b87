"""Seeded bugs: each is found by its law within a few dozen seeds."""

from __future__ import annotations

import pytest

from reqflow.testing.simulation.choices import SeededChoices
from reqflow.testing.simulation.runs import live

from .mutants import MUTANTS, Mutant

SEEDS = 300
"""More are never needed."""


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_seeded_bug_is_found_by_its_law(mutant: Mutant, monkeypatch):
    mutant.patch(monkeypatch)
    runs = (live(mutant.simulation(), SeededChoices(seed), lively=seed % 3 == 0) for seed in range(SEEDS))
    found = next((run.violations[0] for run in runs if run.violations), None)
    assert found is not None, f"survived {SEEDS} seeds"
    assert found.law in mutant.laws
