"""Mailbox files: mails one after the other, each after a ``From `` line that says when it came (RFC 4155)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .mail import MAX_MAIL, parse_mail
from .mail_fields import moment_of
from .reads import Read, Unusable

__all__ = ["read_mbox"]

_ENVELOPE = re.compile(rb"From \S{0,320}[ \t]+([^\r\n]{0,80}\d\d:\d\d[^\r\n]{0,40})")
_QUOTED = re.compile(rb">+From ")
MAX_PIECE = 2**16


def read_mbox(path: Path, channel: str | None = None) -> Iterator[Read]:
    """Read each mail of a mailbox file; ``>From `` in a body loses the one sign that quoting put there.

    A mail without any time of its own takes the time of its ``From `` line, which is in UTC.
    """
    with path.open("rb") as file:
        for number, (envelope, raw) in enumerate(_split(file), 1):
            where = f"{path}#{number}"
            if len(raw) > MAX_MAIL:
                yield Unusable("too_big", f"more than {MAX_MAIL} bytes").told(where)
            else:
                yield parse_mail(bytes(raw), channel=channel, where=where, arrived_at=moment_of(envelope))


def _split(file: IO[bytes]) -> Iterator[tuple[str, bytearray]]:
    """Envelope date and content of each mail; content beyond `MAX_MAIL` is not kept."""
    envelope, raw = "", bytearray()
    after_blank, at_start = True, True
    while piece := file.readline(MAX_PIECE):
        if at_start and after_blank and (found := _ENVELOPE.match(piece)):
            if raw.strip():
                yield envelope, raw
            envelope, raw = found[1].decode("latin-1"), bytearray()
        elif len(raw) <= MAX_MAIL:
            raw += piece[1:] if at_start and _QUOTED.match(piece) else piece
        after_blank = at_start and not piece.strip()
        at_start = piece.endswith(b"\n")
    if raw.strip():
        yield envelope, raw
