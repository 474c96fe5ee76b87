"""Pages of views: one statement each, of fixed parts; values are always bound."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ...codec import load
from ...core.effects import QueuedEffect
from ...core.model import RequestState
from ...errors import CorruptRecord
from ...ports import (
    Conversations,
    Effects,
    EffectState,
    Entries,
    Messages,
    Page,
    Parked,
    Records,
    Requests,
    StoredEffect,
    Streams,
    Texts,
    View,
)
from ..storable import cursor_of, place_of
from .chaining import ENTRY, stored_entry
from .database import Execute
from .records import as_record, found_records
from .rows import MESSAGE_COLUMNS, as_conversation, as_message, as_request
from .tending import parked_items

__all__ = ["read_page"]


class _Query:
    """A statement that grows: conditions with their values, an order by one key, a limit."""

    def __init__(self, select: str, workspace: str) -> None:
        self.conditions = ["workspace=?"]
        self.values: list[Any] = [workspace]
        self.select = select

    def where(self, condition: str, *values: Any) -> None:
        """Add a condition, unless its only value is None."""
        if values != (None,):
            self.conditions.append(condition)
            self.values += values

    def rows(
        self, execute: Execute, key: str, after: Any, limit: int, newest_first: bool = False
    ) -> list[tuple[Any, ...]]:
        """The rows after a key, one more than the limit if there are more."""
        self.where(f"{key} < ?" if newest_first else f"{key} > ?", after)
        order = "DESC" if newest_first else "ASC"
        sql = f"{self.select} WHERE {' AND '.join(self.conditions)} ORDER BY {key} {order} LIMIT ?"
        return execute(sql, (*self.values, limit + 1)).fetchall()


def _page(rows: list[tuple[Any, ...]], limit: int, read: Callable[..., Any]) -> Page:
    """A page of rows that begin with their key."""
    chosen = rows[:limit]
    return Page(
        items=tuple(read(*row) for row in chosen),
        next=str(chosen[-1][0]) if len(rows) > limit else None,
    )


def _requests(execute: Execute, workspace: str, view: Requests) -> Page:
    query = _Query(f"SELECT id, document FROM request{_request_index(view)}", workspace)
    if view.states:
        marks = ",".join("?" * len(view.states))
        query.where(f"state IN ({marks})", *(state.value for state in view.states))
        if RequestState.CLOSED not in view.states:
            query.where("open = 1")  # lets the indexes of open requests serve, or those of closed ones
        elif len(view.states) == 1:
            query.where("open = 0")
    query.where("channel_id=?", view.channel_id)
    query.where("assignee=?", view.assignee)
    query.where("queue=?", view.queue)
    query.where("conversation_id=?", view.conversation_id)
    rows = query.rows(execute, "id", view.after, view.limit, view.newest_first)
    return _page(rows, view.limit, lambda _, document: as_request(document))


def _request_index(view: Requests) -> str:
    """The index to use: SQLite would take the tree of the rows themselves, which has the right order but all rows."""
    if view.conversation_id is not None:
        return " INDEXED BY request_conversation"
    if view.states and RequestState.CLOSED not in view.states:
        return f" INDEXED BY request_{'open' if view.assignee is None else 'assigned'}"
    if view.states == (RequestState.CLOSED,) and view.assignee is not None:
        return " INDEXED BY request_closed_of"
    if view.states == (RequestState.CLOSED,) and view.channel_id is not None:
        return " INDEXED BY request_closed_in"
    return ""


def _conversations(execute: Execute, workspace: str, view: Conversations) -> Page:
    query = _Query("SELECT id, document FROM conversation", workspace)
    if view.wants_open is not None:  # lets the index of open ones serve, or that of the past
        query.where("open = 1" if view.wants_open else "open = 0")
    if view.states:
        marks = ",".join("?" * len(view.states))
        query.where(
            f"json_extract(document, '$.state') IN ({marks})", *(state.value for state in view.states)
        )
    query.where("quiet=?", view.quiet)
    query.where("channel_id=?", view.channel_id)
    query.where("requester=?", view.requester)
    query.where("json_extract(document, '$.holder')=?", view.holder)
    rows = query.rows(execute, "id", view.after, view.limit, view.newest_first)
    return _page(rows, view.limit, lambda _, document: as_conversation(document))


def _messages(execute: Execute, workspace: str, view: Messages) -> Page:
    query = _Query(f"SELECT {MESSAGE_COLUMNS} FROM message", workspace)
    query.where("conversation_id=?", view.conversation_id)
    rows = query.rows(execute, "id", view.after, view.limit)
    return _page(rows, view.limit, lambda *row: as_message(row))


def _records(execute: Execute, workspace: str, view: Records) -> Page:
    if view.name is None:
        query = _Query("SELECT id, document FROM record", workspace)
        query.where("kind=?", view.kind)
        rows = query.rows(execute, "id", view.after, view.limit, view.newest_first)
        return _page(rows, view.limit, lambda id, document: as_record(view.kind, id, document))
    after = None if view.after is None else place_of(view.after)
    key = (view.kind, view.name, view.content)
    found = found_records(execute, workspace, key, view.limit + 1, view.newest_first, after)
    placed = [(cursor_of(rank, id), record) for rank, id, record in found]
    return _page(placed, view.limit, lambda _, record: record)


def _effects(execute: Execute, workspace: str, view: Effects) -> Page:
    query = _Query("SELECT number, state, attempts, note, document FROM outbox", workspace)
    query.where("conversation_id=?", view.conversation_id)
    query.where("state=?", view.state and view.state.value)
    rows = query.rows(execute, "number", view.after and int(view.after), view.limit)
    return _page(rows, view.limit, _stored_effect)


def _stored_effect(number: int, state: str, attempts: int, note: str | None, document: str) -> StoredEffect:
    try:
        known = EffectState(state)
    except ValueError as problem:
        raise CorruptRecord(f"effect {number}: {problem}") from problem
    queued = load(document, QueuedEffect, f"effect {number}")
    return StoredEffect(queued=queued, state=known, attempts=attempts, note=note)


STREAMS = (
    # jumps from name to name, whatever the length of the streams
    "WITH RECURSIVE name(stream) AS ("
    " SELECT min(stream) FROM history WHERE workspace=?1 AND stream>?2 UNION ALL"
    " SELECT (SELECT min(stream) FROM history WHERE workspace=?1 AND stream>name.stream) FROM name"
    " WHERE name.stream IS NOT NULL LIMIT ?3)"
    " SELECT stream FROM name WHERE stream IS NOT NULL"
)


def _streams(execute: Execute, workspace: str, view: Streams) -> Page:
    rows = execute(STREAMS, (workspace, view.after or "", view.limit + 1)).fetchall()
    return _page(rows, view.limit, lambda stream: stream)


def _entries(execute: Execute, workspace: str, view: Entries) -> Page:
    query = _Query(f"SELECT {ENTRY} FROM history", workspace)
    query.where("stream=?", view.stream)
    rows = query.rows(execute, "seq", view.after and int(view.after), view.limit, view.newest_first)
    return _page(rows, view.limit, lambda *row: stored_entry(view.stream, row))


def _parked(execute: Execute, workspace: str, view: Parked) -> Page:
    return _page(list(parked_items(execute, workspace, view)), view.limit, lambda _, item: item)


def _texts(execute: Execute, workspace: str, view: Texts) -> Page:
    query = _Query("SELECT id FROM text", workspace)
    query.where("owner IN (SELECT value FROM json_each(?))", json.dumps(view.owners))
    query.conditions.append("body <> ''")
    rows = query.rows(execute, "id", view.after, view.limit)
    return _page(rows, view.limit, lambda id: id)


_PAGES: dict[type, Callable[[Execute, str, Any], Page]] = {
    Requests: _requests,
    Conversations: _conversations,
    Messages: _messages,
    Records: _records,
    Effects: _effects,
    Streams: _streams,
    Entries: _entries,
    Texts: _texts,
    Parked: _parked,
}


def read_page(execute: Execute, workspace: str, view: View) -> Page:
    """One page of a view."""
    return _PAGES[type(view)](execute, workspace, view)
