"""Ports that go wrong: a store, a transport, a classifier, each around a real one.

What a call does is written once, as a generator that pauses where others may go on, where time passes, and where its
process may end. `awaited` lets the coroutines of an `AsyncEngine` do it, `plainly` the calls of an `Engine`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator, Mapping
from functools import cache, partial
from typing import Any

from ...core.commands import Inbound
from ...core.effects import Effect
from ...core.model import Code, Detection, Label, NativeId, TextId
from ...errors import Conflict, CorruptRecord, StoreError, StoreUnavailable
from ...ports import Receipt, ReceiptKind, Store
from .choices import Draw
from .faults import Fault, PortCall
from .loop import pause
from .processes import Death, SimProcess

__all__ = ["POISON", "SimClassifier", "SimStore", "SimTransport", "awaited", "plainly"]

Steps = Generator[float, None, Any]
"""Yields for how many seconds it waits; 0 lets others go first."""

POISON = "poison"
"""What the native ids of messages begin with that no store ever takes."""
SLOW = (0.01, 0.3, 2.0, 20.0)
"""How long a slow call may take, in seconds."""
HANGS_FOR = (61.0, 150.0, 4000.0)
"""How long it takes when it takes much too long: longer than a lease."""


async def awaited(steps: Steps) -> Any:
    """Do the steps, letting others go on between them."""
    while True:
        try:
            seconds = next(steps)
        except StopIteration as stop:
            return stop.value
        if seconds:
            await asyncio.sleep(seconds)
        else:
            await pause()


def plainly(process: SimProcess, steps: Steps) -> Any:
    """Do the steps in one go; nobody waits. Raises `Death` where the process ends."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        if not process.is_alive:
            raise Death


def _doing(process: SimProcess, steps: Callable[..., Steps]) -> Callable[..., Any]:
    """A method for the engines of a process: to be awaited, or a plain one."""
    if process.is_plain:
        return lambda *args, **how: plainly(process, steps(*args, **how))

    async def call(*args: Any, **how: Any) -> Any:
        return await awaited(steps(*args, **how))

    return call


def _begun(process: SimProcess, call: PortCall, told: str) -> Generator[float, None, Fault]:
    """What every call begins with: others go first, and the process may end, stop or be slow."""
    fault = process.scene.tap(process.place, call)
    if fault is not Fault.NONE:
        told = f"{told} [{fault}]"
    process.note(told)
    yield 0
    if fault is Fault.CRASH_BEFORE:
        process.crash()
        yield 0
    elif fault is Fault.STOP:
        process.stop()
        yield 0
    elif fault is Fault.SLOW:
        yield process.scene.chance.choice(SLOW, Draw.FAULT, process.place)
    return fault


def _ended(process: SimProcess, fault: Fault) -> Steps:
    """What every call ends with, once it is done: the process may end before it hears of that.

    Else nobody needs to go on first: until its next call a process changes nothing that others see.
    """
    if fault is Fault.CRASH_AFTER:
        process.crash()
        yield 0


@cache
def _methods_of(kind: type) -> tuple[str, ...]:
    public = [name for name in dir(kind) if not name.startswith("_")]
    return tuple(name for name in public if inspect.isroutine(inspect.getattr_static(kind, name)))


class SimStore:
    """Any store as one process sees it: slow, busy, with answers that are lost, with commits that cannot be serialized.

    Every public method of the store is there, whatever they are; what took effect is told to the ledger.
    """

    def __init__(self, real: Store, process: SimProcess) -> None:
        self._real = real
        self._process = process
        own = [name for name, each in getattr(real, "__dict__", {}).items() if callable(each)]
        for name in (*_methods_of(type(real)), *(each for each in own if not each.startswith("_"))):
            setattr(self, name, _doing(process, partial(self._called, name, getattr(real, name))))

    def _called(self, name: str, method: Callable[..., Any], /, *args: Any, **how: Any) -> Steps:
        process, ledger = self._process, self._process.scene.ledger
        commits = name == "commit"
        fault = yield from _begun(
            process, PortCall.COMMIT if commits else PortCall.STORE, _told(name, args, how)
        )
        met = process.scene.trace.met
        if fault is Fault.BUSY:
            met("store busy")
            ledger.hurt(process.name)
            raise StoreUnavailable("simulated: busy")
        if fault is Fault.CONFLICT:
            met("serialization failure")
            ledger.hurt(process.name)
            raise Conflict((), "simulated: could not serialize")
        try:
            if commits and any(each.native.startswith(POISON) for each in args[0].messages):
                raise CorruptRecord("simulated: no store takes this")
            result = method(*args, **how)
        except StoreError as problem:
            process.note(f"{name} -> {type(problem).__name__}")
            ledger.failed(process.name, name, problem)
            raise
        ledger.done(process.name, name, args, how, result)
        yield from _ended(process, fault)
        if fault is Fault.LOST:
            if commits:
                met("unknown commit")
            ledger.hurt(process.name)
            raise StoreUnavailable("simulated: the answer was lost")
        return result


def _told(name: str, args: tuple[Any, ...], how: Mapping[str, Any]) -> str:
    """A call in a line: ids and kinds, no texts."""
    match name:
        case "commit":
            batch = args[0]
            words = [event.tag for entry in batch.entries for event in entry.events]
            words += [f"inbox {item.key[-6:]}" for item in batch.inbox]
            words += [f"done {lease.queue} {lease.id[-8:]}" for lease in batch.consumed]
            return f"commit {batch.workspace}: {', '.join(words) or 'rows'}"
        case "recall":
            return f"recall {args[0]}: {', '.join(type(want).__name__[4:] for want in args[1])}"
        case "lease":
            return f"lease {args[0]}: {args[1]}"
        case "settle" | "extend":
            return f"{name} {args[0]}: {', '.join(f'{each.queue} {each.id[-8:]}' for each in args[1])}"
        case "release":
            lease, park = args[1], " parked" if how.get("park") else ""
            return f"release {args[0]}: {lease.queue} {lease.id[-8:]}{park} {how.get('note') or ''}".rstrip()
        case _:
            return f"{name} {args[0] if args and isinstance(args[0], str) else ''}".rstrip()


class SimTransport:
    """A transport that loses answers, is limited, refuses, raises, hangs, and answers garbage; and sometimes delivers.

    Without a ``real`` one it takes every effect for every destination.
    """

    kinds: tuple[Code, ...]
    scheme: str

    def __init__(self, process: SimProcess, workspace: str, real: Any = None) -> None:
        self.scheme = "*" if real is None else real.scheme
        self.kinds = (Code("acme.webhook"),) if real is None else tuple(getattr(real, "kinds", ()))
        self._process = process
        self._workspace = workspace
        self._real = real
        self.deliver = _doing(process, self._delivered)

    def _delivered(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Steps:
        process, workspace = self._process, self._workspace
        fault = yield from _begun(process, PortCall.DELIVER, f"deliver {workspace}: {effect.tag} {key[-12:]}")
        met, chance = process.scene.trace.met, process.scene.chance
        if fault is Fault.RAISES:
            met("plugin raised")
            raise ConnectionError("simulated: no connection")
        if fault is Fault.LIMITED:
            met("asked to wait (429)")
            after = chance.choice((0.0, 1.0, 30.0), Draw.FAULT, process.place)
            return Receipt(kind=ReceiptKind.RETRY, retry_after=after)
        if fault is Fault.REFUSED:
            met("refused for good")
            process.scene.ledger.refused(workspace, key)
            return Receipt(kind=ReceiptKind.PERMANENT, code=Code("gone"))
        self._arrived(key, effect, texts)
        receipt = Receipt(kind=ReceiptKind.DELIVERED, native=NativeId(f"posted:{key}"))
        if self._real is not None:
            receipt = self._real.deliver(key, effect, texts)
        answered = partial(process.scene.ledger.answered, process.name, workspace, key)
        answered(clean=False)  # until it has heard of it
        yield from _ended(process, fault)
        if fault is Fault.LOST:
            met("unknown delivery")
            raise ConnectionError("simulated: the answer was lost")
        if fault is Fault.GARBAGE:
            met("plugin answered garbage")
            return "ok"
        if fault is Fault.HANGS:
            met("plugin hung")
            yield chance.choice(HANGS_FOR, Draw.FAULT, process.place)
        answered(clean=receipt.kind is ReceiptKind.DELIVERED)
        return receipt

    def _arrived(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> None:
        process, workspace = self._process, self._workspace
        process.scene.ledger.arrived(process.name, workspace, key, effect)
        for foreign in process.scene.ledger.books:
            mark = f"[{foreign}]"
            if foreign != workspace and any(mark in body for body in texts.values()):
                process.scene.ledger.broken(
                    "workspaces apart", f"{key} of {workspace} shows {foreign}'s words"
                )


class SimClassifier:
    """A classifier that raises, hangs and answers garbage; and sometimes judges, as the real one does."""

    def __init__(self, process: SimProcess, real: Any) -> None:
        self.name: str = real.name
        self._process = process
        self._real = real
        self.classify: Callable[[Inbound], Coroutine[Any, Any, Any]] = _doing(process, self._judged)

    def _judged(self, inbound: Inbound) -> Steps:
        process = self._process
        fault = yield from _begun(process, PortCall.JUDGE, f"classify {inbound.native}")
        met = process.scene.trace.met
        if fault is Fault.RAISES:
            met("plugin raised")
            raise RuntimeError("simulated: the model is away")
        verdict = self._real.classify(inbound)
        yield from _ended(process, fault)
        if fault is Fault.GARBAGE:
            met("plugin answered garbage")
            return process.scene.chance.choice(
                ("yes", Detection(Label.REQUEST, Code("nan"), float("nan"))), Draw.FAULT, process.place
            )
        if fault is Fault.HANGS:
            met("plugin hung")
            yield process.scene.chance.choice(HANGS_FOR, Draw.FAULT, process.place)
        return verdict
