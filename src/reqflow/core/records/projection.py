"""How an event bears on a record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs

from ..model import Actor
from ..values import value
from .root import Record

__all__ = ["Change", "Projection"]

Change = Callable[[Any, Any, str, datetime, Actor], Record]
"""The record after an event: from the one before (or None), the event, and its entry's stream, moment and actor."""


@value
class Projection:
    """Which record an event changes, and how. ``begins`` says that there is none before the event.

    ``here`` says that ``id_of`` names it among those of its conversation only.
    """

    kind: type[Record]
    id_of: Callable[[Any], str]
    then: Change
    begins: bool = False
    here: bool = False

    def place(self, event: Any, stream: str | None) -> str:
        """The id of the record; ``stream`` is that of the event's entry, None for a record's own."""
        id = self.id_of(event)
        return f"{stream}.{id}" if self.here else id

    def after(self, old: Record | None, event: Any, stream: str, at: datetime, actor: Actor) -> Record:
        """The record after the event, one version on. The last three are those of its history entry."""
        new = self.then(old, event, stream, at, actor)
        return attrs.evolve(new, version=(old.version if old is not None else 0) + 1)
