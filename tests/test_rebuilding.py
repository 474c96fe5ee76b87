"""The walk-throughs, one for each system: short programs over public names, which print what their pages say.

The page's own test runs the block that it shows; here the program runs as a file, beside whatever reqflow is installed.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted((ROOT / "examples").glob("rebuild_*.py"))
WINDOWS = re.compile(r"reqflow(\.(errors|policies|hooks|ports|vocabulary|plugins\.\w+))?")

each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)


def shown(program: Path) -> str:
    """What the program's page says that it prints."""
    page = ROOT / "docs" / "how-to" / f"{program.stem.replace('_', '-')}.md"
    code = f"```python\n{program.read_text('utf-8')}```\n"
    _, found, after = page.read_text("utf-8").partition(code)
    assert found, f"{page.name} does not show {program.name}: run python docs/generate.py"
    return after.partition("```text\n")[2].partition("```")[0]


@each_program
def test_it_prints_what_its_page_says(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        runpy.run_path(str(program), run_name="__main__")
    assert output.getvalue() == shown(program)


@each_program
def test_it_is_read_in_one_sitting(program: Path) -> None:
    assert 40 <= len(program.read_text("utf-8").splitlines()) <= 120


@each_program
def test_it_uses_public_names_only(program: Path) -> None:
    assert [f"{module}.{name}" for module, name in used(program) if not is_public(module, name)] == []


def used(program: Path) -> Iterator[tuple[str, str]]:
    """What of reqflow a program names: by import, and as an attribute of a window that it imported."""
    tree = ast.parse(program.read_text("utf-8"))
    called: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            called |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reqflow"):
            yield from ((node.module or "", each.name) for each in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = called.get(node.value.id, "")
            if module.startswith("reqflow"):
                yield module, node.attr


def is_public(module: str, name: str) -> bool:
    return WINDOWS.fullmatch(module) is not None and name in import_module(module).__all__
