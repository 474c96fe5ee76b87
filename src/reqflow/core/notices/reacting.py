"""What events ask to be done outside, from the words that are posted to the notices of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .. import asking, effects, notices
from .. import events as e
from ..model import AgentId, Audience, ChannelId, Code, Conversation, Message, Pointer, Side, TextRef
from ..settings import ChannelSettings, Desk
from .means import MEANS
from .people import AGENTS, about
from .table import Line, lines_of
from .words import Notice, NoticeRule, Telling, Who

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = ["Hearing", "hearing"]

Reaction = Callable[["Step", Conversation, Any, ChannelSettings], None]

_CUSTOMER, _TEAM = Audience.CUSTOMER, Side.TEAM

_REMEMBERED = 10_000


class Hearing(dict[type[e.Event], tuple[Reaction, ...]]):
    """What reacts to each class of events in a channel as it is set up, found when one happens for the first time.

    A reaction queues effects; it gets the state after the event. Most desks tell nobody of most events: those cost
    them a look-up. ``ruled`` says that rules for notices are asked, too, whatever happens.
    """

    def __init__(self, desk: Desk, settings: ChannelSettings, *, ruled: bool) -> None:
        super().__init__()
        self._desk = desk
        self.settings = settings
        self._ruled = ruled

    def __missing__(self, happened: type[e.Event]) -> tuple[Reaction, ...]:
        lines = lines_of(happened.tag, self._desk, self.settings)
        told: tuple[Reaction, ...] = ()
        if lines or self._ruled:
            told = (partial(_tell_listeners if happened.tag in _WORDS else _tell, lines),)
        found = self[happened] = (
            *self._counting(_BEFORE.get(happened.tag, ())),
            *told,
            *self._counting(_AFTER.get(happened.tag, ())),
        )
        return found

    def _counting(self, reactions: tuple[Reaction, ...]) -> Iterator[Reaction]:
        return (each for each in reactions if each not in _WHERE or _WHERE[each](self.settings))


def hearing(desk: Desk, channel: ChannelId, *, ruled: bool) -> Hearing:
    """What reacts to the events of a channel's conversations. The desk remembers it, as ``heard``."""
    found: Hearing | None = desk.heard.get((channel, ruled))
    if found is None:
        found = Hearing(desk, desk.settings(channel), ruled=ruled)
        if len(desk.heard) >= _REMEMBERED:
            desk.heard.clear()
        desk.heard[channel, ruled] = found
    return found


# --- words that are posted ---


def _posted(
    step: Step, conversation: Conversation, event: e.MessagePosted, settings: ChannelSettings
) -> None:
    _post(step, conversation, event.message, settings, event.to, event.pointers)


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
        effects.PostMessage(
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


# --- what becomes of a conversation ---


def _watch(
    step: Step,
    conversation: Conversation,
    event: e.MessageReceived | e.MessagePosted,
    settings: ChannelSettings,
) -> None:
    notices.watch(step, conversation, event.message, settings)


def _assigned(
    step: Step, conversation: Conversation, event: e.RequestAssigned, settings: ChannelSettings
) -> None:
    notices.looked(step, conversation, event.assignee)


def _followed(
    step: Step, conversation: Conversation, event: e.ConversationFollowed, settings: ChannelSettings
) -> None:
    notices.looked(step, conversation, event.agent)


def _ended(
    step: Step, conversation: Conversation, event: e.ConversationClosed, settings: ChannelSettings
) -> None:
    notices.give_up(step, conversation, event)


def _greet(step: Step, conversation: Conversation, event: e.RequestOpened, settings: ChannelSettings) -> None:
    notices.greet(step, conversation, event, settings)


def _answered(
    step: Step, conversation: Conversation, event: e.RequestClosed, settings: ChannelSettings
) -> None:
    asking.bring_answer(step, conversation, event, settings)


def _for_host(
    step: Step, conversation: Conversation, event: e.HostEffectQueued, settings: ChannelSettings
) -> None:
    step.queue(
        event.destination,
        effects.HostEffect(
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
        effects.OpenTicket(
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
        effects.PageEngineers(
            destination=event.destination,
            conversation_id=conversation.id,
            request_id=request.id,
            opener=request.opener,
            severity=event.severity,
        ),
    )


# --- the table ---


def _tell_listeners(
    lines: Sequence[Line], step: Step, conversation: Conversation, event: Any, settings: ChannelSettings
) -> None:
    if conversation.followers or settings.assignees_follow or step.overlay.notice_rules:
        _tell(lines, step, conversation, event, settings)


def _tell(
    lines: Sequence[Line], step: Step, conversation: Conversation, event: Any, settings: ChannelSettings
) -> None:
    notices: Iterable[Notice] = _meant(step, conversation, event, settings, lines)
    rules = step.overlay.notice_rules
    if rules and event.__class__ is not e.RuleRefused:  # that is what a failing one leaves
        notices = _ruled(step, conversation, event, tuple(notices), rules)
    for notice in notices:
        MEANS[notice.who](step, conversation, event, settings, notice)


def _meant(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, lines: Sequence[Line]
) -> list[Notice]:
    """The notices of the table; an agent who is several of those told is told once, as the first."""
    notices: list[Notice] = []
    told: set[AgentId] = set()
    for line in lines:
        if line.when is not None and not line.when(event, settings):
            continue
        code = line.code if line.code is not None else event.code
        for agent in AGENTS[line.who](step, conversation, event, settings):
            if agent is None:
                notices.append(Notice(code=code, who=line.who))
            elif line.who is Who.REPLIER or agent not in told:  # buttons are no news
                told.add(agent)
                notices.append(Notice(code=code, who=line.who, agent=agent))
    return notices


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


_WORDS = frozenset({"message.posted", "message.received"})
"""Of these only those are told who listen."""

_BEFORE: Mapping[str, tuple[Reaction, ...]] = MappingProxyType(
    {
        "message.posted": (_posted, _watch),
        "message.received": (_received, _watch),
        "request.assigned": (_assigned,),
        "conversation.followed": (_followed,),
        "conversation.closed": (_ended,),
        "request.severity_set": (_page,),
        "host.effect_queued": (_for_host,),
        "ticket.requested": (_for_tickets,),
    }
)
"""What each event asks for, by its tag, before anybody is told of it."""

_AFTER: Mapping[str, tuple[Reaction, ...]] = MappingProxyType(
    {"request.opened": (_greet,), "request.closed": (_answered,)}
)
"""What it asks for after that."""

_WHERE: Mapping[Reaction, Callable[[ChannelSettings], bool]] = MappingProxyType(
    {
        **dict.fromkeys((_watch, _assigned, _followed, _ended), lambda settings: settings.forwards),
        _greet: lambda settings: settings.greets,
    }
)
"""In which channels a reaction counts; the others in all."""
