"""The same report as a part of a page: what is asked for and whether it is met, every line, how the cost divides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from measuring.lines import FEW, Division, Held, Line, Table
from measuring.report import Report

__all__ = ["markdown"]


def markdown(report: Report) -> str:
    """The whole of it."""
    return "\n".join(_parts(report)) + "\n"


def _parts(report: Report) -> Iterator[str]:
    yield f"`{report.command}` on {', '.join(f'{name} {found}' for name, found in report.facts.items())}."
    if report.is_busy:
        yield "Other work was on the machine, so trust the ratios and not the figures."
    yield report.summary()
    tables = [each for group in report.groups.values() for each in group if isinstance(each, Table)]
    divisions = [each for group in report.groups.values() for each in group if isinstance(each, Division)]
    yield from ("", "### What is asked for", "")
    yield from _rows(
        ("work", "line", "held against", "figure", "spread", "must", "stretch"),
        [
            (table.title, line.name, each.beside, f"{each.figure}", each.spread, *_asked(each))
            for table in tables
            for line in table.lines
            for each in line.held
            if each.must
        ],
    )
    yield from ("", "### Every line", "")
    yield (
        f"Medians; the spread is from the least to the most of up to {FEW} runs, the middle half of more."
        " A ratio says how many times as fast reqflow is as the other line, or under a bound from above (`<=`)"
        " how many times as much it takes."
    )
    for table in tables:
        yield from ("", f"**{table.title}**", "")
        yield from _rows(
            ("case", "a second", "median", "spread", "ratios"), [_line(each) for each in table.lines]
        )
    for division in divisions:
        yield from ("", f"### {division.title}", "")
        if division.columns:
            words = [""] * (len(division.rows[0]) - 1 - len(division.columns))
            yield from _rows(("", *division.columns, *words), division.rows)
        for line in division.notes:
            yield from ("", f"{line.name}: {line.note}")


def _asked(each: Held) -> tuple[str, str]:
    def told(bound: str, met: bool | None) -> str:
        if not bound:
            return ""
        return f"{bound}: {'not judged' if met is None else 'met' if met else '**missed**'}"

    return told(each.must, each.met), told(each.stretch, each.reached)


def _line(line: Line) -> tuple[str, ...]:
    if not line.runs:
        return line.name, "", line.note or "EMPTY: nothing was measured", "", ""
    name, rate, middle, around, _ = line.cells()
    ratios = "; ".join(f"{each.figure} {each.beside}" for each in line.held if each.beside)
    return name, rate, middle, around, ratios


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
