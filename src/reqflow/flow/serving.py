"""Serving the three queues: lease, do, settle; give back what failed, park what keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import attrs

from ..core.batch import InboxItem, Lease, LeaseQueue
from ..core.effects import Effect, QueuedEffect, effect_of
from ..core.model import Code
from ..errors import Conflict, StaleLease, StoreError, StoreUnavailable
from ..ports import Receipt, ReceiptKind
from .ahead import Ahead
from .asks import (
    BEGUN,
    NO_TRANSPORT,
    TRANSPORTS_HANG,
    Ask,
    AskDeliver,
    AskReceipt,
    Context,
    DeskMoved,
    Flow,
    Stopped,
)
from .bundling import Delivery, deliveries
from .delivering import REMEMBERED, remember
from .handling import handle
from .holding import Holding, fault_of
from .pacing import in_rounds
from .receipts import believed, put_off
from .ringing import ring
from .settling import REPORTED, SOON, Settling, report_of

__all__ = ["serve_agenda", "serve_inbox", "serve_outbox"]

PATIENCE = 1.0
"""After so many seconds of one delivery the others that are held are given back: other hands may deliver them."""
SHARE = 3
"""Which part of a lease a delivery may take: it begins in the first half, and is recorded in what is left."""


def serve_inbox(context: Context, limit: int = 20) -> Flow:
    """Handle accepted messages, per lane in order. Returns how many were handled."""

    def serve(lease: Lease) -> Flow:
        item = _item(lease)
        return handle(context, item.inbound, item.key, lease)

    def serve_all(held: Holding) -> Generator[Ask, Any, int]:
        _, done = yield from _serve_each(context, held, serve, lambda lease: _item(lease).lane)
        return done

    return in_rounds(context, LeaseQueue.INBOX, limit, serve_all)


def serve_agenda(context: Context, limit: int = 50) -> Flow:
    """Answer due timers, longest due first. Returns how many timers were asked."""

    def serve_all(held: Holding) -> Generator[Ask, Any, int]:
        asked, _ = yield from _serve_each(
            context, held, lambda lease: ring(context, lease), lambda lease: lease.id
        )
        return asked

    return in_rounds(context, LeaseQueue.AGENDA, limit, serve_all)


def _item(lease: Lease) -> InboxItem:
    assert isinstance(lease.item, InboxItem)
    return lease.item


def _serve_each(
    context: Context,
    held: Holding,
    serve: Callable[[Lease], Flow],
    lane_of: Callable[[Lease], str],
) -> Generator[Ask, Any, tuple[int, int]]:
    """Serve leased items; returns how many had their turn, and with how many it went well.

    Whatever fails is given back, and with it what comes after it in its lane, so that order is kept. When the
    desk turns out to have moved, everything left is given back, to be served with the new one.
    """
    turns = done = 0
    stuck: dict[str, datetime] = {}
    try:
        for lease in held.leases():
            if context.stopping():
                break
            yield from held.keep()
            turns += 1
            lane = lane_of(lease)
            if lease not in held:
                stuck.setdefault(lane, context.clock())  # somebody else has this lane now
                continue
            if lane in stuck:
                yield from held.give_back(lease, stuck[lane])
                continue
            try:
                yield from serve(lease)
                held.drop(lease)
                done += 1
            except StaleLease:
                held.drop(lease)
                stuck[lane] = context.clock()
            except (StoreUnavailable, Conflict) as failure:
                again = yield from held.try_later(lease, fault_of(failure), SOON)
                stuck[lane] = again or context.clock()
            except DeskMoved:
                raise
            except Exception as failure:  # noqa: BLE001  (whatever a plugin raises must not stop the others)
                again = yield from held.try_later(lease, fault_of(failure))
                if again is not None:
                    stuck[lane] = again
        yield from held.hand_back()
    except (DeskMoved, Stopped):
        yield from held.hand_back()
        raise
    return turns, done


def serve_outbox(context: Context, limit: int = 100) -> Flow:
    """Deliver effects, per destination in order. Returns how many deliveries were tried.

    An item behind one that failed waits for it: it is given back untouched. Without any transport there is
    nothing to serve, and effects wait for a worker that has one.
    """
    if not context.schemes:
        return 0
    return (yield from in_rounds(context, LeaseQueue.OUTBOX, limit, lambda held: _deliver_all(context, held)))


def _deliver_all(context: Context, held: Holding) -> Generator[Ask, Any, int]:
    claimed = tuple(deliveries(context.desk, held.leases()))
    ahead = Ahead(context, [delivery.queued for delivery in claimed])
    settling = Settling(context, held)
    turns = 0
    stuck: dict[Code, datetime] = {}
    try:
        for delivery in claimed:
            if context.stopping():
                break
            destination, line = delivery.queued.destination, delivery.leases
            is_ready = ahead.is_ready(delivery.queued)
            if settling.is_due() or held.half_over() or settling.holds_up(destination, is_ready):
                stuck |= yield from settling.settle()
            yield from held.keep()
            if any(lease not in held for lease in line):
                stuck.setdefault(destination, context.clock())  # somebody else has this destination now
            else:
                turns += len(line)
            if delivery.waits_until is not None:
                if delivery.waits_until > context.clock():
                    stuck.setdefault(destination, delivery.waits_until)
                elif held.few:  # the rest of the bundle may be where these come from
                    held.too_few = True
                    stuck.setdefault(destination, context.clock())
            if destination in stuck:
                yield from _give_back_all(held, line, stuck[destination])
                continue
            again = yield from _attempt(context, held, ahead, delivery, settling)
            if again is not None:
                stuck[destination] = again
        yield from settling.settle()
        yield from held.hand_back()
    except (Exception, Stopped):
        with suppress(StoreError):  # what has left is not to leave again, if that can be had
            yield from settling.settle()
            yield from held.hand_back()
        raise
    return turns


def _attempt(
    context: Context, held: Holding, ahead: Ahead, delivery: Delivery, settling: Settling
) -> Generator[Ask, Any, datetime | None]:
    """Deliver, and settle what cannot be settled with others; returns until when its destination waits, if it does."""
    effect, begun = delivery.queued.effect, context.clock()
    try:
        receipt = yield from _deliver(context, held, ahead, delivery, settling)
        delivered = receipt.kind is ReceiptKind.DELIVERED
        if delivered and not isinstance(effect, REPORTED) and not _is_remembered(effect, receipt):
            settling.add(delivery.leases)
            return None
        ahead.forget(effect)
        if not isinstance(effect, REPORTED) or receipt.kind in _AGAIN:
            return (yield from _settle(context, held, delivery, receipt))
        reported, (lease,) = report_of(effect, receipt), delivery.leases
        if not delivered:
            return (yield from settling.report(reported, lease))
        settling.tell(delivery.queued.destination, reported, lease, begun)
        return None
    except (StoreUnavailable, DeskMoved):
        raise
    except Exception as failure:  # noqa: BLE001  (one that cannot be read or recorded must not stop the others)
        first, *rest = delivery.leases
        again = yield from held.try_later(first, fault_of(failure))
        yield from _give_back_all(held, rest, again or context.clock())
        return again


def _give_back_all(held: Holding, leases: Sequence[Lease], ready_at: datetime) -> Generator[Ask, Any, None]:
    for lease in leases:
        if lease in held:
            yield from held.give_back(lease, ready_at)


def _settle(
    context: Context, held: Holding, delivery: Delivery, receipt: Receipt
) -> Generator[Ask, Any, datetime | None]:
    """Settle all that one delivery stands for; returns when to try its destination again, if it is to wait."""
    queued, (first, *rest) = delivery.queued, delivery.leases
    try:
        again = yield from _settle_one(context, held, first, queued, receipt)
        if receipt.kind is ReceiptKind.PERMANENT:
            for lease in rest:
                yield from _settle_one(context, held, lease, queued, receipt)
            return again
    except StaleLease:
        for lease in delivery.leases:
            held.drop(lease)
        return context.clock()  # somebody else has this destination now
    except Conflict as failure:
        again = yield from held.try_later(first, fault_of(failure), SOON)
    yield from _give_back_all(held, rest, again or context.clock())
    return again


def _deliver(
    context: Context, held: Holding, ahead: Ahead, delivery: Delivery, settling: Settling
) -> Generator[Ask, Any, Receipt]:
    queued = delivery.queued
    if effect_of(queued.effect.tag) is None:
        return Receipt(kind=ReceiptKind.PERMANENT, code=Code("unknown_effect"))  # of a newer reqflow
    effect, texts = yield from ahead.telling(queued)
    if effect is None:
        return Receipt(kind=ReceiptKind.DELIVERED)  # there is nothing to show any more
    if effect is not queued.effect:
        queued = attrs.evolve(queued, effect=effect)
    patience = PATIENCE if len(held.leases()) > len(delivery.leases) else None
    try:
        answer = yield AskDeliver(queued, texts, _limit(context), patience)
        if answer is BEGUN:
            yield from _leave_others(held, delivery, settling)
            answer = yield AskReceipt()
    except Exception as failure:  # noqa: BLE001  (a transport's own fault: what it did is not known)
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code(type(failure).__name__))
    return believed(answer)


def _leave_others(held: Holding, delivery: Delivery, settling: Settling) -> Generator[Ask, Any, None]:
    """Settle what has left, and give back all that would have to wait for this delivery."""
    with suppress(StoreError):  # else they wait for it
        yield from settling.settle()
        yield from held.hand_back(but=delivery.leases)


def _limit(context: Context) -> float | None:
    """For how many seconds a delivery is waited for: never so long that its lease might lapse."""
    span = context.leased_for.total_seconds()
    if context.deliver_within is None or not span:
        return context.deliver_within
    return min(context.deliver_within, span / SHARE)


def _settle_one(
    context: Context, held: Holding, lease: Lease, queued: QueuedEffect, receipt: Receipt
) -> Generator[Ask, Any, datetime | None]:
    """Settle one delivery; returns when to try again, if it is to be tried again."""
    if receipt.kind in _AGAIN:
        wait = put_off(receipt)
        if wait is not None and receipt.code in _NOT_BEGUN:  # another worker may be able to
            again_at = context.clock() + wait
            yield from held.give_back(lease, again_at)
            return again_at
        return (yield from held.try_later(lease, receipt.code or Code(receipt.kind), wait))
    if receipt.kind is ReceiptKind.DELIVERED and receipt.native and isinstance(queued.effect, REMEMBERED):
        yield from remember(context, queued.effect, receipt.native, lease)
    else:
        now, why = context.clock(), receipt.code or Code("refused")
        ours = yield from held.give_back(lease, now, why, park=True)
        return None if ours else now  # somebody else has this destination now
    held.drop(lease)
    return None


_AGAIN = frozenset({ReceiptKind.RETRY, ReceiptKind.UNKNOWN})
_NOT_BEGUN = frozenset({NO_TRANSPORT, TRANSPORTS_HANG})
"""The codes of deliveries that did not begin, which therefore are no attempts."""


def _is_remembered(effect: Effect, receipt: Receipt) -> bool:
    """Whether the delivery leaves the id of a card, by which it is changed later."""
    return receipt.native is not None and isinstance(effect, REMEMBERED)
