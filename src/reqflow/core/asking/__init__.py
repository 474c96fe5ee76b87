"""Asking specialists: answers first, forms and emojis, consulting, closing the loop, what comes again. (Slack)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .choosing import answer_choice, asked_by, by_menu, carry_out
    from .consulting import bring_answer
    from .flagging import flag_want, heed
    from .repeats import asked_in_form
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".choosing": "answer_choice asked_by by_menu carry_out",
            ".consulting": "bring_answer",
            ".flagging": "flag_want heed",
            ".repeats": "asked_in_form",
        },
    )

__all__ = [
    "answer_choice",
    "asked_by",
    "asked_in_form",
    "bring_answer",
    "by_menu",
    "carry_out",
    "flag_want",
    "heed",
]
