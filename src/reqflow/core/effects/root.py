"""The root of all effects, and the envelope that they are queued in."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Audience, Code, TextId, TextRef
from ..values import value

__all__ = ["Effect", "Internal", "QueuedEffect", "ids_of"]


@value
class Effect:
    """Root of all effects, for type annotations; never made by itself."""

    tag: ClassVar[str]

    def eyes(self) -> Audience:
        """Whose eyes its texts are read with: what a customer may get is never read with a colleague's."""
        return Audience.CUSTOMER

    def shown(self) -> tuple[TextId, ...]:
        """The texts that it shows, which its transport gets as far as its eyes may read them."""
        return ()

    def address(self) -> TextRef | None:
        """The address that it goes to, where the transport cannot know it from the ids."""
        return None


@value
class Internal(Effect):
    """Root of the effects that only colleagues get to see."""

    def eyes(self) -> Audience:
        """A colleague's."""
        return Audience.INTERNAL


@value(kw_only=True)
class QueuedEffect:
    """An effect with its envelope. ``id`` is the idempotency key: the same over every retry.

    Effects with one ``destination`` are delivered in the order they were queued; of those with one
    ``collapse`` key only the latest matters. ``muted`` ones are recorded and never delivered.
    """

    id: Code
    destination: Code
    effect: Effect
    queued_at: datetime
    muted: bool = False
    collapse: Code | None = None


def ids_of(texts: tuple[TextRef, ...], another: TextRef | None) -> tuple[TextId, ...]:
    """The ids of some texts, and of one more if there is one."""
    ids = tuple([text.id for text in texts])
    return ids if another is None else (*ids, another.id)
