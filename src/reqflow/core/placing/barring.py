"""The bar at the door: what comes from a barred profile is dropped before anything of it is stored. (Audite)

Not even the message's key is kept, so nobody answers it, no rule sees it and no classifier reads it. What remains is a
count. A bar holds for whatever is handled after it was stored, on every process, because each message looks for it.
"""

from __future__ import annotations

from ..batch import Hold, HoldKind
from ..events import Cause, CauseKind
from ..facts import Outcome, OutcomeKind, WantRecord
from ..model import Code, CommandKey, ProfileId
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..records import Bar, BarCount
from ..settings import Author

__all__ = ["BARRED", "bar_hold", "bar_want", "drop", "is_barred", "turn_away"]

BARRED = Outcome(kind=OutcomeKind.IGNORED, code=Code("barred"))
"""What becomes of such a message."""

_BAR = Code("bar")


def bar_want(profile: ProfileId) -> WantRecord:
    """What tells whether a profile is barred."""
    return WantRecord(_BAR, Code(profile))


def is_barred(step: Step, author: Author) -> bool:
    """Whether input of this author is dropped. Colleagues cannot be barred. Raises `Missing`."""
    if author.agent is not None:
        return False
    bar = step.record(Bar, author.profile)
    return bar is not None and bar.is_barred


def bar_hold(profile: ProfileId, version: int) -> Hold:
    """What a commit relies on that stores something of this profile's without having asked."""
    return Hold(HoldKind.RECORD, f"{_BAR} {profile}", version)


def drop(step: Step, profile: ProfileId) -> Outcome:
    """Count a message, and keep nothing else of it. One that is sent again counts again: its key was not kept."""
    known = step.record(BarCount, profile)
    version, dropped = (known.version, known.dropped) if known is not None else (0, 0)
    step.put(BarCount(id=Code(profile), version=version + 1, dropped=dropped + 1, dropped_at=step.at))
    return BARRED


def turn_away(overlay: Overlay, author: Author, key: CommandKey) -> int | None:
    """Count a message of a barred author and say None; else the version of what is known about a bar."""
    step = Step(overlay, author.actor, Cause(kind=CauseKind.INBOUND, key=key))
    if not is_barred(step, author):
        bar = step.record(Bar, author.profile)
        return 0 if bar is None else bar.version
    drop(step, author.profile)
    step.finish()
    return None
