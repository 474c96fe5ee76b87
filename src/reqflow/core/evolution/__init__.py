"""``evolve``: what a conversation and its requests are after an event. Total, and without any facts.

Everything that a decision knew travels in the event, and who and when stand in its history entry; so the fold
of the history is the state, and nothing else can be. Each module holds the rules of one subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Actor, Conversation
from .attention import ATTENTION_RULES
from .conversations import CONVERSATION_RULES
from .descriptions import DESCRIPTION_RULES
from .drafts import DRAFT_RULES
from .escalation import ESCALATION_RULES
from .later import LATER_RULES
from .marks import MARK_RULES
from .messages import MESSAGE_RULES
from .requests import REQUEST_RULES
from .state import begin, find_request, later, trim

__all__ = ["begin", "evolve", "find_request", "later", "trim"]

Rule = Callable[[Conversation, Any, datetime, Actor], Conversation]

_RULES: Mapping[type[e.Event], Rule] = MappingProxyType(
    {
        **MESSAGE_RULES,
        **REQUEST_RULES,
        **CONVERSATION_RULES,
        **LATER_RULES,
        **DRAFT_RULES,
        **DESCRIPTION_RULES,
        **MARK_RULES,
        **ATTENTION_RULES,
        **ESCALATION_RULES,
    }
)


def evolve(conversation: Conversation, event: e.Event, at: datetime, actor: Actor) -> Conversation:
    """The conversation after the event. ``at`` and ``actor`` are those of its history entry.

    Events without a bearing on state (and `Opaque` ones) change nothing.
    """
    rule = _RULES.get(event.__class__)
    return conversation if rule is None else rule(conversation, event, at, actor)
