"""One side of a growth pair: a process that holds a filled store and runs a block whenever it is told to.

``growth.py STORE stored N`` holds N closed requests; a block leads new ones through their lives.
``growth.py STORE messages N`` holds conversations of N messages; a block adds messages to them. It answers
``ready``, then a line of JSON for each line it reads, and ends with its input.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ours.desk import Desk
from ours.stores import STORES
from workload import OPERATIONS, WARM_UP, Invalid, Missing, Plan, check

from reqflow import Messages, Requests, RequestState
from reqflow.core.model import ConversationId

__all__: list[str] = []

FILLING = 100
"""Items in one transaction while a store is filled."""
STORED_BLOCK = 60
"""Requests in one block of the first kind."""
TALKING, ADDED = 20, 10
"""Conversations in one block of the second kind, and messages that each gets."""


def _fill(desk: Desk, stored: int) -> None:
    """Requests of one message that are closed at once."""
    for start in range(0, stored, FILLING):
        numbers = range(start, min(start + FILLING, stored))
        placed = desk.handled([desk.opening(number) for number in numbers])
        desk.handled([desk.close(number, one) for number, one in zip(numbers, placed, strict=True)])


class Stored:
    """Blocks beside many closed requests."""

    def __init__(self, desk: Desk, size: int) -> None:
        _fill(desk, size)
        self._desk = desk
        self._next = size
        self._live(WARM_UP)

    def _live(self, requests: int) -> None:
        self._desk.one_by_one(range(self._next, self._next + requests))
        self._next += requests

    def prepare(self) -> None:
        """Nothing: new requests are their own preparation."""

    def block(self) -> int:
        """Run one block; returns its operations."""
        self._live(STORED_BLOCK)
        return STORED_BLOCK * OPERATIONS

    def verify(self) -> None:
        """The newest requests are there and closed."""
        newest = self._desk.engine.read(Requests(newest_first=True, limit=STORED_BLOCK)).items
        check(len(newest) == STORED_BLOCK, "requests are missing")
        check(all(each.state is RequestState.CLOSED for each in newest), "a request is not closed")


class Talking:
    """Blocks in long conversations, or in fresh short ones."""

    def __init__(self, desk: Desk, size: int) -> None:
        self._desk = desk
        self._size = size
        self._next = 0
        self._parts: dict[int, int] = {}
        self._latest: ConversationId | None = None
        self.prepare()
        self.block()

    def _conversations(self) -> Sequence[int]:
        """Those of the last block if they are long; short ones would not stay short, so there new ones."""
        if self._size < 500 or not self._parts:
            numbers = range(self._next, self._next + TALKING)
            self._next += TALKING
            self._parts = dict.fromkeys(numbers, 1)
            placed = self._desk.handled([self._desk.opening(number) for number in numbers])
            self._latest = placed[-1].conversation_id
            for _ in range(self._size - 1):
                self._desk.handled([self._said(number) for number in numbers])
        return list(self._parts)

    def _said(self, number: int) -> object:
        self._parts[number] = part = self._parts[number] + 1
        return self._desk.said(number, part)

    def _say_all(self, numbers: Sequence[int], times: int) -> None:
        handle = self._desk.engine.handle
        for _ in range(times):
            for number in numbers:
                handle(self._said(number))  # type: ignore[arg-type]  # a message

    def prepare(self) -> None:
        """Choose or make the conversations of the next block."""
        self._chosen = self._conversations()

    def block(self) -> int:
        """Run one block; returns its operations."""
        self._say_all(self._chosen, ADDED)
        return TALKING * ADDED

    def verify(self) -> None:
        """The messages of the last conversation are all there."""
        found = self._desk.engine.read(
            Messages(conversation_id=self._latest, limit=2 * self._size + 1000)
        ).items
        check(len(found) == max(self._parts.values()), "messages are missing")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", choices=STORES)
    parser.add_argument("kind", choices=("stored", "messages"))
    parser.add_argument("size", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dsn", default="")
    given = parser.parse_args()
    try:
        _serve(given)
    except Missing as reason:
        print(json.dumps({"missing": str(reason)}), flush=True)
    except Invalid as reason:
        print(json.dumps({"invalid": str(reason)}), flush=True)


def _serve(given: argparse.Namespace) -> None:
    store = STORES[given.store](Plan(requests=0, folder=given.folder, dsn=given.dsn))
    make: Callable[[Desk, int], Stored | Talking] = Stored if given.kind == "stored" else Talking
    side = make(Desk(store), given.size)
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        side.prepare()
        cpu, start = time.process_time(), time.perf_counter()
        operations = side.block()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(json.dumps({"operations": operations, "seconds": seconds, "cpu": cpu}), flush=True)
    side.verify()
    store.close()
    print(json.dumps({"verified": True}), flush=True)


if __name__ == "__main__":
    main()
