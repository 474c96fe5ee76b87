"""Attachments: from what came with a message to references, and whether a channel can carry them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...errors import Refused
from ..commands import Enclosure
from ..ids import make_text
from ..model import Actor, Attachment, Audience, ChannelId, Code, MessageId, TextRef
from ..operations.step import Step
from ..settings import Desk

__all__ = ["attached", "need_carried"]

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838


def attached(
    step: Step, enclosures: Iterable[Enclosure], message: MessageId, audience: Audience, author: Actor
) -> tuple[Attachment, ...]:
    """What came with a message, its names and addresses put on record as texts of the message's author."""

    def write(body: str | None, part: str) -> TextRef | None:
        if body is None:
            return None
        text = make_text(body, message, part, audience, author.id, step.desk.salt)
        step.texts.append(text)
        return text.ref

    return tuple(
        [
            Attachment(
                each.kind,
                write(each.name, f"attachment.{place}.name"),
                write(each.address, f"attachment.{place}.address"),
                _media_type(each.media_type),
                each.size,
            )
            for place, each in enumerate(enclosures)
        ]
    )


def _media_type(given: str | None) -> Code | None:
    """The type that an attachment claims to be, without parameters; None for what is none, which may be anything."""
    word = (given or "").partition(";")[0].strip().lower()
    return Code(word) if _MEDIA_TYPE.fullmatch(word) else None


def need_carried(desk: Desk, channel: ChannelId, enclosures: Iterable[Enclosure]) -> None:
    """Refuse what the channel cannot carry, before anything of it is written or sent. Raises `Refused`. (Audite)"""
    carries = desk.settings(channel).carries
    for each in enclosures:
        if each.kind not in carries:
            able = ", ".join(sorted(carries)) or "nothing but text"
            raise Refused("cannot_carry", f"{channel} cannot carry {each.kind}; it carries {able}")
