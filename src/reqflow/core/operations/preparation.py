"""What was found out about an item before the transaction in which it is to be handled."""

from __future__ import annotations

from datetime import datetime

from ..commands import Command, MarkSeen, Observation
from ..model import CommandKey, Detection, Workspace
from ..values import value

__all__ = ["Prepared"]


@value
class Prepared:
    """A message or command, ready to be applied in a host's transaction: all that waits for others is done.

    It holds nothing that is open, and may wait as long as it likes. Applied again, it answers with the first outcome.

    Attributes:
        workspace: the desk that it was prepared for.
        item: what is to be handled.
        key: what it is recognised by.
        detection: what a classifier said of it; None where none was needed.
        at: stands in for the clock when it is applied.
    """

    workspace: Workspace
    item: Observation | MarkSeen | Command
    key: CommandKey
    detection: Detection | None = None
    at: datetime | None = None
