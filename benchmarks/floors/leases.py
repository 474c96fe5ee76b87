"""The floor of an outbox in PostgreSQL, by hand: lease 100 jobs, look at each, delete the 100.

At least once, like any outbox: the lease is one durable transaction, the deletion another.
"""

from __future__ import annotations

from typing import Any

from workload import BATCH, WARM_UP, Missing, Plan, check, clocked

__all__ = ["CASES"]

SCHEMA = """
CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, destination text NOT NULL, content jsonb NOT NULL,
    ready_at timestamptz NOT NULL, lease_until timestamptz);
CREATE INDEX job_ready ON job (ready_at, id);
"""
FILL = (
    "INSERT INTO job (destination, content, ready_at)"
    " SELECT 'slack:C' || n %% 50, '{\"message\": \"m1\"}', now() FROM generate_series(1, %s) n"
)
LEASE = (
    "UPDATE job SET lease_until = now() + interval '1 minute' WHERE id = ANY (ARRAY("
    "SELECT id FROM job WHERE ready_at <= now() AND (lease_until IS NULL OR lease_until <= now())"
    f" ORDER BY ready_at, id LIMIT {BATCH} FOR UPDATE SKIP LOCKED)) RETURNING id, destination, content"
)
DELETE = "DELETE FROM job WHERE id = ANY (%s)"


def drained(plan: Plan) -> dict[str, float]:
    """Jobs that were added before, leased and deleted."""
    try:
        import psycopg
    except ImportError as problem:
        raise Missing(str(problem)) from None
    seen: list[int] = []

    def drain() -> None:
        while rows := execute(LEASE).fetchall():
            ids = [row[0] for row in rows]
            seen.extend(ids)
            check(execute(DELETE, (ids,)).rowcount == len(ids), "a lease was lost")

    with psycopg.connect(plan.dsn, autocommit=True) as connection:
        execute: Any = connection.execute
        execute(SCHEMA)
        execute(FILL, (WARM_UP,))
        drain()
        execute(FILL, (plan.requests,))
        execute("VACUUM ANALYZE job")
        found = clocked(plan.requests, drain)
        total = WARM_UP + plan.requests
        check(len(seen) == len(set(seen)) == total, f"{len(seen)} jobs seen, not each of {total} once")
        check(execute("SELECT count(*) FROM job").fetchone() == (0,), "a job is left")
    return found


CASES = {"drained": drained}
