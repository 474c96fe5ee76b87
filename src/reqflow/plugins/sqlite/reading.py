"""Answers to wants: each is one statement, or one per known thread. History and texts beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...codec import load
from ...core.events import Entry
from ...core.facts import (
    NEIGHBOURS,
    Answer,
    DeskDocument,
    Neighbours,
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
from ...core.model import AgentLoad, Audience, Conversation, Lane, Message, Profile, Request, TextId
from ...core.records.root import Record
from ..storable import choose_pool
from .database import Execute
from .records import found_records, known_record
from .rows import (
    MESSAGE_COLUMNS,
    as_conversation,
    as_entry,
    as_message,
    as_moment,
    as_outcome,
    as_request,
    micros,
)

__all__ = ["ANSWERS", "read_history", "read_texts"]

_CONVERSATION = "SELECT document FROM conversation WHERE workspace=?1 AND id="
MESSAGE = f"SELECT {MESSAGE_COLUMNS} FROM message WHERE workspace=? AND channel_id=? AND native=?"
PLACED = f"SELECT {MESSAGE_COLUMNS} FROM message WHERE workspace=? AND id=?"
PROFILE = "SELECT document FROM profile WHERE workspace=? AND id=?"
OUTCOME = (
    "SELECT kind, code, conversation_id, request_id, message_id, duplicate, record_id FROM outcome"
    " WHERE workspace=? AND key=?"
)
LANE = (
    "SELECT l.version, l.conversation_id, c.document FROM lane l LEFT JOIN conversation c"
    " ON c.workspace=l.workspace AND c.id=l.conversation_id"
    " WHERE l.workspace=? AND l.channel_id=? AND l.profile_id=?"
)
THREAD = (
    f"{_CONVERSATION}coalesce("
    "(SELECT m.conversation_id FROM message m JOIN conversation c"  # which may have been purged
    " ON c.workspace=?1 AND c.id=m.conversation_id WHERE m.workspace=?1 AND m.channel_id=?2 AND m.native=?3),"
    "(SELECT conversation_id FROM thread WHERE workspace=?1 AND channel_id=?2 AND native=?3))"
)
CONVERSATION = f"{_CONVERSATION}?2"
REQUEST = (
    "SELECT r.document, c.document FROM request r LEFT JOIN conversation c"
    " ON c.workspace=r.workspace AND c.id=r.conversation_id WHERE r.workspace=? AND r.id=?"
)
LAST_OPEN = (
    f"{_CONVERSATION}(SELECT conversation_id FROM request WHERE workspace=?1 AND channel_id=?2"
    " AND open = 1 ORDER BY opened_at DESC, id DESC LIMIT 1)"
)
_LISTED = (
    f"SELECT {MESSAGE_COLUMNS} FROM message WHERE workspace=? AND channel_id=? AND profile_id=?"
    " AND top=1 AND side='requester'"
)
BEFORE = f"{_LISTED} AND (sent_at, id) < (?,?) ORDER BY sent_at DESC, id DESC LIMIT 1"
AFTER = f"{_LISTED} AND (sent_at, id) > (?,?) ORDER BY sent_at, id LIMIT {NEIGHBOURS}"
POOL = (
    "SELECT id, version, load, chosen_at FROM agent"
    " WHERE workspace=? AND id IN (SELECT value FROM json_each(?))"
)
WAITING = (
    "SELECT document FROM request WHERE workspace=? AND queue=? AND state = 'unassigned'"
    " AND waiting_at IS NOT NULL ORDER BY priority, waiting_at, id LIMIT ?"
)
HISTORY = (
    "SELECT seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events FROM history"
    " WHERE workspace=? AND stream=? AND seq>? ORDER BY seq LIMIT ?"
)
_TEXTS = "SELECT id, body FROM text WHERE workspace=? AND id IN (SELECT value FROM json_each(?))"
TEXTS = {Audience.INTERNAL: _TEXTS, Audience.CUSTOMER: f"{_TEXTS} AND audience='customer'"}
DESK = "SELECT revision, content, salt FROM desk WHERE workspace=? AND revision<>?"


def _message(execute: Execute, workspace: str, want: WantMessage) -> Message | None:
    row = execute(MESSAGE, (workspace, want.channel_id, want.native)).fetchone()
    return as_message(row) if row else None


def _placed(execute: Execute, workspace: str, want: WantPlaced) -> tuple[Message | None, Conversation | None]:
    row = execute(PLACED, (workspace, want.id)).fetchone()
    if row is None:
        return None, None
    message = as_message(row)
    return message, _found(execute, CONVERSATION, workspace, message.conversation_id)


def _profile(execute: Execute, workspace: str, want: WantProfile) -> Profile | None:
    row = execute(PROFILE, (workspace, want.id)).fetchone()
    return load(row[0], Profile, "a profile") if row else None


def _outcome(execute: Execute, workspace: str, want: WantOutcome) -> Answer:
    row = execute(OUTCOME, (workspace, want.key)).fetchone()
    return as_outcome(row) if row else None


def _lane(execute: Execute, workspace: str, want: WantLane) -> tuple[Lane | None, Conversation | None]:
    row = execute(LANE, (workspace, want.channel_id, want.profile_id)).fetchone()
    if row is None:
        return None, None
    version, opened, document = row
    return Lane(want.channel_id, want.profile_id, version, opened), as_conversation(document)


def _found(execute: Execute, sql: str, *key: str) -> Conversation | None:
    row = execute(sql, key).fetchone()
    return as_conversation(row[0]) if row else None


def _thread(execute: Execute, workspace: str, want: WantThread) -> Conversation | None:
    for native in reversed(want.natives):
        found = _found(execute, THREAD, workspace, want.channel_id, native)
        if found is not None:
            return found
    return None


def _conversation(execute: Execute, workspace: str, want: WantConversation) -> Conversation | None:
    return _found(execute, CONVERSATION, workspace, want.id)


def _request(
    execute: Execute, workspace: str, want: WantRequest
) -> tuple[Request | None, Conversation | None]:
    row = execute(REQUEST, (workspace, want.id)).fetchone()
    return (as_request(row[0]), as_conversation(row[1])) if row else (None, None)


def _last_open(execute: Execute, workspace: str, want: WantLastOpen) -> Conversation | None:
    return _found(execute, LAST_OPEN, workspace, want.channel_id)


def _neighbours(execute: Execute, workspace: str, want: WantNeighbours) -> Neighbours:
    here = (workspace, want.channel_id, want.profile_id, micros(want.sent_at), want.id)
    before = execute(BEFORE, here).fetchone()
    after = execute(AFTER, here).fetchall()
    return Neighbours(as_message(before) if before else None, tuple([as_message(row) for row in after]))


def _pool(execute: Execute, workspace: str, want: WantPool) -> tuple[AgentLoad, ...]:
    rows = execute(POOL, (workspace, json.dumps(want.agents))).fetchall()
    known = {
        agent: AgentLoad(agent, version, load, None if chosen_at is None else as_moment(chosen_at))
        for agent, version, load, chosen_at in rows
    }
    return choose_pool(known, want)


def _waiting(execute: Execute, workspace: str, want: WantWaiting) -> tuple[Request, ...]:
    rows = execute(WAITING, (workspace, want.queue, want.top)).fetchall()
    return tuple([as_request(document) for (document,) in rows])


def _record(execute: Execute, workspace: str, want: WantRecord) -> Record | None:
    return known_record(execute, workspace, want.kind, want.id)


def _records(execute: Execute, workspace: str, want: WantRecords) -> tuple[Record, ...]:
    key = (want.kind, want.name, want.content)
    found = found_records(execute, workspace, key, want.top, want.newest_first)
    return tuple([record for _, _, record in found])


def read_history(
    execute: Execute, workspace: str, stream: str, after: int, limit: int | None
) -> tuple[Entry, ...]:
    """The entries of a stream with a ``seq`` above ``after``, in order."""
    rows = execute(HISTORY, (workspace, stream, after, -1 if limit is None else limit)).fetchall()
    return tuple(as_entry(stream, row) for row in rows)


def read_texts(
    execute: Execute, workspace: str, ids: Sequence[TextId], audience: Audience
) -> Mapping[TextId, str]:
    """The bodies that this audience may read."""
    return dict(execute(TEXTS[audience], (workspace, json.dumps(ids))).fetchall())


def _desk(execute: Execute, workspace: str, want: WantDesk) -> DeskDocument | None:
    row = execute(DESK, (workspace, want.known)).fetchone()
    return DeskDocument(*row) if row else None


ANSWERS: dict[type, Callable[[Execute, str, Any], Answer]] = {
    WantMessage: _message,
    WantPlaced: _placed,
    WantProfile: _profile,
    WantOutcome: _outcome,
    WantLane: _lane,
    WantThread: _thread,
    WantConversation: _conversation,
    WantRequest: _request,
    WantLastOpen: _last_open,
    WantNeighbours: _neighbours,
    WantPool: _pool,
    WantWaiting: _waiting,
    WantRecord: _record,
    WantRecords: _records,
    WantDesk: _desk,
}
