"""Whether an operation costs the same beside much as beside little. The sides of a pair take turns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from measuring.children import Gone, side
from measuring.comparing import note, place
from measuring.lines import Held, Line, Table
from measuring.places import Ground
from measuring.targets import held
from measuring.turns import turns
from plans import FEW, GROWTH, LONG, MEMORY_HOLDS, STORES, Extent

__all__ = ["grow"]

BLOCKS = 5
"""Blocks of each side in one round."""


def grow(ground: Ground, extent: Extent) -> list[Table]:
    """For each store and kind of growth a table of two lines."""
    tables = []
    for store in STORES:
        many = min(extent.stored, MEMORY_HOLDS) if store == "memory" else extent.stored
        medium = ground.quickest if store == "sqlite" else store
        for kind, title, sizes, what in (
            ("stored", "Growth of what is stored", (FEW, many), "closed requests stored"),
            ("messages", "Growth of a conversation", LONG, "messages in it"),
        ):
            lines = [Line(f"{size:,} {what}") for size in sizes]
            try:
                _measure(ground, medium, [store, kind], sizes, lines, extent.rounds * BLOCKS)
            except Gone as gone:
                for line in lines:
                    note(line, gone)
            lines[1].held.append(_held(lines))
            tables.append(Table(f"{title} ({ground.words(medium)})", lines))
    return tables


def _measure(
    ground: Ground, medium: str, arguments: list[str], sizes: tuple[int, ...], lines: list[Line], blocks: int
) -> None:
    with ExitStack() as stack:
        sides = []
        for size in sizes:
            folder, dsn = stack.enter_context(place(ground, medium))
            sides.append(stack.enter_context(side([*arguments, str(size)], folder, dsn)))
        for each in sides:
            each.answer()
        for line, each in turns(blocks, list(zip(lines, sides, strict=True))):
            line.add(each.block())
        for each in sides:
            each.end()


def _held(lines: list[Line]) -> Held:
    few, many = lines
    return held(many, replace(GROWTH, of=few.name), {few.name: few}, cpu=True)
