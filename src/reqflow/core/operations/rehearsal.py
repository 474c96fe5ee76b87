"""What something would do, for those who try it before they let it happen."""

from __future__ import annotations

from ..automations import Considered
from ..batch import Batch
from ..events import Event
from ..facts import Outcome
from ..model import Actor, ActorKind, Code
from ..values import value

__all__ = ["Rehearsal"]


@value
class Rehearsal:
    """What a message or command would do: its outcome, and the batch that would be committed.

    ``considered`` are the rules that it would set off, in their order, each with what its conditions came to.
    """

    outcome: Outcome
    batch: Batch | None
    considered: tuple[Considered, ...] = ()

    def made_by(self, rule: str) -> tuple[Event, ...]:
        """The events that a rule would make happen."""
        entries = self.batch.entries if self.batch is not None else ()
        by_it = Actor(ActorKind.AUTOMATION, Code(rule))
        return tuple(event for entry in entries if entry.actor == by_it for event in entry.events)
