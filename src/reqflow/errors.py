"""Every error that reqflow raises, split by who is at fault.

::

    ReqflowError
    ├── UsageError              the caller's program asked for something that cannot be
    │   ├── InvalidInput        a value that cannot be used (what, where, what to do)
    │   ├── InvalidSettings     a desk configuration; lists every problem with its path
    │   ├── UnknownId           no such thing in this workspace (or none that you may see)
    │   └── PluginError         a plugin broke its contract; names the plugin
    ├── Refused                 a command that the desk does not allow now; nothing changed
    │   └── Forbidden           ... because the actor lacks the right
    ├── UnreadableInput         a file or body from outside that cannot be read
    └── StoreError              storage failed; nothing was half stored
        ├── Conflict            somebody else changed what this relied on: read again, decide again
        ├── Duplicate           this key is already stored: the first outcome stands
        ├── StaleLease          the lease ran out and somebody else holds it now
        ├── StoreUnavailable    locked, full, unreachable: try again later
        │   └── Overloaded      ... because too much waits already: do not acknowledge, try again later
        ├── SchemaMismatch      the schema is missing, older or newer than this reqflow
        └── CorruptRecord       a stored row that cannot be decoded

Anything else that escapes from reqflow is a bug in reqflow.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "Conflict",
    "CorruptRecord",
    "Duplicate",
    "Forbidden",
    "InvalidInput",
    "InvalidSettings",
    "Overloaded",
    "PluginError",
    "Refused",
    "ReqflowError",
    "SchemaMismatch",
    "StaleLease",
    "StoreError",
    "StoreUnavailable",
    "UnknownId",
    "UnreadableInput",
    "UsageError",
]


LONGEST = 500
"""How many characters are told of one problem: what was given stands in it, however long it is."""


def _cut(message: str) -> str:
    return message if len(message) <= LONGEST else f"{message[:LONGEST]}..."


class ReqflowError(Exception):
    """Root of all errors that reqflow raises on purpose."""


class UsageError(ReqflowError):
    """The calling program asked for something that cannot be."""


class InvalidInput(UsageError):
    """A value that cannot be used; the message says which, why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(_cut(message))


class InvalidSettings(UsageError):
    """A desk configuration with problems; ``problems`` lists all of them, each with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple([_cut(each) for each in problems])
        super().__init__("; ".join(self.problems))


class UnknownId(UsageError):
    """No such thing in this workspace, or none that the caller may see: both look alike."""


class PluginError(UsageError):
    """A plugin broke its contract; the message names the plugin and the hook."""


class Refused(ReqflowError):
    """A command that the desk does not allow in the present state; nothing changed.

    ``code`` is a stable word for programs (``"already_assigned"``, ``"closed"``, ...).
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Forbidden(Refused):
    """A command that this actor may not give; nothing changed."""


class UnreadableInput(ReqflowError):
    """A file or body from outside that cannot be read; the message says where and why."""


class StoreError(ReqflowError):
    """Storage failed. Nothing was half stored."""


class Conflict(StoreError):
    """A guard failed: another writer changed a row that this batch relied on.

    ``rows`` names them as ``(kind, id)``. The flow reads again and decides again, unless it is ``final``: in a
    transaction of the host's that cannot see the change, or that stands in the other writer's way.
    """

    def __init__(
        self, rows: Sequence[tuple[str, str]] = (), detail: str = "", *, final: bool = False
    ) -> None:
        self.rows = tuple(rows)
        self.final = final
        names = ", ".join(f"{kind} {key}" for kind, key in self.rows)
        super().__init__(detail or f"changed by another writer: {names or 'unknown rows'}")


class Duplicate(StoreError):
    """A message or command key that is already stored; its first outcome stands."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"already stored: {key}")


class StaleLease(StoreError):
    """The lease ran out, and its item was leased again: this owner's work is void."""


class StoreUnavailable(StoreError):
    """The store is locked, full, unreachable or failing; try again later."""


class Overloaded(StoreUnavailable):
    """The inbox is full: what came was not stored, and must not be acknowledged; its sender is to try again later.

    ``limit`` is how many messages wait in it at most.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} messages wait in the inbox already, which is its limit: try again later")


class SchemaMismatch(StoreError):
    """The stored schema is missing, older or newer than this version of reqflow."""


class CorruptRecord(StoreError):
    """A stored row that cannot be decoded; the message says which."""
