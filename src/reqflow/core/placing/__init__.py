"""Where a message belongs: who wrote, on which side, in which group, in answer to what, and whether it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .absorbing import Absorption
    from .amending import amend
    from .attaching import attached
    from .attending import attend, seen_wants
    from .courtesy import is_thanks
    from .revisions import revised
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".absorbing": "Absorption",
            ".amending": "amend",
            ".attaching": "attached",
            ".attending": "attend seen_wants",
            ".courtesy": "is_thanks",
            ".revisions": "revised",
        },
    )

__all__ = ["Absorption", "amend", "attached", "attend", "is_thanks", "revised", "seen_wants"]
