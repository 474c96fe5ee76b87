"""The use cases, written once, as generators that ask for everything the outside must supply.

A flow yields asks and is sent the answers; it never does I/O itself. The two drivers (sync and async) answer
it, and throw a port's errors into it, so that retry and fallback also live here once. A flow is tested
with a list: given these answers, expect these asks.

What only people ask for (`reading`, `telling`) are rooms of their own, loaded when they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rooms import window

if TYPE_CHECKING:
    from . import (
        beside,
        chaining,
        content,
        managing,
        preparing,
        reading,
        rehearsing,
        suggesting,
        telling,
        tending,
        viewing,
    )
    from .accepting import accept, key_of
    from .asks import (
        Ask,
        AskCommit,
        AskConsult,
        AskDeliver,
        AskExtend,
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
        Pace,
        Stopped,
    )
    from .desks import configure, desk_of, load_desk, settings_of
    from .handling import handle, handle_many
    from .ringing import ring
    from .serving import serve_agenda, serve_inbox, serve_outbox
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".accepting": "accept key_of",
            ".asks": "*",
            ".desks": "configure desk_of load_desk settings_of",
            ".handling": "handle handle_many",
            ".ringing": "ring",
            ".serving": "serve_agenda serve_inbox serve_outbox",
        },
        rooms="beside chaining content managing preparing reading rehearsing suggesting telling tending viewing",
    )

__all__ = [
    "Ask",
    "AskCommit",
    "AskConsult",
    "AskDeliver",
    "AskExtend",
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
    "Pace",
    "Stopped",
    "accept",
    "beside",
    "chaining",
    "configure",
    "content",
    "desk_of",
    "handle",
    "handle_many",
    "key_of",
    "load_desk",
    "managing",
    "preparing",
    "reading",
    "rehearsing",
    "ring",
    "serve_agenda",
    "serve_inbox",
    "serve_outbox",
    "settings_of",
    "suggesting",
    "telling",
    "tending",
    "viewing",
]
