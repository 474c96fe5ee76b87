"""What a request is after it went to specialists, or after somebody said how urgent it is and how much is broken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation, Escalation
from .marks import change_held, held

__all__ = ["RULES"]


def _escalated(
    conversation: Conversation, event: e.RequestEscalated, at: datetime, actor: Actor
) -> Conversation:
    if event.how is Escalation.TRANSFER:
        return change_held(conversation, event, actor, theme=event.theme, level=event.level)
    assert event.child is not None  # a consultation is a request of its own
    consults = (*held(conversation, event).consults, event.child)
    return change_held(conversation, event, actor, consults=consults)


def _answered(
    conversation: Conversation, event: e.ConsultAnswered, at: datetime, actor: Actor
) -> Conversation:
    consults = tuple([each for each in held(conversation, event).consults if each != event.child])
    return change_held(conversation, event, actor, consults=consults)


def _severity(
    conversation: Conversation, event: e.RequestSeveritySet, at: datetime, actor: Actor
) -> Conversation:
    return change_held(conversation, event, actor, severity=event.severity)


def _prioritized(
    conversation: Conversation, event: e.RequestPrioritized, at: datetime, actor: Actor
) -> Conversation:
    return change_held(conversation, event, actor, priority=event.priority)


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.RequestEscalated: _escalated,
        e.ConsultAnswered: _answered,
        e.RequestSeveritySet: _severity,
        e.RequestPrioritized: _prioritized,
    }
)
