"""The pictures say what the tables say: every arrow once, and nothing else."""

from __future__ import annotations

import re

import pytest

from reqflow.core.couplings import (
    CONVERSATION_TO_DRAFTS,
    DRAFT_TO_CONVERSATION,
    REQUEST_TO_CONVERSATION,
    Table,
)
from reqflow.core.lifecycle import LIFECYCLES, Lifecycle
from reqflow.core.model import ConversationState
from reqflow.diagrams import couplings_table, markdown_table, mermaid, table

MACHINES = pytest.mark.parametrize("machine", LIFECYCLES, ids=lambda machine: machine.name)
ARROW = re.compile(r"^    (\w+) --> (\w+): (.+)$", re.MULTILINE)


def cells(drawn: str) -> list[list[str]]:
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in drawn.splitlines()]


@MACHINES
def test_the_diagram_draws_every_arrow_once(machine: Lifecycle):
    drawn = [
        (source, f"{machine.name}.{event}", target)
        for source, target, events in ARROW.findall(mermaid(machine))
        for event in events.split(", ")
    ]
    assert sorted(drawn) == sorted((str(s), e, str(t)) for (s, e), t in machine.table.items())


@MACHINES
def test_the_diagram_begins_where_the_machine_begins(machine: Lifecycle):
    first, second, *_ = mermaid(machine).splitlines()
    assert first == "stateDiagram-v2"
    assert second == f"    [*] --> {machine.initial}: {machine.begins.partition('.')[2]}"


@MACHINES
def test_the_table_has_the_next_state_in_each_cell(machine: Lifecycle):
    heads, _, begins, *rows = cells(table(machine))
    assert heads == ["event", *map(str, machine.states)]
    assert begins[:2] == [machine.begins, f"begins as {machine.initial}"]
    assert rows == [
        [event, *(str(machine.table.get((state, event), "")) for state in machine.states)]
        for event in machine.events()
    ]


@pytest.mark.parametrize(
    "table",
    [REQUEST_TO_CONVERSATION, DRAFT_TO_CONVERSATION, CONVERSATION_TO_DRAFTS],
    ids=["requests", "drafts", "conversations"],
)
def test_the_couplings_have_an_answer_for_each_state(table: Table):
    heads, _, *rows = cells(couplings_table(table))
    assert heads == ["event", *map(str, ConversationState)]
    assert {row[0] for row in rows} == {event for event, _ in table}
    assert all(len(row) == 5 and all(row) for row in rows)


def test_bars_and_line_breaks_do_not_break_a_table():
    assert markdown_table(["a"], [["`x | y`\nz"]]).splitlines()[2] == "| `x \\| y` z |"
