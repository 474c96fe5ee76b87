"""Notices: who is told of what, and by which means.

`table` says it all in one place; `people` and `means` carry it out; `reacting` is what the loop calls. `greeting` is
the automatic answer to customers, `unseen` and `forwarding` are the mail about what nobody saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .answering import audience_of_answer
    from .asides import say
    from .greeting import greet
    from .reacting import Hearing, hearing
    from .table import TABLE, Line
    from .unseen import give_up, looked, watch
    from .words import Notice, NoticeRule, Telling, Who
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".answering": "audience_of_answer",
            ".asides": "say",
            ".greeting": "greet",
            ".reacting": "Hearing hearing",
            ".table": "Line TABLE",
            ".unseen": "give_up looked watch",
            ".words": "Notice NoticeRule Telling Who",
        },
    )

__all__ = [
    "TABLE",
    "Hearing",
    "Line",
    "Notice",
    "NoticeRule",
    "Telling",
    "Who",
    "audience_of_answer",
    "give_up",
    "greet",
    "hearing",
    "looked",
    "say",
    "watch",
]
