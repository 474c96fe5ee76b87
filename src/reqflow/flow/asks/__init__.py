"""What a flow may ask of the outside: a closed union, answered by the two drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .context import Context, DeskMoved, Pace, Stopped
    from .deciding import AskCommit, AskConsult, AskRecall, AskStranger
    from .queues import (
        BEGUN,
        NO_TRANSPORT,
        TRANSPORTS_HANG,
        AskBacklog,
        AskDeliver,
        AskExtend,
        AskLease,
        AskNextDue,
        AskReceipt,
        AskRelease,
        AskRequeue,
        AskSettle,
    )
    from .reading import AskHistory, AskQuery, AskSuggest, AskTexts
    from .union import Ask, Flow
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".context": "Context DeskMoved Pace Stopped",
            ".deciding": "AskCommit AskConsult AskRecall AskStranger",
            ".queues": (
                "AskBacklog AskDeliver AskExtend AskLease AskNextDue AskReceipt AskRelease AskRequeue AskSettle "
                "BEGUN NO_TRANSPORT TRANSPORTS_HANG"
            ),
            ".reading": "AskHistory AskQuery AskSuggest AskTexts",
            ".union": "Ask Flow",
        },
    )

__all__ = [
    "BEGUN",
    "NO_TRANSPORT",
    "TRANSPORTS_HANG",
    "Ask",
    "AskBacklog",
    "AskCommit",
    "AskConsult",
    "AskDeliver",
    "AskExtend",
    "AskHistory",
    "AskLease",
    "AskNextDue",
    "AskQuery",
    "AskRecall",
    "AskReceipt",
    "AskRelease",
    "AskRequeue",
    "AskSettle",
    "AskStranger",
    "AskSuggest",
    "AskTexts",
    "Context",
    "DeskMoved",
    "Flow",
    "Pace",
    "Stopped",
]
