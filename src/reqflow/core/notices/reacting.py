"""``react``: what an event asks to be done outside, from the words that are posted to the notices of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .. import events as e
from ..consulting import bring_answer
from ..effects import HostEffect, OpenTicket, PageEngineers, PostMessage
from ..model import AgentId, Audience, Code, Conversation, Message, Pointer, Side, TextRef
from ..settings import ChannelSettings
from .greeting import greet
from .means import MEANS
from .people import AGENTS, about
from .table import TABLE, Line
from .unseen import give_up, looked, watch
from .words import Notice, NoticeRule, Telling, Who

if TYPE_CHECKING:
    from ..step import Step

__all__ = ["REACTIONS", "react"]

Reaction = Callable[["Step", Conversation, Any, ChannelSettings], None]

_CUSTOMER, _TEAM = Audience.CUSTOMER, Side.TEAM


def react(step: Step, conversation: Conversation, event: e.Event, settings: ChannelSettings) -> None:
    """Queue the effects of an event; ``conversation`` is the state after it."""
    for reaction in REACTIONS.get(event.__class__, _TOLD):
        reaction(step, conversation, event, settings)


# --- words that are posted ---


def _posted(
    step: Step, conversation: Conversation, event: e.MessagePosted, settings: ChannelSettings
) -> None:
    _post(step, conversation, event.message, settings, event.to, event.pointers)
    _heard(step, conversation, event, settings)


def _post(
    step: Step,
    conversation: Conversation,
    message: Message,
    settings: ChannelSettings,
    to: TextRef | None = None,
    pointers: tuple[Pointer, ...] = (),
) -> None:
    if message.audience is not _CUSTOMER or message.text is None:
        return  # internal words stay on the desk
    step.queue(
        Code(conversation.channel_id),
        PostMessage(
            channel_id=conversation.channel_id,
            conversation_id=conversation.id,
            message_id=message.id,
            audience=message.audience,
            text=message.text,
            answers=conversation.thread,
            # what a colleague sends by mail was not looked at before: the rest stays readable on the desk
            attachments=tuple([each for each in message.attachments if each.kind in settings.carries]),
            to=to,
            pointers=pointers,
        ),
    )


def _received(
    step: Step, conversation: Conversation, event: e.MessageReceived, settings: ChannelSettings
) -> None:
    message = event.message
    elsewhere = message.channel_id != conversation.channel_id
    if elsewhere and message.side is _TEAM and not message.unreviewed:
        _post(step, conversation, message, settings)  # a colleague answers by mail: the customer is elsewhere
    _heard(step, conversation, event, settings)


def _heard(
    step: Step,
    conversation: Conversation,
    event: e.MessageReceived | e.MessagePosted,
    settings: ChannelSettings,
) -> None:
    if settings.forwards:
        watch(step, conversation, event.message, settings)
    if conversation.followers or settings.assignees_follow or step.overlay.notice_rules:
        _tell(step, conversation, event, settings)


# --- what becomes of a conversation ---


def _opened(
    step: Step, conversation: Conversation, event: e.RequestOpened, settings: ChannelSettings
) -> None:
    _tell(step, conversation, event, settings)
    if settings.greets:
        greet(step, conversation, event, settings)


def _assigned(
    step: Step, conversation: Conversation, event: e.RequestAssigned, settings: ChannelSettings
) -> None:
    if settings.forwards:
        looked(step, conversation, event.assignee)
    _tell(step, conversation, event, settings)


def _followed(
    step: Step, conversation: Conversation, event: e.ConversationFollowed, settings: ChannelSettings
) -> None:
    if settings.forwards:
        looked(step, conversation, event.agent)
    _tell(step, conversation, event, settings)


def _ended(
    step: Step, conversation: Conversation, event: e.ConversationClosed, settings: ChannelSettings
) -> None:
    if settings.forwards:
        give_up(step, conversation, event)
    _tell(step, conversation, event, settings)


def _for_host(
    step: Step, conversation: Conversation, event: e.HostEffectQueued, settings: ChannelSettings
) -> None:
    step.queue(
        event.destination,
        HostEffect(
            kind=event.kind,
            destination=event.destination,
            conversation_id=conversation.id,
            request_id=event.request_id,
            data=event.data,
        ),
    )


def _for_tickets(
    step: Step, conversation: Conversation, event: e.TicketRequested, settings: ChannelSettings
) -> None:
    step.queue(
        Code(event.tool),
        OpenTicket(
            tool=event.tool,
            conversation_id=conversation.id,
            kind=event.kind,
            request_id=event.request_id,
            texts=event.texts,
        ),
    )


def _page(
    step: Step, conversation: Conversation, event: e.RequestSeveritySet, settings: ChannelSettings
) -> None:
    request = about(conversation, event)
    if not event.immediate or request is None:
        return
    step.queue(
        event.destination,
        PageEngineers(
            destination=event.destination,
            conversation_id=conversation.id,
            request_id=request.id,
            opener=request.opener,
            severity=event.severity,
        ),
    )


# --- the table ---


def _tell(step: Step, conversation: Conversation, event: Any, settings: ChannelSettings) -> None:
    lines = TABLE.get(event.__class__, ())
    notices: Iterable[Notice] = _meant(step, conversation, event, settings, lines)
    rules = step.overlay.notice_rules
    if rules and event.__class__ is not e.RuleRefused:  # that is what a failing one leaves
        notices = _ruled(step, conversation, event, tuple(notices), rules)
    for notice in notices:
        MEANS[notice.who](step, conversation, event, settings, notice)


def _meant(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, lines: Sequence[Line]
) -> Iterator[Notice]:
    """The notices of the table; an agent who is several of those told is told once, as the first."""
    told: set[AgentId] = set()
    for line in lines:
        if line.when is not None and not line.when(event, settings):
            continue
        code = line.code if line.code is not None else event.code
        for agent in AGENTS[line.who](step, conversation, event, settings):
            if agent is None:
                yield Notice(code=code, who=line.who)
            elif line.who is Who.REPLIER or agent not in told:  # buttons are no news
                told.add(agent)
                yield Notice(code=code, who=line.who, agent=agent)


def _ruled(
    step: Step,
    conversation: Conversation,
    event: e.Event,
    notices: tuple[Notice, ...],
    rules: Sequence[NoticeRule],
) -> tuple[Notice, ...]:
    """What the rules make of the notices, one after the other."""
    for rule in rules:
        if event.__class__ not in rule.on:
            continue
        telling = Telling(
            event=event, conversation=conversation, actor=step.actor, at=step.at, notices=notices
        )
        try:
            notices = _checked(rule, rule.then(telling))
        except Exception as failure:  # noqa: BLE001  (what is told has happened, and a rule's fault does not undo that)
            step.emit(conversation.id, e.RuleRefused(rule=rule.name, code=Code(type(failure).__name__)))
    return notices


def _checked(rule: NoticeRule, given: Iterable[Any]) -> tuple[Notice, ...]:
    notices = tuple(given)
    wrong = next((each for each in notices if not isinstance(each, Notice)), None)
    if wrong is not None:
        raise TypeError(f"rule {rule.name} gave {wrong!r} for a notice")
    return notices


_TOLD: tuple[Reaction, ...] = (_tell,)
REACTIONS: Mapping[type[e.Event], tuple[Reaction, ...]] = MappingProxyType(
    {
        **dict.fromkeys(TABLE, _TOLD),
        e.MessagePosted: (_posted,),
        e.MessageReceived: (_received,),
        e.RequestOpened: (_opened,),
        e.RequestAssigned: (_assigned,),
        e.ConversationFollowed: (_followed,),
        e.RequestClosed: (_tell, bring_answer),
        e.ConversationClosed: (_ended,),
        e.RequestSeveritySet: (_page,),
        e.HostEffectQueued: (_for_host,),
        e.TicketRequested: (_for_tickets,),
    }
)
"""What each event asks for. One that is not here asks for nothing but what rules for notices add."""
