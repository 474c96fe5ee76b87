"""A desk under random use: `DeskMachine` does anything in any order, and every law is looked at after every step.

::

    class TestMyStore(DeskMachine.TestCase):
        pass

runs it in memory; a subclass of `DeskMachine` with its own ``make_store`` runs it on any store.
"""

from __future__ import annotations

from .audience import leaks, seen_by
from .commands import SUBJECTS
from .desk import Post
from .laws import broken_laws
from .machine import DeskMachine
from .observations import OBSERVATIONS
from .world import World

__all__ = ["OBSERVATIONS", "SUBJECTS", "DeskMachine", "Post", "World", "broken_laws", "leaks", "seen_by"]
