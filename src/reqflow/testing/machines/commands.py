"""How `DeskMachine` gives each command: by subject, what its fields are chosen from.

A command that is missing here is performed by nobody; ``tests/laws`` notices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...core import commands as c
from ...core.model import (
    CloseReason,
    ConversationState,
    ErasureScope,
    Escalation,
    HoldReason,
    RequestState,
    Resolution,
)
from .draws import DRAFT, LATER, SECRET, Draws

__all__ = ["SUBJECTS", "Fields"]

Fields = Callable[[Draws], dict[str, Any]]
"""The fields of a command but ``key``; ``by`` only where it matters who gives it."""

Rules = Mapping[type[c.Command], Fields]

_R, _C = RequestState, ConversationState


def _hold(d: Draws) -> dict[str, Any]:
    until = d.one(None, d.moment())
    return {"request_id": d.request(), "reason": d.one(*HoldReason), "until_at": until}


def _close(d: Draws) -> dict[str, Any]:
    resolution = d.one(*[Resolution.DONE] * 4, *Resolution)
    points = resolution in (Resolution.DUPLICATE, Resolution.MERGED)
    into = d.request() if points else d.one(None, None, None, d.request())
    note = d.one(None, None, f"{SECRET}so it ended")
    return {"request_id": d.request(), "resolution": resolution, "into": into, "note": note}


_REQUESTS: Rules = {
    c.Take: lambda d: {"request_id": d.request(_R.UNASSIGNED)},
    c.Assign: lambda d: {"request_id": d.request(), "assignee": d.agent()},
    c.Unassign: lambda d: {"request_id": d.request(_R.ASSIGNED)},
    c.Route: lambda d: {
        "request_id": d.request(),
        "queue": d.one("first", "shared", "shared", "hard", "none", None),
        "team": d.one("sales", "none", None),
    },
    c.Hold: _hold,
    c.Wake: lambda d: {"request_id": d.request(_R.ON_HOLD), "requeue": d.one(True, False)},
    c.Close: _close,
    c.Reopen: lambda d: {"request_id": d.request(_R.CLOSED)},
    c.SetPriority: lambda d: {"request_id": d.request(), "priority": d.one(-1, 0, 5)},
}
_CONVERSATIONS: Rules = {
    c.Accept: lambda d: {"conversation_id": d.conversation(_C.PENDING)},
    c.Release: lambda d: {"conversation_id": d.conversation(_C.ACTIVE, _C.IN_REVIEW)},
    c.Enqueue: lambda d: {
        "conversation_id": d.conversation(),
        "queue": d.one("first", "shared", "hard", "none"),
    },
    c.CloseConversation: lambda d: {"conversation_id": d.conversation(), "reason": d.one(*CloseReason)},
    c.Reply: lambda d: {
        **d.of_conversation(),
        **d.speech(),
        "pointers": d.one((), (), (), (d.request(_R.CLOSED),)),
    },
    c.StartConversation: lambda d: {
        "channel": d.channel(),
        **d.one({"to": f"{d.channel().partition(':')[0]}:dora", "name": "Dora"}, {"profile_id": d.profile()}),
        "text": d.one(d.words(), d.words(), ""),
        "attachments": d.enclosures(),
        "request": d.one(True, False),
    },
}
_STRUCTURE: Rules = {
    c.Promote: lambda d: {
        **d.one(
            {"message_id": d.message_id()}, {"channel": d.channel(), "native": "1"}, {"inbound": d.letter()}
        ),
        "assignee": d.one(None, d.agent()),
    },
    c.Merge: lambda d: {"request_id": d.request(), "into": d.request()},
    c.Split: lambda d: {
        "request_id": (request := d.request()),
        "message_ids": d.messages_of(request),
        "assignee": d.one(None, d.agent()),
    },
    c.Undo: lambda d: d.of_entry(),
    c.Link: lambda d: d.link(),
    c.Unlink: lambda d: d.link(known=True),
    c.CreateTicket: lambda d: {"request_id": d.request(), "text": d.one("", f"{SECRET}take this")},
}


def _worded(d: Draws) -> dict[str, Any]:
    return {"text": d.one(f"{DRAFT}soon", f"{DRAFT}never", ""), "attachments": d.enclosures(mark=DRAFT)}


_REVIEWS: Rules = {
    c.SubmitDraft: lambda d: {**d.of_conversation(), **_worded(d)},
    c.ReviseDraft: lambda d: {**d.of_draft(), **_worded(d)},
    c.ApproveDraft: lambda d: {
        **d.of_draft(),
        "text": d.one(None, None, f"{DRAFT}better"),
        "version": d.one(None, None, 1),
    },
    c.RejectDraft: lambda d: {**d.of_draft(), "reason": d.one(f"{SECRET}too harsh", "")},
    c.WithdrawDraft: lambda d: d.of_draft(),
    c.AddDraftNote: lambda d: {**d.of_draft(), "text": f"{SECRET}look at the tone"},
    c.DeleteDraftNote: lambda d: d.of_draft_note(),
}


def _content(d: Draws) -> Any:
    return d.one(f"{SECRET}A-1", 3, True, "ours", d.story.now, None, None)


_CONTENT: Rules = {
    c.AddNote: lambda d: {
        **d.of_conversation(),
        "text": d.one(f"{SECRET}he called twice", f"{SECRET}he is sad", ""),
    },
    c.DeleteNote: lambda d: d.of_note(),
    c.AddTag: lambda d: {"conversation_id": d.conversation(), "tag": d.one("vip", "late", "own", "none")},
    c.RemoveTag: lambda d: {"conversation_id": d.conversation(), "tag": d.one("vip", "late", "own")},
    c.SetSubject: lambda d: {"conversation_id": d.conversation(), "subject": f"{SECRET}the usual"},
    c.SetStatus: lambda d: {
        "request_id": d.request(),
        "status": d.one("new", "in_service", "parked", "none", None),
    },
    c.SetField: lambda d: {
        **d.of_conversation(),
        "field": d.one("order", "order", "size", "cause", "since", "vip", "none"),
        "content": _content(d),
    },
    c.DescribeConversation: lambda d: {
        "conversation_id": d.conversation(),
        "sentiment": d.one(None, "angry"),
        "language": d.one(None, "en"),
    },
}
_CATALOGUES: Rules = {
    c.DefineTag: lambda d: {"by": d.admin(), "tag": d.one("own", "vip"), "label": f"{SECRET}our own"},
    c.RetireTag: lambda d: {"by": d.admin(), "tag": d.one("own", "vip", "none")},
    c.DefineAnswer: lambda d: {
        "by": d.admin(),
        "answer": d.one("hello", "bye"),
        "category": "all",
        "title": f"{SECRET}for those who ask",
        "text": d.one("Hello {{name}}.", "Hello."),
    },
    c.RetireAnswer: lambda d: {"by": d.admin(), "answer": d.one("hello", "bye")},
    c.SendAnswer: lambda d: {
        **d.of_conversation(),
        "answer": d.one("hello", "bye"),
        "values": d.one({}, {"name": "Cara"}, {"name": "{{name}}"}),
    },
}
_CONTACTS: Rules = {
    c.CreateCustomer: lambda d: {**d.particulars(), "profile_id": d.one(None, d.profile())},
    c.UpdateCustomer: lambda d: {
        "customer_id": d.customer(),
        **d.one(d.particulars(), {"email": ""}, {"phone": ""}, {"company": f"{SECRET}Other"}),
    },
    c.LinkProfile: lambda d: {"profile_id": d.profile(), "customer_id": d.customer()},
    c.UnlinkProfile: lambda d: {"profile_id": d.linked()},
    c.MergeCustomers: lambda d: {"into": d.customer(), "other": d.customer()},
    c.UndoCustomerMerge: lambda d: {"customer_id": d.customer(merged=True)},
    c.BarProfile: lambda d: {"profile_id": d.profile()},
    c.UnbarProfile: lambda d: {"profile_id": d.barred()},
    c.BarCustomer: lambda d: {"customer_id": d.customer()},
    c.UnbarCustomer: lambda d: {"customer_id": d.customer(barred=True)},
    c.SetCustomerField: lambda d: {
        "customer_id": d.customer(),
        "field": d.one("vip", "about", "order"),
        "content": _content(d),
    },
}
_ERASURE: Rules = {
    c.Erase: lambda d: {
        "by": d.admin(),
        **d.one({"customer_id": d.customer()}, {"profile_id": d.profile()}),
        "scope": d.one(*ErasureScope),
    },
}
_ATTENTION: Rules = {
    c.Follow: lambda d: {"conversation_id": d.conversation(), "agent": d.one(None, None, d.agent())},
    c.Unfollow: lambda d: {"conversation_id": d.conversation(), "agent": d.one(None, None, d.agent())},
    c.Mention: lambda d: {
        "conversation_id": d.conversation(),
        "agents": [d.agent(), d.agent()],
        "message_id": d.one(None, d.message_id()),
    },
    c.Notify: lambda d: {**d.of_conversation(), "agent": d.agent(), "code": "acme.look"},
}


def _own(d: Draws) -> dict[str, Any]:
    return {"data": d.one({}, {"n": 1, "at": d.story.now}), "texts": d.one({}, {"why": f"{SECRET}because"})}


_HOST: Rules = {
    c.RecordEvent: lambda d: {**d.of_conversation(), "name": "acme.shipped", **_own(d)},
    c.SendEffect: lambda d: {
        **d.of_conversation(),
        "by": d.admin(),
        "kind": "acme.webhook",
        "destination": "acme:hook",
        **_own(d),
    },
}
_LATER: Rules = {
    c.ScheduleFollowUp: lambda d: {
        **d.of_conversation(),
        "text": f"{LATER}did it help?",
        "due_at": d.moment(),
    },
    c.CancelFollowUp: lambda d: d.of_follow_up(),
    c.SetTimer: lambda d: {
        **d.of_conversation(),
        "name": d.one("acme.look", "acme.ask"),
        "due_at": d.moment(),
    },
    c.CancelTimer: lambda d: {"conversation_id": d.conversation(), "name": d.one("acme.look", "acme.ask")},
}
_ESCALATION: Rules = {
    c.Escalate: lambda d: {
        "request_id": d.request(),
        "theme": d.one("money", "tech", "none"),
        "how": d.one(*Escalation),
        "note": d.one("", f"{SECRET}please look"),
        "hold": d.one(True, False),
    },
    c.SetSeverity: lambda d: {"request_id": d.request(), "severity": d.one("outage", "bug", "none")},
    c.Touch: lambda d: {"request_id": d.request(), "tool": "admin"},
    c.FinishIssue: lambda d: {"issue": d.one("X-1", "X-2", "X-3")},
}

SUBJECTS: Mapping[str, Rules] = MappingProxyType(
    {
        "requests": _REQUESTS,
        "conversations": _CONVERSATIONS,
        "structure": _STRUCTURE,
        "reviews": _REVIEWS,
        "content": _CONTENT,
        "catalogues": _CATALOGUES,
        "contacts": _CONTACTS,
        "erasure": _ERASURE,
        "attention": _ATTENTION,
        "host": _HOST,
        "later": _LATER,
        "escalation": _ESCALATION,
    }
)
"""How each command is given, by subject."""
