"""What an agent is told beside a conversation."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from ..core.commands.checks import check_word
from ..core.model import Actor, Conversation, ConversationId
from ..core.settings import Desk
from ..core.values import value
from ..core.views import expires_at, is_unanswered
from ..errors import UnknownId
from .asks import Ask
from .contacts import Card, card
from .viewing import viewer

__all__ = ["Facts", "facts"]


@value(kw_only=True)
class Facts:
    """A conversation with what people want to see beside it. (Audite)

    ``card`` says who asks: name, e-mail address, badge, bar. ``expires_at`` is when the conversation, or a request in
    it, ends by itself if nobody says anything more, and ``remaining`` how long that is from now; None where nothing
    does. ``unanswered`` is as in OneDesk. When it began, its sentiment and its language stand in ``conversation``.
    """

    conversation: Conversation
    card: Card
    expires_at: datetime | None
    remaining: timedelta | None
    unanswered: bool


def facts(
    desk: Desk, conversation_id: ConversationId, now: datetime, by: Actor | None = None
) -> Generator[Ask, Any, Facts]:
    """What there is to tell colleagues about a conversation. Raises `UnknownId`, for customers too."""
    reader = viewer(desk, by)
    check_word("conversation_id", conversation_id)
    conversation = yield from reader.conversation(conversation_id)
    if conversation is None or not reader.sees_history(conversation):
        raise UnknownId(f"no conversation {conversation_id}")
    who = yield from card(desk, conversation.requester)  # whoever sees what somebody asks may know who it is
    ends_at = expires_at(conversation, desk.settings(conversation.channel_id))
    return Facts(
        conversation=conversation,
        card=who,
        expires_at=ends_at,
        remaining=None if ends_at is None else max(ends_at - now, timedelta(0)),
        unanswered=is_unanswered(conversation),
    )
