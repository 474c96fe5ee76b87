"""Commands on the fields that a desk declares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from ..model import Code, ConversationId, CustomerId, RequestId
from ..values import value
from .checks import as_code, as_utc, check_length
from .root import Command

__all__ = ["Content", "SetCustomerField", "SetField"]

Content = str | float | bool | datetime | None
"""What a field may be given: text or one of its choices, a number, yes or no, an aware moment; None empties it."""


def _fits(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    if isinstance(content, str):
        check_length(f"{type(instance).__name__}.{attribute.name}", content)


@value(kw_only=True)
class SetField(Command):
    """Fill in a field of the conversation, or of the request named, by what its type asks for; None empties it.

    ``request_id`` is needed for fields of requests, and means nothing for those of conversations.
    """

    conversation_id: ConversationId
    field: Code = attrs.field(converter=as_code)
    content: Content = attrs.field(converter=as_utc, validator=_fits)
    request_id: RequestId | None = None


@value(kw_only=True)
class SetCustomerField(Command):
    """Fill in a field of a customer; None empties it."""

    customer_id: CustomerId
    field: Code = attrs.field(converter=as_code)
    content: Content = attrs.field(converter=as_utc, validator=_fits)
