"""Imports, and the first operation of a new process. The starts take turns."""

from __future__ import annotations

from measuring import startup
from measuring.children import Gone
from measuring.comparing import note
from measuring.lines import MILLISECONDS, Line, Table
from measuring.places import Ground
from measuring.targets import held
from measuring.turns import turns
from plans import IMPORTS, STARTS, Extent, Start

__all__ = ["start"]

TIMES = 3
"""Starts in one round: they are short, and vary."""


def start(ground: Ground, extent: Extent) -> list[Table]:
    """A table of imports and one of first operations."""
    entries = [(each, Line(each.name, MILLISECONDS)) for each in (*IMPORTS, *STARTS)]
    medium = ground.quickest
    with ground.folder(medium) as folder:
        for each, line in [*entries, *turns(TIMES * extent.rounds, entries)]:
            if line.note:
                continue
            try:
                line.runs.append(startup.run(each.case, folder) * 1e3)
            except Gone as gone:
                note(line, gone)
    for _, line in entries:
        del line.runs[:1]  # it compiled bytecode, and made the files that are to exist
    where = ground.words(medium)
    return [
        _table("Imports", IMPORTS, entries),
        _table(f"First durable operation ({where})", STARTS, entries),
    ]


def _table(title: str, starts: tuple[Start, ...], entries: list[tuple[Start, Line]]) -> Table:
    lines = {line.name: line for each, line in entries if each in starts}
    for each, line in entries:
        if each in starts:
            line.held += [held(line, target, lines) for target in each.targets]
    return Table(title, list(lines.values()))
