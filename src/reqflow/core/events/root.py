"""The root of all events, and one that this version does not know."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code
from ..values import value

__all__ = ["Event", "Opaque"]


@value
class Event:
    """Root of all events, for type annotations; never made by itself."""

    tag: ClassVar[str]


@value(kw_only=True)
class Opaque(Event):
    """An event that this version does not know: kept as it was stored, skipped by `evolve`."""

    tag: ClassVar[str] = "opaque"
    name: Code
    content: str
