"""What the event of one thing does to another: total tables, one row an event, one column a conversation's state.

Small machines and these tables stand in for one product machine. `REQUEST_TO_CONVERSATION`, `DRAFT_TO_CONVERSATION`
and `CONVERSATION_TO_DRAFTS` have an answer for every pair; a pair that cannot happen says so, and meeting it is a
bug, not a surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from .model import CloseReason, ConversationState, Resolution

__all__ = [
    "CLOSES_AS",
    "CONVERSATION_TO_DRAFTS",
    "COUPLED",
    "DRAFT_TO_CONVERSATION",
    "REQUEST_TO_CONVERSATION",
    "RESOLVES_AS",
    "Coupling",
    "Table",
]


class Coupling(StrEnum):
    """What happens to the conversation."""

    NOTHING = "nothing"
    """It stays as it is."""
    ACCEPT = "accept"
    """It becomes active, held by the request's assignee."""
    FOLLOW = "follow"
    """Was that the holder's last open request here, the holder changes with it, or leaves."""
    CLOSE_IF_LAST = "close_if_last"
    """Was that the last open request, the conversation closes too (a setting of the channel); what was no request
    leaves it open, as talk that nobody holds."""
    BEGIN_REVIEW = "begin_review"
    """It is in review from now on."""
    END_REVIEW_IF_LAST = "end_review_if_last"
    """Was that the last draft that waited, it is active again."""
    WITHDRAW_DRAFTS = "withdraw_drafts"
    """The drafts that wait in it are withdrawn: nobody speaks there any more for whom they could be published."""
    IMPOSSIBLE = "impossible"
    """The decision reopens the conversation first, or does not happen."""


_N, _A, _F, _L, _X = (
    Coupling.NOTHING,
    Coupling.ACCEPT,
    Coupling.FOLLOW,
    Coupling.CLOSE_IF_LAST,
    Coupling.IMPOSSIBLE,
)
_B, _E, _W = Coupling.BEGIN_REVIEW, Coupling.END_REVIEW_IF_LAST, Coupling.WITHDRAW_DRAFTS
Row = tuple[Coupling, Coupling, Coupling, Coupling]
Table = Mapping[tuple[str, ConversationState], Coupling]

_REQUEST_ROWS: Mapping[str, Row] = {
    # event                 pending active in_review closed
    "request.opened": (_N, _N, _N, _X),
    "request.assigned": (_A, _F, _F, _X),
    "request.unassigned": (_N, _F, _F, _X),
    "request.routed": (_N, _N, _N, _X),
    "request.held": (_N, _N, _N, _X),
    "request.woken": (_A, _N, _N, _X),
    "request.requeued": (_N, _F, _F, _X),
    "request.closed": (_L, _L, _L, _N),
    "request.reopened": (_N, _N, _N, _X),
    "request.nudged": (_N, _N, _N, _X),
}
_DRAFT_ROWS: Mapping[str, Row] = {
    # event                 pending active in_review closed
    "draft.submitted": (_X, _B, _N, _X),  # submitting accepts a pending conversation first
    "draft.revised": (_X, _B, _N, _X),
    "draft.approved": (_X, _X, _E, _X),
    "draft.rejected": (_X, _X, _E, _X),
    "draft.withdrawn": (_N, _N, _E, _N),
}
_CONVERSATION_ROWS: Mapping[str, Row] = {
    # event, by the state that it led to: its drafts end with whoever was to speak
    "conversation.released": (_W, _X, _X, _X),
    "conversation.closed": (_X, _X, _X, _W),
}


def _table(rows: Mapping[str, Row]) -> Table:
    return MappingProxyType(
        {
            (event, state): row[column]
            for event, row in rows.items()
            for column, state in enumerate(ConversationState)
        }
    )


REQUEST_TO_CONVERSATION = _table(_REQUEST_ROWS)
DRAFT_TO_CONVERSATION = _table(_DRAFT_ROWS)
CONVERSATION_TO_DRAFTS = _table(_CONVERSATION_ROWS)
"""By the state after the event; a conversation's other events leave its drafts alone."""

COUPLED: Mapping[str, Mapping[ConversationState, Coupling]] = MappingProxyType(
    {
        event: {
            state: coupling
            for state, coupling in zip(ConversationState, row, strict=True)
            if coupling is not Coupling.NOTHING
        }
        for event, row in {**_REQUEST_ROWS, **_DRAFT_ROWS, **_CONVERSATION_ROWS}.items()
    }
)
"""The same tables by event, without the pairs that change nothing: what the loop looks up."""

RESOLVES_AS: Mapping[CloseReason, Resolution] = MappingProxyType(
    {
        CloseReason.HANDLED: Resolution.DONE,
        CloseReason.REJECTED: Resolution.REJECTED,
        CloseReason.IGNORED: Resolution.IGNORED,
        CloseReason.EXPIRED: Resolution.EXPIRED,
        CloseReason.BARRED: Resolution.BARRED,
        CloseReason.MERGED: Resolution.MERGED,
    }
)
"""How the open requests of a conversation end when it is closed for this reason."""

CLOSES_AS: Mapping[Resolution, CloseReason] = MappingProxyType(
    {
        **dict.fromkeys(Resolution, CloseReason.HANDLED),
        **{resolution: reason for reason, resolution in RESOLVES_AS.items()},
    }
)
"""Why a conversation is closed when its last open request ends with this resolution."""
