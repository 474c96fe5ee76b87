"""No story would pass without its behaviour: for each row, a copy of the package without it fails.

``python -m nox -s mutants`` runs this; it takes some minutes, so the usual run leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .mutants import MUTANTS
from .rows import TESTS, showing

SOURCE = TESTS.parent / "src"

pytestmark = pytest.mark.mutants


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
