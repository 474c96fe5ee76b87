"""What a conversation is after a timer of the host's was set, called off, or rang."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation, HostTimer
from ..values import changed
from .marks import left

__all__ = ["RULES"]


def _set(conversation: Conversation, event: e.HostTimerSet, at: datetime, actor: Actor) -> Conversation:
    others = [each for each in conversation.timers if each.name != event.name]
    timers = (*others, HostTimer(event.name, event.due_at, event.request_id))
    return left(conversation, actor, timers=timers)


def _done(
    conversation: Conversation, event: e.HostTimerCancelled | e.HostTimerFired, at: datetime, actor: Actor
) -> Conversation:
    return changed(conversation, timers=tuple([x for x in conversation.timers if x.name != event.name]))


RULES: Mapping[type[e.Event], Any] = MappingProxyType(
    {
        e.HostTimerSet: _set,
        e.HostTimerCancelled: _done,
        e.HostTimerFired: _done,
    }
)
