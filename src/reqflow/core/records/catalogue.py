"""All kinds of records."""

from __future__ import annotations

from . import TAGS, Record, kind_of

__all__ = ["RECORDS"]

RECORDS: tuple[type[Record], ...] = tuple(filter(None, map(kind_of, " ".join(TAGS.values()).split())))
