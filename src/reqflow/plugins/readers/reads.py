"""What reading yields: an `Inbound`, or a value that says what else was there and why it is none."""

from __future__ import annotations

import json
from typing import Any

import attrs

from ...core.commands import Inbound
from ...core.model import Code
from ...core.values import value
from .texts import storable

__all__ = ["Ignored", "Read", "Rejected", "Unusable", "parse_json"]

MAX_DETAIL = 200


@value
class Ignored:
    """Something well formed that is no message to a desk: a join, a bot's words, a bounce.

    ``where`` names the file and the place in it; ``code`` says what it was.
    """

    where: str = attrs.field(converter=storable)  # a file's name may be no text
    code: Code
    detail: str = attrs.field(default="", converter=storable)


@value
class Rejected:
    """Something that cannot be read, or must not be trusted; ``detail`` says why, and quotes no message."""

    where: str = attrs.field(converter=storable)
    code: Code
    detail: str = attrs.field(converter=storable)


Read = Inbound | Ignored | Rejected
"""One thing that was read."""


class Unusable(Exception):
    """Ends the reading of one item, to be told as a `Rejected`; no reader lets it out."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")

    def told(self, where: str) -> Rejected:
        """The value that stands for this item."""
        return Rejected(where, Code(self.code), self.detail[:MAX_DETAIL])


def parse_json(raw: bytes | str) -> Any:
    """Parsed JSON of any kind; raises `Unusable` for everything that the parser raises."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise Unusable("too_deep", "JSON nested too deep") from None
    except ValueError as problem:  # no JSON, no UTF, or a number of thousands of digits
        raise Unusable("bad_json", str(problem)) from None
