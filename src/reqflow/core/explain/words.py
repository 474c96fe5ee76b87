"""The words in which history names who acts by itself, what a message was taken for, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..model import Label

__all__ = ["CLOCKWORK", "LABELS", "OUTSIDE", "REASONS"]

CLOCKWORK: Mapping[str, str] = MappingProxyType(
    {"drain": "the queue", "bar": "the bar", "erase": "the erasure", "loop": "the desk"}
)
"""Timers that act for something which people know; the others are time itself."""

OUTSIDE: Mapping[str, str] = MappingProxyType(
    {"transport": "the channel", "ticket": "the ticket tool", "issue": "the tracker"}
)
"""Who reports from outside what became of something that was sent there."""

LABELS: Mapping[Label, str] = MappingProxyType(
    {Label.REQUEST: "a request", Label.TALK: "talk", Label.UNKNOWN: "neither a request nor talk"}
)

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "detected": "the message was taken for a request",
        "first_message": "the first message of a conversation opens a request in this channel",
        "channel_owner": "the channel's owner gets its requests",
        "first_response": "first to answer",
        "took_it": "took it",
        "asked": "asked for by hand",
        "accepted": "the conversation was accepted",
        "released": "the conversation was given back",
        "request_assigned": "a request in it was assigned",
        "request_moved": "its holder has no open request in it any more",
        "last_request_closed": "its last open request was closed",
        "conversation_closed": "its conversation was closed",
        "customer_wrote": "the customer wrote again",
        "promoted": "somebody took the message for a request",
        "not_a_request": "what was asked in it was no request",
        "split": "split off by hand",
        "started": "the desk spoke first",
        "deleted": "its only words were taken back",
        "undone": "taken back",
        "had_it_before": "had it before it was closed",
        "created": "the customer was put on record for it",
        "recognised": "the address is one of the customer's, and the transport vouches for it",
        "merged": "the two turned out to be one person",
        "merge_undone": "the two are not one person after all",
        "barred": "whoever asked was barred",
        "erased": "whoever asked was erased",
        "late": "an older message arrived late and began the group",
        "wake": "the snooze is over",
        "emoji": "an emoji on a message asked for it",
        "form": "it was asked in the form of its theme",
        "consulted": "specialists are consulted",
        "consult_answered": "the specialists have answered",
        "auto_close": "nothing happened for too long",
        "close_nudge": "still open after a while",
        "draft_submitted": "an answer was handed in for review",
        "reviewed": "the reviewer says",
        "conversation_released": "its conversation was given back",
        "inactivity_close": "the customer has not written for too long",
        "unseen": "it was not seen in time",
        "needs_review": "its author writes to customers after a review only",
        "unknown_agent": "its author is not in the roster any more",
        "unknown_id": "its author does not see the conversation any more",
    }
)
