"""What work came to be called: a conversation's subject, a request's status."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, RequestId, TextRef
from ..values import value
from .root import Event

__all__ = ["NAMING_EVENTS", "RequestStatusSet", "SubjectSet"]


@value(kw_only=True)
class SubjectSet(Event):
    """Somebody said what the conversation is about. (Audite)"""

    tag: ClassVar[str] = "subject.set"
    subject: TextRef


@value(kw_only=True)
class RequestStatusSet(Event):
    """The request stands at a status of the desk's own, or at none, in the state in which it was. (SentiOne)"""

    tag: ClassVar[str] = "request.status_set"
    request_id: RequestId
    status: Code | None = None


NAMING_EVENTS: tuple[type[Event], ...] = (SubjectSet, RequestStatusSet)
