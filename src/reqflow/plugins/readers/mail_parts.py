"""The parts of a mail, read by the standard library within limits, and the plain text in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.errors import InvalidBase64LengthDefect
from email.message import Message
from email.policy import Compat32, Policy
from typing import Any, TypeVar, cast

from .reads import Unusable
from .texts import decode, readable, storable

__all__ = ["Part", "parse", "plain_text", "split_mail", "tolerant"]

MAX_HEADER = 64 * 2**10
MAX_FIELDS = 200
MAX_PARTS = 200
MAX_DEPTH = 20
MAX_LINES = 500_000  # 25 MB in lines of 50; the library takes its time for each line
MAX_MADE = 10 * MAX_PARTS  # with the parts of mails within the mail, which are not read
MAX_CONTENT_FIELD = 2000

_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*(:.*(?:\n[ \t].*)*)", re.MULTILINE)
_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", re.ASCII)
_T = TypeVar("_T")


def tolerant(access: Callable[[], _T], default: _T) -> _T:
    """What ``access`` finds in a mail, ``default`` where the standard library cannot say.

    What it raises for damaged mail is documented nowhere: LookupError, IndexError, RecursionError and more.
    """
    try:
        return access()
    except Unusable:
        raise
    except Exception:  # noqa: BLE001  (see above: nobody says what it may raise)
        return default


class _Policy(Compat32):
    """Fields come as text on one line, read as UTF-8 or else Latin-1, whatever their bytes are."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        if name.lower().startswith("content-"):  # read again and again, in quadratic time
            value = value[:MAX_CONTENT_FIELD].rstrip("; \t\n")
        return readable(value.replace("\n", "").encode("utf-8", "surrogateescape")).strip()


class Part(Message):
    """A mail or a part of one, which stops the parser at the first field, part or depth too many."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._root = self
        self._depth = 0
        self._made = 1

    def set_raw(self, name: str, value: str) -> None:
        """Take in a field; called by the parser."""
        if len(self) >= MAX_FIELDS:
            raise Unusable("too_many_fields", f"more than {MAX_FIELDS} header fields")
        super().set_raw(name, value)

    def attach(self, part: Any) -> None:
        """Take in a part; called by the parser before it goes on to read it."""
        part._root, part._depth = self._root, self._depth + 1
        self._root._made += 1
        if part._depth > MAX_DEPTH:
            raise Unusable("too_deep", f"more than {MAX_DEPTH} parts within each other")
        if self._root._made > MAX_MADE:
            raise Unusable("too_many_parts", f"more than {MAX_MADE} parts")
        super().attach(part)

    def get_boundary(self, failobj: Any = None) -> Any:
        """The boundary between the parts; ``failobj`` where there is none, or none that can be read."""
        return tolerant(super().get_boundary, None) or failobj

    def texts(self, name: str) -> list[str]:
        """The values of every field of this name, topmost first."""
        return cast("list[str]", self.get_all(name, []))

    def text(self, name: str) -> str:
        """The topmost field of this name, blank if there is none."""
        return next(iter(self.texts(name)), "")

    @property
    def kind(self) -> str:
        """The media type in lower case; ``text/plain`` where it cannot be read."""
        found = _TYPE.match(self.get_content_type())
        return found[0] if found else "text/plain"

    @property
    def is_text(self) -> bool:
        """Whether people see a plain text: they do where several parts are announced and none is in sight."""
        return self.kind == "text/plain" or (self.kind.startswith("multipart/") and not self.is_multipart())


def split_mail(content: bytes) -> tuple[bytes, bytes]:
    """The header fields of a mail with LF lines, and its body; lines that are no fields are passed over.

    Raises `Unusable` for more than `MAX_HEADER` bytes of fields or `MAX_LINES` lines of body.
    """
    head, _, body = content.partition(b"\n\n") if content[:1] != b"\n" else (b"", b"", content[1:])
    if len(head) > MAX_HEADER:
        raise Unusable("too_long_header", f"more than {MAX_HEADER} bytes of header fields")
    if body.count(b"\n") > MAX_LINES:
        raise Unusable("too_many_lines", f"more than {MAX_LINES} lines")
    fields = (name + rest for name, rest in _FIELD.findall(head))
    return b"\n".join((*fields, b"", b"")), body


def parse(content: bytes) -> Part:
    """A mail, or the header of one, as the standard library reads it; raises `Unusable` beyond a limit."""
    return cast(Part, message_from_bytes(content, policy=_Policy(message_factory=Part)))


def plain_text(head: bytes, body: bytes) -> str:
    """All plain text that was written to be read, in its order; blank for a mail of HTML only.

    Attachments and mails within the mail are left out. Raises `Unusable` for more than `MAX_PARTS` parts,
    or more than `MAX_DEPTH` within each other.
    """
    mail = parse(head)
    mail.set_payload(body)
    if mail.kind.startswith("multipart/"):
        mail = tolerant(lambda: parse(head + body), mail)
    texts: list[str] = []
    for number, part in enumerate(_walk(mail), 1):
        if number > MAX_PARTS:
            raise Unusable("too_many_parts", f"more than {MAX_PARTS} parts")
        attached = part.text("content-disposition").lower().startswith("attachment")
        if part.is_text and not attached:
            text = decode(_unpacked(part), tolerant(part.get_content_charset, None) or "")
            texts.append(storable(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n"))
    return "\n".join(texts)


def _walk(part: Part) -> Iterator[Part]:
    """Every part, the ones that only hold others too, but nothing of mails within the mail."""
    yield part
    if part.kind.startswith("multipart/") and part.is_multipart():
        for each in cast("list[Part]", part.get_payload()):
            yield from _walk(each)


def _unpacked(part: Part) -> bytes:
    content = tolerant(lambda: part.get_payload(decode=True), None)
    if any(isinstance(each, InvalidBase64LengthDefect) for each in part.defects):  # cut off: the end is lost
        part.set_payload(str(part.get_payload()).rstrip()[:-1])
        content = tolerant(lambda: part.get_payload(decode=True), None)
    return content if isinstance(content, bytes) else b""
