"""What is handled: what was observed, what somebody has seen, and what is asked for."""

from __future__ import annotations

from .attention import MarkSeen
from .observations import Observation
from .root import Command

__all__ = ["Item"]

Item = Observation | MarkSeen | Command
