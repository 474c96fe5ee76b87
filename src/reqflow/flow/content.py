"""Quick answers for people, and the view of what has a field's value: what a desk's content is read by."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from ..core.answers import filled
from ..core.codes import code_of
from ..core.facts import WantRecord
from ..core.fields import declared, typed
from ..core.ids import make_text
from ..core.model import Actor, Audience, Code, TextId, TextRef
from ..core.records import Answer
from ..core.records.fields import value_key
from ..core.rights.permissions import need_view, principal_of
from ..core.settings import Desk, FieldOn
from ..errors import InvalidInput, UnknownId
from ..ports import Records
from .asks import Ask, AskRecall, AskTexts

__all__ = ["quick_answer", "with_field"]


def quick_answer(
    desk: Desk, name: str, values: Mapping[str, str], by: Actor | None
) -> Generator[Ask, Any, str]:
    """The text of a quick answer, filled in as far as there are values. Raises `UnknownId` or `Forbidden`."""
    if by is not None:
        need_view(principal_of(by, desk), "Records", Answer.tag)
    (answer,) = yield AskRecall(desk.workspace, (WantRecord(Code(Answer.tag), _code(name)),))
    if not isinstance(answer, Answer) or answer.retired_at is not None:
        raise UnknownId(f"no quick answer {name!r} on this desk")
    texts: Mapping[TextId, str] = yield AskTexts(desk.workspace, (answer.text.id,), Audience.INTERNAL)
    return filled(texts.get(answer.text.id, ""), values)


def _code(given: str) -> Code:
    try:
        return code_of(given)
    except ValueError as problem:
        raise InvalidInput(f"a field or answer {problem}") from None


def with_field(desk: Desk, name: str, content: object) -> Records:
    """The view of all conversations, requests or customers whose field holds this, in the order in which it was set.

    Its items are `FieldEntry`s. Raises `Refused` for a field that the desk does not declare, or for content that it
    does not take, and `InvalidInput` for one that is not filterable.
    """
    field = declared(desk, _code(name), *FieldOn)
    if not field.filterable:
        raise InvalidInput(f"field {field.name} is not filterable: say so in the desk's settings")

    def text_of(body: str) -> TextRef:
        return make_text(body, "", "", Audience.INTERNAL, "", desk.salt).ref

    value = typed(field, content, text_of)
    if value is None:
        raise InvalidInput(f"field {field.name}: what is empty is not kept, so nothing is found by it")
    return Records(kind=Code("field_value"), name="value", content=value_key(value))
