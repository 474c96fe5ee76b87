"""What people say of a conversation or request beside its messages: the values of declared fields."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .ids import Code
from .values import TextRef

__all__ = ["FieldValue"]


@value
class FieldValue:
    """What a declared field holds: the one that its type names of ``text``, ``number``, ``flag``, ``choice``, ``at``.

    ``at`` is a moment in UTC. Texts may be personal, so they stand in a text row of their own.
    """

    field: Code
    text: TextRef | None = None
    number: float | None = None
    flag: bool | None = None
    choice: Code | None = None
    at: datetime | None = None
