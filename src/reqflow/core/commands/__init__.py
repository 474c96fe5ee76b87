"""What may be asked of a desk (commands, which may be refused) and what it is told (observations).

Texts come in here as plain strings; the core turns them into text rows and lets only their `TextRef`s go further.
Each module holds the commands of one subject; `COMMANDS` lists them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .answers import DefineAnswer, RetireAnswer, SendAnswer
    from .attachments import MAX_ENCLOSURES, Enclosure
    from .attention import Follow, MarkSeen, Mention, Notify, Unfollow
    from .bars import BarCustomer, BarProfile, UnbarCustomer, UnbarProfile
    from .catalogue import COMMANDS
    from .checks import MAX_NATIVE, MAX_REPLIES_TO
    from .contacts import CreateCustomer, LinkProfile, UnlinkProfile, UpdateCustomer
    from .conversations import Accept, CloseConversation, Enqueue, Release
    from .customers import MergeCustomers, UndoCustomerMerge
    from .descriptions import DescribeConversation
    from .drafts import (
        AddDraftNote,
        ApproveDraft,
        DeleteDraftNote,
        RejectDraft,
        ReviseDraft,
        SubmitDraft,
        WithdrawDraft,
    )
    from .erasure import Erase
    from .escalation import Escalate, FinishIssue, SetPriority, SetSeverity, Touch
    from .fields import SetCustomerField, SetField
    from .follow_ups import CancelFollowUp, ScheduleFollowUp
    from .host import CancelTimer, RecordEvent, SendEffect, SetTimer
    from .items import Item
    from .links import CreateTicket, Link, Unlink
    from .naming import SetStatus, SetSubject
    from .notes import AddNote, DeleteNote
    from .observations import (
        Delivered,
        Inbound,
        MenuChoice,
        MessageDeletion,
        MessageEdit,
        Observation,
        Reacted,
        TicketReported,
    )
    from .replies import Reply
    from .requests import Assign, Close, Hold, Reopen, Route, Take, Unassign, Wake
    from .root import Command
    from .starting import StartConversation
    from .structure import MAX_SPLIT, Merge, Promote, Split
    from .tags import AddTag, DefineTag, RemoveTag, RetireTag
    from .undoing import Undo
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".answers": "DefineAnswer RetireAnswer SendAnswer",
            ".attachments": "MAX_ENCLOSURES Enclosure",
            ".attention": "Follow MarkSeen Mention Notify Unfollow",
            ".bars": "BarCustomer BarProfile UnbarCustomer UnbarProfile",
            ".catalogue": "COMMANDS",
            ".checks": "MAX_NATIVE MAX_REPLIES_TO",
            ".contacts": "CreateCustomer LinkProfile UnlinkProfile UpdateCustomer",
            ".conversations": "Accept CloseConversation Enqueue Release",
            ".customers": "MergeCustomers UndoCustomerMerge",
            ".descriptions": "DescribeConversation",
            ".drafts": (
                "AddDraftNote ApproveDraft DeleteDraftNote RejectDraft ReviseDraft SubmitDraft WithdrawDraft"
            ),
            ".erasure": "Erase",
            ".escalation": "Escalate FinishIssue SetPriority SetSeverity Touch",
            ".fields": "SetCustomerField SetField",
            ".follow_ups": "CancelFollowUp ScheduleFollowUp",
            ".host": "CancelTimer RecordEvent SendEffect SetTimer",
            ".items": "Item",
            ".links": "CreateTicket Link Unlink",
            ".naming": "SetStatus SetSubject",
            ".notes": "AddNote DeleteNote",
            ".observations": (
                "Delivered Inbound MenuChoice MessageDeletion MessageEdit Observation Reacted TicketReported"
            ),
            ".replies": "Reply",
            ".requests": "Assign Close Hold Reopen Route Take Unassign Wake",
            ".root": "Command",
            ".starting": "StartConversation",
            ".structure": "MAX_SPLIT Merge Promote Split",
            ".tags": "AddTag DefineTag RemoveTag RetireTag",
            ".undoing": "Undo",
        },
    )

__all__ = [
    "COMMANDS",
    "MAX_ENCLOSURES",
    "MAX_NATIVE",
    "MAX_REPLIES_TO",
    "MAX_SPLIT",
    "Accept",
    "AddDraftNote",
    "AddNote",
    "AddTag",
    "ApproveDraft",
    "Assign",
    "BarCustomer",
    "BarProfile",
    "CancelFollowUp",
    "CancelTimer",
    "Close",
    "CloseConversation",
    "Command",
    "CreateCustomer",
    "CreateTicket",
    "DefineAnswer",
    "DefineTag",
    "DeleteDraftNote",
    "DeleteNote",
    "Delivered",
    "DescribeConversation",
    "Enclosure",
    "Enqueue",
    "Erase",
    "Escalate",
    "FinishIssue",
    "Follow",
    "Hold",
    "Inbound",
    "Item",
    "Link",
    "LinkProfile",
    "MarkSeen",
    "Mention",
    "MenuChoice",
    "Merge",
    "MergeCustomers",
    "MessageDeletion",
    "MessageEdit",
    "Notify",
    "Observation",
    "Promote",
    "Reacted",
    "RecordEvent",
    "RejectDraft",
    "Release",
    "RemoveTag",
    "Reopen",
    "Reply",
    "RetireAnswer",
    "RetireTag",
    "ReviseDraft",
    "Route",
    "ScheduleFollowUp",
    "SendAnswer",
    "SendEffect",
    "SetCustomerField",
    "SetField",
    "SetPriority",
    "SetSeverity",
    "SetStatus",
    "SetSubject",
    "SetTimer",
    "Split",
    "StartConversation",
    "SubmitDraft",
    "Take",
    "TicketReported",
    "Touch",
    "Unassign",
    "UnbarCustomer",
    "UnbarProfile",
    "Undo",
    "UndoCustomerMerge",
    "Unfollow",
    "Unlink",
    "UnlinkProfile",
    "UpdateCustomer",
    "Wake",
    "WithdrawDraft",
]
