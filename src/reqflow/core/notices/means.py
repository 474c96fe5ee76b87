"""By which effect each of those who are told gets a notice. Effects hold references, never texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from .. import effects, records
from .. import events as e
from ..ids import make_text, profile_id
from ..model import AgentId, Audience, Code, Conversation, Message, QueueId, TeamId, TextRef
from ..settings import OWN_MEANS, ChannelSettings
from .people import about, specialists_of
from .words import Notice, Who

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = ["MEANS", "address_of", "card_key"]


def _agent(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    agent = step.desk.agents.get(notice.agent) if notice.agent is not None else None
    scheme = agent.notices.scheme(notice.code) if agent is not None else None
    if agent is None or scheme is None:
        return  # they left, or do not want to know
    message: Message | None = getattr(event, "message", None)
    step.queue(
        Code(f"{scheme}:{agent.id}"),
        effects.NotifyAgent(
            agent=agent.id,
            conversation_id=conversation.id,
            request_id=getattr(event, "request_id", None) or (message.request_id if message else None),
            code=notice.code,
            message_id=message.id if message else getattr(event, "message_id", None),
            record_id=getattr(event, "draft_id", None),
            text=message.text if message else None,
            to=None if scheme == OWN_MEANS else address_of(step, agent.id, scheme),
        ),
    )


def address_of(step: Step, agent: AgentId, scheme: str) -> TextRef | None:
    """The agent's address on a transport, put on record; None if they have none."""
    for address in step.desk.agents[agent].addresses:
        if address.partition(":")[0] == scheme:
            profile = profile_id(address, step.desk.salt)
            text = make_text(address, profile, "address", Audience.INTERNAL, profile, step.desk.salt)
            step.texts.append(text)
            return text.ref
    return None


def _team(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    named: QueueId | None = getattr(event, "queue", None)
    queue = step.desk.queues.get(named) if named is not None else None
    if queue is not None and queue.policy is not None:
        return  # nobody has to look: it is handed out, and who gets it is told
    teams: frozenset[TeamId] = queue.teams if queue is not None else frozenset()
    team_of_it: TeamId | None = getattr(event, "team", None)
    if team_of_it is not None:
        teams = frozenset((team_of_it,))
    for team in sorted(teams or settings.responder_teams):
        step.queue(
            Code(f"team:{team}"),
            effects.NotifyTeam(
                team=team,
                conversation_id=conversation.id,
                request_id=getattr(event, "request_id", None),
                code=notice.code,
                queue=named,
            ),
        )


def card_key(request_id: str) -> Code:
    """What the states of one request's card are told apart from others by: only the latest matters."""
    return Code(f"card:{request_id}")


def _triage(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    request = about(conversation, event)
    if request is None:
        return
    took = isinstance(event, e.RequestAssigned) and event.reason.code == "took_it"
    card = effects.AnnounceRequest(
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        request_id=request.id,
        opener=request.opener,
        code=Code("looking_into_it") if took else notice.code,
        state=request.state,
        assignee=request.assignee,
        queue=request.queue,
        resolution=request.resolution,
    )
    if settings.triage is not None:
        step.queue(settings.triage, card, card_key(request.id))
    room = specialists_of(step, conversation, event) if step.desk.themes else None
    if room is not None and room != settings.triage:
        shown = attrs.evolve(card, room=room)
        step.queue(room, shown, card_key(records.card_id(request.id, room)))


def _replier(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    request = about(conversation, event)
    if notice.agent is None or request is None:
        return
    step.queue(
        Code(conversation.channel_id),
        effects.OfferActions(
            agent=notice.agent,
            channel_id=conversation.channel_id,
            conversation_id=conversation.id,
            request_id=request.id,
            answers=conversation.thread,
        ),
    )


_TAKEN_AWAY = frozenset({"unassigned", "reopened"})


def _opener(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    request = about(conversation, event)
    if request is None or request.parent is not None:  # the message is another request's
        return
    done = notice.code in ("done", "reopened")
    step.queue(
        Code(conversation.channel_id),
        effects.React(
            channel_id=conversation.channel_id,
            conversation_id=conversation.id,
            request_id=request.id,
            message_id=request.opener,
            emoji=settings.emoji_done if done else settings.emoji_assigned,
            remove=notice.code in _TAKEN_AWAY,
        ),
    )


_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "assigned": "{agent} is looking into this.",
        "on_hold": "This is on hold for now.",
        "woken": "We are working on this again.",
        "closed": "This is done now. If anything is missing, just write here.",
        "reopened": "This is open again.",
    }
)
"""What customers are told where the channel's settings have no other words."""


def _customer(
    step: Step, conversation: Conversation, event: Any, settings: ChannelSettings, notice: Notice
) -> None:
    if conversation.audience is not Audience.CUSTOMER:
        return
    words = notice.text or settings.status_texts.get(notice.code) or _WORDS.get(notice.code)
    if words is None:
        return
    request = about(conversation, event)
    agent = step.desk.agents.get(request.assignee) if request is not None and request.assignee else None
    name = agent.name if agent is not None else ""
    step.say_after(conversation.id, Code("status_text"), words.replace("{agent}", name))


MEANS: Mapping[Who, Callable[[Step, Conversation, Any, ChannelSettings, Notice], None]] = MappingProxyType(
    {
        **dict.fromkeys(Who, _agent),
        Who.REPLIER: _replier,
        Who.TEAM: _team,
        Who.TRIAGE: _triage,
        Who.OPENER: _opener,
        Who.CUSTOMER: _customer,
    }
)
"""How a notice reaches those that a word of the table stands for. Whoever is no special case is an agent."""
