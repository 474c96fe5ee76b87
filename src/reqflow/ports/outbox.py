"""An effect in the outbox, and where it stands."""

from __future__ import annotations

from enum import StrEnum

from ..core.effects import QueuedEffect
from ..core.values import value

__all__ = ["EffectState", "StoredEffect"]


class EffectState(StrEnum):
    """Where an effect stands."""

    READY = "ready"
    DONE = "done"
    MUTED = "muted"
    CANCELLED = "cancelled"
    PARKED = "parked"


@value(kw_only=True)
class StoredEffect:
    """An effect in the outbox, and where it stands. ``note`` says why it was parked."""

    queued: QueuedEffect
    state: EffectState
    attempts: int
    note: str | None = None
