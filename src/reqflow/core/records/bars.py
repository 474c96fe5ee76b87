"""Bars: whose input is dropped, and how much of it was. Every message asks for one. (Audite)"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Actor
from ..values import value
from .root import Record, RecordKey

__all__ = ["Bar", "BarCount"]


@value(kw_only=True)
class Bar(Record):
    """Whether input of a profile is dropped; its id is the profile's. There is one for each that was ever barred.

    A profile is barred by itself (since ``barred_at``), through its customer, or both.
    """

    tag: ClassVar[str] = "bar"
    barred_at: datetime | None = None
    barred_by: Actor | None = None
    with_customer: bool = False

    @property
    def is_barred(self) -> bool:
        """True while input is dropped."""
        return self.with_customer or self.barred_at is not None

    def found_by(self) -> tuple[RecordKey, ...]:
        """All that are barred now, under ``barred`` ``now``, by profile."""
        return (RecordKey("barred", "now", self.id),) if self.is_barred else ()


@value(kw_only=True)
class BarCount(Record):
    """How many times input of a profile was dropped, and when last: all that is kept of it. State without history."""

    tag: ClassVar[str] = "bar_count"
    folds: ClassVar[bool] = False
    dropped: int = 0
    dropped_at: datetime
