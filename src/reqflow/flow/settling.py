"""Settling what was delivered: leases that are done, and what history is told of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import attrs

from ..core.batch import Lease
from ..core.commands import Delivered, TicketReported
from ..core.effects import OpenTicket, PostMessage
from ..core.facts import WantPlaced
from ..core.model import Code
from ..core.operations import performing
from ..core.operations.overlay import Overlay
from ..errors import Conflict, StaleLease, StoreUnavailable
from ..ports import Receipt, ReceiptKind
from .asks import Ask, AskCommit, AskSettle, Context, DeskMoved, Flow
from .handling import ATTEMPTS, decided, learn
from .holding import Holding, fault_of

__all__ = ["REPORTED", "SOON", "Report", "Settling", "report_of"]

Report = Delivered | TicketReported

REPORTED = (PostMessage, OpenTicket)
"""The effects whose receipts history keeps."""
SOON = timedelta(seconds=1)
"""When to try again what could not be stored."""
MOMENT = timedelta(milliseconds=250)
"""For how long what was delivered waits to be settled, beside the delivery at hand: it leaves again after a crash."""
INSTANT = timedelta(milliseconds=5)
"""The same for what history is told, from when its delivery began: what a service takes is told before the next."""


def report_of(effect: PostMessage | OpenTicket, receipt: Receipt) -> Report:
    """What history is told of a delivery."""
    code = None if receipt.kind is ReceiptKind.DELIVERED else receipt.code or Code("refused")
    if isinstance(effect, OpenTicket):
        return TicketReported(
            conversation_id=effect.conversation_id,
            request_id=effect.request_id,
            kind=effect.kind,
            code=code,
            native=receipt.native,
        )
    return Delivered(
        conversation_id=effect.conversation_id,
        message_id=effect.message_id,
        code=code,
        native=receipt.native,
    )


def _report(context: Context, reported: Report, lease: Lease) -> Flow:
    """Record how the delivery of a posted message, or of a ticket, went, consuming the effect's lease."""
    for attempt in range(ATTEMPTS):
        overlay = Overlay(context.desk, context.clock(), context.notice_rules)
        try:
            yield from decided(overlay, partial(performing.report, overlay, reported, lease))
            yield AskCommit(overlay.batch())
            return
        except Conflict as conflict:
            if attempt == ATTEMPTS - 1:
                raise
            if any(kind == "thread" for kind, _ in conflict.rows):
                # somebody answered it before its receipt came: the thread stays where that answer went
                reported = attrs.evolve(reported, native=None)


def _report_all(context: Context, told: Sequence[tuple[Report, Lease]]) -> Flow:
    """The same for many, in one commit. Whatever goes wrong, nothing is recorded."""
    overlay = Overlay(context.desk, context.clock(), context.notice_rules)
    messages = [reported.message_id for reported, _ in told if isinstance(reported, Delivered)]
    yield from learn(overlay, tuple([WantPlaced(each) for each in messages]))
    for reported, lease in told:
        yield from decided(overlay, partial(performing.report, overlay, reported, lease))
    yield AskCommit(overlay.batch())


class Settling:
    """What was delivered and is not settled yet: a moment's worth in one go.

    A crash delivers it again, so it does not wait for long. What history is told waits for an instant only: a customer
    should not read twice what was posted beside something that kills its worker.
    """

    def __init__(self, context: Context, held: Holding) -> None:
        self._context = context
        self._held = held
        self._done: list[Lease] = []
        self._told: dict[Code, tuple[Report, Lease]] = {}
        self._due_at: datetime | None = None

    def add(self, leases: Sequence[Lease]) -> None:
        """These are done, and leave nothing else behind."""
        self._done += leases
        self._wait_until(self._context.clock() + MOMENT)

    def tell(self, destination: Code, reported: Report, lease: Lease, begun: datetime) -> None:
        """This is done once history has been told of it; ``begun`` is when its delivery did."""
        self._told[destination] = reported, lease
        self._wait_until(begun + INSTANT)

    def _wait_until(self, due_at: datetime) -> None:
        if self._due_at is None or due_at < self._due_at:
            self._due_at = due_at

    def is_due(self) -> bool:
        """Whether something has waited for long enough."""
        return self._due_at is not None and self._context.clock() >= self._due_at

    def holds_up(self, destination: Code, ahead: bool) -> bool:
        """Whether something is to be told before the next delivery: to the same destination, or of unread facts."""
        return bool(self._told) and (destination in self._told or not ahead)

    def settle(self) -> Generator[Ask, Any, dict[Code, datetime]]:
        """Settle all of it; what somebody else has by now is theirs to settle. Returns which destinations wait."""
        self._due_at = None
        stuck = yield from self._tell_history()
        if self._done:
            workspace = self._context.desk.workspace
            try:
                yield AskSettle(workspace, tuple(self._done))
            except StaleLease:
                for lease in self._done:  # one was lost: the others are still ours
                    with suppress(StaleLease):
                        yield AskSettle(workspace, (lease,))
            for lease in self._done:
                self._held.drop(lease)
            self._done.clear()
        return stuck

    def _tell_history(self) -> Generator[Ask, Any, dict[Code, datetime]]:
        told, self._told = self._told, {}
        if len(told) > 1:
            try:
                yield from _report_all(self._context, tuple(told.values()))
                for _, lease in told.values():
                    self._held.drop(lease)
                return {}
            except (StoreUnavailable, DeskMoved):
                raise
            except Exception:  # noqa: BLE001  (one of them: which one shows when each is told for itself)
                pass
        stuck: dict[Code, datetime] = {}
        for destination, (reported, lease) in told.items():
            again = yield from self.report(reported, lease)
            if again is not None:
                stuck[destination] = again
        return stuck

    def report(self, reported: Report, lease: Lease) -> Generator[Ask, Any, datetime | None]:
        """Tell history of one delivery; returns until when its destination waits, if it does."""
        try:
            yield from _report(self._context, reported, lease)
            self._held.drop(lease)
            return None
        except StaleLease:
            self._held.drop(lease)
            return self._context.clock()  # somebody else has this destination now
        except (StoreUnavailable, DeskMoved):
            raise
        except Conflict as failure:
            return (yield from self._held.try_later(lease, fault_of(failure), SOON))
        except Exception as failure:  # noqa: BLE001  (one that cannot be recorded must not stop the others)
            return (yield from self._held.try_later(lease, fault_of(failure)))
