"""What hosts record and ask for through reqflow: their own events, effects and timers. Nothing moves by them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..model import Code, FieldValue, RequestId
from ..values import value
from .root import Event

__all__ = [
    "HOST_EVENTS",
    "HostEffectQueued",
    "HostRecorded",
    "HostTimerCancelled",
    "HostTimerFired",
    "HostTimerSet",
]


@value(kw_only=True)
class HostRecorded(Event):
    """Something of the host's own happened; ``name`` is its word, ``data`` what it said of it."""

    tag: ClassVar[str] = "host.recorded"
    name: Code
    data: tuple[FieldValue, ...] = ()
    request_id: RequestId | None = None


@value(kw_only=True)
class HostEffectQueued(Event):
    """Something is to be done outside by the transport that declares its ``kind``."""

    tag: ClassVar[str] = "host.effect_queued"
    kind: Code
    destination: Code
    data: tuple[FieldValue, ...] = ()
    request_id: RequestId | None = None


@value(kw_only=True)
class HostTimerSet(Event):
    """A timer of the host's was set, or set anew; ``due_at`` is when it fires."""

    tag: ClassVar[str] = "host.timer_set"
    name: Code
    due_at: datetime
    request_id: RequestId | None = None


@value(kw_only=True)
class HostTimerCancelled(Event):
    """A timer of the host's will not fire."""

    tag: ClassVar[str] = "host.timer_cancelled"
    name: Code


@value(kw_only=True)
class HostTimerFired(Event):
    """A timer of the host's was due at ``due_at``."""

    tag: ClassVar[str] = "host.timer_fired"
    name: Code
    due_at: datetime
    request_id: RequestId | None = None


HOST_EVENTS: tuple[type[Event], ...] = (
    HostRecorded,
    HostEffectQueued,
    HostTimerSet,
    HostTimerCancelled,
    HostTimerFired,
)
