"""Every row of the requirements table has a story, a mutant, and a place in the documentation."""

from __future__ import annotations

import tomllib

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
