"""What hosts put on record, have done, and have asked later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..evolution import find_request
from ..facts import Outcome, OutcomeKind
from ..model import MAX_TIMERS, Code, Conversation, FieldValue, RequestId
from ..step import Step

__all__ = ["HOST_DECISIONS"]


def _there(step: Step, command: Any) -> Conversation:
    """The conversation that a command names, with the request it names in it. Raises `UnknownId`."""
    conversation = step.conversation(command.conversation_id)
    if conversation is None:
        raise UnknownId(f"no conversation {command.conversation_id}")
    about: RequestId | None = command.request_id
    if about is not None and find_request(conversation, about) is None:
        request, _ = step.overlay.request(about)
        if request is None or request.conversation_id != conversation.id:
            raise UnknownId(f"no request {about} in {conversation.id}")
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
    if not conversation.is_open:
        raise Refused("closed", f"conversation {conversation.id} is closed ({conversation.reason})")
    if command.due_at <= step.at:
        raise Refused("past_moment", f"{command.due_at.isoformat()} has passed already")
    if len(set(_names(conversation)) | {name}) > MAX_TIMERS:
        raise Refused("too_many", f"{conversation.id} has {MAX_TIMERS} timers already; cancel one of them")
    about = command.request_id
    step.emit(conversation.id, e.HostTimerSet(name=name, due_at=command.due_at, request_id=about))
    return _done(conversation, about)


def _cancel(step: Step, command: c.CancelTimer) -> Outcome:
    conversation = step.conversation(command.conversation_id)
    if conversation is None:
        raise UnknownId(f"no conversation {command.conversation_id}")
    if command.name in _names(conversation):
        step.emit(conversation.id, e.HostTimerCancelled(name=command.name))
    return _done(conversation)


def _names(conversation: Conversation) -> Iterator[Code]:
    return (each.name for each in conversation.timers)


HOST_DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.RecordEvent: _record, c.SendEffect: _send, c.SetTimer: _set, c.CancelTimer: _cancel}
)
