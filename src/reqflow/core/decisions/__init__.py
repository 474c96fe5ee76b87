"""``decide``: what each command makes happen in a step, or why it is refused. Each module holds one subject.

A decision is a function of the step and the command. It says what happened with `Step.emit`, takes what it knows
from the step's overlay, and raises `Refused` or `UnknownId` before anything has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from ..automations import Automation, answer_rules
from ..facts import Outcome
from ..operations.step import Step
from ..rights.permissions import check
from .answers import ANSWER_DECISIONS
from .attention import ATTENTION_DECISIONS
from .bars import BAR_DECISIONS
from .contacts import CONTACT_DECISIONS
from .conversations import CONVERSATION_DECISIONS
from .customers import CUSTOMER_DECISIONS
from .descriptions import DESCRIPTION_DECISIONS
from .drafts import DRAFT_DECISIONS
from .escalation import ESCALATION_DECISIONS
from .fields import FIELD_DECISIONS
from .follow_ups import FOLLOW_UP_DECISIONS
from .host import HOST_DECISIONS
from .links import LINK_DECISIONS
from .naming import NAMING_DECISIONS
from .notes import NOTE_DECISIONS
from .replies import REPLY_DECISIONS
from .requests import REQUEST_DECISIONS
from .starting import START_DECISIONS
from .structure import STRUCTURE_DECISIONS
from .tags import TAG_DECISIONS
from .undoing import UNDO_DECISIONS

__all__ = ["DECISIONS", "conclude", "decide"]

DECISIONS: Mapping[type[c.Command], Callable[[Step, Any], Outcome]] = MappingProxyType(
    {
        **REQUEST_DECISIONS,
        **CONVERSATION_DECISIONS,
        **REPLY_DECISIONS,
        **STRUCTURE_DECISIONS,
        **UNDO_DECISIONS,
        **START_DECISIONS,
        **LINK_DECISIONS,
        **NOTE_DECISIONS,
        **DRAFT_DECISIONS,
        **TAG_DECISIONS,
        **NAMING_DECISIONS,
        **FIELD_DECISIONS,
        **CONTACT_DECISIONS,
        **CUSTOMER_DECISIONS,
        **BAR_DECISIONS,
        **DESCRIPTION_DECISIONS,
        **ANSWER_DECISIONS,
        **HOST_DECISIONS,
        **FOLLOW_UP_DECISIONS,
        **ATTENTION_DECISIONS,
        **ESCALATION_DECISIONS,
    }
)


def decide(step: Step, command: c.Command) -> Outcome:
    """Carry out a command in a step, if its actor may give it. Raises `Refused`, `Forbidden` or `UnknownId`."""
    decision = DECISIONS.get(command.__class__)
    if decision is None:
        raise Refused("unknown_command", f"{type(command).__name__} is no command of this desk")
    check(step, command)
    return decision(step, command)


def conclude(step: Step, rules: Sequence[Automation]) -> None:
    """End a step, and let the rules answer what happened in it."""
    events = step.finish()
    if rules:
        answer_rules(step, events, rules, decide)
