"""What happens to quick answers, each in a stream of its own."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, TextRef
from ..values import value
from .root import Event

__all__ = ["ANSWER_EVENTS", "AnswerDefined", "AnswerRetired"]


@value(kw_only=True)
class AnswerDefined(Event):
    """The desk has this quick answer now, or another one under its name. (Audite)"""

    tag: ClassVar[str] = "answer.defined"
    answer: Code
    category: Code
    title: TextRef
    text: TextRef


@value(kw_only=True)
class AnswerRetired(Event):
    """The quick answer is not offered any more."""

    tag: ClassVar[str] = "answer.retired"
    answer: Code


ANSWER_EVENTS: tuple[type[Event], ...] = (AnswerDefined, AnswerRetired)
