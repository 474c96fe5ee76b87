"""What is to happen later: a host's timers, answers to be sent in time, and which waits of rules are over."""

from __future__ import annotations

from datetime import datetime

from ..values import value
from .ids import AgentId, Code, RequestId
from .values import Actor, TextRef

__all__ = ["MAX_FOLLOW_UPS", "MAX_TIMERS", "FollowUp", "HostTimer", "Waited"]

MAX_TIMERS = 20
"""How many timers of its host's one conversation holds."""

MAX_FOLLOW_UPS = 10
"""How many follow-ups one conversation holds."""


@value
class HostTimer:
    """A timer of the host's: it fires at ``due_at``, once."""

    name: Code
    due_at: datetime
    request_id: RequestId | None = None


@value
class FollowUp:
    """An answer that ``by`` sends at ``due_at``. ``author`` is that of the rule, where a rule scheduled it."""

    id: Code
    due_at: datetime
    text: TextRef
    by: Actor
    author: AgentId | None = None
    request_id: RequestId | None = None


@value
class Waited:
    """A rule's span since this moment is over; the rule is not asked again before a later one."""

    rule: Code
    since_at: datetime
