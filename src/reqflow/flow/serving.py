"""Serving the three queues: lease, do, settle; give back what failed, park what keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import attrs

from ..core.batch import InboxItem, Lease, LeaseQueue
from ..core.commands import Delivered, TicketReported
from ..core.effects import EFFECTS, OpenTicket, PostMessage, QueuedEffect
from ..core.model import Code
from ..errors import Conflict, ReqflowError, StaleLease, StoreUnavailable
from ..ports import Receipt, ReceiptKind
from .asks import (
    NO_TRANSPORT,
    Ask,
    AskDeliver,
    AskLease,
    AskRelease,
    AskSettle,
    Context,
    DeskMoved,
    Flow,
)
from .bundling import Delivery, deliveries
from .delivering import REMEMBERED, completed, remember, texts_of
from .handling import handle, report_delivery, ring

__all__ = ["serve_agenda", "serve_inbox", "serve_outbox"]

TRIES = 5
"""After so many attempts an item that keeps failing is parked, with the reason."""
LATER = 50
"""The same for what is asked to be tried again later, or cannot be stored now; that takes some three hours."""
LOST = 2 * TRIES
"""After so many leases that ended without a word an item is parked, too; the reason given is `DIED`."""
DIED = Code("worker_died")
SOONEST = 0.1
"""Seconds that a transport is left alone at least, even when it asks to be tried again at once."""
LONGEST = 300
"""Seconds between two attempts at most, where nobody asks for more."""


def _lease(context: Context, queue: LeaseQueue, limit: int) -> Generator[Ask, Any, Sequence[Lease]]:
    """Claim items; leave out what kills workers.

    With a dead worker all its leases are lost, whichever item it died of. Once that happened `TRIES` times to one of
    them, only the first that was claimed is served, and the rest is given back: so the next loss shows whose fault it
    is. An item that is lost again and again is parked.
    """
    while True:
        now = context.clock()
        leases: Sequence[Lease] = yield AskLease(
            context.desk.workspace, queue, now, now + context.leased_for, limit
        )
        if not any(lease.lost >= TRIES for lease in leases):
            return leases
        first, *rest = leases
        for lease in rest:
            yield from _return(context, lease, now)
        if first.lost < LOST:
            return (first,)
        yield from _return(context, first, now, DIED, True)


def _give_back(
    context: Context, lease: Lease, why: str, after: timedelta | None = None
) -> Generator[Ask, Any, datetime | None]:
    """Back to the queue with growing distance, or to the side after the last try.

    ``after`` is what was asked for; it is kept to the first few times. Returns when it is to be tried again; None
    if never.
    """
    tries = lease.attempts if after is None else lease.attempts - TRIES
    wait = timedelta(seconds=min(2.0**tries, LONGEST))
    again_at = context.clock() + (wait if after is None else max(wait, after))
    park = lease.attempts >= (TRIES if after is None else LATER)
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
    for delivery in deliveries(context.desk, leases):
        destination, line = delivery.queued.destination, delivery.leases
        if delivery.waits_until is not None and delivery.waits_until > context.clock():
            stuck.setdefault(destination, delivery.waits_until)
        if destination in stuck:
            yield from _return_all(context, line, stuck[destination])
            continue
        receipt = yield from _deliver(context, delivery.queued)
        if receipt.kind is ReceiptKind.DELIVERED and not _is_kept(delivery.queued, receipt):
            settled += line
            continue
        again = yield from _settle(context, delivery, receipt)
        if again is not None:
            stuck[destination] = again
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


def _return_all(context: Context, leases: Sequence[Lease], ready_at: datetime) -> Generator[Ask, Any, None]:
    for lease in leases:
        yield from _return(context, lease, ready_at)


def _settle(context: Context, delivery: Delivery, receipt: Receipt) -> Generator[Ask, Any, datetime | None]:
    """Settle all that one delivery stands for; returns when to try its destination again, if it is to wait."""
    queued, (first, *rest) = delivery.queued, delivery.leases
    try:
        again = yield from _settle_one(context, first, queued, receipt)
        if receipt.kind is ReceiptKind.PERMANENT:
            for lease in rest:
                yield from _settle_one(context, lease, queued, receipt)
            return again
    except StaleLease:
        return None
    except Conflict as failure:
        again = yield from _give_back(context, first, _fault(failure), timedelta(seconds=1))
    yield from _return_all(context, rest, again or context.clock())
    return again


def _deliver(context: Context, queued: QueuedEffect) -> Generator[Ask, Any, Receipt]:
    if queued.effect.__class__ not in EFFECTS:
        return Receipt(kind=ReceiptKind.PERMANENT, code=Code("unknown_effect"))  # of a newer reqflow
    effect = yield from completed(context, queued.effect)
    if effect is None:
        return Receipt(kind=ReceiptKind.DELIVERED)  # there is nothing to show any more
    if effect is not queued.effect:
        queued = attrs.evolve(queued, effect=effect)
    texts = yield from texts_of(context, effect)
    try:
        receipt = yield AskDeliver(queued, texts)
    except Exception as failure:  # noqa: BLE001  (a transport's own fault: what it did is not known)
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code(type(failure).__name__))
    if not isinstance(receipt, Receipt):
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code(f"returned_{type(receipt).__name__}"))
    return receipt


def _settle_one(
    context: Context, lease: Lease, queued: QueuedEffect, receipt: Receipt
) -> Generator[Ask, Any, datetime | None]:
    """Settle one delivery; returns when to try again, if it is to be tried again."""
    if receipt.kind in (ReceiptKind.RETRY, ReceiptKind.UNKNOWN):
        wait = None
        if receipt.retry_after is not None:
            wait = timedelta(seconds=max(receipt.retry_after, SOONEST))
        if wait is not None and receipt.code == NO_TRANSPORT:  # nobody was asked: another worker may have one
            again_at = context.clock() + wait
            yield from _return(context, lease, again_at)
            return again_at
        return (yield from _give_back(context, lease, receipt.code or Code(receipt.kind), wait))
    if receipt.kind is ReceiptKind.DELIVERED and receipt.native and isinstance(queued.effect, REMEMBERED):
        yield from remember(context, queued.effect, receipt.native, lease)
        return None
    if isinstance(queued.effect, _REPORTED):
        yield from report_delivery(context, _report(queued.effect, receipt), lease)
        return None
    note = receipt.code or Code("refused")
    yield AskRelease(context.desk.workspace, lease, context.clock(), note, True)
    return None


_REPORTED = (PostMessage, OpenTicket)
"""The effects whose receipts history keeps."""


def _is_kept(queued: QueuedEffect, receipt: Receipt) -> bool:
    """Whether a delivery leaves more behind than that it is done."""
    if isinstance(queued.effect, REMEMBERED):
        return receipt.native is not None
    return isinstance(queued.effect, _REPORTED)


def _report(effect: PostMessage | OpenTicket, receipt: Receipt) -> Delivered | TicketReported:
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
