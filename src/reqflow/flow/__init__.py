"""The use cases, written once, as generators that ask for everything the outside must supply.

A flow yields asks and is sent the answers; it never does I/O itself. The two drivers (sync and async) answer
it, and throw a port's errors into it, so that retry and fallback also live here once. A flow is tested
with a list: given these answers, expect these asks.

What only people ask for (`reading`, `telling`) is not loaded here but when they do.
"""

from __future__ import annotations

from .accepting import accept, key_of
from .asks import (
    Ask,
    AskCommit,
    AskConsult,
    AskDeliver,
    AskHistory,
    AskLease,
    AskNextDue,
    AskQuery,
    AskRecall,
    AskRelease,
    AskSettle,
    AskSuggest,
    AskTexts,
    Context,
    DeskMoved,
    Flow,
)
from .desks import configure, desk_of, load_desk, settings_of
from .handling import handle, handle_many, report_delivery, ring
from .serving import serve_agenda, serve_inbox, serve_outbox

__all__ = [
    "Ask",
    "AskCommit",
    "AskConsult",
    "AskDeliver",
    "AskHistory",
    "AskLease",
    "AskNextDue",
    "AskQuery",
    "AskRecall",
    "AskRelease",
    "AskSettle",
    "AskSuggest",
    "AskTexts",
    "Context",
    "DeskMoved",
    "Flow",
    "accept",
    "configure",
    "desk_of",
    "handle",
    "handle_many",
    "key_of",
    "load_desk",
    "report_delivery",
    "ring",
    "serve_agenda",
    "serve_inbox",
    "serve_outbox",
    "settings_of",
]
