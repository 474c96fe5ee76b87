"""The peer for queues: pgqueuer. One worker takes 100 jobs at a time; the jobs do nothing."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

from peers.tally import Tally
from workload import BATCH, Missing, Plan, check, groups

__all__ = ["CASES"]

WARM_UP = 5 * BATCH
"""It pauses between its first batches, which are therefore left out."""
PAUSE = timedelta(seconds=0.2)
"""How long it waits for more when it has found nothing."""


async def _drain(dsn: str, tally: Tally) -> None:
    try:
        import psycopg
        from pgqueuer import PgQueuer, PsycopgDriver, Queries
        from pgqueuer.types import QueueExecutionMode
    except ImportError as problem:
        raise Missing(f"pgqueuer is not installed (dependency group 'peers'): {problem}") from None
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        queries = Queries(PsycopgDriver(connection))
        await queries.install()
        for group in groups(range(len(tally))):
            count = len(group)
            await queries.enqueue(["work"] * count, [str(each).encode() for each in group], [0] * count)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        worker = PgQueuer.from_psycopg_connection(connection)

        async def work(job: Any) -> None:
            tally.done(int(job.payload))

        worker.entrypoint("work")(work)
        await worker.qm.run(mode=QueueExecutionMode.drain, batch_size=BATCH, dequeue_timeout=PAUSE)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        for sql, expected in (
            ("SELECT count(*) FROM pgqueuer", 0),
            ("SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'", len(tally)),
        ):
            found = await (await connection.execute(sql)).fetchone()
            check(found == (expected,), f"{sql}: {found}, not {expected}")


def process(plan: Plan) -> dict[str, float]:
    """Jobs that were enqueued before, processed."""
    logging.disable(logging.CRITICAL)
    tally = Tally(WARM_UP, plan.requests)
    asyncio.run(_drain(plan.dsn, tally))
    return tally.found()


CASES = {"process": process}
