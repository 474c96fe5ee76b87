"""What may be asked of a desk (commands, which may be refused) and what it is told (observations).

Texts come in here as plain strings; the core turns them into text rows and lets only their `TextRef`s go further.
Each module holds the commands of one subject; `COMMANDS` lists them all.
"""

from __future__ import annotations

from .checks import MAX_NATIVE, MAX_REPLIES_TO
from .conversations import Accept, CloseConversation, Enqueue, Release, Reply
from .observations import Delivered, Inbound
from .requests import Assign, Close, Hold, Reopen, Route, Take, Unassign, Wake
from .root import Command

__all__ = [
    "COMMANDS",
    "MAX_NATIVE",
    "MAX_REPLIES_TO",
    "Accept",
    "Assign",
    "Close",
    "CloseConversation",
    "Command",
    "Delivered",
    "Enqueue",
    "Hold",
    "Inbound",
    "Release",
    "Reopen",
    "Reply",
    "Route",
    "Take",
    "Unassign",
    "Wake",
]

COMMANDS: tuple[type[Command], ...] = (
    Take,
    Assign,
    Unassign,
    Route,
    Hold,
    Wake,
    Close,
    Reopen,
    Accept,
    Release,
    Enqueue,
    CloseConversation,
    Reply,
)
