"""All events."""

from __future__ import annotations

from . import TAGS, Event, event_of

__all__ = ["EVENTS"]

EVENTS: tuple[type[Event], ...] = tuple(filter(None, map(event_of, " ".join(TAGS.values()).split())))
