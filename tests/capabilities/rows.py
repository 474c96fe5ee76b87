"""The rows of the requirements table, and which tests are marked as showing each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

ROWS: tuple[str, ...] = (*map(str, range(1, 80)), "79b", *map(str, range(80, 93)))


@dataclass(frozen=True)
class Shown:
    """A test that is marked with rows: its file, its name, and the first line of its docstring, if any."""

    file: Path
    name: str
    rows: tuple[str, ...]
    told: str

    @property
    def node(self) -> str:
        """What pytest calls it."""
        return f"{self.file.relative_to(TESTS.parent)}::{self.name}"


def _rows_of(decorators: list[ast.expr]) -> Iterator[str]:
    for each in decorators:
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.row":
            yield from (str(argument.value) for argument in each.args if isinstance(argument, ast.Constant))


Marked = ast.FunctionDef | ast.AsyncFunctionDef


def _tests_in(
    body: list[ast.stmt], inside: str = "", rows: tuple[str, ...] = ()
) -> Iterator[tuple[str, Marked, set[str]]]:
    """The test functions of a module, and of its classes, whose marks count for all that is in them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests_in(node.body, f"{inside}{node.name}::", (*rows, *_rows_of(node.decorator_list)))
        elif isinstance(node, Marked) and node.name.startswith("test_"):
            yield f"{inside}{node.name}", node, {*rows, *_rows_of(node.decorator_list)}


@cache
def shown() -> tuple[Shown, ...]:
    """Every marked test function of the tree, in the order of files and lines."""
    found: list[Shown] = []
    for file in sorted(TESTS.rglob("test_*.py")):
        for name, node, rows in _tests_in(ast.parse(file.read_text("utf-8")).body):
            if rows:
                told = (ast.get_docstring(node) or "").partition("\n")[0]
                found.append(Shown(file, name, tuple(sorted(rows)), told))
    return tuple(found)


def showing(row: str) -> tuple[Shown, ...]:
    """The tests that are marked with a row."""
    return tuple(each for each in shown() if row in each.rows)
