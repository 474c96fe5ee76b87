"""``decide`` for the desk that speaks first: somebody gets a message, and what they answer belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Forbidden, Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..ids import conversation_id as conversation_id_of
from ..ids import make_text, profile_id, request_id
from ..model import (
    ActorKind,
    AgentId,
    Audience,
    Code,
    ConversationId,
    Lane,
    MessageId,
    ProfileId,
    Reason,
    RequestId,
    TextRef,
)
from ..operations.step import Step
from ..placing.attaching import attached, need_carried
from ..placing.introductions import introduce
from ..records import Bar
from ..rights.permissions import principal_of
from ..settings import ChannelSettings
from ..values import changed
from .finding import relied_on
from .replies import message_key, need_publish, written
from .requests import agent_of

__all__ = ["DECISIONS"]

_CUSTOMER, _INTERNAL = Audience.CUSTOMER, Audience.INTERNAL


def _start(step: Step, command: c.StartConversation) -> Outcome:
    settings = step.desk.channel(command.channel)
    if settings is None:
        raise Refused("unknown_channel", f"no channel {command.channel} on this desk")
    agent = principal_of(step.actor, step.desk, step.author).agent
    if agent is not None and not step.desk.granted(agent, command.channel):
        raise Forbidden("no_grant", f"{agent.id} was not granted {command.channel}")
    says = bool(command.text.strip() or command.attachments)
    if says:
        need_publish(step)
        need_carried(step.desk, command.channel, command.attachments)
    profile, address = _addressee(step, command)
    bar = relied_on(step, Bar, profile)
    if bar is not None and bar.is_barred:
        raise Refused(
            "barred", f"{profile} is barred, and nothing that they answer would come in: unbar it first"
        )
    key = message_key(step)
    conversation = conversation_id_of(key)
    place = _lead(step, command, settings, profile, conversation)
    if command.to is not None:
        introduce(step, profile, command.to, command.name)
    step.emit(
        conversation,
        e.ConversationOpened(
            conversation_id=conversation,
            channel_id=command.channel,
            requester=profile,
            audience=_CUSTOMER,
            opened_at=step.at,
            lane_version=place,
        ),
    )
    request = _ask(step, settings, conversation, key, profile) if says and command.request else None
    if says:
        _say(step, command, conversation, key, request, address)
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=conversation,
        request_id=request,
        message_id=key if says else None,
    )


def _addressee(step: Step, command: c.StartConversation) -> tuple[ProfileId, TextRef]:
    """Whom it goes to, and the reference to their address."""
    if command.to is not None:
        id = profile_id(command.to, step.desk.salt)
        address = make_text(command.to, id, "address", _INTERNAL, id, step.desk.salt)
        return id, address.ref
    known = None if command.profile_id is None else step.overlay.profile(command.profile_id)
    if known is None:
        raise UnknownId(f"no profile {command.profile_id}")
    return known.id, known.address


def _lead(
    step: Step,
    command: c.StartConversation,
    settings: ChannelSettings,
    profile: ProfileId,
    conversation: ConversationId,
) -> int:
    """Let the lane of a direct channel lead to the conversation. Refused while another one is open with them."""
    if not settings.by_profile:
        return 0
    version, _, latest = step.overlay.lane(command.channel, profile)
    if latest is not None and latest.is_open:
        raise Refused("already_open", f"{latest.id} with them is open: answer there")
    place = step.overlay.lane_place(command.channel, profile)
    step.lane = Lane(command.channel, profile, version + 1, conversation)
    return place


def _ask(
    step: Step,
    settings: ChannelSettings,
    conversation: ConversationId,
    key: MessageId,
    requester: ProfileId,
) -> RequestId:
    """The sender's work: what they wait for is theirs."""
    agent = agent_of(step.actor, step.desk) if step.actor.kind is ActorKind.AGENT else None
    made, reason = request_id(key), Reason(Code("started"), message_id=key)
    opened = e.RequestOpened(
        request_id=made,
        opener=key,
        requester=requester,
        opened_at=step.at,
        queue=settings.queue,
        reason=reason,
    )
    step.emit(conversation, opened)
    if agent is not None:
        taken = e.RequestAssigned(request_id=made, assignee=AgentId(agent), reason=reason)
        step.emit(conversation, taken)
    return made


def _say(
    step: Step,
    command: c.StartConversation,
    conversation: ConversationId,
    key: MessageId,
    request: RequestId | None,
    to: TextRef,
) -> None:
    text = step.write(command.text, key, "body", _CUSTOMER)
    files = attached(step, command.attachments, key, _CUSTOMER, step.actor)
    message = written(step, conversation, command.channel, key, text, step.actor)
    message = changed(message, request_id=request, attachments=files)
    step.message = message
    step.emit(conversation, e.MessagePosted(message=message, to=to))


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.StartConversation: _start})
