"""What happens to the fields that a desk declares."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, CustomerId, FieldValue, RequestId
from ..values import value
from .root import Event

__all__ = ["FIELD_EVENTS", "FieldCleared", "FieldSet"]


@value(kw_only=True)
class FieldSet(Event):
    """A field was filled in: of the request or customer named, else of the conversation in whose history this stands.

    ``field_id`` is the row by which it is found; ``filterable`` says that it is found by its value, too.
    """

    tag: ClassVar[str] = "field.set"
    field_id: Code
    value: FieldValue
    filterable: bool = False
    request_id: RequestId | None = None
    customer_id: CustomerId | None = None


@value(kw_only=True)
class FieldCleared(Event):
    """A field was emptied; whose, is told as in `FieldSet`."""

    tag: ClassVar[str] = "field.cleared"
    field_id: Code
    field: Code
    request_id: RequestId | None = None
    customer_id: CustomerId | None = None


FIELD_EVENTS: tuple[type[Event], ...] = (FieldSet, FieldCleared)
