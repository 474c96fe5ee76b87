"""How the command says things: ids, moments, spans and texts, short and safe to show.

Texts come from strangers. Whatever could steer a terminal, hide or reorder a line is taken out of them here.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from datetime import UTC, datetime, timedelta

from ..errors import InvalidInput

__all__ = [
    "argument",
    "clean",
    "ending",
    "exact_span",
    "excerpt",
    "moment",
    "parse_moment",
    "plural",
    "short_id",
    "shorten_ids",
    "span",
    "width",
    "without_password",
]

FIRST_YEAR, LAST_YEAR = 1900, 3000
"""What a moment lies between."""

_LONG_ID = re.compile(r"\b([crm])_[0-9a-f]{24}([0-9a-f]{8})((?:-\d+)?)\b")
_IN_URL = re.compile(r"(://[^\s:@/?]*):\S*@")
_BY_NAME = re.compile(r"(password\s*=\s*)(?:'[^']*'|[^\s&'`]+)", re.IGNORECASE)
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def clean(text: str, limit: int = 2000) -> str:
    """A text on one line, with nothing in it that a terminal obeys."""
    from ..plugins.readers.texts import shown

    return shown(text, limit)


def without_password(text: str) -> str:
    """A text with the passwords left out of the stores' addresses in it."""
    return _BY_NAME.sub(r"\1", _IN_URL.sub(r"\1@", text))


def argument(text: str) -> str:
    """A path or a store's address as it may be pasted into a shell, without its password."""
    return shlex.quote(clean(without_password(text)))


def excerpt(text: str, cells: int) -> str:
    """The beginning of a text, cleaned, in at most so many cells of a terminal."""
    whole = clean(text, cells + 1)
    if width(whole) <= cells:
        return whole
    while whole and width(whole) >= cells:
        whole = whole[:-1]
    return f"{whole.rstrip()}…"


def ending(text: str, cells: int) -> str:
    """The end of a text, cleaned: of a path what tells it from its neighbours."""
    whole = clean(text)
    if width(whole) <= cells:
        return whole
    while width(whole) >= cells:
        whole = whole[1:]
    return f"…{whole}"


def width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def short_id(key: str) -> str:
    """The end of an id, by which people may name it."""
    return shorten_ids(key).removeprefix("r_").removeprefix("c_")


def shorten_ids(text: str) -> str:
    """A text with the ids in it shortened."""
    return _LONG_ID.sub(r"\2\3", text)


def moment(at: datetime | None) -> str:
    """A moment to the second, in UTC."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def span(length: timedelta) -> str:
    """About how long: the largest unit that fits, ``3 h``."""
    seconds = max(int(length.total_seconds()), 0)
    for name, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {name}"
    return "0 s"


def exact_span(length: timedelta) -> str:
    """A span as settings write it, in the largest unit that leaves nothing over: ``90s``, ``2m``, ``0``."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and not seconds % size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s" if seconds else "0"


def plural(count: int, thing: str, things: str | None = None) -> str:
    """``1 request``, ``2,000 requests``."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def parse_moment(text: str, now: datetime) -> datetime:
    """A moment as people write it: ``now``, or ISO 8601 with a zone. Raises `InvalidInput`."""
    if text == "now":
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{clean(text, 60)!r} is no moment: write 'now', or with a zone 2026-03-02T09:00:00Z"
        ) from None
    if found.tzinfo is None:
        raise InvalidInput(f"{text} has no time zone: write {text}Z for UTC, or {text}+01:00")
    if not FIRST_YEAR < found.year < LAST_YEAR:
        raise InvalidInput(f"{text} is beyond the years {FIRST_YEAR} to {LAST_YEAR}")
    return found.astimezone(UTC)
