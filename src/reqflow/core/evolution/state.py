"""What a state begins as, what it is stored as, and how it is looked into."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from .. import events as e
from ..lifecycle import CONVERSATION
from ..model import Conversation, Request, RequestId
from ..values import changed

__all__ = ["ORDER", "begin", "find_request", "later", "trim"]

ORDER = attrgetter("opened_at", "id")
"""Open requests stand oldest first, whatever order their messages arrived in."""


def later(known: datetime | None, told: datetime | None) -> datetime | None:
    """The later of two moments, either of which may be missing: late news never turn a clock back."""
    if known is None or told is None:
        return told if known is None else known
    return max(known, told)


def find_request(conversation: Conversation, request_id: RequestId) -> Request | None:
    """The request, if the conversation's state still holds it."""
    for request in conversation.requests:
        if request.id == request_id:
            return request
    for request in conversation.closed:
        if request.id == request_id:
            return request
    return None


def trim(conversation: Conversation) -> Conversation:
    """The state as it is stored: of the closed requests only the one closed last."""
    if len(conversation.closed) <= 1:
        return conversation
    return changed(conversation, closed=conversation.closed[-1:])


def begin(event: e.ConversationOpened) -> Conversation:
    """The state after the first event of a conversation."""
    state = CONVERSATION.initial
    return Conversation(
        id=event.conversation_id,
        channel_id=event.channel_id,
        requester=event.requester,
        state=state,  # type: ignore[arg-type]  # the table is typed by StrEnum, the state by its own
        audience=event.audience,
        version=0,
        opened_at=event.opened_at,
        active_at=event.opened_at,
        level=event.level,
        subject=event.subject,
    )
