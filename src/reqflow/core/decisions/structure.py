"""``decide`` for what belongs together: a message becomes a request, two requests become one, one becomes two."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..batch import Adopted
from ..evolution import find_request
from ..facts import Outcome, OutcomeKind, WantPlaced, WantRequest
from ..ids import request_id
from ..model import (
    AgentId,
    CloseReason,
    Code,
    Conversation,
    LinkKind,
    Message,
    MessageId,
    ProfileId,
    QueueId,
    Reason,
    Request,
    RequestId,
    Resolution,
    Side,
)
from ..operations.step import Step
from ..placing.absorbing import Absorption
from ..rights.permissions import need_seen
from .finding import need_open, request_of
from .requests import assigned, lead, led_on, need_assignable, reopen, target_of

__all__ = ["DECISIONS", "MOST", "promoted"]

_FIRST = MessageId("")
MOST = 20
"""How many requests one message may open."""


# --- promote ---


def _promote(step: Step, command: c.Promote) -> Outcome:
    message, conversation = _named(step, command)
    absent = f"no message {command.message_id or (command.inbound or command).native}"
    conversation = need_seen(step, conversation, absent)
    if message is None:
        raise UnknownId(absent)
    request = promoted(step, conversation, message, command.assignee)
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=request.conversation_id,
        request_id=request.id,
        message_id=message.id,
    )


def promoted(
    step: Step, conversation: Conversation, message: Message, assignee: AgentId | None = None
) -> Request:
    """The request that is made of a message, or that it belongs to, open. Raises `Refused` or `UnknownId`."""
    if message.side is not Side.REQUESTER or message.profile_id is None:
        raise Refused("not_asked", f"{message.id} is from the team: only who asks has requests")
    if message.deleted_at is not None:
        raise Refused("deleted", f"{message.id} was deleted by its author")
    if message.request_id is not None:
        return _asked_already(step, message.request_id, assignee)
    return _opened(step, conversation, message, message.profile_id, assignee)


def _named(step: Step, command: c.Promote) -> tuple[Message | None, Conversation | None]:
    if command.message_id is not None:
        return step.overlay.placed(command.message_id)
    named = command.inbound or command
    return step.overlay.written(named.channel, named.native)  # type: ignore[arg-type]  # it names both or neither


def _asked_already(step: Step, named: RequestId, assignee: AgentId | None) -> Request:
    """The request that the message belongs to, open again if it was closed, and given to whoever is to have it."""
    request, conversation = request_of(step, named)
    request, conversation = led_on(step.overlay, request, conversation)
    conversation = need_seen(step, conversation, f"no request {named}")
    if assignee is not None:
        need_assignable(step.desk, assignee, conversation, request.queue)
    if not request.is_open:
        reopen(step, conversation, request, Reason(Code("promoted")))
    return _given(step, conversation, request.id, assignee)


def _opened(
    step: Step, conversation: Conversation, message: Message, requester: ProfileId, assignee: AgentId | None
) -> Request:
    settings = step.desk.settings(conversation.channel_id)
    if conversation.continued_in is not None:
        raise Refused("continued", f"its conversation goes on in {conversation.continued_in}")
    if assignee is not None:
        need_assignable(step.desk, assignee, conversation, settings.queue)
    reason = Reason(Code("promoted"), message_id=message.id)
    place = _led(step, conversation, requester, reason)
    group_at = message.sent_at if message.top and settings.groups else None
    opened = _open(step, conversation, message, requester, reason, queue=settings.queue, lane_version=place)
    step.revise(message, e.MessageMoved(message_id=message.id, request_id=opened, group_at=group_at))
    if conversation.messages > 1 and conversation.active_at >= message.sent_at:
        step.emit(conversation.id, e.MessageAdopted(request_id=opened, since_at=message.sent_at))
        step.adopted.append(Adopted(conversation.id, opened, message.sent_at))
    if group_at is not None:
        _take_in_followers(step, message, requester, opened)
    if assignee is None and settings.owner is not None:
        owned = e.RequestAssigned(
            request_id=opened, assignee=settings.owner, reason=Reason(Code("channel_owner"))
        )
        step.emit(conversation.id, owned)
    return _given(step, conversation, opened, assignee)


def _led(step: Step, conversation: Conversation, requester: ProfileId, reason: Reason) -> int:
    """Open the conversation again if it is closed; returns the lane's version if the request makes the lane lead here.

    Talk in which nobody asked anything yet becomes about who asks now.
    """
    place = 0
    if conversation.is_quiet:
        place = lead(step, conversation, requester)
    if not conversation.is_open:
        back = 0 if conversation.is_quiet else lead(step, conversation, conversation.requester)
        step.emit(conversation.id, e.ConversationReopened(reason=reason, lane_version=back))
    return place


def _open(
    step: Step,
    conversation: Conversation,
    opener: Message,
    requester: ProfileId,
    reason: Reason,
    *,
    queue: QueueId | None,
    lane_version: int = 0,
    origin: Request | None = None,
) -> RequestId:
    """A request that this message opens, whatever others it opened before."""
    made = _fresh_id(step, opener.id)
    step.emit(
        conversation.id,
        e.RequestOpened(
            request_id=made,
            opener=opener.id,
            requester=requester,
            opened_at=opener.sent_at,
            queue=queue,
            team=None if origin is None else origin.team,
            lane_version=lane_version,
            origin=None if origin is None else origin.id,
            reason=reason,
        ),
    )
    return made


def _fresh_id(step: Step, opener: MessageId) -> RequestId:
    """An id that none of the requests has which the message opened before. Raises `Refused` beyond `MOST`."""
    ids = [request_id(opener, ordinal) for ordinal in range(MOST)]
    step.overlay.facts(*map(WantRequest, ids))  # in one go
    for each in ids:
        if step.overlay.request(each)[0] is None:
            return each
    raise Refused("too_many", f"{opener} opened {MOST} requests already")


def _take_in_followers(step: Step, message: Message, author: ProfileId, request: RequestId) -> None:
    """What the author wrote next, close enough, belongs to the request, as if it had been detected at once."""
    settings = step.desk.settings(message.channel_id)
    neighbours = step.overlay.neighbours(message.channel_id, author, message.sent_at, _FIRST)
    channel, sent_at = message.channel_id, message.sent_at
    absorption = Absorption(step, settings, channel, author, message.id, sent_at, sent_at)
    here = Outcome(
        kind=OutcomeKind.PLACED,
        conversation_id=message.conversation_id,
        request_id=request,
        message_id=message.id,
    )
    absorption.pull(here, neighbours)


def _given(step: Step, conversation: Conversation, named: RequestId, assignee: AgentId | None) -> Request:
    """The request as the step has made it, given to a colleague by hand if one is named."""
    now = step.conversation(conversation.id) or conversation
    request = find_request(now, named)
    if request is None:
        raise UnknownId(f"no request {named}")
    if assignee is not None and request.assignee != assignee:
        step.emit(conversation.id, assigned(request, assignee, Reason(Code("asked"))))
    return request


# --- merge ---


def _merge(step: Step, command: c.Merge) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    target, home = target_of(step, request, command.into)
    need_seen(step, home, f"no request {command.into}")
    if not target.is_open:
        raise Refused("closed", f"request {target.id} is closed ({target.resolution}); reopen it first")
    reason = Reason(Code("asked"))
    ended = e.RequestClosed(
        request_id=request.id, resolution=Resolution.MERGED, into=target.id, reason=reason
    )
    if home.id == conversation.id:
        step.emit(conversation.id, ended)
    else:
        _merge_across(step, conversation, home, ended, reason)
    return Outcome(kind=OutcomeKind.DONE, conversation_id=home.id, request_id=target.id)


def _merge_across(
    step: Step, conversation: Conversation, home: Conversation, ended: e.RequestClosed, reason: Reason
) -> None:
    """Both conversations know of each other, which also keeps two merges at once from closing both requests."""
    step.emit(conversation.id, e.ConversationLinked(kind=LinkKind.MERGED, other=home.id))
    step.emit(home.id, e.ConversationLinked(kind=LinkKind.MERGED, other=conversation.id))
    ends = step.desk.settings(conversation.channel_id).close_with_last_request
    if ends and len(conversation.requests) == 1 and _one_person(conversation, home):
        # what they write where they asked first goes on where they are answered
        closed = e.ConversationClosed(close_reason=CloseReason.MERGED, into=home.id, reason=reason)
        step.emit(conversation.id, closed)
    step.emit(conversation.id, ended)


def _one_person(one: Conversation, other: Conversation) -> bool:
    return (one.requester, one.channel_id, one.audience) == (
        other.requester,
        other.channel_id,
        other.audience,
    )


# --- split ---


def _split(step: Step, command: c.Split) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    step.overlay.facts(*map(WantPlaced, command.message_ids))  # in one go
    messages = sorted(
        (_of_request(step, each, request) for each in command.message_ids),
        key=lambda each: (each.sent_at, each.id),
    )
    opener = messages[0]
    if opener.side is not Side.REQUESTER or opener.profile_id is None:
        raise Refused(
            "not_asked", f"{opener.id} is from the team: the earliest message must be from who asks"
        )
    if command.assignee is not None:
        need_assignable(step.desk, command.assignee, conversation, request.queue)
    reason = Reason(Code("split"), message_id=opener.id)
    made = _open(step, conversation, opener, opener.profile_id, reason, queue=request.queue, origin=request)
    for message in messages:
        if (
            message.id != request.opener
        ):  # which the old request cites, and which is only cited by the new one
            moved = e.MessageMoved(
                message_id=message.id, request_id=made, previous=request.id, group_at=message.group_at
            )
            step.revise(message, moved)
    given = _given(step, conversation, made, command.assignee)
    return Outcome(
        kind=OutcomeKind.DONE, conversation_id=conversation.id, request_id=given.id, message_id=opener.id
    )


def _of_request(step: Step, id: MessageId, request: Request) -> Message:
    message, _ = step.overlay.placed(id)
    if message is None or message.conversation_id != request.conversation_id:
        raise UnknownId(f"no message {id} in {request.conversation_id}")
    if message.request_id != request.id:
        raise Refused("not_here", f"{id} does not belong to {request.id}")
    return message


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.Promote: _promote, c.Merge: _merge, c.Split: _split}
)
