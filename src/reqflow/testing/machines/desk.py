"""The desk that `DeskMachine` plays: something of everything, and a transport that takes whatever it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core import commands as c
from ...core import events as e
from ...core.automations import Automation, Occasion
from ...core.effects import Effect
from ...core.model import Audience, Code, NativeId, TextId
from ...hooks import hookimpl
from ...ports import Receipt, ReceiptKind
from ..desks import DESK, desk_with

__all__ = [
    "CHANNELS",
    "COLLEAGUES",
    "RULES",
    "VARIANTS",
    "WRITERS",
    "Post",
    "desk_of",
]

CHANNELS = ("chat:lobby", "dm:cara", "mail:desk", "line:one", "both:x", "wall:w", "form:f")
WRITERS = ("cara", "dan", "ana", "bo", "eva", "rae")
COLLEAGUES = ("ana", "bo", "eva", "rae", "rex", "sue", "adam", "far")

_AGENTS: Mapping[str, Any] = {
    **DESK["agents"],
    "rae": {"name": "Rae", "role": "restricted", "addresses": ["chat:rae", "dm:rae", "mail:rae"]},
    "rex": {"name": "Rex", "role": "reviewer", "notices": {"bundle_within": "5m"}},
    "sue": {"name": "Sue", "role": "supervisor"},
    "adam": {"name": "Adam", "role": "admin", "addresses": ["mail:adam"], "notices": {"assigned": "mail"}},
    "far": {"name": "Far", "channels": ["mail:*"]},
}
_TABLES: Mapping[str, Any] = {
    "agents": _AGENTS,
    "channels": {
        **DESK["channels"],
        "chat:*": {"kind": "chat", "escalate_emoji": {"fire": "money"}},
        "both:*": {
            "kind": "direct",
            "detection": "classifier",
            "requests_per_conversation": "many",
            "queue": "shared",
            "escalate_emoji": {"fire": "money"},
        },
    },
    "queues": {**DESK["queues"], "hard": {"teams": ["sales"]}},
    "tags": {"vip": "Very important", "late": ""},
    "statuses": {"new": "unassigned", "in_service": "assigned", "parked": "on_hold"},
    "fields": {
        "order": {"filterable": True},
        "size": {"on": "request", "type": "number"},
        "cause": {
            "on": "request",
            "type": "choice",
            "choices": ["ours", "theirs"],
            "required_on_close": True,
        },
        "since": {"type": "moment"},
        "vip": {"on": "customer", "type": "flag"},
        "about": {"on": "customer"},
    },
    "themes": {"money": {"queue": "hard", "destination": "room:money"}, "tech": {"queue": "first"}},
    "severities": {
        "outage": {"destination": "pager:all", "immediate": True},
        "bug": {"destination": "tracker:bugs"},
    },
    "menus": {
        "start": {
            "options": {
                "guide": {"kind": "guidance", "text": "Look at the manual."},
                "bug": {"kind": "bug", "place": "tracker:bugs"},
                "ticket": {"kind": "ticket", "place": "tool:tickets", "fields": {"size": 3}},
                "wait": {"kind": "queue", "queue": "hard"},
                "form": {"kind": "form", "theme": "money"},
            }
        }
    },
    "rules": {
        "watched": {
            "author": "ana",
            "mode": "monitor",
            "on": "request.assigned",
            "then": {"note": "Taken."},
        },
        "thanks": {"author": "adam", "on": "request.closed", "then": {"reply": "We have closed this."}},
        "tagged": {"author": "rae", "on": "message.received", "then": {"add_tag": "late"}},
        "waited": {"author": "sue", "after": "30m", "then": {"route": "first"}},
    },
}

VARIANTS: tuple[Mapping[str, Any], ...] = (
    {},
    {"close_with_last_request": False, "requests_per_conversation": "many", "visibility": "channel"},
    {
        "nudge_after": "2h",
        "inactivity_close_after": "3h",
        "inactivity_only_when_answered": True,
        "purge_closed_after": "2h",
    },
    {"auto_close_after": 0, "nudge_after": 0, "reopen_within": 0, "visibility": "holder"},
    {
        "triage": "room:triage",
        "status_emoji": True,
        "status_text": True,
        "offer_actions": True,
        "auto_reply": "We have got your message.",
        "auto_reply_on": "each_request",
        "unseen_through": "mail:desk",
        "assignees_follow": True,
        "searchable": True,
        "tickets": "mail:tickets@tool.example",
    },
)
"""Channel settings of the whole workspace, between which a run may change."""


def desk_of(variant: Mapping[str, Any]) -> dict[str, Any]:
    """The desk under these settings."""
    return desk_with(variant, **_TABLES)


class Post:
    """A transport for every scheme that answers as it is told, and as delivered after that."""

    scheme = "*"
    kinds = (Code("acme.webhook"),)

    def __init__(self) -> None:
        self.answers: list[Receipt] = []
        self.sent: list[tuple[str, Effect]] = []
        self.texts: list[str] = []
        self.shown: list[tuple[Effect, Mapping[TextId, str]]] = []

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Note it down, and answer."""
        self.sent.append((key, effect))
        self.texts += texts.values()
        self.shown.append((effect, texts))
        if self.answers:
            return self.answers.pop(0)
        return Receipt(kind=ReceiptKind.DELIVERED, native=NativeId(f"posted:{key}"))

    @hookimpl
    def reqflow_transports(self) -> list[Post]:
        """Itself."""
        return [self]


def _welcomed(it: Occasion) -> Iterator[c.Command]:
    conversation = it.conversation
    if conversation.channel_id.startswith("mail:") and conversation.audience is Audience.CUSTOMER:
        yield c.Reply(by=it.by, conversation_id=conversation.id, text="Welcome.")


def _in_vain(it: Occasion) -> Iterator[c.Command]:
    if it.request is not None:
        yield c.Take(by=it.by, request_id=it.request.id)  # and closed it is


RULES = (
    Automation(name=Code("welcome"), on=frozenset({e.RequestOpened}), then=_welcomed),
    Automation(name=Code("in_vain"), on=frozenset({e.RequestClosed}), then=_in_vain),
)
"""Rules of a plugin's, which act for the desk itself; one of them asks for what is always refused."""
