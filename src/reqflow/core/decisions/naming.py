"""What work is called: a conversation's subject, a request's status."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..model import Audience, Code, Request, TextRef
from ..operations.step import Step
from ..settings import Desk
from .finding import conversation_of, request_of

__all__ = ["DECISIONS", "write_subject"]


def write_subject(step: Step, words: str | None, source: str, audience: Audience) -> TextRef | None:
    """Put a subject on record, in one line; None where there are no words. ``source`` names it (see `make_text`)."""
    line = " ".join(words.split()) if words else ""
    return step.write(line, source, "subject", audience) if line else None


def _title(step: Step, command: c.SetSubject) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    # a colleague's words for colleagues: what a mail's own thread is called stays what the customer reads
    subject = write_subject(step, command.subject, step.new_id("s"), Audience.INTERNAL)
    if subject is None:
        raise Refused("empty", "a subject needs some text")
    step.emit(conversation.id, e.SubjectSet(subject=subject))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id)


def _set_status(step: Step, command: c.SetStatus) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    if command.status is not None:
        _need_inside(step.desk, command.status, request)
    if request.status != command.status:
        step.bring_back(conversation, request)
        step.emit(conversation.id, e.RequestStatusSet(request_id=request.id, status=command.status))
    return Outcome(kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=request.id)


def _need_inside(desk: Desk, status: Code, request: Request) -> None:
    """Refuse a name of a place where the request does not stand: to get there takes a command that moves it."""
    state = desk.statuses.get(status)
    if state is None:
        known = ", ".join(desk.statuses) or "none"
        raise Refused("unknown_status", f"no status {status!r} on this desk; it has {known}")
    if state is not request.state:
        raise Refused(
            "wrong_state", f"status {status!r} is for {state} requests; {request.id} is {request.state}"
        )


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.SetSubject: _title, c.SetStatus: _set_status})
