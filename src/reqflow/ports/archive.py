"""All that a store keeps of a desk, as rows: what `Store.dump` gives and `Store.load` takes."""

from __future__ import annotations

from datetime import datetime

from ..core.batch import InboxItem, ThreadKey, Timer
from ..core.chain import StoredEntry
from ..core.effects import QueuedEffect
from ..core.facts import DeskDocument, Outcome
from ..core.model import (
    AgentLoad,
    Audience,
    Code,
    CommandKey,
    Conversation,
    Lane,
    Message,
    Profile,
    Request,
    TextId,
)
from ..core.records.root import Record
from ..core.values import value
from .outbox import EffectState

__all__ = ["KeptItem", "KeptOutcome", "KeptText", "Row"]


@value
class KeptText:
    """A text. Its digest stands wherever something refers to it."""

    id: TextId
    audience: Audience
    owner: Code
    body: str


@value
class KeptOutcome:
    """What became of a command or message, by its key: known for ever."""

    key: CommandKey
    outcome: Outcome


@value(kw_only=True)
class KeptItem:
    """An item of inbox, outbox or agenda, and where it stands. Nobody has it: a lease counts as one that was lost.

    Attributes:
        state: items of inbox and agenda are ``ready`` or ``parked``.
        ready_at: from when on it is to be tried again; None for at once.
        attempts, lost: as in `Lease`.
        note: why it failed last, or was parked.
    """

    item: InboxItem | QueuedEffect | Timer
    state: EffectState = EffectState.READY
    ready_at: datetime | None = None
    attempts: int = 0
    lost: int = 0
    note: str | None = None


Row = (
    DeskDocument
    | Profile
    | KeptText
    | StoredEntry
    | Conversation
    | Request
    | Message
    | ThreadKey
    | Record
    | Lane
    | AgentLoad
    | KeptOutcome
    | KeptItem
)
"""In this order, and those of one kind by their keys; inbox and outbox in the order of their lines."""
