"""Follow-ups: written now, sent in time, unless the customer writes first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..model import MAX_FOLLOW_UPS, Audience, Code, Conversation, FollowUp, MessageId, Reason
from ..operations.step import Step
from .finding import conversation_of, need_open_conversation
from .replies import answerable, answered, need_publish

__all__ = ["DECISIONS", "call_off", "reply_of"]


def _schedule(step: Step, command: c.ScheduleFollowUp) -> Outcome:
    conversation = answerable(step, command.conversation_id, Audience.CUSTOMER)
    need_open_conversation(conversation)
    if not command.text.strip():
        raise Refused("empty", "a follow-up needs some text")
    if command.due_at <= step.at:
        raise Refused("past_moment", f"{command.due_at.isoformat()} has passed already")
    if len(conversation.follow_ups) >= MAX_FOLLOW_UPS:
        raise Refused(
            "too_many", f"{conversation.id} has {MAX_FOLLOW_UPS} follow-ups already; cancel one of them"
        )
    need_publish(step)
    if command.request_id is not None:
        answered(conversation, command.request_id, None)
    follow_up_id = step.new_id("u")
    scheduled = e.FollowUpScheduled(
        follow_up_id=follow_up_id,
        # internal until it is sent: then the customer gets a text of their own
        text=step.write(command.text, follow_up_id, "body"),
        due_at=command.due_at,
        author=step.author,
        request_id=command.request_id,
    )
    step.emit(conversation.id, scheduled)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, record_id=follow_up_id)


def _cancel(step: Step, command: c.CancelFollowUp) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    if all(each.id != command.follow_up_id for each in conversation.follow_ups):
        raise UnknownId(f"no follow-up {command.follow_up_id} waits in {conversation.id}")
    reason = Reason(Code("asked"))
    step.emit(conversation.id, e.FollowUpCancelled(follow_up_id=command.follow_up_id, reason=reason))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, record_id=command.follow_up_id)


def call_off(step: Step, conversation: Conversation, message_id: MessageId) -> None:
    """The customer has written: what was to follow up on them is not sent. (freescout#4061)"""
    reason = Reason(Code("customer_wrote"), message_id=message_id)
    for each in conversation.follow_ups:
        step.emit(conversation.id, e.FollowUpCancelled(follow_up_id=each.id, reason=reason))


def reply_of(step: Step, conversation: Conversation, follow_up: FollowUp) -> c.Reply:
    """The reply that a due follow-up is, given by whoever scheduled it."""
    about = follow_up.request_id
    return c.Reply(
        by=follow_up.by,
        conversation_id=conversation.id,
        text=step.overlay.text(follow_up.text),
        request_id=about if any(each.id == about for each in conversation.requests) else None,
    )


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.ScheduleFollowUp: _schedule, c.CancelFollowUp: _cancel}
)
