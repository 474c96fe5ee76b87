"""What is to happen later in a conversation, after something was arranged, done, or called off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, ActorKind, Conversation, FollowUp, HostTimer, Request, Waited
from ..values import changed

__all__ = ["LATER_RULES"]


def _set(conversation: Conversation, event: e.HostTimerSet, at: datetime, actor: Actor) -> Conversation:
    others = [each for each in conversation.timers if each.name != event.name]
    timers = (*others, HostTimer(event.name, event.due_at, event.request_id))
    return changed(conversation, timers=timers, marked=_marked_by(conversation, actor))


def _marked_by(conversation: Conversation, actor: Actor) -> bool:
    """What a person left keeps the conversation from being absorbed; what a rule left does not."""
    return conversation.marked or actor.kind is ActorKind.AGENT


def _done(
    conversation: Conversation, event: e.HostTimerCancelled | e.HostTimerFired, at: datetime, actor: Actor
) -> Conversation:
    return changed(conversation, timers=tuple([x for x in conversation.timers if x.name != event.name]))


def _scheduled(
    conversation: Conversation, event: e.FollowUpScheduled, at: datetime, actor: Actor
) -> Conversation:
    made = FollowUp(event.follow_up_id, event.due_at, event.text, actor, event.author, event.request_id)
    follow_ups = (*conversation.follow_ups, made)
    return changed(conversation, follow_ups=follow_ups, marked=_marked_by(conversation, actor))


def _over(
    conversation: Conversation, event: e.FollowUpCancelled | e.FollowUpSent, at: datetime, actor: Actor
) -> Conversation:
    rest = tuple([each for each in conversation.follow_ups if each.id != event.follow_up_id])
    return changed(conversation, follow_ups=rest)


def _waited(conversation: Conversation, event: e.RuleWaited, at: datetime, actor: Actor) -> Conversation:
    requests = [_asked(r, event) if r.id == event.request_id else r for r in conversation.requests]
    return changed(conversation, requests=tuple(requests))


def _asked(request: Request, event: e.RuleWaited) -> Request:
    others = [each for each in request.waited if each.rule != event.rule]
    return changed(request, waited=(*others, Waited(event.rule, event.since_at)))


LATER_RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.HostTimerSet: _set,
        e.HostTimerCancelled: _done,
        e.HostTimerFired: _done,
        e.FollowUpScheduled: _scheduled,
        e.FollowUpCancelled: _over,
        e.FollowUpSent: _over,
        e.RuleWaited: _waited,
    }
)
