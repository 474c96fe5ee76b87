"""The two drivers: they answer what flows ask, one plainly, one awaiting. But for thin shells only they ``await``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

import attrs

from . import ports as outside
from .core import effects
from .core.model import Code, Detection, Label
from .core.values import value
from .errands import Errand, Errands, TakesLong, TookTooLong
from .flow import asks
from .flow.asks import AskCommit, AskRecall, AskStranger
from .registry import Registry

if TYPE_CHECKING:
    from asyncio import Future

    from .flow.asks import Ask, Flow

__all__ = ["Ports", "apart", "arun", "run"]


@value(kw_only=True)
class Ports:
    """What answers the asks. ``consult_within`` limits a classifier and suggesters, in seconds; None trusts it.

    Observers hear of commits where those are ``final``: not in a transaction that somebody else is yet to commit.
    ``errands`` are the calls that are made on other threads, since they may hang.
    """

    store: Any
    registry: Registry
    classifier: Any = None
    consult_within: float | None = None
    final: bool = True
    errands: Errands = attrs.field(factory=Errands)


def _transport_of(queued: effects.QueuedEffect, ports: Ports) -> outside.Transport | None:
    kind = queued.effect.kind if isinstance(queued.effect, effects.HostEffect) else None
    return ports.registry.transport(queued.destination, kind)


def _call(ask: Ask, ports: Ports) -> Any:
    """Begin to answer an ask: a value, or for an async port something to await."""
    store = ports.store
    if isinstance(ask, AskRecall):  # every operation asks these two, and a pattern costs twice as much
        return store.recall(ask.workspace, ask.wants)
    if isinstance(ask, AskCommit):
        return store.commit(ask.batch)
    match ask:
        case asks.AskConsult(inbound):
            if ports.classifier is None:
                return Detection(Label.UNKNOWN, Code("no_classifier"), 0.0)
            return ports.classifier.classify(inbound)
        case asks.AskSuggest(name, text, theme):
            return ports.registry.suggesters[name].suggest(text, theme)
        case asks.AskQuery(workspace, view):
            return store.query(workspace, view)
        case asks.AskHistory(workspace, stream, after, limit):
            return store.history(workspace, stream, after=after, limit=limit)
        case asks.AskTexts(workspace, ids, audience):
            return store.texts(workspace, ids, audience)
        case asks.AskLease(workspace, queue, now, until, limit):
            return store.lease(workspace, queue, now=now, until=until, limit=limit)
        case asks.AskExtend(workspace, leases, until):
            return store.extend(workspace, leases, until)
        case asks.AskSettle(workspace, leases):
            return store.settle(workspace, leases)
        case asks.AskRelease(workspace, lease, ready_at, note, park):
            if note is not None:  # nobody else hears of a timer or delivery that fails
                import logging  # dear to import, and hardly anything is logged

                said = "parked" if park else "failed"
                logging.getLogger("reqflow.queues").warning("%s %s %s: %s", lease.queue, lease.id, said, note)
            return store.release(workspace, lease, ready_at=ready_at, note=note, park=park)
        case asks.AskNextDue(workspace):
            return store.next_due(workspace)
        case asks.AskRequeue(workspace, queue, ids):
            return store.requeue(workspace, queue, ids)
        case asks.AskBacklog(workspace, now):
            return store.backlog(workspace, now)
        case asks.AskDeliver(queued, texts):
            transport = _transport_of(queued, ports)
            if transport is None:
                return outside.Receipt(
                    kind=outside.ReceiptKind.RETRY, retry_after=60.0, code=asks.NO_TRANSPORT
                )
            return transport.deliver(queued.id, queued.effect, texts)
        case asks.AskReceipt():
            raise LookupError("no delivery was begun")
        case _:
            assert_never(ask)


_TIMED_OUT = Code("timed_out")
GRACE = 1.0
"""For how many seconds an async transport is waited for that is cancelled."""


def _late(ask: Ask) -> Any:
    """What counts where a stranger takes too long."""
    if isinstance(ask, asks.AskConsult):
        return Detection(Label.UNKNOWN, _TIMED_OUT, 0.0)
    if isinstance(ask, asks.AskSuggest):
        return ()
    return outside.Receipt(kind=outside.ReceiptKind.UNKNOWN, code=_TIMED_OUT)


def _not_begun(ask: Ask) -> Any:
    """What counts where they are not even asked, since too many calls hang already."""
    if isinstance(ask, asks.AskDeliver):
        return outside.Receipt(kind=outside.ReceiptKind.RETRY, retry_after=60.0, code=asks.TRANSPORTS_HANG)
    return _late(ask)


def _limit(ask: Ask, ports: Ports) -> float | None:
    """For how many seconds one of these is waited for; None trusts it."""
    return ask.within if isinstance(ask, asks.AskDeliver) else ports.consult_within


def _patience(ask: Ask) -> float:
    """After how many seconds something else may be done first."""
    given = ask.patience if isinstance(ask, asks.AskDeliver) else None
    return math.inf if given is None else given


def run(flow: Flow, ports: Ports) -> Any:
    """Drive a flow to its end with plain calls; returns what it returns."""
    return _drive(flow, flow.send, None, ports)


def _drive(
    flow: Flow, send: Callable[[Any], Any], answer: Any, ports: Ports, errand: Errand | None = None
) -> Any:
    """Go on with a flow by this answer; with an errand on the thread of that."""
    slow: Errand | None = None
    while True:
        if errand is not None:
            errand.go_on()
        try:
            ask: Ask = send(answer)
        except BaseException as end:
            if slow is not None:
                slow.give_up()
            if isinstance(end, StopIteration):
                return end.value
            raise
        send = flow.send
        if slow is not None and isinstance(ask, asks.AskReceipt):
            answer, send = _rest(flow, ask, slow)
            slow = None
            continue
        if isinstance(ask, AskStranger) and (seconds := _limit(ask, ports)) is not None:
            if errand is None and ports.errands.too_many:
                answer = _not_begun(ask)
                continue
            if errand is None and isinstance(ask, asks.AskDeliver):
                try:
                    return _handed_over(flow, ask, seconds, ports)
                except TakesLong as waiting:
                    slow, answer = waiting.errand, asks.BEGUN
                except TookTooLong:
                    answer = _late(ask)
                continue
            answer, send = _limited(flow, ask, seconds, ports, errand)
            continue
        try:
            answer = _call(ask, ports)
        except Exception as failure:  # noqa: BLE001  (the flow decides what a port's failure means)
            answer, send = failure, flow.throw
            continue
        if type(ask) is AskCommit and ports.final:
            ports.registry.committed(ask.batch)


def _handed_over(flow: Flow, ask: asks.AskDeliver, seconds: float, ports: Ports) -> Any:
    """The rest of a flow that delivers, on another thread: to change threads for each effect would be dear.

    Raises `TakesLong` or `TookTooLong` when a delivery does; then the flow stands where that was asked, and nobody else
    has it.
    """

    def go_on(errand: Errand) -> Any:
        answer, send = _limited(flow, ask, seconds, ports, errand)
        return _drive(flow, send, answer, ports, errand)

    return ports.errands.begin(go_on).wait(min(seconds, _patience(ask)))


def _rest(flow: Flow, ask: Ask, slow: Errand) -> tuple[Any, Callable[[Any], Any]]:
    """What becomes of a delivery that takes long, and how the flow is told."""
    try:
        return slow.rest(), flow.send
    except TookTooLong:
        return _late(ask), flow.send
    except Exception as failure:  # noqa: BLE001  (the flow decides what a port's failure means)
        return failure, flow.throw


def _limited(
    flow: Flow, ask: Ask, seconds: float, ports: Ports, errand: Errand | None
) -> tuple[Any, Callable[[Any], Any]]:
    """What a stranger says in time, and how the flow is told; without an errand they are asked in one of their own."""
    call = partial(_call, ask, ports)
    try:
        if errand is not None:
            return errand.limited(call, seconds, _patience(ask)), flow.send
        return ports.errands.begin(lambda own: own.limited(call, seconds)).wait(seconds), flow.send
    except TookTooLong:
        return _late(ask), flow.send
    except Exception as failure:  # noqa: BLE001  (as above)
        return failure, flow.throw


async def arun(flow: Flow, ports: Ports) -> Any:
    """Drive a flow to its end, awaiting async ports and running sync ones in a thread.

    When it is cancelled, the flow is stopped first, so that it gives back what it holds. Cancelled once more it ends
    at once.
    """
    slow = _Slow()
    try:
        return await _adrive(flow, ports, slow)
    finally:
        slow.give_up()


async def _adrive(flow: Flow, ports: Ports, slow: _Slow) -> Any:
    from asyncio import CancelledError  # dear to import, and only needed here

    send: Callable[[Any], Any] = flow.send
    answer: Any = None
    cancelled: CancelledError | None = None
    stopped = False
    while True:
        try:
            ask: Ask = send(answer)
        except StopIteration as stop:
            if cancelled is not None:
                raise cancelled from None
            return stop.value
        except BaseException:
            if cancelled is not None:
                raise cancelled from None
            raise
        send = flow.send
        if cancelled is not None and not stopped:
            stopped, answer, send = True, asks.Stopped(), flow.throw
            continue
        try:
            if type(ask) is asks.AskLease:
                answer, cancelled = await _to_the_end(_answer(ask, ports))
            else:
                answer = await slow.answer(ask, ports)
        except CancelledError as cancel:
            if stopped:
                raise
            if not _is_cancelled():
                answer, send = RuntimeError("cancelled, by nobody here"), flow.throw
                continue
            cancelled, stopped = cancel, True
            answer, send = asks.Stopped(), flow.throw
            continue
        except Exception as failure:  # noqa: BLE001  (as in `run`)
            answer, send = failure, flow.throw
            continue
        if type(ask) is AskCommit and ports.final:
            ports.registry.committed(ask.batch)


class _Slow:
    """The delivery that takes long, if there is one, while something else is done first."""

    def __init__(self) -> None:
        self._task: Future[Any] | None = None

    async def answer(self, ask: Ask, ports: Ports) -> Any:
        """Answer an ask; a delivery within its patience, or `BEGUN`."""
        if self._task is not None and isinstance(ask, asks.AskReceipt):
            task, self._task = self._task, None
            return await task
        if not isinstance(ask, asks.AskDeliver):
            return await _answer(ask, ports)
        from asyncio import CancelledError, ensure_future, wait  # as above

        task = ensure_future(_answer(ask, ports))
        try:
            done, _ = await wait({task}, timeout=ask.patience)
        except CancelledError:
            task.cancel()
            await wait({task}, timeout=GRACE)
            raise
        if done:
            return task.result()
        self._task = task
        return asks.BEGUN

    def give_up(self) -> None:
        """Wait for it no more."""
        if self._task is not None:
            self._task.cancel()


def _is_cancelled() -> bool:
    """Whether this task is being cancelled; if not, something that it awaited was, or only says so."""
    from asyncio import current_task  # as above

    task = current_task()
    return task is None or task.cancelling() > 0


async def _to_the_end(answer: Awaitable[Any]) -> tuple[Any, Any]:
    """Await even while cancelled: what is leased just now must be known, to be given back. Also says how it was."""
    from asyncio import CancelledError, ensure_future, shield  # as above

    task = ensure_future(answer)
    try:
        return await shield(task), None
    except CancelledError as cancel:
        if not _is_cancelled():
            raise
        return await task, cancel


async def _answer(ask: Ask, ports: Ports) -> Any:
    from asyncio import timeout, to_thread  # as above

    port = _port_of(ask, ports)
    blocks = port is not None and not inspect.iscoroutinefunction(port)
    seconds = _limit(ask, ports) if isinstance(ask, AskStranger) else None
    if seconds is None:
        found = await to_thread(_call, ask, ports) if blocks else _call(ask, ports)
        return await found if inspect.isawaitable(found) else found
    if blocks and ports.errands.too_many:
        return _not_begun(ask)
    try:
        async with timeout(seconds):
            found = await apart(partial(_call, ask, ports), ports.errands) if blocks else _call(ask, ports)
            return await found if inspect.isawaitable(found) else found
    except TimeoutError:
        return _late(ask)


async def apart(call: Callable[[], Any], errands: Errands) -> Any:
    """Call on a thread of our own: one that hangs would be missing from those that asyncio keeps for everybody."""
    from asyncio import get_running_loop  # as above

    loop = get_running_loop()
    over = loop.create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    def tell() -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(end)

    errand = errands.begin(lambda _: call(), tell)
    try:
        await over
    except BaseException:
        errand.give_up()
        raise
    return errand.answer()


def _port_of(ask: Ask, ports: Ports) -> Any:
    """The function behind an ask, as far as it matters whether it is async; None if nothing blocks."""
    if isinstance(ask, asks.AskConsult):
        return getattr(ports.classifier, "classify", None)
    if isinstance(ask, asks.AskSuggest):
        return getattr(ports.registry.suggesters[ask.name], "suggest", None)
    if isinstance(ask, asks.AskDeliver):
        return getattr(_transport_of(ask.queued, ports), "deliver", None)
    return ports.store.recall
