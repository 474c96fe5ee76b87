"""Rows of history as they are stored, and the digests of those that were there before there were any."""

from __future__ import annotations

import sqlite3
from typing import Any

from ...core.chain import BEGINNING, StoredEntry, linked, own_digest
from ...core.model import Code

__all__ = ["ENTRY", "fill_chain", "stored_entry"]

_WORDS = ("actor_kind", "actor_id", "cause_kind", "cause_key", "rules", "events")
_AS_STORED = ", ".join(f"CAST({each} AS BLOB)" for each in _WORDS)  # written past reqflow it may be no text
ENTRY = f"seq, at, {_AS_STORED}, digest"
"""The columns of a row, for `stored_entry`."""
_ALL = f"SELECT workspace, stream, rowid, seq, at, {_AS_STORED} FROM history ORDER BY workspace, stream, seq"
_FILL = "UPDATE history SET digest=? WHERE rowid=?"


def stored_entry(stream: Code, row: tuple[Any, ...]) -> StoredEntry:
    """A row of history, not decoded."""
    seq, at, *words, digest = row
    actor_kind, actor_id, cause_kind, cause_key, rules, events = _texts(words)
    return StoredEntry(
        stream=stream,
        seq=seq,
        at=at,
        actor_kind=actor_kind,
        actor_id=actor_id,
        cause_kind=cause_kind,
        cause_key=cause_key,
        rules=rules,
        events=events,
        digest=digest,
    )


def _texts(words: list[bytes | None]) -> list[Any]:
    return [None if word is None else word.decode("utf-8", "surrogateescape") for word in words]


def fill_chain(connection: sqlite3.Connection) -> None:
    """Give every entry its digest, in the transaction that makes room for them."""
    here: tuple[str, str] | None = None
    digest = BEGINNING
    for workspace, stream, row, seq, at, *words in connection.execute(_ALL):
        if (workspace, stream) != here:
            here, digest = (workspace, stream), BEGINNING
        digest = linked(digest, own_digest(stream, seq, at, *_texts(words)))
        connection.execute(_FILL, (digest, row))
