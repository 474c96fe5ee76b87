"""How `DeskMachine` tells a desk of each observation but new messages: changes of them, emoji, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...core.commands import Inbound, MarkSeen, MenuChoice, MessageDeletion, MessageEdit, Reacted
from ...core.model import Actor, ActorKind, Audience, Code
from ...core.records import Offer
from .desk import WRITERS
from .draws import Draws

__all__ = ["OBSERVATIONS"]


def _place(d: Draws) -> dict[str, Any]:
    message = d.message()
    channel = message.channel_id if message is not None else d.channel()
    native = message.native if message is not None else "never-seen"
    scheme = channel.partition(":")[0]
    return {"channel": channel, "native": native, "author": f"{scheme}:{d.one(*WRITERS)}"}


def _edit(d: Draws) -> MessageEdit:
    place = _place(d)
    audience = next(
        (
            each.audience
            for each in d.world.messages
            if (each.channel_id, each.native) == (place["channel"], place["native"])
        ),
        Audience.CUSTOMER,
    )
    return MessageEdit(**place, edited_at=d.moment(), text=d.words(audience))


def _reaction(d: Draws) -> Reacted:
    emoji, letter = d.one("fire", "fire", "smile"), d.letter()
    if d.one(True, False, False):
        scheme = letter.channel.partition(":")[0]
        return Reacted(
            channel=letter.channel,
            native=letter.native,
            author=f"{scheme}:ana",
            emoji=emoji,
            inbound=letter,
        )
    return Reacted(**_place(d), emoji=emoji, removed=d.one(False, False, True), bot=d.one(False, False, True))


def _choice(d: Draws) -> MenuChoice:
    letter = d.letter()
    offers = [each.id for each in d.world.of(Offer)]
    return MenuChoice(
        menu=d.one(*[Code("start")] * 5, Code("none")),
        option=Code(d.one("guide", "bug", "ticket", "wait", "form", "form", "none")),
        channel=letter.channel,
        author=d.one("chat:cara", letter.author),
        native=letter.native,
        chosen_at=letter.sent_at,
        text=d.one(letter.text if letter.audience is Audience.CUSTOMER else "", ""),
        offer=d.one(None, *offers),
    )


def _seen(d: Draws) -> MarkSeen:
    who = d.one(Actor(ActorKind.AGENT, Code(d.agent())), Actor(ActorKind.CUSTOMER, Code(d.profile())))
    return MarkSeen(conversation_id=d.conversation(), by=who, up_to=d.one(None, d.message_id()))


OBSERVATIONS: Mapping[type, Callable[[Draws], Any]] = MappingProxyType(
    {
        Inbound: lambda d: d.letter(),
        MessageEdit: _edit,
        MessageDeletion: lambda d: MessageDeletion(**_place(d), deleted_at=d.moment()),
        Reacted: _reaction,
        MenuChoice: _choice,
        MarkSeen: _seen,
    }
)
"""How each of them is made."""
