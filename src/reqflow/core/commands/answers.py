"""Commands on quick answers: the catalogue, and sending one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ...errors import InvalidInput
from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import as_code, check_length, check_text, is_text
from .root import Command

__all__ = [
    "MAX_ANSWER",
    "MAX_VALUE",
    "MAX_VALUES",
    "DefineAnswer",
    "RetireAnswer",
    "SendAnswer",
    "Values",
    "as_values",
]

MAX_ANSWER = 20_000
"""How many characters a quick answer may have."""
MAX_VALUES = 100
"""How many values may be put into one."""
MAX_VALUE = 4_000
"""How many characters each of them may have."""

Values = tuple[tuple[str, str], ...]
"""What stands for which placeholder."""


def as_values(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> Values:
    """Values by name, as a mapping or as pairs, in the order of their names. Raises `InvalidInput`."""
    pairs = given.items() if isinstance(given, Mapping) else given
    try:
        values = tuple(sorted(dict(pairs).items()))
    except (TypeError, ValueError):
        raise InvalidInput("values must be a mapping of names to texts") from None
    if len(values) > MAX_VALUES:
        raise InvalidInput(f"a quick answer takes at most {MAX_VALUES} values, not {len(values)}")
    for name, content in values:
        check_text(f"values[{name!r}]", content)
        check_length(f"values[{name!r}]", content, MAX_VALUE)
    return values


def _is_answer(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    is_text(instance, attribute, content)
    check_length(f"{type(instance).__name__}.{attribute.name}", str(content), MAX_ANSWER)


@value(kw_only=True)
class DefineAnswer(Command):
    """Give the desk a quick answer, or replace the one of this name. (Audite)

    ``text`` may hold placeholders such as ``{{first_name}}``: a name of letters, digits and ``_`` in doubled braces and
    nothing else. ``category`` is what it is listed by, ``title`` what people see there.
    """

    answer: Code = attrs.field(converter=as_code)
    category: Code = attrs.field(converter=as_code)
    title: str = attrs.field(validator=_is_answer)
    text: str = attrs.field(validator=_is_answer)


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
