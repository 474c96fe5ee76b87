"""What a script is made of: scenes, what people say and do, and time that passes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from ..core.commands import Command
from ..core.model import Actor, ConversationId, RequestId

__all__ = ["Deed", "Did", "Passes", "Said", "Scene", "Step"]

Deed = Callable[[Actor, RequestId, ConversationId], Command]
"""Makes the command, given who gives it, and the request and conversation that it is about."""


@attrs.frozen
class Scene:
    """A new part of the day; ``board`` says that the board is worth a look before it."""

    title: str
    board: bool = False


@attrs.frozen(kw_only=True)
class Said:
    """Somebody writes in a channel.

    ``name`` is what the script calls the message, ``answers`` the one in whose thread it stands. ``late`` is
    how long it was on its way. ``again`` says that it is delivered a second time, as transports do. ``note``
    says what there is to see where nothing seems to happen.
    """

    at: datetime
    who: str
    channel: str
    text: str
    name: str = ""
    answers: str = ""
    late: timedelta = timedelta(0)
    again: bool = False
    note: str = ""


@attrs.frozen(kw_only=True)
class Did:
    """An agent does something about the message that the script calls ``about``."""

    at: datetime
    who: str
    about: str
    told: str
    deed: Deed


@attrs.frozen(kw_only=True)
class Passes:
    """Nobody does anything until a moment; timers speak up."""

    until: datetime


Step = Scene | Said | Did | Passes
