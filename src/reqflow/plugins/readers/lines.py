"""Files read in bounded pieces: whole documents, and lines of JSON."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from ...core.model import Code
from .reads import Read, Rejected, Unusable, parse_json

__all__ = ["LINE_SUFFIXES", "parse_lines", "read_lines", "read_whole"]

LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
MAX_DOCUMENT = 64 * 2**20
MAX_LINE = 2**20


def read_whole(file: IO[bytes], limit: int = MAX_DOCUMENT) -> bytes:
    """All that is in the file; raises `Unusable` when that is more than ``limit`` bytes."""
    content = file.read(limit + 1)
    if len(content) > limit:
        raise Unusable("too_big", f"more than {limit} bytes")
    return content


def read_lines(file: IO[bytes], limit: int = MAX_LINE) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number from 1, without blanks around it; None for one longer than ``limit`` bytes.

    No more than ``limit`` bytes are held at once, whatever the file is.
    """
    number = 0
    while piece := file.readline(limit + 1):
        number += 1
        too_long = len(piece) > limit
        while too_long and piece and not piece.endswith(b"\n"):
            piece = file.readline(limit)
        if number == 1:
            piece = piece.removeprefix(codecs.BOM_UTF8)
        yield number, None if too_long else piece.strip()


def parse_lines(path: Path, parse: Callable[[Any, str], Read]) -> Iterator[Read]:
    """Read a file of one JSON text in each line; blank lines are skipped, bad ones told and passed over."""
    with path.open("rb") as file:
        for number, line in read_lines(file):
            where = f"{path}:{number}"
            if line is None:
                yield Rejected(where, Code("too_long"), f"a line of more than {MAX_LINE} bytes")
            elif line:
                try:
                    content = parse_json(line)
                except Unusable as problem:
                    yield problem.told(where)
                else:
                    yield parse(content, where)
