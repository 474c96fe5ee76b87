"""Fields that a desk declares: filled in and emptied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..fields import declared, typed
from ..ids import make_text
from ..model import Audience, Code, Conversation, CustomerId, FieldValue, Request, RequestId, Text, TextRef
from ..operations.step import Step
from ..records import FieldEntry
from ..records.fields import field_id, value_key
from ..settings import Field, FieldOn
from .bars import customer_of
from .finding import conversation_of, request_in

__all__ = ["DECISIONS", "filled_in"]


def _set(step: Step, command: c.SetField) -> Outcome:
    field = declared(step.desk, command.field, FieldOn.CONVERSATION, FieldOn.REQUEST)
    conversation = conversation_of(step, command.conversation_id)
    request = _request(step, conversation, command, field) if field.on is FieldOn.REQUEST else None
    of: Conversation | Request = request or conversation
    event = _event(
        step,
        field,
        field_id(of.id, field.name),
        next((each for each in of.fields if each.field == field.name), None),
        command.content,
        request_id=request.id if request else None,
    )
    if event is not None:
        if request is not None:
            step.bring_back(conversation, request)
        step.emit(conversation.id, event)
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=conversation.id,
        request_id=request.id if request else None,
        record_id=field_id(of.id, field.name),
    )


def filled_in(step: Step, request: Request, name: Code, content: object) -> e.Event | None:
    """What filling in a field of a request makes happen; None where it says nothing new. Raises `Refused`."""
    field = declared(step.desk, name, FieldOn.REQUEST)
    known = next((each for each in request.fields if each.field == field.name), None)
    return _event(step, field, field_id(request.id, field.name), known, content, request_id=request.id)


def _request(step: Step, conversation: Conversation, command: c.SetField, field: Field) -> Request:
    if command.request_id is None:
        raise Refused("no_request", f"field {field.name} belongs to a request: name the one")
    return request_in(step, conversation, command.request_id)


def _set_customers(step: Step, command: c.SetCustomerField) -> Outcome:
    field = declared(step.desk, command.field, FieldOn.CUSTOMER)
    step.rely_on(customer_of(step, command.customer_id))  # who is merged at this moment keeps what they had
    row = field_id(command.customer_id, field.name)
    entry = step.record(FieldEntry, row)
    known = entry.value if entry is not None else None
    event = _event(step, field, row, known, command.content, customer_id=command.customer_id)
    if event is not None:
        step.change(event)
    return Outcome(kind=OutcomeKind.DONE, record_id=row)


def _event(
    step: Step,
    field: Field,
    row: Code,
    known: FieldValue | None,
    content: object,
    *,
    request_id: RequestId | None = None,
    customer_id: CustomerId | None = None,
) -> e.FieldSet | e.FieldCleared | None:
    """What giving a field this content makes happen; None where it says nothing new. Raises `Refused`."""
    texts: list[Text] = []

    def text_of(body: str) -> TextRef:
        texts.append(
            make_text(
                body,
                step.new_id("f"),
                field.name,
                Audience.INTERNAL,
                customer_id or step.actor.id,
                step.desk.salt,
            )
        )
        return texts[0].ref

    value = typed(field, content, text_of)
    if value is None:
        if known is None:
            return None
        return e.FieldCleared(field_id=row, field=field.name, request_id=request_id, customer_id=customer_id)
    if known is not None and value_key(known) == value_key(value):
        return None
    step.texts += texts
    return e.FieldSet(
        field_id=row,
        value=value,
        filterable=field.filterable,
        request_id=request_id,
        customer_id=customer_id,
    )


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.SetField: _set, c.SetCustomerField: _set_customers}
)
