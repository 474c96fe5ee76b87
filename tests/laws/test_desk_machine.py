"""A desk under random use keeps every law, in memory and in SQLite."""

from __future__ import annotations

from hypothesis import settings

from reqflow.testing.machines import DeskMachine


class TestInMemory(DeskMachine.TestCase):
    settings = settings(max_examples=150, stateful_step_count=30)
