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
from ..core.model import Code
from ..core.operations import performing
from ..core.operations.overlay import Overlay
from ..errors import Conflict, StaleLease
from ..ports import Receipt, ReceiptKind
from .asks import Ask, AskCommit, AskSettle, Context, Flow
from .handling import ATTEMPTS, decided
from .holding import Holding

__all__ = ["REPORTED", "Settling", "report_delivery", "report_of"]

REPORTED = (PostMessage, OpenTicket)
"""The effects whose receipts history keeps."""
MOMENT = timedelta(milliseconds=250)
"""For how long what was delivered waits to be settled, beside the delivery at hand: it leaves again after a crash."""


def report_of(effect: PostMessage | OpenTicket, receipt: Receipt) -> Delivered | TicketReported:
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


def report_delivery(context: Context, reported: Delivered | TicketReported, lease: Lease) -> Flow:
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


class Settling:
    """What was delivered, leaves nothing else behind, and is not settled yet: a moment's worth in one go.

    A crash delivers it again, so it does not wait for long. What history keeps is settled at once: a customer should
    not read twice what was posted beside something that kills its worker.
    """

    def __init__(self, context: Context, held: Holding) -> None:
        self._context = context
        self._held = held
        self._done: list[Lease] = []
        self._since: datetime | None = None

    def add(self, leases: Sequence[Lease]) -> None:
        """These are done."""
        self._done += leases
        if self._since is None:
            self._since = self._context.clock()

    def is_due(self) -> bool:
        """Whether it has waited for long enough."""
        return self._since is not None and self._context.clock() - self._since >= MOMENT

    def settle(self) -> Generator[Ask, Any, None]:
        """Settle all of it; what somebody else has by now is theirs to settle."""
        if not self._done:
            return
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
        self._since = None
