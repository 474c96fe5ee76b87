"""``decide``: what each command makes happen in a step, or why it is refused. Each module holds one subject.

A decision is a function of the step and the command. It says what happened with `Step.emit`, takes what it knows
from the step's overlay, and raises `Refused` or `UnknownId` before anything has changed. That on a command of
``commands/tags.py`` stands in ``tags.py`` here, in the table ``DECISIONS``, and is loaded with the first such command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import Refused
from ...rooms import parted, window
from .. import automations, rights
from .. import commands as c
from ..facts import Outcome
from ..operations.step import Step

if TYPE_CHECKING:
    from .contacts import has_room, link
    from .descriptions import describe
    from .follow_ups import call_off
    from .links import ticket_reported
    from .naming import write_subject
    from .requests import assigned, led_on, reopened, woken
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".contacts": "has_room link",
            ".descriptions": "describe",
            ".follow_ups": "call_off",
            ".links": "ticket_reported",
            ".naming": "write_subject",
            ".requests": "assigned led_on reopened woken",
        },
    )

__all__ = [
    "Decision",
    "assigned",
    "call_off",
    "conclude",
    "decide",
    "decision_on",
    "describe",
    "has_room",
    "led_on",
    "link",
    "reopened",
    "ticket_reported",
    "woken",
    "write_subject",
]

Decision = Callable[[Step, Any], Outcome]

decision_on: Callable[[type[c.Command]], Decision | None] = parted(
    __name__,
    "DECISIONS",
    "answers attention bars contacts conversations customers descriptions drafts erasure escalation "
    "fields follow_ups host links naming notes replies requests starting structure tags undoing",
)
"""The decision on commands of a class; None of a class that this desk does not know."""


def decide(step: Step, command: c.Command) -> Outcome:
    """Carry out a command in a step, if its actor may give it. Raises `Refused`, `Forbidden` or `UnknownId`."""
    decision = decision_on(command.__class__)
    if decision is None:
        raise Refused("unknown_command", f"{type(command).__name__} is no command of this desk")
    rights.check(step, command)
    return decision(step, command)


def conclude(step: Step, rules: Sequence[automations.Automation]) -> None:
    """End a step, and let the rules answer what happened in it."""
    events = step.finish()
    if rules:
        automations.answer_rules(step, events, rules, decide)
