"""What was measured, printed as it comes, and its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from measuring.lines import FEW, Division, Held, Line, Table
from measuring.machine import BUSY

__all__ = ["Report", "verdict"]

Group = Sequence[Table | Division]

WIDTHS = (40, 9, 11, 17, 8, 28, 19, 5, 20, 20)
HEAD = ("case", "a second", "median", "spread", "cpu", "beside", "ratio (spread)", "cpu", "must", "stretch")


def verdict(bound: str, met: bool | None) -> str:
    """A bound, and whether it is met."""
    if not bound:
        return ""
    return f"{bound}  {'not judged' if met is None else 'met' if met else 'MISSED'}"


class Report:
    """What was measured by one run of the command."""

    def __init__(self, facts: dict[str, str], command: str) -> None:
        self.facts = facts
        self.command = command
        self.groups: dict[str, Group] = {}

    def print_head(self) -> None:
        """What it is measured on."""
        print(" | ".join(f"{name} {found}" for name, found in self.facts.items()))
        if self.is_busy:
            print("Other work is on this machine: trust ratios, not figures.")
        print(
            f"Spread: least and most of up to {FEW} runs, the middle half of more. cpu: of the measuring process."
        )

    @property
    def is_busy(self) -> bool:
        """Whether others worked on the machine when it began."""
        return float(self.facts["load before"]) > BUSY

    def add(self, group: str, found: Group, seconds: float) -> None:
        """What a group found, which is printed at once."""
        self.groups[group] = found
        print(f"\n=== {group} ({seconds:.0f} s) ===")
        for each in found:
            print(f"\n{each.title}")
            for row in _division(each) if isinstance(each, Division) else _table(each):
                print(row, flush=True)

    def lines(self) -> list[tuple[str, Line]]:
        """All lines of all groups, each with the title of its table."""
        return [
            (each.title, line)
            for group in self.groups.values()
            for each in group
            for line in (each.notes if isinstance(each, Division) else each.lines)
        ]

    def summary(self) -> str:
        """How many targets are met, and what is missing or wrong."""
        lines = [line for _, line in self.lines()]
        held = [each for line in lines for each in line.held if each.must]
        missing = [line for line in lines if line.note and not line.broken]
        told = f"{sum(each.met is True for each in held)} of {len(held)} must-targets met"
        reached = [each for line in lines for each in line.held if each.stretch]
        told += f", {sum(each.reached is True for each in reached)} of {len(reached)} stretch-targets"
        unjudged = sum(each.met is None for each in held)
        return f"{told}; {unjudged} not judged; {len(missing)} lines missing; {len(self.broken())} wrong."

    def broken(self) -> list[str]:
        """Lines with a wrong outcome, or that crashed, or for which nothing was measured and nobody knows why."""
        return [
            f"{title}: {line.name}: {line.note or 'nothing was measured'}"
            for title, line in self.lines()
            if line.broken or not (line.runs or line.note)
        ]

    def print_end(self) -> int:
        """The summary. Returns the exit code: 1 for a wrong outcome; a missed target is no error."""
        print(f"\n{self.summary()}")
        for told in self.broken():
            print(f"WRONG: {told}")
        return 1 if self.broken() else 0

    def as_data(self) -> dict[str, Any]:
        """Everything, with every single run."""
        return {
            "command": self.command,
            "machine": self.facts,
            "groups": {name: [asdict(each) for each in group] for name, group in self.groups.items()},
        }


def _row(cells: Sequence[str]) -> str:
    numbers = range(1, 5)
    placed = [
        cell.rjust(width) if place in numbers else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    ]
    return "  ".join(placed).rstrip()


def _table(table: Table) -> list[str]:
    return [_row(HEAD), *(row for line in table.lines for row in _rows(line))]


def _rows(line: Line) -> list[str]:
    if not line.runs:
        return [f"{line.name.ljust(WIDTHS[0])}  {line.note or 'EMPTY: nothing was measured'}"]
    first, *rest = line.held or [Held()]
    return [_row((*line.cells(), *_held(first))), *(_row(("",) * 5 + _held(each)) for each in rest)]


def _held(each: Held) -> tuple[str, ...]:
    figure = f"{each.figure} ({each.spread})" if each.spread and each.beside else each.figure
    return (
        each.beside or ("itself" if each.must else ""),
        figure,
        each.cpu,
        verdict(each.must, each.met),
        verdict(each.stretch, each.reached),
    )


def _division(division: Division) -> list[str]:
    if not division.columns:
        return [f"{line.name}: {line.note}" for line in division.notes]
    widths = [max(len(row[place]) for row in division.rows) for place in range(len(division.rows[0]))]
    widths = [max(width, len(name)) for width, name in zip(widths, ["", *division.columns, ""], strict=False)]
    rows = [("", *division.columns), *division.rows]
    told = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    ]
    return [*told, *(f"{line.name}: {line.note}" for line in division.notes)]
