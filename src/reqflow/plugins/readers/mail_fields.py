"""The header fields of a mail, read without trust: no field can raise, recurse, or cost more than its length.

The standard library's parser raises on some of these fields, recurses on others, and agrees to addresses that
nobody has; so the few fields that matter here are read by rules of their own, which prefer to refuse.
"""

from __future__ import annotations

import re
import string
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from hashlib import sha256

from ...core.commands import MAX_NATIVE, MAX_REPLIES_TO
from ...core.model import NativeId
from ...core.values import value
from .reads import Unusable
from .texts import decode, readable

__all__ = [
    "Fields",
    "Mailbox",
    "decode_words",
    "moment_of",
    "native_of",
    "parse_mailbox",
    "replies_of",
    "split_addresses",
    "split_fields",
]

MAX_BLOCK = 64 * 2**10
MAX_FIELDS = 200
MAX_MAILBOX = 1000
MAX_ADDRESS = 320

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[^\s@<>()\[\]\\,;:\".]+(?:\.[^\s@<>()\[\]\\,;:\".]+)*")
_UNQUOTED = re.compile(r"[^@<>,;:\"\\]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ID = re.compile(r"<([^<>\s]+)>")
_CONTROLS = re.compile("[\0-\x08\x0a-\x1f\x7f]")
_NO_BASE64 = bytes(set(range(256)) - set((string.ascii_letters + string.digits + "+/").encode()))
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@value
class Fields:
    """Header fields in their order: lower-case names, unfolded values."""

    pairs: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """The values of every field of this name, topmost first."""
        return [content for each, content in self.pairs if each == name]

    def first(self, name: str) -> str:
        """The topmost field of this name, blank if there is none."""
        return next((content for each, content in self.pairs if each == name), "")


@value
class Mailbox:
    """One address, in ASCII lower case and otherwise exactly as it was written, and the name beside it."""

    address: str
    name: str


def split_fields(content: bytes, start: int = 0, end: int | None = None) -> tuple[Fields, int]:
    """The header fields of a mail or part with LF lines, and where its body begins.

    Lines that are no fields are passed over at the top of a mail; in a part they begin its body. Raises
    `Unusable` for more than `MAX_BLOCK` bytes or `MAX_FIELDS` fields.
    """
    end = len(content) if end is None else end
    if content.startswith(b"\n", start, end):
        return Fields(()), start + 1
    blank = content.find(b"\n\n", start, min(end, start + MAX_BLOCK + 2))
    stop, body = (end, end) if blank < 0 else (blank, blank + 2)
    first = content[start : min(start + MAX_BLOCK, stop)].partition(b"\n")[0]
    if not _FIELD.match(first) and not first.startswith((b"From ", b">From ")):
        return Fields(()), start
    if stop - start > MAX_BLOCK:
        raise Unusable("too_long_header", f"more than {MAX_BLOCK} bytes of header fields")
    unfolded: list[bytearray] = []
    at = start
    for line in content[start:stop].split(b"\n"):
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1] += line
        elif start and not _FIELD.match(line):
            body = at
            break
        else:
            unfolded.append(bytearray(line))
        at += len(line) + 1
    if len(unfolded) > MAX_FIELDS:
        raise Unusable("too_many_fields", f"{len(unfolded)} header fields; at most {MAX_FIELDS} are read")
    return Fields(tuple(_fields(unfolded))), body


def _fields(lines: list[bytearray]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _FIELD.match(line):
            yield found[1].decode().lower(), readable(found[2]).strip()


def decode_words(text: str) -> str:
    """``text`` with its encoded words (RFC 2047) decoded; damaged ones stay as they are."""
    parts: list[str] = []
    pending, charset, end = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        content = _word_bytes(word[2], word[3])
        named = word[1].partition("*")[0].lower()
        if between.strip() or named != charset:  # else one character may go on in the next word
            parts.append(decode(pending, charset))
            pending = b""
            parts.append(between if between.strip() or not end else "")
        pending, charset, end = pending + content, named, word.end()
    return "".join((*parts, decode(pending, charset), text[end:]))


def _word_bytes(encoding: str, content: str) -> bytes:
    raw = content.encode("utf-8", "replace")
    if encoding in "qQ":
        return a2b_qp(raw, header=True)
    return from_base64(raw)


def from_base64(content: bytes) -> bytes:
    """What base64 holds, leaving out what is none; damage costs the end, never the whole."""
    kept = content.translate(None, _NO_BASE64)
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    return a2b_base64(kept + b"=" * (-len(kept) % 4))


def split_addresses(content: str) -> Iterator[str]:
    """The members of an address list, cut at the commas outside of quotes, comments and angle brackets."""
    depth, quoted, angle, skip, start = 0, False, False, False, 0
    for at, sign in enumerate(content):
        if skip:
            skip = False
        elif sign == "\\":
            skip = True
        elif sign == '"' and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign in "<>":
            angle = sign == "<"
        elif sign == "," and not depth and not angle:
            if member := content[start:at].strip():
                yield member
            start = at + 1
    if member := content[start:].strip():
        yield member


def parse_mailbox(member: str) -> Mailbox | None:
    """One member of an address list, if it can be read in one way only; else None.

    ``ana@x.test``, ``ana@x.test (Ana)``, ``Ana <ana@x.test>`` and ``"Ana, B." <ana@x.test>`` can. What has a
    second ``@`` outside of quotes cannot, unless name and address are the same: parsers disagree on whose
    mail it is.
    """
    member = member.strip()
    if len(member) > MAX_MAILBOX or _CONTROLS.search(member):
        return None
    if member.endswith(">"):
        name, _, address = member[:-1].rpartition("<")
        name = name.strip()
        if quoted := _QUOTED.fullmatch(name):
            name = re.sub(r"\\(.)", r"\1", quoted[1])
        elif not _UNQUOTED.fullmatch(name) and name.lower() != address.lower():
            return None
    else:
        address, _, comment = member.partition("(")
        name = comment.removesuffix(")")
        if "(" in name or ")" in name or (comment and name == comment):
            return None
    address = address.strip()
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address) or not address.isprintable():
        return None
    # ASCII only: str.lower() makes letters of look-alikes (the Kelvin sign), and so somebody else's address.
    return Mailbox(address.translate(_LOWER), decode_words(name))


def moment_of(date: str) -> datetime | None:
    """The moment that a date field says, in UTC; None if it says none.

    A zone that is missing or unknown counts as UTC, as RFC 5322 reads them (``-0000``).
    """
    try:
        found = parsedate_tz(date[:200])
        if found is None:
            return None
        year, month, day, hour, minute, second = found[:6]
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # leap seconds
        return local - timedelta(seconds=found[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def native_of(fields: Fields, content: bytes) -> NativeId:
    """The Message-ID without its brackets; a digest of the whole mail where there is none to speak of."""
    found = _ids(fields.first("message-id"))
    return found[0] if found else NativeId(f"sha256:{sha256(content).hexdigest()}")


def replies_of(fields: Fields, native: NativeId) -> tuple[NativeId, ...]:
    """What this mail answers, nearest last: the first of a long thread, and the last ones."""
    named = [each for name in ("references", "in-reply-to") for each in _ids(fields.first(name))]
    last = {each: at for at, each in enumerate(named) if each != native}
    found = sorted(last, key=lambda each: last[each])
    if len(found) > MAX_REPLIES_TO:
        found[1 : len(found) - MAX_REPLIES_TO + 1] = []
    return tuple(found)


def _ids(content: str) -> list[NativeId]:
    """Message ids in a field, in brackets or, failing that, bare. Such as ``<@>`` name nothing."""
    found = _ID.findall(content) or [each for each in content.split() if "@" in each]
    return [_native(each) for each in found if any(sign.isalnum() for sign in each)]


def _native(given: str) -> NativeId:
    if len(given) <= MAX_NATIVE and given.isprintable():
        return NativeId(given)
    return NativeId(f"sha256:{sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()}")
