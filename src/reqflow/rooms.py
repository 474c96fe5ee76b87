"""Rooms that are entered when they are first needed: most programs use few of the subjects of a desk.

Loading the values of one subject takes a millisecond or two, and there are scores of subjects. So packages show what is
in their modules as in a shop window (`window`), tables are in parts, one in the module of each subject (`parted`), and
tags on the wire lead to the module of their class (`tagged`). What was found once is remembered, so that finding it
again costs no more than with an import at the top.

Nothing else in the lower floors imports by name; docs/explanation/architecture.md says what this brings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["parted", "tagged", "window"]


def window(
    name: str, shown: Mapping[str, str], rooms: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a module that shows names of others, each loaded when it is asked for.

    ``shown`` are the names, divided by blanks, by the module that holds them, which is named as in an import; a star
    stands for all that both that module and the window list in ``__all__``. ``rooms`` are modules below the window that
    it shows as such. The type checker is told the same by imports under ``TYPE_CHECKING``; a test compares both.
    """
    homes = {each: home for home, names in shown.items() if names != "*" for each in names.split()}
    homes.update((each, "." + each) for each in rooms.split())
    whole = [home for home, names in shown.items() if names == "*"]

    def load(home: str) -> ModuleType:
        spec = import_module(name).__spec__
        return import_module(home, spec.parent if spec is not None else None)

    def home_of(asked: str) -> str | None:
        if asked in homes or not whole or asked not in import_module(name).__all__:
            return homes.get(asked)
        return next((home for home in whole if asked in load(home).__all__), None)

    def look(asked: str) -> Any:
        home = home_of(asked)
        if home is None:
            raise AttributeError(f"module {name!r} has no attribute {asked!r}")
        held = load(home)
        found = held if home == "." + asked else getattr(held, asked)
        setattr(import_module(name), asked, found)  # from now on it is found without us
        return found

    def names() -> list[str]:
        window = import_module(name)
        return sorted({*window.__dict__, *window.__all__, *rooms.split()})

    return look, names


def parted(package: str, table: str, subjects: str) -> Callable[[type], Any]:
    """Finds what a table says of a class, None if nothing. The table is in parts, one in the module of each subject.

    A class of ``commands/tags.py``, say, is looked for in the ``table`` of the package's own ``tags.py``. ``subjects``
    are the modules that have a part, divided by blanks.
    """
    known = frozenset(subjects.split())

    @cache
    def find(cls: type) -> Any:
        subject = cls.__module__.rpartition(".")[2]
        if subject not in known:
            return None
        return getattr(import_module(f"{package}.{subject}"), table).get(cls)

    return find


def tagged(package: str, tags: Mapping[str, str]) -> Callable[[str], Any]:
    """Finds the class of a tag, None for an unknown one. ``tags`` are those of each module, divided by blanks."""
    homes = {tag: home for home, words in tags.items() for tag in words.split()}

    @cache
    def fetched(tag: str) -> Any:
        held = import_module(f"{package}.{homes[tag]}").__dict__.values()
        return next(each for each in held if isinstance(each, type) and getattr(each, "tag", None) == tag)

    def find(tag: str) -> Any:
        return fetched(tag) if tag in homes else None  # unknown ones are strangers' words: not remembered

    return find
