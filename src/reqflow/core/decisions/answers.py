"""Quick answers: the catalogue, and sending one as it is. (Audite)"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..answers import filled, misspelt, placeholders
from ..commands.checks import MAX_TEXT
from ..facts import Outcome, OutcomeKind
from ..model import Code
from ..operations.step import Step
from ..records import Answer
from .replies import reply

__all__ = ["DECISIONS"]


def _define(step: Step, command: c.DefineAnswer) -> Outcome:
    title = " ".join(command.title.split())
    if not title or not command.text.strip():
        raise Refused("empty", "a quick answer needs a title and a text")
    wrong = misspelt(command.text)
    if wrong:
        raise Refused(
            "bad_placeholder",
            f"{', '.join(wrong)}: a placeholder is a name of letters, digits and '_' in doubled braces",
        )
    source = step.new_id("a")
    defined = e.AnswerDefined(
        answer=command.answer,
        category=command.category,
        title=step.write(title, source, "title"),
        text=step.write(command.text, source, "body"),
    )
    step.change(defined)
    return _done(command.answer)


def _retire(step: Step, command: c.RetireAnswer) -> Outcome:
    _offered(step, command.answer)
    step.change(e.AnswerRetired(answer=command.answer))
    return _done(command.answer)


def _send(step: Step, command: c.SendAnswer) -> Outcome:
    body = step.overlay.text(_offered(step, command.answer).text)
    values = dict(command.values)
    missing = [name for name in placeholders(body) if name not in values]
    if missing:
        raise Refused("missing_values", f"quick answer {command.answer} needs {', '.join(missing)}")
    text = filled(body, values)
    if len(text) > MAX_TEXT:
        raise Refused(
            "too_long", f"quick answer {command.answer} with these values has {len(text):,} characters"
        )
    written = c.Reply(
        by=command.by,
        conversation_id=command.conversation_id,
        text=text,
        request_id=command.request_id,
    )
    return reply(step, written, command.answer)


def _offered(step: Step, name: Code) -> Answer:
    answer = step.record(Answer, name)
    if answer is None or answer.retired_at is not None:
        raise UnknownId(f"no quick answer {name!r} on this desk")
    return answer


def _done(name: Code) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, record_id=name)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.DefineAnswer: _define, c.RetireAnswer: _retire, c.SendAnswer: _send}
)
