"""Serving the three queues: lease, do, settle; give back what failed, park what keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ..core.batch import InboxItem, Lease, LeaseQueue
from ..core.commands import Delivered
from ..core.effects import EFFECTS, PostMessage, QueuedEffect
from ..core.model import Audience, Code, TextId
from ..errors import Conflict, ReqflowError, StaleLease, StoreUnavailable
from ..ports import Receipt, ReceiptKind
from .asks import (
    Ask,
    AskDeliver,
    AskLease,
    AskRelease,
    AskSettle,
    AskTexts,
    Context,
    DeskMoved,
    Flow,
)
from .handling import handle, report_delivery, ring

__all__ = ["serve_agenda", "serve_inbox", "serve_outbox"]

TRIES = 5
"""After so many attempts an item that keeps failing is parked, with the reason."""
SOONEST = 0.1
"""Seconds that a transport is left alone at least, even when it asks to be tried again at once."""


def _lease(context: Context, queue: LeaseQueue, limit: int) -> Generator[Ask, Any, Sequence[Lease]]:
    now = context.clock()
    leases: Sequence[Lease] = yield AskLease(
        context.desk.workspace, queue, now, now + context.leased_for, limit
    )
    return leases


def _give_back(
    context: Context, lease: Lease, why: str, after: timedelta | None = None
) -> Generator[Ask, Any, datetime | None]:
    """Back to the queue with growing distance, or to the side after the last try.

    Returns when it is to be tried again; None if never.
    """
    wait = after if after is not None else timedelta(seconds=min(2**lease.attempts, 300))
    again_at = context.clock() + wait
    park = lease.attempts >= TRIES and after is None
    yield from _return(context, lease, again_at, why, park)
    return None if park else again_at


def _return(
    context: Context, lease: Lease, ready_at: datetime, why: str | None = None, park: bool = False
) -> Generator[Ask, Any, None]:
    with suppress(StaleLease):  # somebody else may have it already
        yield AskRelease(context.desk.workspace, lease, ready_at, why, park)


def _fault(failure: Exception) -> str:
    """What a note may say of a failure: never a text that passed through it."""
    return str(failure) if isinstance(failure, ReqflowError) else type(failure).__name__


def serve_inbox(context: Context, limit: int = 20) -> Flow:
    """Handle accepted messages, per lane in order. Returns how many were handled."""

    def serve(lease: Lease) -> Flow:
        assert isinstance(lease.item, InboxItem)
        return handle(context, lease.item.inbound, lease.item.key, lease)

    leases = yield from _lease(context, LeaseQueue.INBOX, limit)
    return (yield from _serve_each(context, leases, serve, lambda lease: _item(lease).lane))


def serve_agenda(context: Context, limit: int = 50) -> Flow:
    """Answer due timers, longest due first. Returns how many timers were asked."""
    leases = yield from _lease(context, LeaseQueue.AGENDA, limit)
    yield from _serve_each(context, leases, lambda lease: ring(context, lease), lambda lease: lease.id)
    return len(leases)


def _item(lease: Lease) -> InboxItem:
    assert isinstance(lease.item, InboxItem)
    return lease.item


def _serve_each(
    context: Context,
    leases: Sequence[Lease],
    serve: Callable[[Lease], Flow],
    lane_of: Callable[[Lease], str],
) -> Generator[Ask, Any, int]:
    """Serve leased items; returns how many it went well with.

    Whatever fails is given back, and with it what comes after it in its lane, so that order is kept. When the
    desk turns out to have moved, everything left is given back, to be served with the new one.
    """
    done = 0
    stuck: dict[str, datetime] = {}
    for place, lease in enumerate(leases):
        lane = lane_of(lease)
        if lane in stuck:
            yield from _return(context, lease, stuck[lane])
            continue
        try:
            yield from serve(lease)
            done += 1
        except DeskMoved:
            for left in leases[place:]:
                yield from _return(context, left, stuck.get(lane_of(left), context.clock()))
            raise
        except StaleLease:
            stuck[lane] = context.clock()  # somebody else has this lane now
        except (StoreUnavailable, Conflict) as failure:
            again = yield from _give_back(context, lease, _fault(failure), timedelta(seconds=1))
            stuck[lane] = again or context.clock()
        except Exception as failure:  # noqa: BLE001  (whatever a plugin raises must not stop the others)
            again = yield from _give_back(context, lease, _fault(failure))
            if again is not None:
                stuck[lane] = again
    return done


def serve_outbox(context: Context, limit: int = 100) -> Flow:
    """Deliver effects, per destination in order. Returns how many deliveries were tried.

    An item behind one that failed waits for it: it is given back untouched. Without any transport there is
    nothing to serve, and effects wait for a worker that has one.
    """
    if not context.schemes:
        return 0
    leases = yield from _lease(context, LeaseQueue.OUTBOX, limit)
    settled: list[Lease] = []
    stuck: dict[Code, datetime] = {}
    for lease in leases:
        queued = lease.item
        assert isinstance(queued, QueuedEffect)
        if queued.destination in stuck:
            yield from _return(context, lease, stuck[queued.destination])
            continue
        receipt = yield from _deliver(context, queued)
        if receipt.kind is ReceiptKind.DELIVERED and not isinstance(queued.effect, PostMessage):
            settled.append(lease)
            continue
        try:
            again = yield from _settle_one(context, lease, queued, receipt)
        except StaleLease:
            continue
        if again is not None:
            stuck[queued.destination] = again
    if settled:
        try:
            yield AskSettle(context.desk.workspace, tuple(settled))
        except StaleLease:
            for lease in settled:  # one was lost: the others are still ours
                try:
                    yield AskSettle(context.desk.workspace, (lease,))
                except StaleLease:
                    continue
    return len(leases)


def _deliver(context: Context, queued: QueuedEffect) -> Generator[Ask, Any, Receipt]:
    if queued.effect.__class__ not in EFFECTS:
        return Receipt(kind=ReceiptKind.PERMANENT, code=Code("unknown_effect"))  # of a newer reqflow
    texts: dict[TextId, str] = {}
    if isinstance(queued.effect, PostMessage):
        ref = queued.effect.text
        # read with a customer's eyes, whatever the effect claims: internal text never leaves the desk
        texts = yield AskTexts(context.desk.workspace, (ref.id,), Audience.CUSTOMER)
    try:
        receipt: Receipt = yield AskDeliver(queued, texts)
    except Exception as failure:  # noqa: BLE001  (a transport's own fault: what it did is not known)
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code(type(failure).__name__))
    return receipt


def _settle_one(
    context: Context, lease: Lease, queued: QueuedEffect, receipt: Receipt
) -> Generator[Ask, Any, datetime | None]:
    """Settle one delivery; returns when to try again, if it is to be tried again."""
    if receipt.kind in (ReceiptKind.RETRY, ReceiptKind.UNKNOWN):
        wait = None
        if receipt.retry_after is not None:
            wait = timedelta(seconds=max(receipt.retry_after, SOONEST))
        return (yield from _give_back(context, lease, receipt.code or Code(receipt.kind), wait))
    if isinstance(queued.effect, PostMessage):
        delivered = Delivered(
            conversation_id=queued.effect.conversation_id,
            message_id=queued.effect.message_id,
            code=None if receipt.kind is ReceiptKind.DELIVERED else receipt.code or Code("refused"),
            native=receipt.native,
        )
        yield from report_delivery(context, delivered, lease)
        return None
    note = receipt.code or Code("refused")
    yield AskRelease(context.desk.workspace, lease, context.clock(), note, True)
    return None
