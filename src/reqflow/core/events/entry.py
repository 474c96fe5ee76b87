"""One row of history: what one commit did to one stream, and what set it off."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..model import Actor, Code, CommandKey
from ..values import value
from .root import Event

__all__ = ["Cause", "CauseKind", "Entry"]


class CauseKind(StrEnum):
    """What set a commit off."""

    INBOUND = "inbound"
    COMMAND = "command"
    TIMER = "timer"
    RECEIPT = "receipt"
    SETUP = "setup"


@value(kw_only=True)
class Cause:
    """Why a commit happened: what set it off, and its key. ``rules`` names the automations on the way."""

    kind: CauseKind
    key: CommandKey
    rules: tuple[Code, ...] = ()


@value(kw_only=True)
class Entry:
    """One row of history: everything that one commit did to one stream, by whom, when and why.

    ``seq`` counts from 1 without gaps within a stream (a conversation's id, or ``desk``). ``at`` is when it
    was decided, in UTC.
    """

    stream: Code
    seq: int
    at: datetime
    actor: Actor
    cause: Cause
    events: tuple[Event, ...]
