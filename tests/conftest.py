"""What all tests share: how Hypothesis searches, and development mode for the workers too.

The tests run under ``python -X dev``, in which values refuse to be changed. Two Hypothesis profiles:
``steady`` (the default) tries the same examples in every run; ``--hypothesis-profile=thorough`` searches
further, and differently each time.
"""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from reqflow.flow import Pace

if sys.flags.dev_mode:
    os.environ["PYTHONDEVMODE"] = "1"  # processes that a test or pytest-xdist starts inherit it

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which store tests/capabilities are told on; how many kills tests/bad_days make; how many seeds are simulated."""
    parser.addoption("--store", choices=("memory", "sqlite", "postgres"), default="memory")
    parser.addoption("--kills", type=int, default=250)
    parser.addoption("--seeds", type=int, default=80)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mutants only run when they are asked for: they are a test of the tests."""
    if "mutants" not in (config.getoption("-m") or ""):
        dropped = [item for item in items if item.get_closest_marker("mutants")]
        items[:] = [item for item in items if not item.get_closest_marker("mutants")]
        config.hook.pytest_deselected(items=dropped)


@pytest.fixture
def full_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines claim as much at a time as they ever do, as in the middle of their work."""
    monkeypatch.setattr(Pace, "size", lambda self, queue: 100)


def pytest_report_header() -> str:
    """Say whether values are frozen in this run."""
    if sys.flags.dev_mode:
        return "values: frozen (development mode)"
    return "values: not frozen; run python -X dev -m pytest to see changes of values refused"
