"""One commit as one statement, and the reason where it fails.

The statement is composed from the parts of the batch that are not empty, and prepared once for each
composition. It fails as a whole as soon as one thing is not as the batch took it to be; a second look
then says which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from ...errors import Conflict, Duplicate, StaleLease, StoreError
from ...ports import Batch, HoldKind, Lease, LeaseQueue
from .failures import Failed, as_error
from .parts import PARTS, compose
from .rows import Changes, changes_of, finished, lane_of, replaced
from .wire import TEXT, TIMESTAMPTZ, Rows, Statement, Value, text_array

__all__ = ["Commits"]

Ask = Callable[[Statement, Sequence[Value]], Rows]
Shape = tuple[tuple[str, bool], ...]

_CLEAR = (
    Statement(
        "DELETE FROM reqflow.messages t WHERE t.workspace = $1 AND t.conversation_id = ANY ($2::text[])"
    ),
    Statement(
        "DELETE FROM reqflow.requests t WHERE t.workspace = $1 AND t.conversation_id = ANY ($2::text[])"
    ),
)
_CLEAR_MESSAGES = (
    Statement("DELETE FROM reqflow.messages t WHERE t.workspace = $1 AND t.id = ANY ($2::text[])"),
    Statement(
        "DELETE FROM reqflow.messages t USING unnest($2::text[], $3::text[]) d (channel_id, native)"
        " WHERE t.workspace = $1 AND t.channel_id = d.channel_id AND t.native = d.native"
        " AND t.native = ANY ($3::text[])"
    ),
)
