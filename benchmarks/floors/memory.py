"""The floor in memory: the five operations on plain objects in dicts, with nothing around them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from workload import AGENT, DONE, FIRST, MORE, OPENING, WARM_UP, Plan, check, timed

__all__ = ["CASES"]

NEXT = {
    ("open", "answered"): "pending",
    ("active", "answered"): "pending",
    ("pending", "asked"): "active",
    ("pending", "closed"): "closed",
}


class Ticket:
    """A request with its messages and history."""

    __slots__ = ("assignee", "history", "id", "messages", "opened_at", "state", "updated_at", "version")

    def __init__(self, id: str, author: str, text: str, at: datetime) -> None:
        self.id = id
        self.state = "open"
        self.assignee: str | None = None
        self.version = 1
        self.opened_at = self.updated_at = at
        self.messages = [Note(id, author, text, at)]
        self.history = [Entry(1, "opened", author, at, None, "open")]


class Note:
    """A message."""

    __slots__ = ("at", "author", "text", "ticket")

    def __init__(self, ticket: str, author: str, text: str, at: datetime) -> None:
        self.ticket, self.author, self.text, self.at = ticket, author, text, at


class Entry:
    """A line of history."""

    __slots__ = ("actor", "after", "at", "before", "seq", "what")

    def __init__(self, seq: int, what: str, actor: str, at: datetime, before: str | None, after: str) -> None:
        self.seq, self.what, self.actor, self.at = seq, what, actor, at
        self.before, self.after = before, after


class Shelf:
    """All tickets by id, and an outbox."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.outbox: list[tuple[str, str]] = []
        self._ids = count(1)

    def open(self, author: str, text: str) -> str:
        id = f"t{next(self._ids):012d}"
        self.tickets[id] = Ticket(id, author, text, datetime.now(UTC))
        self.outbox.append(("opened", id))
        return id

    def change(self, id: str, what: str, actor: str, text: str | None) -> None:
        at = datetime.now(UTC)
        ticket = self.tickets[id]
        before = ticket.state
        ticket.state = NEXT[before, what]
        if what == "answered" and ticket.assignee is None:
            ticket.assignee = actor
        ticket.version += 1
        ticket.updated_at = at
        if text is not None:
            ticket.messages.append(Note(id, actor, text, at))
        ticket.history.append(Entry(ticket.version, what, actor, at, before, ticket.state))
        self.outbox.append((what, id))

    def live(self, numbers: range) -> None:
        for number in numbers:
            author = f"U{number}"
            id = self.open(author, OPENING)
            self.change(id, "answered", AGENT, FIRST)
            self.change(id, "asked", author, MORE)
            self.change(id, "answered", AGENT, DONE)
            self.change(id, "closed", AGENT, None)


def one_by_one(plan: Plan) -> dict[str, float]:
    """One operation after the other."""
    shelf = Shelf()
    found = timed(plan, shelf.live)
    tickets = list(shelf.tickets.values())
    check(len(tickets) == WARM_UP + plan.requests, "tickets are missing")
    for ticket in tickets:
        check((ticket.state, ticket.assignee) == ("closed", AGENT), "a ticket is not closed and assigned")
        check((len(ticket.messages), len(ticket.history)) == (4, 5), "messages or history are missing")
    return found


CASES = {"one_by_one": one_by_one}
