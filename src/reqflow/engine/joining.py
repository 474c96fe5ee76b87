"""Joining: what was prepared is applied in a transaction that the host has opened, and will commit or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..core.commands import Inbound
from ..core.facts import Outcome
from ..core.model import Code, Detection, Label
from ..core.operations.preparation import Prepared

__all__ = ["AsyncJoined", "Foretold", "Joined", "in_thread"]

NOT_PREPARED = Detection(Label.UNKNOWN, Code("failed"), 0.0, (Code("not_prepared"),))
"""What counts as the classifier's word where none was asked for: things have moved since the item was prepared."""


class Foretold:
    """In place of a classifier: what it said before the transaction began."""

    name = "foretold"

    def __init__(self, detection: Detection | None) -> None:
        self._said = detection or NOT_PREPARED

    def classify(self, inbound: Inbound) -> Detection:
        """What was said."""
        return self._said


class Joined:
    """The engine in a transaction of the host's, on the host's connection. Made by `Engine.joined`."""

    def __init__(self, apply: Callable[[Prepared], Outcome]) -> None:
        self._apply = apply

    def apply(self, prepared: Prepared) -> Outcome:
        """Handle what was prepared: decided on what the transaction sees, written behind a savepoint.

        It is stored when the host commits, and gone if the host does not. What was applied before gets its first
        outcome again. Whatever is raised, the transaction is as it was, and can go on: `Refused`, `UnknownId` or a
        `StoreError` as from `Engine.handle`, where a `Conflict` that is ``final`` wants the host's whole transaction to
        be rolled back and tried again; and `UsageError` where there is no transaction to join.
        """
        return self._apply(prepared)


class AsyncJoined:
    """`Joined` with an awaited call. Made by `AsyncEngine.joined`."""

    def __init__(self, apply: Callable[[Prepared], Awaitable[Outcome]]) -> None:
        self._apply = apply

    async def apply(self, prepared: Prepared) -> Outcome:
        """As `Joined.apply`, in a thread. Leave the connection alone meanwhile."""
        return await self._apply(prepared)


async def in_thread(work: Callable[[], Outcome]) -> Outcome:
    """Do it in a thread, to its end: whoever is cancelled uses their connection again at once."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as told:
            cancelled = told
    if cancelled is not None:
        working.exception()  # nobody else will look at it
        raise cancelled
    return working.result()
