"""Quick answers: the texts that a desk keeps ready. (Audite)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, Code, TextRef
from ..values import value
from .projection import Projection
from .root import Record, RecordKey

__all__ = ["PROJECTIONS", "Answer"]


@value(kw_only=True)
class Answer(Record):
    """A quick answer; its id is its name. ``text`` may hold placeholders such as ``{{first_name}}``."""

    tag: ClassVar[str] = "answer"
    category: Code
    title: TextRef
    text: TextRef
    defined_at: datetime
    retired_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By category while it is offered, in the order of names."""
        if self.retired_at is not None:
            return ()
        return (RecordKey("category", self.category),)


def _defined(old: Answer | None, event: e.AnswerDefined, stream: str, at: datetime, actor: Actor) -> Answer:
    return Answer(
        id=event.answer,
        category=event.category,
        title=event.title,
        text=event.text,
        defined_at=at,
    )


def _retired(old: Answer, event: e.AnswerRetired, stream: str, at: datetime, actor: Actor) -> Answer:
    return attrs.evolve(old, retired_at=at)


_ID: Any = attrgetter("answer")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {e.AnswerDefined: Projection(Answer, _ID, _defined), e.AnswerRetired: Projection(Answer, _ID, _retired)}
)
