"""What a commit takes away for good, in SQLite."""

from __future__ import annotations

from collections.abc import Iterable

from ...ports import Gone
from .database import Execute
from .records import drop_record

__all__ = ["take_away"]

ERASE_TEXT = "UPDATE text SET body='' WHERE workspace=? AND id=?"
DROP_TEXT = "DELETE FROM text WHERE workspace=? AND id=?"
FORGET = (
    "DELETE FROM profile WHERE workspace=?1 AND id=?2",
    "DELETE FROM lane WHERE workspace=?1 AND profile_id=?2",
    "DELETE FROM inbox WHERE workspace=?1 AND substr(lane, -length(?2) - 1) = ' ' || ?2",
)
PURGE = (
    "DELETE FROM conversation WHERE workspace=? AND id=?",
    "DELETE FROM request WHERE workspace=? AND conversation_id=?",
    "DELETE FROM thread WHERE workspace=? AND conversation_id=?",
    "DELETE FROM outbox WHERE workspace=? AND conversation_id=?",
)
PURGE_HISTORY = "DELETE FROM history WHERE workspace=? AND stream=? AND seq<=?"


def take_away(execute: Execute, workspace: str, gone: Gone) -> None:
    """Take away all that is named and there, and overwrite where it stood."""
    (usual,) = execute("PRAGMA secure_delete").fetchone()
    execute("PRAGMA secure_delete = ON")
    try:
        _take_away(execute, workspace, gone)
    finally:
        execute(f"PRAGMA secure_delete = {usual:d}")


def _take_away(execute: Execute, workspace: str, gone: Gone) -> None:
    _each(execute, (ERASE_TEXT,), workspace, gone.erased)
    _each(execute, (DROP_TEXT,), workspace, gone.texts)
    _each(execute, FORGET, workspace, gone.profiles)
    for kind, id in gone.records:
        drop_record(execute, workspace, kind, id)
    for conversation, last in gone.conversations:
        _each(execute, PURGE, workspace, (conversation,))
        execute(PURGE_HISTORY, (workspace, conversation, last))


def _each(execute: Execute, statements: Iterable[str], workspace: str, ids: Iterable[str]) -> None:
    for id in ids:
        for statement in statements:
            execute(statement, (workspace, id))
