"""The cases of reqflow itself, through its public engine; building messages and commands is in the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from workload import (
    AGENT,
    DONE,
    FIRST,
    MORE,
    OPENING,
    WARM_UP,
    Missing,
    Plan,
    check,
    groups,
    timed,
)

from reqflow import (
    Close,
    Effects,
    Engine,
    Inbound,
    Messages,
    OutcomeKind,
    Reply,
    Requests,
    RequestState,
    agent,
)
from reqflow.core.model import ChannelId, CommandKey, NativeId
from reqflow.errors import UsageError

__all__ = ["CASES", "SETTINGS", "Desk", "sqlite_store"]

SETTINGS = {
    "workspace": "acme",
    "agents": {AGENT: {"name": "Bob", "teams": ["support"], "addresses": ["slack:UBOB"]}},
    "channels": {"slack:*": {"kind": "chat", "detection": "always"}},
}
BY = agent(AGENT)
CHANNELS = 50
CACHED = 1024
"""How many decoded conversations the SQLite store keeps at hand."""
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Desk:
    """An engine in virtual time, and the five operations for the request with a number."""

    def __init__(self, store: Any) -> None:
        self.at = START
        self.engine = Engine(store, SETTINGS, clock=lambda: self.at)
        assert (
            self.engine.desk.workspace == SETTINGS["workspace"]
        )  # compiled and stored before the clock starts

    # --- what comes in ---

    def opening(self, number: int) -> Inbound:
        self.at = max(self.at, START + timedelta(seconds=10 * number))
        return self._message(number, f"slack:U{number}", "1", OPENING)

    def first(self, number: int) -> Inbound:
        return self._message(number, "slack:UBOB", "2", FIRST, f"{number}.1")

    def more(self, number: int) -> Inbound:
        return self._message(number, f"slack:U{number}", "3", MORE, f"{number}.1")

    def said(self, number: int, part: int) -> Inbound:
        """A further message in the thread, of the customer and the agent in turns."""
        author = "slack:UBOB" if part % 2 == 0 else f"slack:U{number}"
        self.at += timedelta(seconds=1)
        return self._message(number, author, str(part), FIRST if part % 2 == 0 else MORE, f"{number}.1")

    def reply(self, number: int, placed: Any) -> Reply:
        return Reply(
            by=BY, conversation_id=placed.conversation_id, text=DONE, key=CommandKey(f"reply {number}")
        )

    def close(self, number: int, placed: Any) -> Close:
        return Close(by=BY, request_id=placed.request_id, key=CommandKey(f"close {number}"))

    def _message(self, number: int, author: str, part: str, text: str, *answered: str) -> Inbound:
        return Inbound(
            channel=ChannelId(f"slack:C{number % CHANNELS}"),
            author=author,
            native=NativeId(f"{number}.{part}"),
            sent_at=self.at,
            text=text,
            replies_to=map(NativeId, answered),
        )

    # --- leading requests through their lives ---

    def one_by_one(self, numbers: range) -> None:
        handle = self.engine.handle
        for number in numbers:
            placed = handle(self.opening(number))
            handle(self.first(number))
            handle(self.more(number))
            handle(self.reply(number, placed))
            handle(self.close(number, placed))

    def in_batches(self, numbers: range) -> None:
        many = self.engine.handle_many
        for group in groups(numbers):
            placed = many([self.opening(number) for number in group])
            many([self.first(number) for number in group])
            many([self.more(number) for number in group])
            known = list(zip(group, placed, strict=True))
            many([self.reply(number, outcome) for number, outcome in known])
            many([self.close(number, outcome) for number, outcome in known])

    def in_turns(self, numbers: range) -> None:
        """Each operation for all requests before the next one, so that whatever is cached is long gone."""
        handle = self.engine.handle
        placed = [handle(self.opening(number)) for number in numbers]
        for number in numbers:
            handle(self.first(number))
        for number in numbers:
            handle(self.more(number))
        for number, outcome in zip(numbers, placed, strict=True):
            handle(self.reply(number, outcome))
        for number, outcome in zip(numbers, placed, strict=True):
            handle(self.close(number, outcome))

    # --- what must have come of it ---

    def verify(self, requests: int) -> None:
        """Every request closed and assigned, every message stored, the history complete and true."""
        found = self._all(Requests(states=(RequestState.CLOSED,), limit=1000), requests)
        check(len(found) == requests, f"{len(found)} closed requests, not {requests}")
        check(all(each.assignee == AGENT for each in found), "a request is not assigned to who answered")
        messages = self._all(Messages(limit=1000), 4 * requests)
        check(len(messages) == 4 * requests, f"{len(messages)} messages, not {4 * requests}")
        check(all(each.request_id is not None for each in messages), "a message does not belong to a request")
        effects = self.engine.read(Effects(conversation_id=found[-1].conversation_id)).items
        check(len(effects) >= 1, "the reply was not queued for delivery")
        history = self.engine.history(found[-1].id)
        check(len(history) == 5, f"{len(history)} history entries, not 5")
        assigned = [
            entry.seq for entry in history for event in entry.events if event.tag == "request.assigned"
        ]
        check(assigned == [2], f"assigned in entries {assigned}, not by the first answer alone")
        again = self.engine.handle(self.opening(0))
        check(again.duplicate and again.kind is OutcomeKind.PLACED, "a second delivery was not recognised")

    def _all(self, view: Any, expected: int) -> list[Any]:
        found: list[Any] = []
        while True:
            page = self.engine.read(view)
            found += page.items
            if page.next is None or len(found) > expected:
                return found
            view = evolve(view, after=page.next)


def sqlite_store(plan: Plan) -> Any:
    """A new SQLite store, durable: synchronous FULL over a write-ahead log."""
    from reqflow.plugins.sqlite import SQLiteStore

    return SQLiteStore(plan.folder / "desk.db", create=True)


def memory_store(plan: Plan) -> Any:
    """A new store in memory."""
    from reqflow.plugins.memory import MemoryStore

    return MemoryStore()


def postgres_store(plan: Plan) -> Any:
    """A store in the database of the plan."""
    from reqflow.plugins.postgres import PostgresStore

    try:
        store = PostgresStore(plan.dsn)
    except UsageError as problem:
        raise Missing(str(problem)) from None
    store.migrate()
    return store


def wide(plan: Plan) -> Plan:
    """The plan, with more requests than any cache of the store holds."""
    return Plan(max(plan.requests, CACHED + 200), plan.folder, plan.dsn)


def _measured(plan: Plan, store: Any, how: str) -> dict[str, float]:
    desk = Desk(store)
    try:
        found = timed(plan, getattr(desk, how))
        desk.verify(WARM_UP + plan.requests)
    finally:
        store.close()
    return found


CASES = {
    "memory": lambda plan: _measured(plan, memory_store(plan), "one_by_one"),
    "memory_batch": lambda plan: _measured(plan, memory_store(plan), "in_batches"),
    "sqlite": lambda plan: _measured(plan, sqlite_store(plan), "one_by_one"),
    "sqlite_turns": lambda plan: _measured(wide(plan), sqlite_store(plan), "in_turns"),
    "sqlite_batch": lambda plan: _measured(plan, sqlite_store(plan), "in_batches"),
    "postgres": lambda plan: _measured(plan, postgres_store(plan), "one_by_one"),
    "postgres_batch": lambda plan: _measured(plan, postgres_store(plan), "in_batches"),
}
