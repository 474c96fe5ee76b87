"""The screen in a terminal, with colour, tables that fit and bars; needs rich (the extra ``cli``).

Texts go into rich as `Text` and never as markup, so that brackets in them mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from .screen import GAP, Cell, Table

__all__ = ["RichScreen"]


class RichScreen:
    """Colour where the terminal has it; rich heeds ``NO_COLOR`` and ``TERM=dumb``. Raises ImportError."""

    def __init__(self, out: TextIO, sleep: Callable[[float], object]) -> None:
        from rich.console import Console

        self._console = Console(file=out, highlight=False, markup=False, emoji=False)
        self._sleep = sleep
        self.is_live = self._console.is_terminal and not self._console.is_dumb_terminal

    def line(self, *cells: Cell) -> None:
        """One line; what is too long goes on below."""
        self._console.print(_joined(cells), soft_wrap=True)

    def heading(self, text: str) -> None:
        """A title with a rule through it."""
        from rich.rule import Rule
        from rich.text import Text

        self._console.print()
        self._console.print(Rule(Text(f" {text} ", "bold"), align="left", style="dim"))

    def table(self, table: Table) -> None:
        """A table that fits the terminal."""
        if table.title:
            self.heading(table.title)
        self._console.print(_drawn(table, self._console.width))

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar that goes away when all is done."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(label, total=total)
            yield lambda done: bars.update(task, completed=done)

    @contextmanager
    def board(self) -> Iterator[Callable[[Table], None]]:
        """A table in its place at the bottom; lines go above it."""
        from rich.live import Live
        from rich.padding import Padding

        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            yield lambda table: live.update(
                Padding(_drawn(table, self._console.width), (1, 0, 0, 0)), refresh=True
            )

    def wait(self, seconds: float) -> None:
        """Give people time to read."""
        if self.is_live:
            self._sleep(seconds)


def _joined(cells: tuple[Cell, ...]) -> Any:
    from rich.text import Text

    return Text.assemble(*((cell.text, cell.style) for cell in cells))


def _drawn(table: Table, cells: int) -> Any:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = table.fitting(cells)
    padding = (0, GAP - 1, 0, 0)
    drawn = RichTable(
        box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False, padding=padding
    )
    for head, wide in zip(table.heads, table.widths(), strict=True):
        flexible = head == table.flexible
        drawn.add_column(
            Text(head),
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if flexible else wide,
            ratio=1 if flexible else None,
        )
    drawn.expand = bool(table.flexible)
    for row in table.rows:
        drawn.add_row(*(Text(cell.text, cell.style) for cell in row))
    return drawn
