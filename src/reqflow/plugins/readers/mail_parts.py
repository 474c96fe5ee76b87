"""The plain text of a mail: its MIME parts, walked within limits (RFC 2045, 2046)."""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from itertools import islice

from ...core.values import value
from .mail_fields import Fields, from_base64, split_fields
from .reads import Unusable
from .texts import decode, storable

__all__ = ["ContentType", "content_type", "plain_text"]

MAX_PARTS = 200
MAX_DEPTH = 20
MAX_TYPE = 2000

_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+", re.ASCII)
_PARAMETER = re.compile(r';\s*([a-z-]{1,40})\s*=\s*("[^"]*"|[^;\s]+)', re.IGNORECASE | re.ASCII)


@value
class ContentType:
    """A media type in lower case, and the parameters that matter here."""

    name: str
    boundary: str = ""
    charset: str = ""
    report: str = ""


@value
class _Part:
    """A part, as a stretch of the whole mail: copies of nested parts would add up."""

    fields: Fields
    type: ContentType
    start: int
    end: int


def content_type(fields: Fields, default: str = "text/plain") -> ContentType:
    """What a Content-Type field says; the default where it is missing or cannot be read."""
    given = fields.first("content-type")[:MAX_TYPE]
    found = _TYPE.match(given)
    if found is None:
        return ContentType(default)
    named: dict[str, str] = {}
    for each in _PARAMETER.finditer(given):
        named.setdefault(each[1].lower(), each[2].strip('"'))
    return ContentType(
        found[0].lower(),
        boundary=named.get("boundary", "").rstrip(),
        charset=named.get("charset", ""),
        report=named.get("report-type", "").lower(),
    )


def plain_text(content: bytes, fields: Fields, start: int) -> str:
    """All plain text that was written to be read, in its order; blank for a mail of HTML only.

    ``content`` is the whole mail, its body from ``start`` on. Attachments and mails within the mail are left
    out. Raises `Unusable` for more than `MAX_PARTS` parts, or more than `MAX_DEPTH` within each other.
    """
    texts: list[str] = []
    whole = _Part(fields, content_type(fields), start, len(content))
    for number, part in enumerate(_walk(content, whole, 0), 1):
        if number > MAX_PARTS:
            raise Unusable("too_many_parts", f"more than {MAX_PARTS} parts")
        attached = part.fields.first("content-disposition").lower().startswith("attachment")
        if part.type.name == "text/plain" and not attached:
            text = decode(_unpacked(part, content[part.start : part.end]), part.type.charset)
            texts.append(storable(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n"))
    return "\n".join(texts)


def _walk(content: bytes, part: _Part, depth: int) -> Iterator[_Part]:
    """Every part, the ones that only hold others too."""
    if depth > MAX_DEPTH:
        raise Unusable("too_deep", f"more than {MAX_DEPTH} parts within each other")
    if not part.type.name.startswith("multipart/"):
        yield part
        return
    pieces = list(islice(_split(content, part), MAX_PARTS + 1))
    if not pieces:  # no boundary, or none in sight: then it is what people see, a text
        yield _Part(part.fields, ContentType("text/plain"), part.start, part.end)
        return
    yield part
    default = "message/rfc822" if part.type.name == "multipart/digest" else "text/plain"
    for start, end in pieces:
        fields, body = split_fields(content, start, end)
        yield from _walk(content, _Part(fields, content_type(fields, default), body, end), depth + 1)


def _split(content: bytes, part: _Part) -> Iterator[tuple[int, int]]:
    """The stretches between a part's delimiter lines; the last line may lack."""
    if not part.type.boundary:
        return
    boundary = re.escape(part.type.boundary.encode("utf-8", "replace"))
    # The literal start, line feed and all, is what makes the search fast.
    delimiter = re.compile(rb"\n--" + boundary + rb"(--)?[ \t]*(?=\n|\Z)")
    start = -1
    for found in delimiter.finditer(content, max(part.start - 1, 0), part.end):
        if start >= 0:
            yield start, max(start, found.start())
        if found[1]:
            return
        start = min(found.end() + 1, part.end)
    if start >= 0:
        yield start, part.end


def _unpacked(part: _Part, body: bytes) -> bytes:
    encoding = part.fields.first("content-transfer-encoding").strip(" ;\t").lower()
    if encoding == "base64":
        return from_base64(body)
    return a2b_qp(body) if encoding == "quoted-printable" else body
