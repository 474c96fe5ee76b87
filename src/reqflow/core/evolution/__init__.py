"""``evolve``: what a conversation and its requests are after an event. Total, and without any facts.

Everything that a decision knew travels in the event, and who and when stand in its history entry; so the fold
of the history is the state, and nothing else can be. Each module holds the rules on the events of one subject, by
the same name, and is loaded with the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ...rooms import parted
from .. import events as e
from ..model import Actor, Conversation
from .state import begin, find_request, later, trim

__all__ = ["begin", "evolve", "find_request", "later", "trim"]

Rule = Callable[[Conversation, Any, datetime, Actor], Conversation]

_rule_on: Callable[[type[e.Event]], Rule | None] = parted(
    __name__,
    "RULES",
    "attention conversations descriptions drafts erasure escalation fields follow_ups host "
    "links messages naming notes remarks requests tags",
)


def evolve(conversation: Conversation, event: e.Event, at: datetime, actor: Actor) -> Conversation:
    """The conversation after the event. ``at`` and ``actor`` are those of its history entry.

    Events without a bearing on state (and `Opaque` ones) change nothing.
    """
    rule = _rule_on(event.__class__)
    return conversation if rule is None else rule(conversation, event, at, actor)
