"""Whom an engine asks: what time it is, what a message is, what may answer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..core.asking.suggesting import Suggestion
    from ..core.commands import Inbound
    from ..core.model import Detection
    from ..core.settings import Theme

__all__ = ["Classifier", "Clock", "Suggester"]


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Now."""
        ...


class Classifier(Protocol):
    """Says whether a message is a request. May do I/O; it is asked outside of any transaction."""

    name: str

    def classify(self, inbound: Inbound) -> Detection:
        """Judge one message. An exception counts as ``unknown``, with its name as the reason."""
        ...


class Suggester(Protocol):
    """Knows what may answer a question already: a help centre, a wiki. (Slack) May do I/O, outside any transaction."""

    name: str

    def suggest(self, text: str, theme: Theme) -> Sequence[Suggestion]:
        """What may help, the best first. One that raises, or takes too long, suggests nothing."""
        ...
