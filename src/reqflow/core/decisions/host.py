"""What hosts put on record, have done, and have asked later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..model import MAX_TIMERS, Code, Conversation, FieldValue, RequestId
from ..operations.step import Step
from .finding import conversation_of, need_open_conversation, request_in

__all__ = ["DECISIONS"]


def _there(step: Step, command: Any) -> Conversation:
    """The conversation that a command names, with the request it names in it. Raises `UnknownId` or `Refused`."""
    conversation = conversation_of(step, command.conversation_id)
    if command.request_id is not None:
        request_in(step, conversation, command.request_id)
    return conversation


def _data(step: Step, command: Any) -> tuple[FieldValue, ...]:
    source = step.new_id("h")
    told = [_datum(name, content) for name, content in command.data]
    for name, body in command.texts:
        told.append(FieldValue(name, text=step.write(body, source, name)))
    return tuple(told)


def _datum(name: Code, content: object) -> FieldValue:
    if isinstance(content, bool):
        return FieldValue(name, flag=content)
    if isinstance(content, int | float):
        return FieldValue(name, number=float(content))
    if isinstance(content, datetime):
        return FieldValue(name, at=content)
    return FieldValue(name, choice=Code(str(content)))


def _done(conversation: Conversation, request_id: RequestId | None = None) -> Outcome:
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request_id)


def _record(step: Step, command: c.RecordEvent) -> Outcome:
    conversation = _there(step, command)
    recorded = e.HostRecorded(name=command.name, data=_data(step, command), request_id=command.request_id)
    step.emit(conversation.id, recorded)
    return _done(conversation, command.request_id)


def _send(step: Step, command: c.SendEffect) -> Outcome:
    conversation = _there(step, command)
    queued = e.HostEffectQueued(
        kind=command.kind,
        destination=command.destination,
        data=_data(step, command),
        request_id=command.request_id,
    )
    step.emit(conversation.id, queued)
    return _done(conversation, command.request_id)


def _set(step: Step, command: c.SetTimer) -> Outcome:
    conversation, name = _there(step, command), command.name
    need_open_conversation(conversation)
    if command.due_at <= step.at:
        raise Refused("past_moment", f"{command.due_at.isoformat()} has passed already")
    if len(set(_names(conversation)) | {name}) > MAX_TIMERS:
        raise Refused("too_many", f"{conversation.id} has {MAX_TIMERS} timers already; cancel one of them")
    about = command.request_id
    step.emit(conversation.id, e.HostTimerSet(name=name, due_at=command.due_at, request_id=about))
    return _done(conversation, about)


def _cancel(step: Step, command: c.CancelTimer) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    if command.name in _names(conversation):
        step.emit(conversation.id, e.HostTimerCancelled(name=command.name))
    return _done(conversation)


def _names(conversation: Conversation) -> Iterator[Code]:
    return (each.name for each in conversation.timers)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.RecordEvent: _record, c.SendEffect: _send, c.SetTimer: _set, c.CancelTimer: _cancel}
)
