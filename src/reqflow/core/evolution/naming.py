"""What a conversation is after it got a subject, and a request after it got a status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from .marks import change_held, left

__all__ = ["RULES"]


def _titled(conversation: Conversation, event: e.SubjectSet, at: datetime, actor: Actor) -> Conversation:
    return left(conversation, actor, subject=event.subject)


def _set(conversation: Conversation, event: e.RequestStatusSet, at: datetime, actor: Actor) -> Conversation:
    return change_held(conversation, event, actor, status=event.status)


RULES: Mapping[type[e.Event], Any] = MappingProxyType({e.SubjectSet: _titled, e.RequestStatusSet: _set})
