"""What reads one setting. A parser takes what was given, or raises ValueError saying what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ..codes import code_of
from ..model import Code

__all__ = [
    "Parser",
    "codes_by_name",
    "flag",
    "name",
    "name_set",
    "names",
    "one_of",
    "place",
    "set_of",
    "span",
    "whole_number",
    "words",
]

Parser = Callable[[object], Any]

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_UNITS: Mapping[str | None, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


def span(given: object) -> timedelta:
    """A span of time: seconds, or a number with ``s``, ``m``, ``h`` or ``d``."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("must be a span such as 120, '90s', '2m', '24h' or '30d' (0 is off)")
    match = _SPAN.fullmatch(str(given).strip())
    if match is None:
        raise ValueError(f"{given!r} is no span: use 120, '90s', '2m', '24h' or '30d' (0 is off)")
    try:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    except OverflowError:
        raise ValueError(f"{given!r} is longer than any desk will live") from None


def flag(given: object) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise ValueError(f"must be true or false, not {given!r}")
    return given


def name(given: object) -> str:
    """A name without blanks around it."""
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"must be a name, not {given!r}")
    return given.strip()


def place(given: object) -> str:
    """A channel or destination, such as ``slack:C024TRIAGE``."""
    if not isinstance(given, str) or not all(given.strip().partition(":")):
        raise ValueError(f"must be 'transport:place', not {given!r}")
    return given.strip()


def names(given: object) -> tuple[str, ...]:
    """A list of names."""
    if not isinstance(given, list | tuple):
        raise ValueError(f"must be a list of names, not {given!r}")
    return tuple(name(each) for each in given)


def name_set(given: object) -> frozenset[str]:
    """A list of names, each once."""
    return frozenset(names(given))


def codes_by_name(given: object) -> Mapping[str, Code]:
    """A table of names, each with a word of the desk's own."""
    if not isinstance(given, Mapping):
        raise ValueError(f"must be a table of words, not {given!r}")
    return {name(each): code_of(code) for each, code in given.items()}


def words(given: object) -> str:
    """A text, which may be empty."""
    if not isinstance(given, str):
        raise ValueError(f"must be a text, not {given!r}")
    return given.strip()


def one_of(choices: type[StrEnum]) -> Callable[[object], StrEnum]:
    """A parser of the words of a closed vocabulary."""

    def parse(given: object) -> StrEnum:
        try:
            return choices(str(given))
        except ValueError:
            allowed = ", ".join(choices)
            raise ValueError(f"must be one of {allowed}, not {given!r}") from None

    return parse


def set_of(choices: type[StrEnum]) -> Parser:
    """A parser of lists of words of a closed vocabulary."""
    one = one_of(choices)

    def parse(given: object) -> frozenset[StrEnum]:
        return frozenset(one(each) for each in names(given))

    return parse


def whole_number(given: object) -> int:
    """A whole number of at least 1."""
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError(f"must be a whole number of at least 1, not {given!r}")
    return given
