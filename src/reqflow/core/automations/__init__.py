"""Rules: what answers events with commands, in the same commit, in its own name.

A rule is a function that a plugin brings (`Automation`) or a table of the desk's settings (``rules``); the loop in
`loop` treats both alike. Commands of a rule are checked like anybody's; a refused one leaves an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .automation import Automation, Occasion
    from .loop import MAX_ANSWERS, MAX_DEPTH, answer_rules, occasion_of
    from .matching import Check, Considered, matches
    from .of_desk import automations_of
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".automation": "Automation Occasion",
            ".loop": "MAX_ANSWERS MAX_DEPTH answer_rules occasion_of",
            ".matching": "Check Considered matches",
            ".of_desk": "automations_of",
        },
    )

__all__ = [
    "MAX_ANSWERS",
    "MAX_DEPTH",
    "Automation",
    "Check",
    "Considered",
    "Occasion",
    "answer_rules",
    "automations_of",
    "matches",
    "occasion_of",
]
