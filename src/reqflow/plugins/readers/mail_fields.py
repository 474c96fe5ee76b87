"""What the header fields of a mail say: encoded words, addresses, moments and message ids.

The standard library agrees to senders that nobody has, so the one From field is read by a rule of its own,
which prefers to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256

from ...core.commands import MAX_NATIVE, MAX_REPLIES_TO
from ...core.model import NativeId
from .mail_parts import tolerant
from .texts import decode

__all__ = ["addresses_in", "decode_words", "ids_in", "latest_ids", "moment_of", "sender_of"]

MAX_SENDER = 1000
MAX_ADDRESS = 320

_WORD = r"=\?[!->@-~]{1,60}\?[bBqQ]\?[ ->@-~]{0,2000}\?="
_WORDS = re.compile(rf"{_WORD}(?:\s*{_WORD})*")
_ATOM = r"[^\s@<>()\[\]\\,;:\"]+"
_LABEL = r"[^\s@<>()\[\]\\,;:\".]+"
_ADDRESS = re.compile(rf"{_ATOM}@{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(rf'(?:"((?:[^"\\]|\\.)*)"\s*|([^@<>,;:"\\]*)|({_ADDRESS.pattern})\s*)<\s*([^\s<>]+)\s*>')
_BARE = re.compile(r"([^\s<>()]+)\s*(?:\(([^()]*)\))?")
_CONTROLS = re.compile("[\0-\x08\x0a-\x1f\x7f]")
_ID = re.compile(r"<([^<>\s]+)>")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def decode_words(text: str) -> str:
    """``text`` with its encoded words (RFC 2047) decoded; damaged ones stay as they are."""
    return _WORDS.sub(lambda words: tolerant(lambda: _decoded(words[0]), words[0]), text)


def _decoded(words: str) -> str:
    return "".join(
        part if isinstance(part, str) else decode(part, (charset or "").partition("*")[0])
        for part, charset in decode_header(words)
    )


def addresses_in(fields: Sequence[str]) -> list[str]:
    """Every address that these fields list, as `sender_of` writes them; none where they cannot be read."""
    listed: list[tuple[str, str]] = tolerant(lambda: getaddresses(fields), [])
    return [found for _, address in listed if (found := _normal(address)) is not None]


def sender_of(field: str) -> tuple[str, str] | None:
    """The one address in a From field and the name beside it; None unless there is one way of reading it.

    ``ana@x.test``, ``ana@x.test (Ana)``, ``Ana <ana@x.test>`` and ``"Ana, B." <ana@x.test>`` have one. What
    has a second ``@`` outside of quotes has not, unless name and address are the same: parsers disagree on
    whose mail it is. The address is in ASCII lower case and otherwise exactly as it was written.
    """
    field = field.strip(" \t,")
    if len(field) > MAX_SENDER or _CONTROLS.search(field):
        return None
    if found := _NAMED.fullmatch(field):
        quoted, name, twin, given = found.groups(default="")
        if twin and twin.lower() != given.lower():
            return None
        name = re.sub(r"\\(.)", r"\1", quoted) or name or twin
    elif found := _BARE.fullmatch(field):
        given, name = found.groups(default="")
    else:
        return None
    address = _normal(given)
    return None if address is None else (address, decode_words(name))


def _normal(address: str) -> str | None:
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address) or not address.isprintable():
        return None
    # ASCII only: str.lower() makes letters of look-alikes (the Kelvin sign), and so somebody else's address.
    return address.translate(_LOWER)


def moment_of(date: str) -> datetime | None:
    """The moment that a date field says, in UTC; None if it says none.

    A zone that is missing or unknown counts as UTC, as RFC 5322 reads them (``-0000``).
    """
    return tolerant(lambda: _moment(date[:200].replace(":60 ", ":59 ")), None)  # leap seconds


def _moment(date: str) -> datetime:
    found = parsedate_to_datetime(date)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def ids_in(*fields: str) -> list[NativeId]:
    """Message ids, in brackets or, failing that, bare. Such as ``<@>`` name nothing."""
    found = [each for field in fields for each in _ID.findall(field) or _bare_ids(field)]
    return [_native(each) for each in found if any(sign.isalnum() for sign in each)]


def latest_ids(ids: Sequence[NativeId]) -> tuple[NativeId, ...]:
    """Each of these ids once, where it stands last: the first of a long thread, and its last ones."""
    found = list(dict.fromkeys(reversed(ids)))[::-1]
    if len(found) > MAX_REPLIES_TO:
        found[1 : len(found) - MAX_REPLIES_TO + 1] = []
    return tuple(found)


def _bare_ids(field: str) -> list[str]:
    return [each for each in field.split() if "@" in each]


def _native(given: str) -> NativeId:
    if len(given) <= MAX_NATIVE and given.isprintable():
        return NativeId(given)
    return NativeId(f"sha256:{sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()}")
