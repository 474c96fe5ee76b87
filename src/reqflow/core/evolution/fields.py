"""What a conversation or a request is after a field of it was set, or cleared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation, FieldValue
from .marks import change_held, held, left

__all__ = ["RULES"]


def _filled(conversation: Conversation, event: e.FieldSet, at: datetime, actor: Actor) -> Conversation:
    if event.request_id is None:
        return left(conversation, actor, fields=_with(conversation.fields, event.value))
    fields = _with(held(conversation, event).fields, event.value)
    return change_held(conversation, event, actor, fields=fields)


def _emptied(conversation: Conversation, event: e.FieldCleared, at: datetime, actor: Actor) -> Conversation:
    if event.request_id is None:
        return left(conversation, actor, fields=_without(conversation.fields, event.field))
    fields = _without(held(conversation, event).fields, event.field)
    return change_held(conversation, event, actor, fields=fields)


def _without(values: tuple[FieldValue, ...], field: str) -> tuple[FieldValue, ...]:
    return tuple([each for each in values if each.field != field])


def _with(values: tuple[FieldValue, ...], new: FieldValue) -> tuple[FieldValue, ...]:
    return tuple(sorted((*_without(values, new.field), new), key=lambda each: each.field))


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.FieldSet: _filled, e.FieldCleared: _emptied})
