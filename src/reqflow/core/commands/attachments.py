"""What comes with a message, as it is handed over: plain strings, of which the core makes text rows."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...errors import InvalidInput
from ..model import AttachmentKind
from ..values import value
from .checks import as_many, check_text, check_word, member

__all__ = ["MAX_ENCLOSURES", "Enclosure", "as_enclosures", "check_enclosures"]

MAX_ENCLOSURES = 50
"""How many files and places one message may bring."""
_LONGEST = 4096


def _as_kind(given: AttachmentKind | str) -> AttachmentKind:
    return member(AttachmentKind, given)


@value(kw_only=True)
class Enclosure:
    """A file or place that comes with a message. (Audite, OneDesk)

    ``address`` is where it can be had: a URL, the transport's own id of the file, ``geo:52.37,4.89`` of a location.
    reqflow fetches nothing. ``name`` is what the sender calls it, to be shown and never to be used as a path.
    ``media_type`` is a claim (``image/png``; its parameters, and what is no type at all, are left out), ``size`` counts
    bytes.

    Raises `InvalidInput` when a field cannot be used.
    """

    kind: AttachmentKind = attrs.field(converter=_as_kind)
    name: str | None = None
    address: str | None = None
    media_type: str | None = None
    size: int | None = None

    def __attrs_post_init__(self) -> None:
        for name, content in (("name", self.name), ("address", self.address)):
            if content is not None:
                check_text(f"Enclosure.{name}", content)
                if len(content) > _LONGEST:
                    raise InvalidInput(f"Enclosure.{name} must have at most {_LONGEST} characters")
        if self.media_type is not None:
            check_word("Enclosure.media_type", self.media_type)
        size: object = self.size
        if size is not None and not (isinstance(size, int) and size >= 0):
            raise InvalidInput(f"Enclosure.size must be a number of bytes, not {size!r}")


def check_enclosures(where: str, content: object) -> None:
    """Refuse what are no attachments, and too many of them. Raises `InvalidInput` naming the field."""
    if not isinstance(content, tuple) or not all(isinstance(each, Enclosure) for each in content):
        raise InvalidInput(f"{where} must be a tuple of Enclosures, not {content!r:.80}")
    if len(content) > MAX_ENCLOSURES:
        raise InvalidInput(f"{where}: a message brings at most {MAX_ENCLOSURES} of them, not {len(content)}")


def as_enclosures(given: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """What goes with a command's text, in its order. Raises `InvalidInput` as `check_enclosures` does."""
    enclosures = as_many(given)
    check_enclosures("attachments", enclosures)
    return enclosures
