"""A whole desk in a file as rows, and back: read by table in the order of its keys, written in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ...codec import dump, load
from ...core.chain import StoredEntry
from ...core.effects import QueuedEffect
from ...core.facts import DeskDocument
from ...core.model import (
    AgentId,
    AgentLoad,
    Audience,
    Code,
    Conversation,
    Lane,
    Profile,
    Request,
    Workspace,
)
from ...errors import CorruptRecord
from ...ports import EffectState, InboxItem, KeptItem, KeptOutcome, KeptText, Row, ThreadKey, Timer
from ..parcels import parcels, there_already
from ..storable import micros
from .chaining import ENTRY, stored_entry
from .database import Execute
from .records import as_record
from .rows import MESSAGE_COLUMNS, as_message, as_moment, as_outcome
from .writing import write

__all__ = ["read_rows", "write_rows"]

READY, PARKED = EffectState.READY, EffectState.PARKED
_OUTCOME = "kind, code, conversation_id, request_id, message_id, duplicate, record_id"
_STANDS = "state, CASE WHEN leased=0 THEN free_at END, attempts, lost+leased, note"


def _item(cls: type, document: str, *stands: Any) -> KeptItem:
    state, ready_at, attempts, lost, note = stands
    waits = state == READY
    return KeptItem(
        item=load(document, cls, "an item of a queue"),
        state=EffectState(state),
        ready_at=as_moment(ready_at) if waits and ready_at is not None else None,
        attempts=attempts,
        lost=lost if waits else 0,
        note=note,
    )


def _timer(key: str, due_at: int, parked: bool, attempts: int, lost: int, note: str | None) -> KeptItem:
    return KeptItem(
        item=Timer(Code(key), as_moment(due_at)),
        state=PARKED if parked else READY,
        attempts=attempts,
        lost=0 if parked else lost,
        note=note,
    )


def _load(id: AgentId, version: int, load: int, chosen_at: int | None) -> AgentLoad:
    return AgentLoad(id, version, load, None if chosen_at is None else as_moment(chosen_at))


_ROWS: Mapping[str, Callable[..., Row]] = MappingProxyType(
    {
        "revision, content, salt FROM desk WHERE workspace=?": DeskDocument,
        "document FROM profile WHERE workspace=? ORDER BY id": lambda it: load(it, Profile, "a profile"),
        "id, audience, owner, body FROM text WHERE workspace=? ORDER BY id": (
            lambda id, audience, owner, body: KeptText(id, Audience(audience), owner, body)
        ),
        f"stream, {ENTRY} FROM history WHERE workspace=? ORDER BY stream, seq": (
            lambda stream, *row: stored_entry(stream, row)
        ),
        "document FROM conversation WHERE workspace=? ORDER BY id": (
            lambda it: load(it, Conversation, "a conversation")
        ),
        "document FROM request WHERE workspace=? ORDER BY id": lambda it: load(it, Request, "a request"),
        f"{MESSAGE_COLUMNS} FROM message WHERE workspace=? ORDER BY id": lambda *row: as_message(row),
        "channel_id, native, conversation_id FROM thread WHERE workspace=? ORDER BY channel_id, native": ThreadKey,
        "kind, id, document FROM record WHERE workspace=? ORDER BY kind, id": as_record,
        "channel_id, profile_id, version, conversation_id FROM lane WHERE workspace=?"
        " ORDER BY channel_id, profile_id": Lane,
        "id, version, load, chosen_at FROM agent WHERE workspace=? ORDER BY id": _load,
        f"key, {_OUTCOME} FROM outcome WHERE workspace=? ORDER BY key": (
            lambda key, *row: KeptOutcome(key, as_outcome(row))
        ),
        f"document, {_STANDS} FROM inbox WHERE workspace=? ORDER BY number": (
            lambda *row: _item(InboxItem, *row)
        ),
        f"document, {_STANDS} FROM outbox WHERE workspace=? ORDER BY number": (
            lambda *row: _item(QueuedEffect, *row)
        ),
        "key, due_at, parked, attempts, lost+(free_at IS NOT NULL), note FROM agenda WHERE workspace=?"
        " ORDER BY key": _timer,
    }
)
"""What follows SELECT, table by table in the order of `Row`, and what is made of each row."""

_TABLES = """agenda agent conversation desk history inbox lane message outbox outcome profile record record_key request
    text thread""".split()
_THERE = "SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE workspace=?1)" for table in _TABLES)
_ADD_DESK = "INSERT INTO desk VALUES (?,?,?,?)"
_ADD_ENTRY = "INSERT INTO history VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_ADD_ITEM = (
    "INSERT INTO inbox (workspace, id, lane, state, free_at, attempts, lost, note, document)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)
_ADD_EFFECT = (
    "INSERT INTO outbox (workspace, lane, conversation_id, collapse, state, free_at, attempts, lost, note, document)"
    " VALUES (?,?,?,?,?,?,?,?,?,?)"
)
_ADD_TIMER = (
    "INSERT INTO agenda (workspace, key, due_at, parked, attempts, lost, note) VALUES (?,?,?,?,?,?,?)"
)


def read_rows(connection: sqlite3.Connection, workspace: Workspace) -> Iterator[Row]:
    """All rows of a desk, each read when it is asked for."""
    for rest, make in _ROWS.items():
        for row in connection.execute(f"SELECT {rest}", (workspace,)):
            try:
                yield make(*row)
            except (ValueError, TypeError, OverflowError) as problem:
                raise CorruptRecord(f"a row of {workspace} cannot be decoded: {problem}") from problem


def write_rows(execute: Execute, workspace: Workspace, rows: Iterable[Row]) -> None:
    """Write all rows of a desk that is not there yet."""
    if execute(_THERE, (workspace,)).fetchone()[0]:
        raise there_already(workspace)
    for parcel in parcels(workspace, rows):
        if (desk := parcel.desk) is not None:
            execute(_ADD_DESK, (workspace, desk.revision, desk.content, desk.salt))
        for entry in parcel.entries:
            execute(_ADD_ENTRY, (workspace, *_cells(entry)))
        write(execute, parcel.state)
        write(execute, parcel.keys)
        for kept in parcel.items:
            _add_item(execute, workspace, kept)


def _cells(entry: StoredEntry) -> tuple[object, ...]:
    return (
        entry.stream,
        entry.seq,
        entry.at,
        entry.actor_kind,
        entry.actor_id,
        entry.cause_kind,
        entry.cause_key,
        entry.rules,
        entry.events,
        entry.digest,
    )


def _add_item(execute: Execute, workspace: Workspace, kept: KeptItem) -> None:
    item, tried = kept.item, (kept.attempts, kept.lost, kept.note)
    stands = (kept.state.value, None if kept.ready_at is None else micros(kept.ready_at), *tried)
    if isinstance(item, Timer):
        execute(_ADD_TIMER, (workspace, item.key, micros(item.due_at), kept.state is PARKED, *tried))
    elif isinstance(item, QueuedEffect):
        about = getattr(item.effect, "conversation_id", None)
        execute(_ADD_EFFECT, (workspace, item.destination, about, item.collapse, *stands, dump(item)))
    else:
        execute(_ADD_ITEM, (workspace, item.key, item.lane, *stands, dump(item)))
