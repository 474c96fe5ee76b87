"""The use cases, written once, as generators that ask for everything the outside must supply.

A flow yields asks and is sent the answers; it never does I/O itself. The two drivers (sync and async) answer
it, and throw a port's errors into it, so that retry and fallback also live here once. A flow is tested
with a list: given these answers, expect these asks.
"""

from __future__ import annotations

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
    AskTexts,
    Context,
    DeskMoved,
    Flow,
)
from .handling import accept, handle, handle_many, key_of, report_delivery, ring
from .reading import configure, desk_of, everything, load_desk, rebuild, verify
from .serving import serve_agenda, serve_inbox, serve_outbox
from .telling import due, entries_of, explained, page

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
    "AskTexts",
    "Context",
    "DeskMoved",
    "Flow",
    "accept",
    "configure",
    "desk_of",
    "due",
    "entries_of",
    "everything",
    "explained",
    "handle",
    "handle_many",
    "key_of",
    "load_desk",
    "page",
    "rebuild",
    "report_delivery",
    "ring",
    "serve_agenda",
    "serve_inbox",
    "serve_outbox",
    "verify",
]
