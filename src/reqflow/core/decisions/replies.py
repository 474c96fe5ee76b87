"""A colleague writes: to the customer, or internally; at once, or after a review (see `.drafts`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Forbidden, Refused
from .. import commands as c
from .. import events as e
from ..asking.pointing import pointed
from ..facts import Outcome, OutcomeKind
from ..ids import message_id
from ..model import (
    Actor,
    ActorKind,
    AgentId,
    Attachment,
    Audience,
    ChannelId,
    Code,
    CommandKey,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    NativeId,
    Pointer,
    Reason,
    Request,
    RequestId,
    RequestState,
    Side,
    TextRef,
)
from ..operations.step import Step
from ..placing.attaching import attached, need_carried
from ..placing.routing import meant_request
from ..rights.permissions import principal_of
from ..settings import Right
from .finding import conversation_of, need_open_conversation
from .requests import agent_of, assigned

__all__ = [
    "DECISIONS",
    "answerable",
    "answered",
    "message_key",
    "need_publish",
    "post",
    "reply",
    "written",
]

_AGENT, _TEAM, _CUSTOMER = ActorKind.AGENT, Side.TEAM, Audience.CUSTOMER
_AUTOMATION = ActorKind.AUTOMATION
_UNASSIGNED, _DONE = RequestState.UNASSIGNED, OutcomeKind.DONE


def answerable(step: Step, conversation_id: ConversationId, audience: Audience) -> Conversation:
    """The open conversation, if it takes words for this audience. Raises `UnknownId` or `Refused`.

    A rule may write into a closed one, too: customers are told that it was closed. (OneDesk)
    """
    conversation = conversation_of(step, conversation_id)
    if step.actor.kind is not _AUTOMATION or conversation.continued_in is not None:
        need_open_conversation(conversation)
    if audience is _CUSTOMER and conversation.audience is not _CUSTOMER:
        raise Refused("internal", f"conversation {conversation.id} is internal")
    return conversation


def answered(
    conversation: Conversation, request_id: RequestId | None, agent: AgentId | None, *, late: bool = False
) -> Request | None:
    """The open request that an answer is for: the one it names, else the one it means. Raises `Refused`.

    ``late`` lets it name the one that was closed last, too.
    """
    if request_id is None:
        return meant_request(conversation, agent)
    for request in (*conversation.requests, *(conversation.closed if late else ())):
        if request.id == request_id:
            return request
    raise Refused("not_here", f"{request_id} is no open request of {conversation.id}")


def need_publish(step: Step) -> None:
    """Let only those write to customers at once who may publish without a review. Raises `Forbidden`. (SentiOne)

    A rule may do what its author may.
    """
    principal = principal_of(step.actor, step.desk, step.author)
    if not principal.has(Right.PUBLISH):
        raise Forbidden("needs_review", f"{step.actor.id} writes to customers after a review: submit a draft")


def message_key(step: Step) -> MessageId:
    """The id of the message that a step posts."""
    return message_id(CommandKey(f"out:{step.key}"), step.at)  # apart from what brought a rule here


def reply(step: Step, command: c.Reply, answer: Code | None = None) -> Outcome:
    """Write as the actor. ``answer`` names the quick answer that says it. Raises `UnknownId` or `Refused`."""
    conversation = answerable(step, command.conversation_id, command.audience)
    if not command.text.strip() and not command.attachments:
        raise Refused("empty", "a reply needs some text, or something attached")
    agent = agent_of(step.actor, step.desk) if step.actor.kind is _AGENT else None
    if command.audience is _CUSTOMER:
        need_publish(step)
        if command.attachments:
            need_carried(step.desk, conversation.channel_id, command.attachments)
    request = answered(conversation, command.request_id, agent, late=step.actor.kind is _AUTOMATION)
    pointers = tuple([pointed(step, conversation.channel_id, each) for each in command.pointers])
    key = message_key(step)
    text = step.write(command.text, key, "body", command.audience)
    files: tuple[Attachment, ...] = ()
    if command.attachments:
        files = attached(step, command.attachments, key, command.audience, step.actor)
    return post(step, conversation, request, key, text, step.actor, answer, files, pointers)


def post(
    step: Step,
    conversation: Conversation,
    request: Request | None,
    key: MessageId,
    text: TextRef,
    author: Actor,
    answer: Code | None = None,
    attachments: tuple[Attachment, ...] = (),
    pointers: tuple[Pointer, ...] = (),
) -> Outcome:
    """Write in the conversation as ``author``, for the audience of the text.

    An agent who is the first to answer the customer gets the request. (Thena)
    """
    about = request.id if request is not None else None
    message = written(step, conversation.id, conversation.channel_id, key, text, author, about, attachments)
    step.message = message
    step.emit(conversation.id, e.MessagePosted(message=message, answer=answer, pointers=pointers))
    if (
        request is not None
        and request.state is _UNASSIGNED
        and text.audience is _CUSTOMER
        and author.kind is _AGENT
        and AgentId(author.id) in step.desk.agents
        and step.desk.settings(conversation.channel_id).assign_first_response
    ):
        reason = Reason(Code("first_response"), message_id=key)
        step.emit(conversation.id, assigned(request, AgentId(author.id), reason))
    return Outcome(
        kind=_DONE,
        conversation_id=conversation.id,
        request_id=about,
        message_id=key,
    )


def written(
    step: Step,
    conversation_id: ConversationId,
    channel_id: ChannelId,
    key: MessageId,
    text: TextRef,
    author: Actor,
    request_id: RequestId | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Message:
    """The row of a message that the desk posts now."""
    return Message(
        key,
        NativeId(f"out:{key}"),
        conversation_id=conversation_id,
        request_id=request_id,
        channel_id=channel_id,
        author=author,
        profile_id=None,
        side=_TEAM,
        audience=text.audience,
        sent_at=step.at,
        received_at=step.at,
        text=text,
        attachments=attachments,
    )


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.Reply: reply})
