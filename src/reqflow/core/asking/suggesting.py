"""Answers first, escalation second: what may help already is offered before the form opens, and counted. (Slack)"""

from __future__ import annotations

from ..model import ChannelId, Code, NativeId, RequestId
from ..values import value

__all__ = ["Deflection", "Offered", "Suggestion"]


@value(kw_only=True)
class Suggestion:
    """Something that may help: an article by its ``address``, or an earlier request, by where it was asked."""

    title: str = ""
    address: str | None = None
    request_id: RequestId | None = None
    channel_id: ChannelId | None = None
    native: NativeId | None = None


@value(kw_only=True)
class Offered:
    """What was offered; ``offer_id`` opens the form, and so says that none of it helped."""

    offer_id: Code
    theme: Code
    suggestions: tuple[Suggestion, ...]


@value(kw_only=True)
class Deflection:
    """How often something was offered, and how often the form opened all the same."""

    offered: int
    opened: int

    @property
    def share(self) -> float:
        """How many needed no form, from 0 to 1; 0 where nothing was offered."""
        return 1 - self.opened / self.offered if self.offered else 0.0
