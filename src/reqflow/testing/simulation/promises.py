"""What was promised for a moment: timers that were set, requests that rest until then, answers that are to be sent.

It is noted from history alone, event by event, beside whatever the engine makes of it: so a deadline that somebody
moved, or that the agenda forgot, is found out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...core import events as e
from ...core.events import Entry
from ...core.lifecycle import REQUEST
from ...core.model import RequestState

__all__ = ["Promises"]

_HELD = RequestState.ON_HOLD


class Promises:
    """What is still to happen at a moment, by what it is about."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, str, str], datetime] = {}

    def due_at(self, stream: str, event: e.Event) -> datetime | None:
        """When an event was promised for that keeps a promise; None for any other."""
        match event:
            case e.HostTimerFired():
                return self._due.get((stream, "timer", event.name))
            case e.FollowUpSent():
                return self._due.get((stream, "follow_up", event.follow_up_id))
            case e.RequestWoken():
                return self._due.get(("", "hold", event.request_id))
        return None

    def overdue(self, now: datetime) -> Iterator[tuple[str, datetime]]:
        """What should have happened by now."""
        for (stream, kind, id), due_at in self._due.items():
            if due_at <= now:
                yield f"{kind} {id} {stream}".rstrip(), due_at

    def take_in(self, entry: Entry) -> None:
        """Note what an entry promises, keeps, or takes back."""
        due, stream = self._due, entry.stream
        for event in entry.events:
            match event:
                case e.HostTimerSet():
                    due[stream, "timer", event.name] = event.due_at
                case e.HostTimerFired() | e.HostTimerCancelled():
                    due.pop((stream, "timer", event.name), None)
                case e.FollowUpScheduled():
                    due[stream, "follow_up", event.follow_up_id] = event.due_at
                case e.FollowUpSent() | e.FollowUpCancelled():
                    due.pop((stream, "follow_up", event.follow_up_id), None)
                case e.RequestHeld(until_at=until_at) if until_at is not None:
                    due["", "hold", event.request_id] = until_at
                case _ if (_HELD, event.tag) in REQUEST.table:
                    due.pop(("", "hold", getattr(event, "request_id", "")), None)
                case e.ConversationClosed():
                    for place in [each for each in due if each[0] == stream]:
                        del due[place]
