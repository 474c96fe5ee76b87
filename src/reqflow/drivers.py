"""The two drivers: they answer what flows ask, one plainly, one awaiting. ``await`` is written only here."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, assert_never

from .core.effects import HostEffect, QueuedEffect
from .core.model import Code, Detection, Label
from .core.values import value
from .flow import (
    Ask,
    AskCommit,
    AskConsult,
    AskDeliver,
    AskHistory,
    AskLease,
    AskNextDue,
    AskQuery,
    AskRecall,
    AskRelease,
    AskSettle,
    AskSuggest,
    AskTexts,
    Flow,
)
from .flow.asks import NO_TRANSPORT
from .ports import Receipt, ReceiptKind, Transport
from .registry import Registry

__all__ = ["Ports", "arun", "run"]

_log = logging.getLogger("reqflow.queues")


@value(kw_only=True)
class Ports:
    """What answers the asks. ``consult_within`` limits a classifier and suggesters, in seconds; None trusts it."""

    store: Any
    registry: Registry
    classifier: Any = None
    consult_within: float | None = None


def _transport_of(queued: QueuedEffect, ports: Ports) -> Transport | None:
    kind = queued.effect.kind if isinstance(queued.effect, HostEffect) else None
    return ports.registry.transport(queued.destination, kind)


def _call(ask: Ask, ports: Ports) -> Any:
    """Begin to answer an ask: a value, or for an async port something to await."""
    store = ports.store
    if isinstance(ask, AskRecall):  # every operation asks these two, and a pattern costs twice as much
        return store.recall(ask.workspace, ask.wants)
    if isinstance(ask, AskCommit):
        return store.commit(ask.batch)
    match ask:
        case AskConsult(inbound):
            if ports.classifier is None:
                return Detection(Label.UNKNOWN, Code("no_classifier"), 0.0)
            return ports.classifier.classify(inbound)
        case AskSuggest(name, text, theme):
            return ports.registry.suggesters[name].suggest(text, theme)
        case AskQuery(workspace, view):
            return store.query(workspace, view)
        case AskHistory(workspace, stream, after, limit):
            return store.history(workspace, stream, after=after, limit=limit)
        case AskTexts(workspace, ids, audience):
            return store.texts(workspace, ids, audience)
        case AskLease(workspace, queue, now, until, limit):
            return store.lease(workspace, queue, now=now, until=until, limit=limit)
        case AskSettle(workspace, leases):
            return store.settle(workspace, leases)
        case AskRelease(workspace, lease, ready_at, note, park):
            if note is not None:  # nobody else hears of a timer or delivery that fails
                _log.warning("%s %s %s: %s", lease.queue, lease.id, "parked" if park else "failed", note)
            return store.release(workspace, lease, ready_at=ready_at, note=note, park=park)
        case AskNextDue(workspace):
            return store.next_due(workspace)
        case AskDeliver(queued, texts):
            transport = _transport_of(queued, ports)
            if transport is None:
                return Receipt(kind=ReceiptKind.RETRY, retry_after=60.0, code=NO_TRANSPORT)
            return transport.deliver(queued.id, queued.effect, texts)
        case _:
            assert_never(ask)


_LATE: Mapping[type, Any] = MappingProxyType(
    {AskConsult: Detection(Label.UNKNOWN, Code("timed_out"), 0.0), AskSuggest: ()}
)
"""What is asked of somebody's judgement, and what counts where that takes too long."""


def run(flow: Flow, ports: Ports) -> Any:
    """Drive a flow to its end with plain calls; returns what it returns."""
    send: Callable[[Any], Any] = flow.send
    answer: Any = None
    while True:
        try:
            ask = send(answer)
        except StopIteration as stop:
            return stop.value
        send = flow.send
        try:
            if ports.consult_within is not None and type(ask) in _LATE:
                answer = _within(partial(_call, ask, ports), ports.consult_within, _LATE[type(ask)])
            else:
                answer = _call(ask, ports)
        except Exception as failure:  # noqa: BLE001  (the flow decides what a port's failure means)
            answer, send = failure, flow.throw
            continue
        if type(ask) is AskCommit:
            ports.registry.committed(ask.batch)


def _within(call: Callable[[], Any], seconds: float, late: Any) -> Any:
    """Wait for a classifier or suggester no longer than this; a late answer is nobody's."""
    from concurrent.futures import ThreadPoolExecutor  # dear to import, and seldom needed

    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reqflow-consult")
    try:
        return pool.submit(call).result(timeout=seconds)
    except TimeoutError:
        return late
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


async def arun(flow: Flow, ports: Ports) -> Any:
    """Drive a flow to its end, awaiting async ports and running sync ones in a thread."""
    send: Callable[[Any], Any] = flow.send
    answer: Any = None
    while True:
        try:
            ask = send(answer)
        except StopIteration as stop:
            return stop.value
        send = flow.send
        try:
            if type(ask) in _LATE and ports.consult_within is not None:
                answer = await _awaited(_answer(ask, ports), ports.consult_within, _LATE[type(ask)])
            else:
                answer = await _answer(ask, ports)
        except Exception as failure:  # noqa: BLE001  (as in `run`)
            answer, send = failure, flow.throw
            continue
        if type(ask) is AskCommit:
            ports.registry.committed(ask.batch)


async def _awaited(answer: Awaitable[Any], seconds: float, late: Any) -> Any:
    """Wait for a classifier or suggester no longer than this."""
    import asyncio  # dear to import, and only needed for `arun`

    try:
        return await asyncio.wait_for(answer, seconds)
    except TimeoutError:
        return late


async def _answer(ask: Ask, ports: Ports) -> Any:
    import asyncio  # as above

    port = _port_of(ask, ports)
    if port is None or inspect.iscoroutinefunction(port):
        found = _call(ask, ports)
    else:
        found = await asyncio.to_thread(_call, ask, ports)
    return await found if inspect.isawaitable(found) else found


def _port_of(ask: Ask, ports: Ports) -> Any:
    """The function behind an ask, as far as it matters whether it is async; None if nothing blocks."""
    if isinstance(ask, AskConsult):
        return getattr(ports.classifier, "classify", None)
    if isinstance(ask, AskSuggest):
        return getattr(ports.registry.suggesters[ask.name], "suggest", None)
    if isinstance(ask, AskDeliver):
        return getattr(_transport_of(ask.queued, ports), "deliver", None)
    return ports.store.recall
