"""Values of declared fields as rows of their own, by which what has them is found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, Code, ConversationId, CustomerId, FieldValue, RequestId
from ..values import value
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "FieldEntry", "field_id", "value_key"]


@value(kw_only=True)
class FieldEntry(Record):
    """What one field of one conversation, request or customer holds; ``value`` is None once it was emptied.

    A customer's has a history of its own; the others hang on their conversation. ``request_id`` is that of a request
    which has it.
    """

    tag: ClassVar[str] = "field_value"
    field: Code
    value: FieldValue | None
    filterable: bool = False
    conversation_id: ConversationId | None = None
    request_id: RequestId | None = None
    customer_id: CustomerId | None = None
    set_at: datetime

    def found_by(self) -> tuple[RecordKey, ...]:
        """By value if the field is filterable, in the order of time; a customer's by the customer, too."""
        if self.value is None:
            return ()
        keys: list[RecordKey] = []
        if self.filterable:
            keys.append(RecordKey("value", value_key(self.value), rank_of(self.set_at)))
        if self.customer_id is not None:
            keys.append(RecordKey("customer", self.customer_id))
        return tuple(keys)


def field_id(of: str, name: Code) -> Code:
    """The row of a field of this conversation, request or customer."""
    return Code(f"{of}.{name}")


def value_key(given: FieldValue) -> str:
    """What rows with this value are found by. Of a text, only its digest."""
    if given.text is not None:
        word: str = given.text.digest
    elif given.at is not None:
        word = rank_of(given.at)
    elif given.flag is not None:
        word = "yes" if given.flag else "no"
    elif given.number is not None:
        word = repr(given.number)
    else:
        word = given.choice or ""
    return f"{given.field}:{word}"


def _set(old: FieldEntry | None, event: e.FieldSet, stream: str, at: datetime, actor: Actor) -> FieldEntry:
    return FieldEntry(
        id=event.field_id,
        field=event.value.field,
        value=event.value,
        filterable=event.filterable,
        conversation_id=None if event.customer_id is not None else ConversationId(stream),
        request_id=event.request_id,
        customer_id=event.customer_id,
        set_at=at,
    )


def _cleared(old: FieldEntry, event: e.FieldCleared, stream: str, at: datetime, actor: Actor) -> FieldEntry:
    return attrs.evolve(old, value=None, set_at=at)


_ID: Any = attrgetter("field_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {e.FieldSet: Projection(FieldEntry, _ID, _set), e.FieldCleared: Projection(FieldEntry, _ID, _cleared)}
)
