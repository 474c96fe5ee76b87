"""Those who tell a desk things until they hear that it has them: transports that redeliver, people at work.

One thing may come in up to six copies, at once or late, in any order, by any process; each copy is told again after a
failure, and let go of only when it was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import attrs

from ...core.commands import Command, Inbound
from ...core.facts import Outcome, OutcomeKind
from ...errors import InvalidInput, Refused, ReqflowError, StoreError, UnknownId
from ...flow import key_of
from .choices import Chance, Draw
from .ledger import Ledger
from .processes import Crashed, SimProcess
from .trace import Trace

__all__ = ["SimSender", "Told", "Way"]

AGAIN = (1.0, 0.0, 5.0, 61.0)
"""Seconds until a copy that failed is told again."""
_ANSWERED = (Refused, UnknownId, InvalidInput)
"""A desk may say no: then it has answered."""


class Way(StrEnum):
    """How a thing is told: into the inbox, in one commit, or with others in one commit."""

    ACCEPT = "accept"
    HANDLE = "handle"
    MANY = "handle_many"


@attrs.define(eq=False)
class Told:
    """Something that is told to a desk, and how many of its copies still wait for an answer."""

    workspace: str
    item: Any
    way: Way
    waiting: int = 0
    under_way: set[str] = attrs.field(factory=set)

    @property
    def key(self) -> str:
        """What it is known by."""
        return key_of(self.item, lambda: "never")


class SimSender:
    """Tells desks things through whichever ``process`` it is given, until each copy was acknowledged."""

    def __init__(
        self, chance: Chance, ledger: Ledger, trace: Trace, process: Callable[[], SimProcess | None]
    ) -> None:
        self._chance = chance
        self._ledger = ledger
        self._trace = trace
        self._process = process
        self.told: list[Told] = []

    async def send(self, told: list[Told], delay: float) -> None:
        """Tell one copy of a thing, or of several in one go, after so many seconds."""
        for each in told:
            each.waiting += 1
        if delay:
            await asyncio.sleep(delay)
        left = told
        while left:
            process = self._process()
            if process is None:  # all are down
                await asyncio.sleep(AGAIN[-1])
                continue
            left = await self._once(left, process)
            if left:
                await asyncio.sleep(self._chance.choice(AGAIN, Draw.FAULT))

    async def _once(self, told: list[Told], process: SimProcess) -> list[Told]:
        """One try; returns what has to be told again."""
        first = told[0]
        for each in told:
            if each.under_way - {process.name}:
                self._trace.met("concurrent twins")
            each.under_way.add(process.name)
        try:
            if first.way is Way.ACCEPT:
                answers = [await process.ask(first.workspace, lambda engine: engine.accept(first.item))]
            elif first.way is Way.HANDLE:
                answers = [await process.ask(first.workspace, lambda engine: engine.handle(first.item))]
            else:
                items = [each.item for each in told]
                answers = await process.ask(first.workspace, lambda engine: engine.handle_many(items))
        except (Crashed, StoreError):
            return told
        except _ANSWERED as no:
            answers = [no]
        except Exception as problem:  # noqa: BLE001  (what it is, is what is looked for)
            if not _is_simulated(problem):
                self._ledger.broken(
                    "only typed errors", f"{first.way} raised {type(problem).__name__}: {problem}"
                )
            return []
        finally:
            for each in told:
                each.under_way.discard(process.name)
        return [each for each, answer in zip(told, answers, strict=True) if not self._ends(each, answer)]

    def _ends(self, told: Told, answer: Any) -> bool:
        """Whether an answer ends the copy; what is acknowledged must be stored by then."""
        if isinstance(answer, ReqflowError) and not isinstance(answer, _ANSWERED):
            return False
        told.waiting -= 1
        if self._must_be_stored(told, answer) and not self._is_stored(told):
            self._ledger.broken(
                "acknowledged after the commit",
                f"{told.key} was acknowledged by {told.way}, and is not stored",
            )
        return True

    def _is_stored(self, told: Told) -> bool:
        book, item = self._ledger.books[told.workspace], told.item
        return book.knows(told.key) or (isinstance(item, Inbound) and book.holds((item.channel, item.native)))

    def _must_be_stored(self, told: Told, answer: Any) -> bool:
        if isinstance(answer, Outcome):
            return isinstance(told.item, Inbound | Command) and answer.kind is not OutcomeKind.IGNORED
        if not isinstance(told.item, Inbound):
            return False
        author = self._ledger.desks[told.workspace].author(told.item.author)
        return answer is True or not self._ledger.books[told.workspace].turns_away(author.profile)


def _is_simulated(problem: BaseException) -> bool:
    return str(problem).startswith("simulated:")
