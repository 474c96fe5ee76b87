"""Reads tables out of a plain mapping, and notes every problem with its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .parsers import Parser

__all__ = ["Reader"]


class Reader:
    """Collects ``problems`` while tables are read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def table(self, given: object, path: str) -> Mapping[str, Any]:
        """A table at a path; nothing given is an empty one."""
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self.problems.append(f"{path}: must be a table, not {given!r}")
            return {}
        return given

    def fields(self, given: object, parsers: Mapping[str, Parser], path: str) -> dict[str, Any]:
        """The fields of a table, each by its parser; unknown ones are problems."""
        read: dict[str, Any] = {}
        for name, content in self.table(given, path).items():
            parser = parsers.get(name)
            if parser is None:
                self.problems.append(f"{path}.{name}: unknown; known are {', '.join(parsers)}")
                continue
            try:
                read[name] = parser(content)
            except ValueError as problem:
                self.problems.append(f"{path}.{name}: {problem}")
        return read

    def known(self, names: Iterable[str], among: Iterable[str], path: str) -> None:
        """Note the names that nothing else in the configuration explains."""
        missing = sorted(set(names) - set(among))
        if missing:
            self.problems.append(f"{path}: no such {path.rsplit('.', 1)[-1]}: {', '.join(missing)}")
