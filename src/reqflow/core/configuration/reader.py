"""Reads tables out of a plain mapping, and notes every problem with its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..codes import code_of
from ..model import Code
from .parsers import Parser

__all__ = ["Reader", "unknown"]


FEW = 15
"""As many known names are listed; of more only the one that was probably meant."""


def unknown(name: str, known: Iterable[str]) -> str:
    """What is to be said of a name that is none of those known."""
    names = list(known)
    if len(names) > FEW:
        from difflib import get_close_matches  # for those who mistyped

        close = get_close_matches(name, names, 1)
        return f"unknown; did you mean {close[0]}?" if close else "unknown: see the reference of settings"
    return f"unknown; known are {', '.join(names)}"


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
        if all(isinstance(name, str) and name.isprintable() for name in given):
            return given
        odd = [name for name in given if not (isinstance(name, str) and name.isprintable())]
        self.problems += [f"{path}: a name in a table must be printable text, not {name!a}" for name in odd]
        return {name: content for name, content in given.items() if name not in odd}

    def fields(self, given: object, parsers: Mapping[str, Parser], path: str) -> dict[str, Any]:
        """The fields of a table, each by its parser; unknown ones are problems."""
        read: dict[str, Any] = {}
        for name, content in self.table(given, path).items():
            parser = parsers.get(name)
            if parser is None:
                self.problems.append(f"{path}.{name}: {unknown(name, parsers)}")
                continue
            try:
                read[name] = parser(content)
            except ValueError as problem:
                self.problems.append(f"{path}.{name}: {problem}")
        return read

    def code(self, word: str, path: str) -> Code | None:
        """The code that a name stands for (see `reqflow.core.codes`); None where it can be none."""
        try:
            return code_of(word)
        except ValueError as problem:
            self.problems.append(f"{path}: {problem}")
            return None

    def encodable(self, given: object, path: str = "") -> None:
        """Note every text in a tree of tables and lists that no encoding takes: those with half a character."""
        if isinstance(given, Mapping):
            for name, content in given.items():
                self.encodable(content, f"{path}.{name}" if path else str(name))
        elif isinstance(given, list | tuple):
            for content in given:
                self.encodable(content, path)
        elif (
            isinstance(given, str)
            and not given.isascii()
            and any("\ud800" <= each <= "\udfff" for each in given)
        ):
            self.problems.append(f"{path}: holds half a character (a surrogate): {given!a}")

    def known(self, names: Iterable[str], among: Iterable[str], path: str) -> None:
        """Note the names that nothing else in the configuration explains."""
        missing = sorted(set(names) - set(among))
        if missing:
            self.problems.append(f"{path}: no such {path.rsplit('.', 1)[-1]}: {', '.join(missing)}")
