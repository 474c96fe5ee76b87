"""The floor of an agenda, by hand: lease 100 due timers, then close the ticket of each in a transaction of its own.

Closing writes what the lean floor writes (ticket, history, outbox) and deletes the timer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from floors import postgres, sqlite
from workload import BATCH, WARM_UP, Missing, Plan, check, clocked

__all__ = ["CASES"]

TIMERS = "CREATE TABLE timer (ticket TEXT PRIMARY KEY, due_at BIGINT NOT NULL, lease_until BIGINT)"
INDEX = "CREATE INDEX timer_due ON timer (due_at, ticket)"
CONTENT = json.dumps({"by": "auto_close", "before": "open", "after": "closed"})
AT = "2026-01-05T09:00:00+00:00"
DUE, UNTIL = 1, 60

PICK = "SELECT ticket FROM timer WHERE due_at <= {0} AND (lease_until IS NULL OR lease_until <= {0})"
LEASE = f"UPDATE timer SET lease_until = {{1}} WHERE ticket IN ({PICK} ORDER BY due_at, ticket LIMIT {BATCH}"
CLOSE = (
    "WITH d AS (DELETE FROM timer WHERE ticket = %(id)s AND lease_until = %(until)s RETURNING ticket),"
    " t AS (UPDATE ticket SET state = 'closed', version = version + 1, updated_at = %(at)s"
    " FROM d WHERE ticket.id = d.ticket AND state <> 'closed' RETURNING id),"
    " l AS (INSERT INTO log (ticket, what, content, at) SELECT id, 'closed', %(content)s::jsonb, %(at)s FROM t)"
    " INSERT INTO outbox (what, content) SELECT 'closed', %(content)s::jsonb FROM t"
)


def _drain(execute: Callable[..., Any], lease: str, close: Callable[[str], None]) -> None:
    while rows := execute(lease).fetchall():
        for (ticket,) in rows:
            close(ticket)


def _measured(
    plan: Plan,
    execute: Callable[..., Any],
    lease: str,
    fill: Callable[[range], None],
    close: Callable[[str], None],
) -> dict[str, float]:
    execute(TIMERS)
    execute(INDEX)
    fill(range(WARM_UP))
    _drain(execute, lease, close)
    fill(range(WARM_UP, WARM_UP + plan.requests))
    found = clocked(plan.requests, lambda: _drain(execute, lease, close))
    total = WARM_UP + plan.requests
    for sql, expected in (
        ("SELECT count(*) FROM ticket WHERE state = 'closed'", total),
        ("SELECT count(*) FROM log", total),
        ("SELECT count(*) FROM outbox", total),
        ("SELECT count(*) FROM timer", 0),
    ):
        check(execute(sql).fetchone()[0] == expected, f"{sql}: not {expected}")
    return found


def _filled(execute: Callable[..., Any], mark: str) -> Callable[[range], None]:
    ticket = f"INSERT INTO ticket VALUES ({mark},{mark},'open',NULL,1,{mark},{mark})"
    timer = f"INSERT INTO timer VALUES ({mark},{mark},NULL)"

    def fill(numbers: range) -> None:
        for number in numbers:
            id = f"t{number:012d}"
            execute(ticket, (id, id, AT, AT))
            execute(timer, (id, DUE))

    return fill


def in_sqlite(plan: Plan) -> dict[str, float]:
    """In a file, durable."""
    connection = sqlite.connect(plan.folder / "floor.db")
    connection.executescript(sqlite.SCHEMA)
    execute = connection.execute

    def close(ticket: str) -> None:
        with sqlite.transaction(execute):
            gone = execute("DELETE FROM timer WHERE ticket=? AND lease_until=?", (ticket, UNTIL))
            check(gone.rowcount == 1, "a lease was lost")
            state, assignee, version = execute(sqlite.READ, (ticket,)).fetchone()
            check(state != "closed", "a ticket is closed already")
            execute(sqlite.SET, ("closed", assignee, version + 1, AT, ticket, version))
            execute(sqlite.LOG, (ticket, "closed", CONTENT, AT))
            execute(sqlite.QUEUE, ("closed", CONTENT))

    lease = LEASE.format(DUE, UNTIL) + ") RETURNING ticket"
    try:
        return _measured(plan, execute, lease, _filled(execute, "?"), close)
    finally:
        connection.close()


def in_postgres(plan: Plan) -> dict[str, float]:
    """In a database: one statement for each timer."""
    try:
        import psycopg
    except ImportError as problem:
        raise Missing(str(problem)) from None
    with psycopg.connect(plan.dsn, autocommit=True) as connection:
        execute: Any = connection.execute
        execute(postgres.SCHEMA)

        def close(ticket: str) -> None:
            done = execute(CLOSE, {"id": ticket, "until": UNTIL, "at": AT, "content": CONTENT})
            check(done.rowcount == 1, "a lease was lost, or a ticket is closed already")

        lease = LEASE.format(DUE, UNTIL) + " FOR UPDATE SKIP LOCKED) RETURNING ticket"
        return _measured(plan, execute, lease, _filled(execute, "%s"), close)


CASES = {"drained": lambda plan: in_postgres(plan) if plan.store == "postgres" else in_sqlite(plan)}
