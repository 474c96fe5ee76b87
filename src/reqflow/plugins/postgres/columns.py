"""Many rows as a few parameters: each column is one text, cut at a mark by the server.

Joining and splitting are single calls on both sides, several times cheaper than an array or JSON made of each
value. What holds the usual mark itself is joined by another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count

__all__ = ["MARKS", "columns_of", "unnested"]

Column = Sequence[str | None]

_MARK, _NULL = "\x1f", "\x1e"
MARKS = 2
"""How many parameters tell the marks."""


def columns_of(tables: Iterable[Sequence[Sequence[str | None]]]) -> list[str]:
    """The parameters for tables of rows: a mark, a text that means null, and the columns of each table."""
    columns = [tuple(column) for rows in tables for column in zip(*rows, strict=True)]
    joined = [_join(column, _MARK, _NULL) for column in columns]
    if all(_is_plain(text, column) for text, column in zip(joined, columns, strict=True)):
        return [_MARK, _NULL, *joined]
    for number in count():  # pragma: no branch
        mark, null = f"{_MARK}{number}{_NULL}", f"{_NULL}{number}{_MARK}"
        taken = (f"{_MARK}{number}", f"{_NULL}{number}")
        if not any(each in cell for cell in chain(*columns) if cell for each in taken):
            break
    return [mark, null, *(_join(column, mark, null) for column in columns)]


def unnested(first: int, names: Sequence[str], mark: int) -> str:
    """The SQL that makes a table ``u`` of columns that begin with parameter ``first``."""
    arrays = ", ".join(f"string_to_array(${first + at}, ${mark}, ${mark + 1})" for at in range(len(names)))
    return f"unnest({arrays}) u ({', '.join(names)})"


def _join(column: Column, mark: str, null: str) -> str:
    return mark.join([null if cell is None else cell for cell in column])


def _is_plain(text: str, column: Column) -> bool:
    return text.count(_MARK) == len(column) - 1 and _NULL not in column
