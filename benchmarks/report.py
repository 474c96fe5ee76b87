"""The table, and its exit code."""

from __future__ import annotations

from typing import Any

from measuring import Compared, Line

__all__ = ["Report"]

WIDTHS = (50, 11, 11, 17, 9, 36, 12)
HEAD = ("case", "median/s", "median us", "min - max us", "cpu us", "compared", "target")


class Report:
    """What was measured, printed as it comes."""

    def __init__(self, machine: dict[str, str]) -> None:
        self._machine = machine
        self._groups: dict[str, list[Line]] = {}

    def print_head(self) -> None:
        """What it was measured on."""
        print(" | ".join(f"{name} {found}" for name, found in self._machine.items()))
        if float(self._machine["load before"]) > 0.5:
            print("Other work was on this machine: trust ratios, not figures.")
        print("SQLite: WAL, synchronous FULL. us: microseconds per operation; cpu: of the measuring process.")

    def add(self, group: str, lines: list[Line], seconds: float) -> None:
        """A group, which is printed at once."""
        self._groups[group] = lines
        print(f"\n== {group} ({seconds:.0f} s) ==")
        print(_row(HEAD))
        for line in lines:
            for row in _rows(line):
                print(row, flush=True)

    def print_end(self) -> int:
        """The count of targets. Returns the exit code: 1 for a wrong outcome; a missed target is no error."""
        lines = [line for group in self._groups.values() for line in group]
        held = [each.met for line in lines for each in line.compared if each.met is not None]
        missing = [line for line in lines if not line.runs and not line.broken]
        broken = [line for line in lines if line.broken]
        print(f"\n{sum(held)} of {len(held)} targets met; {len(missing)} rows missing; {len(broken)} wrong.")
        for line in broken:
            print(f"WRONG: {line.name}: {line.note}")
        return 1 if broken else 0

    def as_data(self) -> dict[str, Any]:
        """Everything, with every single run."""
        return {
            "machine": self._machine,
            "groups": {group: [_data(line) for line in lines] for group, lines in self._groups.items()},
        }


def _data(line: Line) -> dict[str, Any]:
    return {
        "case": line.name,
        "per": line.per,
        "median_us": line.middle if line.runs else None,
        "runs_us": line.runs,
        "cpu_us": line.cpu,
        "compared": [vars(each) for each in line.compared],
        "note": line.note,
        "broken": line.broken,
    }


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = cells
    numbers = [cell.rjust(width) for cell, width in zip(rest[:4], WIDTHS[1:5], strict=True)]
    words = [cell.ljust(width) for cell, width in zip(rest[4:], WIDTHS[5:], strict=False)]
    return " ".join([first.ljust(WIDTHS[0]), *numbers, " ", *words]).rstrip()


def _rows(line: Line) -> list[str]:
    if not line.runs:
        return [f"{line.name.ljust(WIDTHS[0])} {line.note or 'EMPTY: nothing was measured'}"]
    compared = line.compared or [Compared("")]
    middle = line.middle
    spread = f"{min(line.runs):,.1f} - {max(line.runs):,.1f}"
    cpu = f"{sorted(line.cpu)[len(line.cpu) // 2]:,.1f}" if line.cpu else ""
    head = (line.name, f"{1e6 / middle:,.0f}", f"{middle:,.1f}", spread, cpu)
    first, *rest = compared
    return [
        _row((*head, first.figure, _verdict(first))),
        *(_row(("", "", "", "", "", each.figure, _verdict(each))) for each in rest),
    ]


def _verdict(each: Compared) -> str:
    if each.met is None:
        return each.target
    return f"{each.target}  {'met' if each.met else 'MISSED'}"
