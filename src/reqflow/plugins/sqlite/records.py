"""Records: rows of many kinds in one table, and the keys that they are found by in another."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from ...codec import dump_record, load_record
from ...core.records.root import Record, RecordKey
from ...errors import CorruptRecord
from ...ports import RecordPut
from .database import Execute

__all__ = ["as_record", "drop_record", "found_records", "known_record", "put_record"]

KNOWN = "SELECT document FROM record WHERE workspace=? AND kind=? AND id=?"
REPLACED = "SELECT version, keys FROM record WHERE workspace=? AND kind=? AND id=?"
DROP = "DELETE FROM record WHERE workspace=? AND kind=? AND id=?"
PUT = "INSERT OR REPLACE INTO record VALUES (?,?,?,?,?,?)"
ADD_KEY = "INSERT OR IGNORE INTO record_key VALUES (?,?,?,?,?,?)"
DROP_KEY = "DELETE FROM record_key WHERE workspace=? AND kind=? AND name=? AND content=? AND rank=? AND id=?"
_FOUND = (
    "SELECT k.rank, k.id, r.document FROM record_key k"
    " CROSS JOIN record r ON r.workspace=k.workspace AND r.kind=k.kind AND r.id=k.id"
    " WHERE k.workspace=? AND k.kind=? AND k.name=? AND k.content=?"
)
_UP, _DOWN = " ORDER BY k.rank, k.id LIMIT ?", " ORDER BY k.rank DESC, k.id DESC LIMIT ?"
FIRST = f"{_FOUND}{_UP}"
LAST = f"{_FOUND}{_DOWN}"
AFTER = f"{_FOUND} AND (k.rank, k.id) > (?,?){_UP}"
BEFORE = f"{_FOUND} AND (k.rank, k.id) < (?,?){_DOWN}"


def as_record(kind: str, id: str, document: str) -> Record:
    """A stored record."""
    return load_record(document, f"record {kind} {id}")


def known_record(execute: Execute, workspace: str, kind: str, id: str) -> Record | None:
    """The record of this kind and id."""
    row = execute(KNOWN, (workspace, kind, id)).fetchone()
    return as_record(kind, id, row[0]) if row else None


def found_records(
    execute: Execute,
    workspace: str,
    key: tuple[str, str, str],
    limit: int,
    newest_first: bool,
    after: tuple[str, str] | None = None,
) -> list[tuple[str, str, Record]]:
    """The records of a kind, a name and a content, in their order, each with its rank and id."""
    up, down = (FIRST, LAST) if after is None else (AFTER, BEFORE)
    rows = execute(down if newest_first else up, (workspace, *key, *(after or ()), limit)).fetchall()
    return [(rank, id, as_record(key[0], id, document)) for rank, id, document in rows]


def put_record(execute: Execute, workspace: str, put: RecordPut, *, guarded: bool) -> bool:
    """Write a record's new state; False, with nothing written, if it is not the version that it replaces."""
    record = put.record
    place = (workspace, record.tag, record.id)
    version, keys = execute(REPLACED, place).fetchone() or (0, None)
    if guarded and version != put.replaces:
        return False
    has = sorted(set(record.found_by()))
    listed = json.dumps(has) if has else None
    if listed != keys:
        had = _keys(keys, record.tag, record.id)
        _write_keys(execute, DROP_KEY, place, set(had).difference(has))
        _write_keys(execute, ADD_KEY, place, set(has).difference(had))
    execute(PUT, (*place, record.version, listed, dump_record(record)))
    return True


def drop_record(execute: Execute, workspace: str, kind: str, id: str) -> None:
    """Take a record away, whatever its version, and what it was found by."""
    place = (workspace, kind, id)
    row = execute(REPLACED, place).fetchone()
    if row is not None:
        _write_keys(execute, DROP_KEY, place, _keys(row[1], kind, id))
        execute(DROP, place)


def _write_keys(execute: Execute, sql: str, place: tuple[str, str, str], keys: Collection[RecordKey]) -> None:
    workspace, kind, id = place
    for key in sorted(keys):
        execute(sql, (workspace, kind, *key, id))


def _keys(stored: str | None, kind: str, id: str) -> list[RecordKey]:
    if stored is None:
        return []
    try:
        given: Any = json.loads(stored)
        return [RecordKey(*key) for key in given]
    except (ValueError, TypeError, RecursionError) as problem:
        raise CorruptRecord(f"the keys of record {kind} {id}: {problem}") from problem
