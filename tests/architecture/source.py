"""A source tree as data: its modules, what each imports, and where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .plan import FLOORS, GUESTS, TOP


@dataclass(frozen=True)
class Breach:
    """One place where a rule is broken."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: [{self.rule}] {self.what}"


@dataclass(frozen=True)
class Import:
    """One imported module. ``target`` is absolute; ``inside`` says that a function does it."""

    target: str
    line: int
    inside: bool

    @property
    def house(self) -> str | None:
        """The module below reqflow that is meant, or None for a stranger."""
        if self.target == "reqflow":
            return ""
        return self.target.removeprefix("reqflow.") if self.target.startswith("reqflow.") else None

    @property
    def stranger(self) -> str:
        """The top name of a package that is not ours."""
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """One source file; ``name`` is its dotted name below reqflow, ``""`` for the package itself."""

    name: str
    path: str
    source: str
    is_package: bool
    known: frozenset[str]

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.source)

    @cached_property
    def nodes(self) -> tuple[tuple[ast.AST, bool], ...]:
        """Every node of the tree, each with whether it stands in a function."""
        return tuple(walk(self.tree))

    @property
    def top(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    @property
    def is_guest(self) -> bool:
        """True for plugins and testing."""
        return self.top in GUESTS

    @property
    def floor(self) -> int:
        """The floor; guests and unplaced modules stand above the top one."""
        return FLOORS.get(self.top, TOP + 1)

    def within(self, places: tuple[str, ...]) -> bool:
        """True when this module is one of the places, or below one."""
        return any(self.name == place or self.name.startswith(place + ".") for place in places)

    def breach(self, rule: str, line: int, what: str) -> Breach:
        """A breach at a line of this module."""
        return Breach(rule, f"{self.path}:{line}", what)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All imports: absolute, relative, in functions, for type checking, and by a literal name."""
        return tuple(
            Import(target, node.lineno, inside)
            for node, inside in self.nodes
            if isinstance(node, ast.stmt | ast.expr)
            for target in self._targets(node)
        )

    def _targets(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            start = self._start(node)
            return [self._member(start, alias.name) for alias in node.names]
        if isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "__import__"):
            given = [each.value for each in node.args[:1] if isinstance(each, ast.Constant)]
            return [name if name[0] != "." else "reqflow" + name for name in map(str, given) if name]
        return []

    def _start(self, node: ast.ImportFrom) -> str:
        """The absolute name after ``from``."""
        if not node.level:
            return node.module or ""
        parts = ["reqflow", *self.name.split(".")] if self.name else ["reqflow"]
        parts = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*parts, node.module] if node.module else parts)

    def _member(self, start: str, name: str) -> str:
        """What ``from start import name`` reaches: a module where there is one, else ``start`` itself."""
        below = f"{start}.{name}".removeprefix("reqflow.")
        is_module = below in self.known or (start == "reqflow" and (name in FLOORS or name in GUESTS))
        return f"{start}.{name}" if start.partition(".")[0] == "reqflow" and is_module else start


def walk(tree: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, each with whether it stands in a function."""
    waiting = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        below = [(child, inside) for child in ast.iter_child_nodes(node)]
        yield from below
        waiting += below


def last_name(node: ast.AST) -> str:
    """The last name of a dotted expression: ``c`` for ``a.b.c``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def read(tree: Path) -> list[Module]:
    """The modules below ``tree``, the folder of the package."""
    paths = sorted(tree.rglob("*.py"))
    names = {path: _name(path.relative_to(tree)) for path in paths}
    known = frozenset(
        name.rsplit(".", cut)[0] for name in names.values() for cut in range(name.count(".") + 1)
    )
    return [
        Module(name, str(path.relative_to(tree)), path.read_text("utf-8"), path.name == "__init__.py", known)
        for path, name in names.items()
    ]


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
