"""A desk to measure, through its public engine; building messages and commands is in the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from workload import AGENT, DONE, FIRST, MORE, OPENING, check, groups

from reqflow import (
    Close,
    Effects,
    Engine,
    Inbound,
    Messages,
    Outcome,
    OutcomeKind,
    Reply,
    Requests,
    RequestState,
    agent,
)
from reqflow.core.model import ChannelId, CommandKey, NativeId

__all__ = ["CHANNELS", "SETTINGS", "START", "Desk"]

SETTINGS: Mapping[str, Any] = {
    "workspace": "acme",
    "agents": {AGENT: {"name": "Bob", "teams": ["support"], "addresses": ["slack:UBOB"]}},
    "channels": {"slack:*": {"kind": "chat", "detection": "always"}},
}
BY = agent(AGENT)
CHANNELS = 50
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
PACE = timedelta(seconds=10)
"""Virtual time between the openings of two requests."""


class Desk:
    """An engine in virtual time, and the five operations for the request with a number."""

    def __init__(
        self,
        store: Any,
        settings: Mapping[str, Any] = SETTINGS,
        *,
        plugins: Iterable[object] = (),
        pace: timedelta = PACE,
    ) -> None:
        self.at = START
        self._pace = pace
        self.engine = Engine(store, settings, plugins=plugins, clock=lambda: self.at)
        compiled = self.engine.desk  # and stored, before the clock starts
        assert compiled.workspace == settings["workspace"]

    # --- what comes in ---

    def opening(self, number: int) -> Inbound:
        self.at = max(self.at, START + number * self._pace)
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

    def handled(self, items: Sequence[Any]) -> list[Outcome]:
        """Handle all of them; none may be refused."""
        done = self.engine.handle_many(items)
        outcomes = [each for each in done if isinstance(each, Outcome)]
        check(len(outcomes) == len(items), "refused while filling")
        return outcomes

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
        found = self.all(Requests(states=(RequestState.CLOSED,), limit=1000), requests)
        check(len(found) == requests, f"{len(found)} closed requests, not {requests}")
        check(all(each.assignee == AGENT for each in found), "a request is not assigned to who answered")
        messages = self.all(Messages(limit=1000), 4 * requests)
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

    def all(self, view: Any, expected: int) -> list[Any]:
        """All items of a view; more than were expected are not gone through to their end."""
        found: list[Any] = []
        while True:
            page = self.engine.read(view)
            found += page.items
            if page.next is None or len(found) > expected:
                return found
            view = evolve(view, after=page.next)
