"""What PostgreSQL reports, as the errors that reqflow promises."""

from __future__ import annotations

import re

from ...errors import Conflict, InvalidInput, SchemaMismatch, StoreError, StoreUnavailable, UsageError

__all__ = ["DEADLOCK", "REFUSED", "UNIQUE", "Failed", "as_error"]

REFUSED = "RF001"
"""Raised by our own statements: something that they relied on was not there."""
UNIQUE = "23505"
DEADLOCK = "40P01"
_LOST_RACE = frozenset({REFUSED, UNIQUE, "40001", DEADLOCK, "21000"})
_NO_SCHEMA = frozenset({"3F000", "42P01", "42703", "42883"})

_PARTITION = re.compile(r"_p\d+$")


class Failed(Exception):
    """A statement failed and left no trace; with ``lost``, nobody knows. For this package only.

    ``table`` is the one whose constraint was in the way, whichever partition of it.
    """

    def __init__(self, code: str, table: str = "", told: str = "", *, lost: bool = False) -> None:
        self.code = code
        self.table = _PARTITION.sub("", table)
        self.told = told
        self.lost = lost
        super().__init__(f"{code} {told}")

    @property
    def lost_race(self) -> bool:
        """True where another writer was first, in one way or another."""
        return self.code in _LOST_RACE


def as_error(failed: Failed, *, writing: bool = False) -> StoreError | UsageError:
    """The error to raise. ``writing`` says that a lost connection leaves the outcome open."""
    if failed.lost:
        open_ = "; whether the commit was stored is unknown: try again under the same keys" if writing else ""
        return StoreUnavailable(f"the connection was lost{open_}")
    if failed.lost_race:
        return Conflict()
    if failed.code in _NO_SCHEMA:
        return SchemaMismatch(f"the schema is not what this reqflow expects ({failed.told}): run migrate()")
    if failed.code.startswith(("22", "54")):
        return InvalidInput(f"PostgreSQL cannot store this: {failed.told}")
    return StoreUnavailable(f"PostgreSQL refused: {failed.told} ({failed.code})")
