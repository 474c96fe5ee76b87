"""Declared fields: what may stand in one, and which are missing when work is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from math import isfinite

from ..errors import Refused
from .model import Code, Conversation, FieldValue, Request, Resolution, TextRef
from .settings import Desk, Field, FieldOn, FieldType

__all__ = ["declared", "need_filled", "typed"]


def declared(desk: Desk, name: Code, *on: FieldOn) -> Field:
    """The desk's field of this name, on one of these kinds of things. Raises `Refused` naming those that there are."""
    field = desk.fields.get(name)
    if field is None or field.on not in on:
        known = ", ".join(each.name for each in desk.fields.values() if each.on in on)
        raise Refused(
            "unknown_field", f"no field {name!r} on a {' or '.join(on)}; declared are {known or 'none'}"
        )
    return field


def typed(field: Field, content: object, text_of: Callable[[str], TextRef]) -> FieldValue | None:
    """What the field holds when it is given this; None, and blank text, empty it.

    Raises `Refused` saying what the field takes; the content itself, which may be personal, is not repeated there.
    """
    if content is None or (isinstance(content, str) and not content.strip()):
        return None
    name = field.name
    match field.type, content:
        case FieldType.TEXT, str():
            return FieldValue(name, text=text_of(content))
        case FieldType.NUMBER, int() | float() if not isinstance(content, bool):
            if -_LARGEST <= content <= _LARGEST and isfinite(content):
                return FieldValue(name, number=float(content) + 0.0)  # there is but one zero
        case FieldType.FLAG, bool():
            return FieldValue(name, flag=content)
        case FieldType.CHOICE, str():
            choice = next((each for each in field.choices if each == content.strip().casefold()), None)
            if choice is not None:
                return FieldValue(name, choice=choice)
        case FieldType.MOMENT, datetime() if content.tzinfo is not None:
            return FieldValue(name, at=content)
        case _:
            pass
    raise Refused("wrong_value", f"field {name} takes {_takes(field)}")


_LARGEST = 2**53
"""Up to here every whole number is told from the next."""


def _takes(field: Field) -> str:
    match field.type:
        case FieldType.TEXT:
            return "text"
        case FieldType.NUMBER:
            return f"a number between -{_LARGEST} and {_LARGEST}"
        case FieldType.FLAG:
            return "true or false"
        case FieldType.CHOICE:
            return f"one of {', '.join(field.choices)}"
        case FieldType.MOMENT:
            return "a datetime with a time zone"


# --- required on close ---

_NO_WORK = frozenset(
    {
        Resolution.REJECTED,
        Resolution.IGNORED,
        Resolution.DUPLICATE,
        Resolution.MERGED,
        Resolution.BARRED,
        Resolution.NOT_A_REQUEST,
    }
)
"""Endings that say that there was nothing to work on here, so nothing to fill in about it either."""


def need_filled(
    desk: Desk, conversation: Conversation, requests: Iterable[Request], resolution: Resolution, *, ends: bool
) -> None:
    """Let nobody close work while a field that the desk requires is missing: no person, rule or program of the host.

    Timers, bars, and conversations that absorb each other close without asking: nobody is there to fill anything in.
    ``ends`` says that the conversation ends, too, and what it lacks counts. Raises `Refused` naming all that lacks.
    """
    if resolution in _NO_WORK:
        return
    missing: list[str] = []
    if ends:
        missing += _missing(desk, FieldOn.CONVERSATION, conversation, "the conversation")
    for request in requests:
        missing += _missing(desk, FieldOn.REQUEST, request, request.id)
    if missing:
        raise Refused("fields_missing", f"fill in before closing: {', '.join(missing)}")


def _missing(desk: Desk, on: FieldOn, of: Conversation | Request, where: str) -> list[str]:
    has = {each.field for each in of.fields}
    return [f"{f.name} of {where}" for f in desk.required_fields if f.on is on and f.name not in has]
