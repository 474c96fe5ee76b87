"""What SQLite complains about, in the words of reqflow's error tree."""

from __future__ import annotations

import sqlite3

from ...errors import InvalidInput, ReqflowError, StoreError, StoreUnavailable

__all__ = ["translated"]

_LATER = {
    sqlite3.SQLITE_BUSY: "locked by another writer for too long",
    sqlite3.SQLITE_LOCKED: "locked by another writer",
    sqlite3.SQLITE_FULL: "full: no room on the disk",
    sqlite3.SQLITE_IOERR: "failing: the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "not to be opened",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "not permitted to this user",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_INTERRUPT: "interrupted",
    sqlite3.SQLITE_PROTOCOL: "locked in a way that should pass",
}
_DAMAGED = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup",
}


def translated(problem: BaseException, path: str) -> ReqflowError | None:
    """The error of ours that says the same, naming the file; None where there is nothing to translate."""
    if isinstance(problem, sqlite3.Error):
        return _of_sqlite(problem, path)
    if isinstance(problem, UnicodeEncodeError | OverflowError):
        return InvalidInput(f"cannot be stored: {problem}")
    if isinstance(problem, TypeError) and "surrogates" in str(problem):  # what orjson says of lone ones
        return InvalidInput(f"cannot be stored: {problem}")
    return None


def _of_sqlite(problem: sqlite3.Error, path: str) -> ReqflowError:
    code = getattr(problem, "sqlite_errorcode", None)
    primary = -1 if code is None else code & 0xFF  # extended codes keep the primary one in the low byte
    if primary in _LATER:
        return StoreUnavailable(f"{path} is {_LATER[primary]} ({problem})")
    if primary in _DAMAGED:
        return StoreError(f"{path} {_DAMAGED[primary]} ({problem})")
    if isinstance(problem, sqlite3.ProgrammingError):
        return StoreUnavailable(f"{path}: {problem}")
    return StoreError(f"{path}: {problem}")
