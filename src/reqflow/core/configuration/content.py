"""Reads what a desk declares of content: tags, named statuses, fields."""

from __future__ import annotations

from collections.abc import Mapping

from ..codes import code_of
from ..model import Code, RequestState
from ..settings import Field, FieldOn, FieldType
from .parsers import Parser, flag, names, one_of
from .reader import Reader

__all__ = ["read_fields", "read_statuses", "read_tags"]

MAX_FIELDS = 100
"""How many fields a desk may declare: their values stand in the state of what has them."""


def _codes(given: object) -> tuple[Code, ...]:
    return tuple(dict.fromkeys(code_of(each) for each in names(given)))


_STATE = one_of(RequestState)
_FIELD: Mapping[str, Parser] = {
    "on": one_of(FieldOn),
    "type": one_of(FieldType),
    "choices": _codes,
    "required_on_close": flag,
    "filterable": flag,
}


def read_tags(read: Reader, given: object) -> dict[Code, str]:
    """The tags that the settings define, with their wording: a table, or a list of bare codes."""
    if isinstance(given, list | tuple):
        given = {str(each): "" for each in given}
    tags: dict[Code, str] = {}
    for word, label in read.table(given, "tags").items():
        code = read.code(word, f"tags.{word}")
        if not isinstance(label, str):
            read.problems.append(f"tags.{word}: must be the tag's wording, not {label!r}")
        elif code is not None:
            tags[code] = label.strip() or word
    return tags


def read_statuses(read: Reader, given: object) -> dict[Code, RequestState]:
    """The desk's own names of where a request stands, each inside one state."""
    statuses: dict[Code, RequestState] = {}
    for word, state in read.table(given, "statuses").items():
        code = read.code(word, f"statuses.{word}")
        try:
            inside = _STATE(state)
        except ValueError as problem:
            read.problems.append(f"statuses.{word}: {problem}")
            continue
        if code is not None:
            statuses[code] = RequestState(inside)
    return statuses


def read_fields(read: Reader, given: object) -> dict[Code, Field]:
    """The fields that the desk declares, by name."""
    fields: dict[Code, Field] = {}
    for word, table in read.table(given, "fields").items():
        path = f"fields.{word}"
        code = read.code(word, path)
        declared = read.fields(table, _FIELD, path)
        if code is None:
            continue
        field = fields[code] = Field(name=code, **declared)
        if (field.type is FieldType.CHOICE) is not bool(field.choices):
            read.problems.append(
                f"{path}.choices: a field of type choice has some, and no other field has any"
            )
        if field.required_on_close and field.on is FieldOn.CUSTOMER:
            read.problems.append(
                f"{path}.required_on_close: what is closed is a conversation or request, not a customer"
            )
    if len(fields) > MAX_FIELDS:
        read.problems.append(f"fields: at most {MAX_FIELDS} may be declared, not {len(fields)}")
    return fields
