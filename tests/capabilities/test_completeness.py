"""Every row of the requirements table has a story, and no story would pass without its behaviour."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import reqflow
import reqflow.policies
import reqflow.vocabulary
from reqflow.core.configuration import _TOP
from reqflow.core.configuration.channels import CHANNEL
from reqflow.core.configuration.people import _AGENT as AGENT
from reqflow.core.configuration.queues import _QUEUE as QUEUE
from reqflow.core.settings import Right

from .mutants import MUTANTS
from .rows import ROWS, TESTS, showing, shown

SOURCE = TESTS.parent / "src"


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_story(row: str) -> None:
    assert showing(row), f"no test is marked with row {row}"


def test_no_story_shows_a_row_that_is_not_there() -> None:
    assert {row for each in shown() for row in each.rows} <= set(ROWS)


def test_every_row_has_a_mutant() -> None:
    assert set(MUTANTS) == set(ROWS)


def test_every_row_is_told_with_names_that_exist() -> None:
    told = tomllib.loads((TESTS.parent / "docs" / "capabilities.toml").read_text("utf-8"))["rows"]
    assert set(told) == set(ROWS)
    known = _names()
    assert {
        row: sorted(set(each["api"]) - known) for row, each in told.items() if set(each["api"]) - known
    } == {}


def _names() -> set[str]:
    """What the public windows list, what a desk's tables and settings are called, and the hooks."""
    names = set(_TOP) | set(CHANNEL) | set(AGENT) | set(QUEUE) | {right.value for right in Right}
    for window in (reqflow, reqflow.vocabulary, reqflow.policies, reqflow.hooks, reqflow.ports):
        names |= set(window.__all__)
    return names


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, for this process to change."""
    source = tmp_path_factory.mktemp("mutant") / "src"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    return source


@pytest.mark.parametrize("row", sorted(MUTANTS, key=lambda row: (len(row), row)))
def test_its_stories_fail_when_the_behaviour_is_taken_away(row: str, copied: Path) -> None:
    mutant = MUTANTS[row]
    changed = copied / "reqflow" / mutant.file
    original = (SOURCE / "reqflow" / mutant.file).read_text("utf-8")
    assert original.count(mutant.old) == 1, f"row {row}: found {original.count(mutant.old)} times"
    changed.write_text(original.replace(mutant.old, mutant.new), "utf-8")
    try:
        stories = [each.node for each in showing(row)]
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *stories]
        told = subprocess.run(
            command,
            check=False,
            cwd=TESTS.parent,
            env={**os.environ, "PYTHONPATH": str(copied), "PYTHONDEVMODE": ""},  # plain mode is quicker
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert told.returncode == 1, f"row {row} still holds:\n{told.stdout[-2000:]}"
    finally:
        changed.write_text(original, "utf-8")
