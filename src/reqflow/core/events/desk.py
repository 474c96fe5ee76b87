"""What happens to the desk itself."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, TextRef
from ..values import value
from .root import Event

__all__ = ["DESK_EVENTS", "DeskChanged"]


@value(kw_only=True)
class DeskChanged(Event):
    """The desk's settings or roster were replaced; ``digest`` names the new content."""

    tag: ClassVar[str] = "desk.changed"
    revision: int
    digest: Code
    note: TextRef | None = None


DESK_EVENTS: tuple[type[Event], ...] = (DeskChanged,)
