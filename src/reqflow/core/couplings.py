"""What a request's event does to its conversation: a total table, one row an event, one column a state.

Two small machines and this table stand in for one product machine. `REQUEST_TO_CONVERSATION` has an answer for
every pair; a pair that cannot happen says so, and meeting it is a bug, not a surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from .model import CloseReason, ConversationState, Resolution

__all__ = ["CLOSES_AS", "COUPLED", "REQUEST_TO_CONVERSATION", "RESOLVES_AS", "Coupling"]


class Coupling(StrEnum):
    """What happens to the conversation."""

    NOTHING = "nothing"
    """It stays as it is."""
    ACCEPT = "accept"
    """It becomes active, held by the request's assignee."""
    FOLLOW = "follow"
    """Was that the holder's last open request here, the holder changes with it, or leaves."""
    CLOSE_IF_LAST = "close_if_last"
    """Was that the last open request, the conversation closes too (a setting of the channel)."""
    IMPOSSIBLE = "impossible"
    """The decision reopens the conversation first, or does not happen."""


_N, _A, _F, _L, _X = (
    Coupling.NOTHING,
    Coupling.ACCEPT,
    Coupling.FOLLOW,
    Coupling.CLOSE_IF_LAST,
    Coupling.IMPOSSIBLE,
)
_ROWS: Mapping[str, tuple[Coupling, Coupling, Coupling, Coupling]] = {
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

REQUEST_TO_CONVERSATION: Mapping[tuple[str, ConversationState], Coupling] = MappingProxyType(
    {
        (event, state): row[column]
        for event, row in _ROWS.items()
        for column, state in enumerate(ConversationState)
    }
)

COUPLED: Mapping[str, Mapping[ConversationState, Coupling]] = MappingProxyType(
    {
        event: {
            state: coupling
            for state, coupling in zip(ConversationState, row, strict=True)
            if coupling is not Coupling.NOTHING
        }
        for event, row in _ROWS.items()
    }
)
"""The same table by event, without the pairs that change nothing: what the loop looks up."""

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
