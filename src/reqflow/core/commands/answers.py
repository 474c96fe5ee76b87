"""Commands on quick answers: the catalogue, and sending one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from ...errors import InvalidInput
from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import as_code, is_text
from .root import Command

__all__ = ["DefineAnswer", "RetireAnswer", "SendAnswer", "Values", "as_values"]

Values = tuple[tuple[str, str], ...]
"""What stands for which placeholder."""


def as_values(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> Values:
    """Values by name, as a mapping or as pairs, in the order of their names. Raises `InvalidInput`."""
    pairs = given.items() if isinstance(given, Mapping) else given
    try:
        values = tuple(sorted(dict(pairs).items()))
    except (TypeError, ValueError):
        raise InvalidInput("values must be a mapping of names to texts") from None
    for name, content in values:
        if not isinstance(content, str):
            raise InvalidInput(f"values[{name!r}] must be text, not {type(content).__name__}")
    return values


@value(kw_only=True)
class DefineAnswer(Command):
    """Give the desk a quick answer, or replace the one of this name. (Audite)

    ``text`` may hold placeholders such as ``{{first_name}}``: a name of letters, digits and ``_`` in doubled braces and
    nothing else. ``category`` is what it is listed by, ``title`` what people see there.
    """

    answer: Code = attrs.field(converter=as_code)
    category: Code = attrs.field(converter=as_code)
    title: str = attrs.field(validator=is_text)
    text: str = attrs.field(validator=is_text)


@value(kw_only=True)
class RetireAnswer(Command):
    """Take a quick answer from the list; history keeps what it said."""

    answer: Code = attrs.field(converter=as_code)


@value(kw_only=True)
class SendAnswer(Command):
    """Send a quick answer to the customer at once, without editing; counts as a reply of ``by``. (Audite)

    ``values`` are put where its placeholders stand, as they are: what looks like a placeholder in a value stays what it
    is. Refused while one has no value; values that it does not ask for are left out.
    """

    conversation_id: ConversationId
    answer: Code = attrs.field(converter=as_code)
    values: Values = attrs.field(default=(), converter=as_values)
    request_id: RequestId | None = None
