"""How the time of one operation divides, on each store: one by one, with timers around the seams."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ours import seams
from ours.clockwork import Clockwork
from ours.desk import Desk
from ours.stores import opened
from workload import OPERATIONS, WARM_UP, Plan, check, clocked

__all__ = ["CASES", "STAGES"]

STAGES = {
    "items": "messages and commands made by the caller",
    "engine": "engine, driver, keys and hooks",
    "core": "flow and core: what to ask, decide, step, history, effects, timers, the batch",
    "recall: values": "what was found, as values",
    "recall: statements": "statements that read",
    "recall: transaction": "BEGIN and COMMIT around them",
    "commit: values": "values as what is stored",
    "commit: statements": "statements that write; on PostgreSQL with their transaction",
    "commit: transaction": "BEGIN and COMMIT, with the flush to the disk",
}


def divided(plan: Plan) -> dict[str, Any]:
    """Seconds of each stage, over all measured operations."""
    clock = Clockwork()
    around: AbstractContextManager[Any] = nullcontext()
    if plan.store == "postgres":
        around = seams.wire(clock.sending)
    elif plan.store == "sqlite":
        around = seams.sqlite_cursors(clock.cursor())
    with around, seams.flows(clock.flow):
        store = opened(plan)
        store.recall = clock.port("recall", store.recall)
        store.commit = clock.port("commit", store.commit)
        desk = Desk(store)
        desk.engine.handle = clock.around("handle", desk.engine.handle)  # type: ignore[method-assign]
        desk.one_by_one(range(WARM_UP))
        clock.clear()
        numbers = range(WARM_UP, WARM_UP + plan.requests)
        found: dict[str, Any] = clocked(OPERATIONS * plan.requests, lambda: desk.one_by_one(numbers))
        spent, calls = dict(clock.spent), dict(clock.calls)
        desk.verify(WARM_UP + plan.requests)
        store.close()
    for seam in ("flow", "recall", "commit"):
        check(spent.get(seam, 0) > 0, f"{seam} was not seen; has the engine changed?")
    check(bool(calls) or plan.store == "memory", "no statement was seen; has the store changed?")
    found["stages"] = _parts(found["seconds"], spent)
    found["statements"] = {name: count / found["operations"] for name, count in calls.items()}
    return found


def _parts(seconds: float, spent: dict[str, float]) -> dict[str, float]:
    """The seconds of each stage that this store has."""
    parts = {
        "items": seconds - spent["handle"],
        "engine": spent["handle"] - spent["flow"] - spent["recall"] - spent["commit"],
        "core": spent["flow"],
    }
    for port in ("recall", "commit"):
        inside = {name: part for name, part in spent.items() if name.startswith(f"{port}: ")}
        parts[f"{port}: values"] = spent[port] - sum(inside.values())
        parts |= inside
    return {name: parts[name] for name in STAGES if name in parts}


CASES = {"divided": divided}
