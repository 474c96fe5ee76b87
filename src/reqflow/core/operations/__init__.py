"""One operation: what is known while deciding, the step that makes events of it, the ways in (performing, ringing)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .preparation import Prepared
    from .rehearsal import Rehearsal
else:
    __getattr__, __dir__ = window(__name__, {".preparation": "Prepared", ".rehearsal": "Rehearsal"})

__all__ = ["Prepared", "Rehearsal"]
