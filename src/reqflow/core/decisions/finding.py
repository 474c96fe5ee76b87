"""What commands name: it is found, or refused, in the same words everywhere."""

from __future__ import annotations

from typing import TypeVar

from ...errors import Refused, UnknownId
from ..batch import HoldKind
from ..evolution import find_request
from ..model import Conversation, ConversationId, Request, RequestId
from ..operations.step import Step
from ..records import Record

__all__ = [
    "conversation_of",
    "need_kept",
    "need_open",
    "need_open_conversation",
    "relied_on",
    "request_in",
    "request_of",
]

R = TypeVar("R", bound=Record)


def conversation_of(step: Step, id: ConversationId) -> Conversation:
    """The conversation of this id, as the step has made it so far. Raises `UnknownId`; `Refused` if it was erased."""
    conversation = step.conversation(id)
    if conversation is None:
        raise UnknownId(f"no conversation {id}")
    need_kept(conversation)
    return conversation


def request_of(step: Step, id: RequestId) -> tuple[Request, Conversation]:
    """The request of this id, open or closed, and its conversation. Raises `UnknownId`; `Refused` if it was erased."""
    request, conversation = step.overlay.request(id)
    if request is None or conversation is None:
        raise UnknownId(f"no request {id}")
    need_kept(conversation)
    return request, conversation


def request_in(step: Step, conversation: Conversation, id: RequestId) -> Request:
    """The request of this id, open or closed, in a conversation. Raises `UnknownId`; `Refused` if it is elsewhere."""
    request = find_request(conversation, id)
    if request is None:
        request, home = request_of(step, id)
        if home.id != conversation.id:
            raise Refused("not_here", f"{id} is no request of {conversation.id}")
    return request


def relied_on(step: Step, kind: type[R], id: str) -> R | None:
    """The record of this id, relied upon as it is, or upon there being none."""
    known = step.record(kind, id)
    if known is None:
        step.overlay.hold(HoldKind.RECORD, f"{kind.tag} {id}", 0)
    else:
        step.rely_on(known)
    return known


def need_open(request: Request) -> None:
    """Let a request be worked on only while it is open. Raises `Refused`."""
    if not request.is_open:
        raise Refused("closed", f"request {request.id} is closed ({request.resolution}); reopen it first")


def need_kept(conversation: Conversation) -> None:
    """Let nothing go on in a conversation whose requester was erased. Raises `Refused`."""
    if conversation.erased is not None:
        raise Refused("erased", f"whoever asked in {conversation.id} was erased")


def need_open_conversation(conversation: Conversation) -> None:
    """The same of a conversation. Raises `Refused`."""
    if not conversation.is_open:
        raise Refused("closed", f"conversation {conversation.id} is closed ({conversation.reason})")
