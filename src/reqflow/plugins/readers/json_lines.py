"""Generic messages: one JSON object in each line, with the names of `Inbound`'s fields.

For instance ``{"channel": "chat:lobby", "author": "chat:ana", "native": "17", "sent_at":
"2024-05-06T07:08:09+02:00", "text": "Can you reset my password?"}``. Anything that can write lines can feed
a desk this way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...codec import load_strict
from ...core.model import Code
from ...errors import InvalidInput
from .lines import parse_lines
from .reads import MAX_DETAIL, Read, Rejected
from .texts import one_line, shown, storable

__all__ = ["parse_record", "read_json_lines"]

MAX_SUBJECT = 998


def parse_record(record: object, where: str = "record") -> Read:
    """Read one object; never raises. Unknown, missing and mistyped fields are told by name."""
    if not isinstance(record, dict):
        return Rejected(where, Code("no_object"), f"a line holds an object, not {type(record).__name__}")
    try:
        return load_strict({key: _fit(key, content) for key, content in record.items()}, where)
    except InvalidInput as problem:
        detail = str(problem).removeprefix(f"{where}: ")
        return Rejected(where, Code("bad_fields"), detail[:MAX_DETAIL])


def read_json_lines(path: Path) -> Iterator[Read]:
    """Read a file of such lines; a bad line is told with its number, and the rest goes on."""
    yield from parse_lines(path, parse_record)


def _fit(key: str, content: Any) -> Any:
    """Texts as stores and people can take them; what is no text is left for `load_strict` to judge."""
    if isinstance(content, list):
        return [storable(each) if isinstance(each, str) else each for each in content]
    if not isinstance(content, str):
        return content
    if key == "name":
        return shown(content)
    return one_line(content, MAX_SUBJECT) if key == "subject" else storable(content)
