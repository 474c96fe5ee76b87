"""The floor of memory: open requests as frozen values in dicts, with four messages and four history entries each.

Every text is a string of its own, as texts are that people write.
"""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
from memory_use import resident
from workload import AGENT, DONE, FIRST, MORE, OPENING, WARM_UP, Plan, check

__all__ = ["CASES"]


@attrs.frozen
class Ticket:
    """A request."""

    id: str
    thread: str
    state: str
    assignee: str | None
    version: int
    opened_at: datetime
    updated_at: datetime


@attrs.frozen
class Note:
    """A message."""

    ticket: str
    author: str
    text: str
    at: datetime


@attrs.frozen
class Entry:
    """A line of history."""

    seq: int
    what: str
    actor: str
    before: str | None
    after: str
    at: datetime


class Shelf:
    """All of them, by the id of their ticket."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.notes: dict[str, tuple[Note, ...]] = {}
        self.history: dict[str, tuple[Entry, ...]] = {}

    def fill(self, numbers: range) -> None:
        """Add open tickets after three operations on each."""
        for number in numbers:
            id, author, at = f"t{number:012d}", f"U{number}", datetime.now(UTC)
            self.tickets[id] = Ticket(id, id, "open", None, 1, at, at)
            self._say(id, "opened", author, f"{OPENING} ({number})", None, "open")
            self._change(id, "answered", AGENT, f"{FIRST} ({number})", "pending")
            self._change(id, "asked", author, f"{MORE} ({number})", "active")
            self._change(id, "answered", AGENT, f"{DONE} ({number})", "pending")

    def _change(self, id: str, what: str, actor: str, text: str, after: str) -> None:
        old = self.tickets[id]
        assignee = old.assignee or (actor if what == "answered" else None)
        at = datetime.now(UTC)
        self.tickets[id] = attrs.evolve(
            old, state=after, assignee=assignee, version=old.version + 1, updated_at=at
        )
        self._say(id, what, actor, text, old.state, after)

    def _say(self, id: str, what: str, actor: str, text: str, before: str | None, after: str) -> None:
        at, history = datetime.now(UTC), self.history.get(id, ())
        self.notes[id] = (*self.notes.get(id, ()), Note(id, actor, text, at))
        self.history[id] = (*history, Entry(len(history) + 1, what, actor, before, after, at))


def held(plan: Plan) -> dict[str, float]:
    """Bytes for so many open requests."""
    shelf = Shelf()
    shelf.fill(range(WARM_UP))
    before = resident()
    shelf.fill(range(WARM_UP, WARM_UP + plan.requests))
    found: dict[str, float] = {"requests": plan.requests, "bytes": resident() - before}
    check(len(shelf.tickets) == WARM_UP + plan.requests, "tickets are missing")
    for id, ticket in shelf.tickets.items():
        check((ticket.state, ticket.assignee) == ("pending", AGENT), "a ticket is not open and assigned")
        check((len(shelf.notes[id]), len(shelf.history[id])) == (4, 4), "messages or history are missing")
    return found


CASES = {"held": held}
