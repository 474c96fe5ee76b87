"""Values as documents and back. The same text always means the same value, so the latest are remembered.

What one operation writes the next one reads; decoding is a good part of what a recall costs the client. A
remembered value cannot be stale: it is found by the whole text that the server has just sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...codec import dump, dump_record, load, load_record
from ...core.records.root import Record
from ...errors import InvalidInput

__all__ = ["Documents", "encoded"]

T = TypeVar("T")

GENERATION = 2_000
"""So many values are remembered before those that nobody asked for again are forgotten."""


def encoded(content: Any, write: Callable[[Any], str] = dump) -> str:
    """A value as JSON. What is no UTF-8 is refused with `InvalidInput`."""
    try:
        text = write(content)
        if not text.isascii():
            text.encode()
    except (TypeError, UnicodeError) as problem:
        raise InvalidInput(f"{type(content).__name__} cannot be stored: {problem}") from None
    return text


class Documents:
    """Encodes and decodes, and remembers the last few thousand values. Safe to use from several threads."""

    def __init__(self) -> None:
        self._young: dict[bytes, Any] = {}
        self._old: dict[bytes, Any] = {}

    def dump(self, content: object) -> str:
        """A value as JSON, like `encoded`, and remembered."""
        text = encoded(content)
        self._remember(text.encode(), content)
        return text

    def dump_record(self, record: Record) -> str:
        """A record as JSON, and remembered."""
        text = encoded(record, dump_record)
        self._remember(text.encode(), record)
        return text

    def read_record(self, document: bytes, where: str) -> Record:
        """The record of a document. Raises `CorruptRecord` saying ``where`` it was stored."""
        found: Record = (
            self._young.get(document) or self._old.get(document) or load_record(document, where)
        )  # a record is a list, and nothing else is: so it is no other value's document
        self._remember(document, found)
        return found

    def read(self, document: bytes, cls: type[T], where: str) -> T:
        """The value of a document. Raises `CorruptRecord` saying ``where`` it was stored."""
        found = self._young.get(document)
        if found is None:
            found = self._old.get(document)
            if found is None:
                found = load(document, cls, where)
            self._remember(document, found)
        return found if found.__class__ is cls else load(document, cls, where)

    def _remember(self, document: bytes, content: object) -> None:
        young = self._young
        young[document] = content
        if len(young) > GENERATION:
            self._young, self._old = {}, young
