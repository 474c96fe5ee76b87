"""How each kind of want is asked and answered: a query with up to four columns of text, and a decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core.facts import (
    NEIGHBOURS,
    Answer,
    DeskDocument,
    Neighbours,
    Outcome,
    Want,
    WantConversation,
    WantDesk,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPlaced,
    WantPool,
    WantProfile,
    WantRecord,
    WantRecords,
    WantRequest,
    WantThread,
    WantWaiting,
)
from ...core.model import AgentId, AgentLoad, Conversation, Lane, Message, Profile, Request
from ...core.records.root import Record
from ...core.values import value
from .documents import Documents
from .wire import Rows, array_literal, moment

__all__ = ["KINDS", "Kind"]


@value
class Kind:
    """A kind of want. In ``sql``, ``{0}`` and so on stand for its ``values``, of which there are ``width``.

    ``answer`` is given the want and its rows, whose first column is the want's place among the others.
    """

    width: int
    sql: str
    values: Callable[[Any], Sequence[str | None]]
    answer: Callable[[Documents, Any, Rows], Answer]


def _select(columns: Sequence[str], rest: str) -> str:
    filled = [*columns, *["NULL::text"] * (4 - len(columns))]
    named = ", ".join(f"{each} AS {name}" for each, name in zip(filled, "abcd", strict=True))
    return f"SELECT {named} {rest}"


def _read(documents: Documents, document: bytes | None, cls: type) -> Any:
    return None if document is None else documents.read(document, cls, f"a stored {cls.__name__.lower()}")


def _first(documents: Documents, rows: Rows, cls: type, column: int = 1) -> Any:
    """The value in the first row; None where there is none."""
    return _read(documents, rows[0][column], cls) if rows else None


def _text(content: bytes | None) -> Any:
    return None if content is None else content.decode()


def _lane(documents: Documents, want: WantLane, rows: Rows) -> tuple[Lane | None, Conversation | None]:
    if not rows:
        return None, None
    _, version, conversation_id, document, _ = rows[0]
    lane = Lane(want.channel_id, want.profile_id, int(version or 0), _text(conversation_id))
    return lane, _read(documents, document, Conversation)


def _request(
    documents: Documents, want: WantRequest, rows: Rows
) -> tuple[Request | None, Conversation | None]:
    return _first(documents, rows, Request), _first(documents, rows, Conversation, 2)


def _placed(documents: Documents, want: WantPlaced, rows: Rows) -> tuple[Message | None, Conversation | None]:
    return _first(documents, rows, Message), _first(documents, rows, Conversation, 2)


def _neighbours(documents: Documents, want: WantNeighbours, rows: Rows) -> Neighbours:
    before = [_read(documents, row[1], Message) for row in rows if row[2] == b"before"]
    after = [_read(documents, row[1], Message) for row in rows if row[2] == b"after"]
    return Neighbours(before[0] if before else None, tuple(after))


def _pool(documents: Documents, want: WantPool, rows: Rows) -> tuple[AgentLoad, ...]:
    return tuple(
        [
            AgentLoad(AgentId(_text(id)), int(version or 0), int(load or 0), moment(chosen_at))
            for _, id, version, load, chosen_at in rows
        ]
    )


def _waiting(documents: Documents, want: WantWaiting, rows: Rows) -> tuple[Request, ...]:
    return tuple([_read(documents, row[1], Request) for row in rows])


def _record(documents: Documents, want: WantRecord, rows: Rows) -> Record | None:
    return documents.read_record(rows[0][1] or b"", f"record {want.kind} {want.id}") if rows else None


def _records(documents: Documents, want: WantRecords, rows: Rows) -> tuple[Record, ...]:
    return tuple([documents.read_record(row[1] or b"", f"a record {want.kind}") for row in rows])


def _desk(documents: Documents, want: WantDesk, rows: Rows) -> DeskDocument | None:
    if not rows:
        return None
    _, revision, content, salt, _ = rows[0]
    return DeskDocument(int(revision or 0), _text(content), _text(salt))


def _conversation(documents: Documents, want: Want, rows: Rows) -> Conversation | None:
    found: Conversation | None = _first(documents, rows, Conversation)
    return found


def _conversation_of(id: str) -> str:
    return f"(SELECT c.document FROM reqflow.conversations c WHERE c.workspace = $1 AND c.id = {id})"


_LONE = (
    "FROM reqflow.messages m WHERE m.workspace = $1 AND m.channel_id = {0}"
    " AND m.lone_profile_id = {1} AND (m.sent_at, m.id)"
)
_BEFORE = _select(
    ("m.document", "'before'"),
    f"{_LONE} < ({{2}}::timestamptz, {{3}}) ORDER BY m.sent_at DESC, m.id DESC LIMIT 1",
)
_AFTER = _select(
    ("m.document", "'after'"),
    f"{_LONE} > ({{2}}::timestamptz, {{3}}) ORDER BY m.sent_at, m.id LIMIT {NEIGHBOURS}",
)


def _found_by(order: str, when: str) -> str:
    """Records by a key, in one of its two orders; a query where that is not asked for."""
    keys = (
        "SELECT k.rank, k.id FROM reqflow.record_keys k WHERE k.workspace = $1 AND k.kind = {0}"
        f" AND k.name = {{1}} AND k.content = {{2}} AND {when}"
        f" ORDER BY k.rank {order}, k.id {order} LIMIT {{3}}::bigint"
    )
    record = (
        "SELECT t.document FROM reqflow.records t WHERE t.workspace = $1 AND t.kind = {0} AND t.id = k.id"
    )
    return _select(
        ("r.document",),
        f"FROM ({keys}) k CROSS JOIN LATERAL ({record} OFFSET 0) r ORDER BY k.rank {order}, k.id {order}",
    )


KINDS: Mapping[type, Kind] = {
    WantMessage: Kind(
        2,
        _select(
            ("m.document",),
            "FROM reqflow.messages m WHERE m.workspace = $1 AND m.channel_id = {0} AND m.native = {1}",
        ),
        lambda want: (want.channel_id, want.native),
        lambda documents, want, rows: _first(documents, rows, Message),
    ),
    WantPlaced: Kind(
        1,
        _select(
            ("m.document", _conversation_of("m.conversation_id")),
            "FROM reqflow.messages m WHERE m.workspace = $1 AND m.id = {0}",
        ),
        lambda want: (want.id,),
        _placed,
    ),
    WantProfile: Kind(
        1,
        _select(("p.document",), "FROM reqflow.profiles p WHERE p.workspace = $1 AND p.id = {0}"),
        lambda want: (want.id,),
        lambda documents, want, rows: _first(documents, rows, Profile),
    ),
    WantOutcome: Kind(
        1,
        _select(("o.document",), "FROM reqflow.outcomes o WHERE o.workspace = $1 AND o.key = {0}"),
        lambda want: (want.key,),
        lambda documents, want, rows: _first(documents, rows, Outcome),
    ),
    WantLane: Kind(
        2,
        _select(
            ("l.version::text", "l.conversation_id", _conversation_of("l.conversation_id")),
            "FROM reqflow.lanes l WHERE l.workspace = $1 AND l.channel_id = {0} AND l.profile_id = {1}",
        ),
        lambda want: (want.channel_id, want.profile_id),
        _lane,
    ),
    WantThread: Kind(
        2,
        _select(
            ("f.document",),
            "FROM (SELECT n.place, (SELECT c.document FROM reqflow.conversations c WHERE c.workspace = $1"
            " AND c.id = coalesce((SELECT o.id FROM reqflow.conversations o"  # which may have been purged
            " WHERE o.workspace = $1 AND o.id = (SELECT m.conversation_id FROM reqflow.messages m"
            " WHERE m.workspace = $1 AND m.channel_id = {0} AND m.native = n.native)),"
            " (SELECT k.conversation_id FROM reqflow.thread_keys k"
            " WHERE k.workspace = $1 AND k.channel_id = {0} AND k.native = n.native))) AS document"
            " FROM unnest({1}::text[]) WITH ORDINALITY n (native, place)) f"
            " WHERE f.document IS NOT NULL ORDER BY f.place DESC LIMIT 1",
        ),
        lambda want: (want.channel_id, array_literal(want.natives)),
        _conversation,
    ),
    WantConversation: Kind(
        1,
        _select(("c.document",), "FROM reqflow.conversations c WHERE c.workspace = $1 AND c.id = {0}"),
        lambda want: (want.id,),
        _conversation,
    ),
    WantRequest: Kind(
        1,
        _select(
            ("r.document", _conversation_of("r.conversation_id")),
            "FROM reqflow.requests r WHERE r.workspace = $1 AND r.id = {0}",
        ),
        lambda want: (want.id,),
        _request,
    ),
    WantLastOpen: Kind(
        1,
        _select(
            (_conversation_of("r.conversation_id"),),
            "FROM reqflow.requests r WHERE r.workspace = $1 AND r.channel_id = {0}"
            " AND r.state <> 'closed' ORDER BY r.opened_at DESC, r.id DESC LIMIT 1",
        ),
        lambda want: (want.channel_id,),
        _conversation,
    ),
    WantNeighbours: Kind(
        4,
        f"({_BEFORE}) UNION ALL ({_AFTER})",
        lambda want: (want.channel_id, want.profile_id, want.sent_at.isoformat(), want.id),
        _neighbours,
    ),
    WantPool: Kind(
        4,
        _select(
            ("u.id", "a.version::text", "a.load::text", "a.chosen_at::text"),
            "FROM unnest({0}::text[]) u (id) LEFT JOIN LATERAL (SELECT g.version, g.load, g.chosen_at"
            " FROM reqflow.agents g WHERE g.workspace = $1 AND g.id = u.id OFFSET 0) a ON true"
            " WHERE {1}::bigint IS NULL OR coalesce(a.load, 0) < {1}::bigint"
            " ORDER BY CASE WHEN {3} = 'chosen' THEN coalesce(a.chosen_at, '-infinity') END,"
            ' coalesce(a.load, 0), a.chosen_at NULLS FIRST, u.id COLLATE "C" LIMIT {2}::bigint',
        ),
        lambda want: (
            array_literal(want.agents),
            None if want.below is None else str(want.below),
            str(want.top),
            want.by,
        ),
        _pool,
    ),
    WantWaiting: Kind(
        2,
        _select(
            ("r.document",),
            "FROM reqflow.requests r WHERE r.workspace = $1 AND r.queue = {0} AND r.state = 'unassigned'"
            " AND r.waiting_at IS NOT NULL ORDER BY r.priority, r.waiting_at, r.id LIMIT {1}::bigint",
        ),
        lambda want: (want.queue, str(want.top)),
        _waiting,
    ),
    WantRecord: Kind(
        2,
        _select(
            ("t.document",),
            "FROM reqflow.records t WHERE t.workspace = $1 AND t.kind = {0} AND t.id = {1}",
        ),
        lambda want: (want.kind, want.id),
        _record,
    ),
    WantRecords: Kind(
        5,
        f"({_found_by('', 'NOT {4}::boolean')}) UNION ALL ({_found_by('DESC', '{4}::boolean')})",
        lambda want: (
            want.kind,
            want.name,
            want.content,
            str(want.top),
            "t" if want.newest_first else "f",
        ),
        _records,
    ),
    WantDesk: Kind(
        1,
        _select(
            ("t.revision::text", "t.content", "t.salt"),
            "FROM reqflow.desks t WHERE t.workspace = $1 AND t.revision <> {0}::bigint",
        ),
        lambda want: (str(want.known),),
        _desk,
    ),
}
