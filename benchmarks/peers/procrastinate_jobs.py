"""The peer for queues: procrastinate. One worker, ten jobs at a time, drains jobs that do nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from peers.tally import Tally
from workload import WARM_UP, Missing, Plan, check, groups

__all__ = ["CASES"]

CONCURRENCY = 10


async def _drain(dsn: str, tally: Tally) -> None:
    try:
        from procrastinate import App, PsycopgConnector
    except ImportError as problem:
        raise Missing(f"procrastinate is not installed (dependency group 'peers'): {problem}") from None
    app: Any = App(connector=PsycopgConnector(conninfo=dsn, max_size=CONCURRENCY))

    async def work(number: int) -> None:
        tally.done(number)

    task = app.task(name="work")(work)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for group in groups(range(len(tally))):
            await task.batch_defer_async(*({"number": number} for number in group))
        await app.run_worker_async(
            wait=False, concurrency=CONCURRENCY, listen_notify=False, install_signal_handlers=False
        )
        jobs = await app.job_manager.list_jobs_async(status="succeeded")
        check(len(list(jobs)) == len(tally), "a job was not recorded as done")


def process(plan: Plan) -> dict[str, float]:
    """Jobs that were deferred before, processed."""
    logging.disable(logging.CRITICAL)
    tally = Tally(WARM_UP, plan.requests)
    asyncio.run(_drain(plan.dsn, tally))
    return tally.found()


CASES = {"process": process}
