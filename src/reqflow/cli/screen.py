"""What the command writes on: plain text, good in a pipe; with rich in a terminal, see `rich_screen`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

import attrs

from .words import width

__all__ = ["GAP", "Cell", "PlainScreen", "Screen", "Table", "open_screen"]


GAP = 2
"""Cells between two columns."""
NARROW = 24
"""How narrow a flexible column may become before others go."""


@attrs.frozen
class Cell:
    """A piece of text and the name of its style (``red``, ``bold``, ``dim``, ...)."""

    text: str
    style: str = ""


@attrs.frozen
class Table:
    """Rows under their heads.

    Where a terminal is narrow, the column ``flexible`` gives way and those in ``optional`` go, one by one.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    flexible: str = ""
    optional: Sequence[str] = ()

    def widths(self) -> list[int]:
        """How wide each column is by itself."""
        rows = [list(self.heads), *([cell.text for cell in row] for row in self.rows)]
        return [max(width(row[place]) for row in rows) for place in range(len(self.heads))]

    def fitting(self, cells: int) -> Table:
        """The table without as many optional columns as it takes to fit so many cells."""
        widths = dict(zip(self.heads, self.widths(), strict=True))
        if self.flexible:
            widths[self.flexible] = min(widths[self.flexible], NARROW)
        kept = list(self.heads)
        for name in self.optional:
            if sum(widths[head] + GAP for head in kept) - GAP <= cells:
                break
            kept.remove(name)
        places = [self.heads.index(head) for head in kept]
        return attrs.evolve(self, heads=kept, rows=[[row[place] for place in places] for row in self.rows])


class Screen(Protocol):
    """Where output goes. ``is_live`` says whether somebody watches it change."""

    is_live: bool

    def line(self, *cells: Cell) -> None:
        """One line, of pieces that follow each other."""

    def heading(self, text: str) -> None:
        """The title of what follows."""

    def table(self, table: Table) -> None:
        """A table."""

    def progress(self, label: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """A bar that is told how much is done."""

    def board(self) -> AbstractContextManager[Callable[[Table], None]]:
        """A table that changes in its place, below the lines; where nobody watches it is not shown."""

    def wait(self, seconds: float) -> None:
        """Give people time to read."""


class PlainScreen:
    """Text without colour, in columns that align."""

    is_live = False

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def line(self, *cells: Cell) -> None:
        """One line."""
        self._write("".join(cell.text for cell in cells))

    def heading(self, text: str) -> None:
        """A title, underlined."""
        self._write("")
        self._write(text)
        self._write("-" * width(text))

    def table(self, table: Table) -> None:
        """Columns as wide as their widest cell."""
        if table.title:
            self.heading(table.title)
        widths = table.widths()
        for row in ([Cell(head) for head in table.heads], *table.rows):
            padded = (
                cell.text + " " * (wide - width(cell.text)) for cell, wide in zip(row, widths, strict=True)
            )
            self._write((" " * GAP).join(padded).rstrip())

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Nothing: a bar is for people who watch."""
        yield lambda done: None

    @contextmanager
    def board(self) -> Iterator[Callable[[Table], None]]:
        """Nothing, as with bars."""
        yield lambda table: None

    def wait(self, seconds: float) -> None:
        """Nobody watches: go on."""

    def _write(self, text: str) -> None:
        self._out.write(f"{text}\n")


def open_screen(out: TextIO | None = None) -> Screen:
    """Rich where it is installed and somebody watches, else plain text."""
    out = sys.stdout if out is None else out
    if out.isatty():
        try:
            from .rich_screen import RichScreen

            return RichScreen(out, time.sleep)
        except ImportError:  # the extra `cli` is not installed
            pass
    return PlainScreen(out)
