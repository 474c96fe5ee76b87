"""The public names, written down: adding one is a decision, and losing one breaks somebody.

Public means listed in the ``__all__`` of a shop window. After a change on purpose, write the list anew with
``python tests/test_public_names.py`` and say in the changelog what changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden" / "public_names.txt"
WINDOWS = ("__init__", "policies", "vocabulary", "hooks", "ports", "testing", "plugins/*")
OPTIONAL = {"hypothesis", "orjson", "psycopg", "psycopg_pool", "rich"}


def windows() -> Iterator[tuple[str, list[str]]]:
    """Each shop window that exists, by its import name, with its ``__all__``; nothing is imported."""
    spec = find_spec("reqflow")
    assert spec is not None
    assert spec.submodule_search_locations
    tree = Path(spec.submodule_search_locations[0])
    for window in WINDOWS:
        for path in sorted([*tree.glob(f"{window}.py"), *tree.glob(f"{window}/__init__.py")]):
            parts = ("reqflow", *path.relative_to(tree).with_suffix("").parts)
            yield ".".join(part for part in parts if part != "__init__"), listed(path)


def listed(path: Path) -> list[str]:
    """The names in the ``__all__`` of a source file."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def public() -> list[str]:
    return sorted({f"{window}.{name}" for window, names in windows() for name in names})


def test_the_public_names_are_those_written_down():
    assert public() == GOLDEN.read_text("utf-8").splitlines()


@pytest.mark.parametrize("window", [window for window, _ in windows()])
def test_every_public_name_is_there(window: str):
    try:
        module = import_module(window)
    except ModuleNotFoundError as missing:
        if missing.name not in OPTIONAL:
            raise
        pytest.skip(f"{missing.name} is not installed")
    assert [name for name in dict(windows())[window] if not hasattr(module, name)] == []


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{name}\n" for name in public()), "utf-8")
