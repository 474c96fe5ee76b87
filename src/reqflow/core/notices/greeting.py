"""The automatic answer of a bot to what a customer asks, and what keeps two machines from answering each other.

Nothing is ever answered to a bot or to mail that a machine sent: what those say opens no request. Beyond that a
profile gets one answer in a span of time, and a channel gives so many in an hour. (FreeScout, Zammad: loops of mail)
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .. import events as e
from ..ids import digest_of
from ..model import ActorKind, Audience, Code, Conversation
from ..records import Greeted, GreetedHere
from ..settings import AutoReply, ChannelSettings

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = ["greet"]

AUTO_REPLY = Code("auto_reply")

PARTS = 8
"""In how many parts a channel's answers are counted: writers of different parts do not wait for each other."""

_BY_THEMSELVES = frozenset({"detected", "first_message"})


def greet(step: Step, conversation: Conversation, event: e.RequestOpened, settings: ChannelSettings) -> None:
    """Answer the request that was opened, if nothing speaks against it."""
    text = settings.auto_reply
    if text is None or conversation.audience is not Audience.CUSTOMER:
        return
    if event.reason.code not in _BY_THEMSELVES or step.actor.kind is ActorKind.BOT:
        return  # a colleague made it one, and is there to answer
    if settings.auto_reply_on is AutoReply.FIRST and conversation.greeted_at is not None:
        return
    known = step.record(Greeted, event.requester)
    if known is not None and step.at - known.greeted_at < settings.auto_reply_every:
        return
    part = digest_of(event.requester.encode())[0] % PARTS
    place = Code(f"{conversation.channel_id}.{part}")
    here, hour = step.record(GreetedHere, place), _hour(step.at)
    count = here.count if here is not None and here.hour_at == hour else 0
    if count * PARTS >= settings.auto_reply_most:
        return
    step.put(Greeted(id=Code(event.requester), version=known.version + 1 if known else 1, greeted_at=step.at))
    version = here.version + 1 if here is not None else 1
    step.put(GreetedHere(id=place, version=version, hour_at=hour, count=count + 1))
    step.say_after(conversation.id, AUTO_REPLY, text)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
