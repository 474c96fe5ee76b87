"""The root of all commands."""

from __future__ import annotations

from ..model import Actor, CommandKey
from ..values import value
from .checks import Checked

__all__ = ["Command"]


@value(kw_only=True)
class Command(Checked):
    """Root of all commands. ``by`` gives it; ``key`` makes a retry harmless (same key, same outcome).

    Without a key the driver makes one, so that each call counts as a new command.
    """

    by: Actor
    key: CommandKey | None = None
