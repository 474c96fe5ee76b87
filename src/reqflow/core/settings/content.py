"""What a desk declares of content: its fields. Its tags and statuses are plain tables of the `Desk`."""

from __future__ import annotations

from enum import StrEnum

from ..model import Code
from ..values import value

__all__ = ["Field", "FieldOn", "FieldType"]


class FieldOn(StrEnum):
    """What kind of thing a field belongs to."""

    CONVERSATION = "conversation"
    REQUEST = "request"
    CUSTOMER = "customer"


class FieldType(StrEnum):
    """What a field takes: words, a finite number, yes or no, one of its choices, an aware moment."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    MOMENT = "moment"


@value(kw_only=True)
class Field:
    """A field that a desk declares, and what may stand in it.

    Attributes:
        name: what it is called in commands, events and history.
        on: what kind of thing has it.
        type: what it takes.
        choices: the words that a field of type ``choice`` takes.
        required_on_close: nobody closes work as done while it is missing; timers, bars and merges may.
        filterable: what has it is found by its value, through an index; counts for values set from then on.
    """

    name: Code
    on: FieldOn = FieldOn.CONVERSATION
    type: FieldType = FieldType.TEXT
    choices: tuple[Code, ...] = ()
    required_on_close: bool = False
    filterable: bool = False
