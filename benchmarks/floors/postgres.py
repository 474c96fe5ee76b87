"""The floor in PostgreSQL: one reading and one writing statement for each operation, by hand.

The writing statement holds all four rows of the lean floor (request, message, history, outbox) as common
table expressions and checks the version that was read. In batches all rows come as one JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from workload import AGENT, DONE, FIRST, MORE, OPENING, WARM_UP, Missing, Plan, check, groups, timed

__all__ = ["CASES", "SCHEMA"]

SCHEMA = """
CREATE TABLE ticket (
    id text PRIMARY KEY, thread text NOT NULL, state text NOT NULL, assignee text,
    version integer NOT NULL, opened_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
CREATE INDEX ticket_open ON ticket (thread) WHERE state <> 'closed';
CREATE TABLE note (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ticket text NOT NULL, author text, text text,
    at timestamptz);
CREATE INDEX note_ticket ON note (ticket);
CREATE TABLE log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ticket text NOT NULL, what text, content jsonb,
    at timestamptz);
CREATE INDEX log_ticket ON log (ticket);
CREATE TABLE outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, content jsonb NOT NULL);
"""
FIND = "SELECT id FROM ticket WHERE thread = %s AND state <> 'closed'"
READ = "SELECT state, assignee, version FROM ticket WHERE id = %s"
_REST = (
    " n AS (INSERT INTO note (ticket, author, text, at)"
    " SELECT id, %(actor)s, %(text)s::text, %(at)s FROM t WHERE %(text)s::text IS NOT NULL),"
    " l AS (INSERT INTO log (ticket, what, content, at)"
    " SELECT id, %(what)s, %(content)s::jsonb, %(at)s FROM t)"
    " INSERT INTO outbox (what, content) SELECT %(what)s, %(content)s::jsonb FROM t"
)
ADD = (
    "WITH t AS (INSERT INTO ticket VALUES (%(id)s, %(id)s, 'open', NULL, 1, %(at)s, %(at)s) RETURNING id),"
    + _REST
)
SET = (
    "WITH t AS (UPDATE ticket SET state = %(after)s, assignee = %(assignee)s, version = version + 1,"
    " updated_at = %(at)s WHERE id = %(id)s AND version = %(version)s RETURNING id)," + _REST
)
FIND_MANY = "SELECT id FROM ticket WHERE thread = ANY (%s) AND state <> 'closed'"
READ_MANY = "SELECT id, state, assignee, version FROM ticket WHERE id = ANY (%s)"
_GIVEN = (
    "WITH d AS MATERIALIZED (SELECT * FROM json_to_recordset(%s::json) AS d (id text, after text,"
    " assignee text, version integer, what text, actor text, text text, content jsonb, at timestamptz)),"
)
_REST_MANY = (
    " n AS (INSERT INTO note (ticket, author, text, at)"
    " SELECT id, actor, text, at FROM d WHERE text IS NOT NULL),"
    " l AS (INSERT INTO log (ticket, what, content, at) SELECT id, what, content, at FROM d),"
    " o AS (INSERT INTO outbox (what, content) SELECT what, content FROM d)"
    " SELECT count(*) FROM t"
)
ADD_MANY = (
    _GIVEN
    + " t AS (INSERT INTO ticket SELECT id, id, after, NULL, 1, at, at FROM d RETURNING id),"
    + _REST_MANY
)
SET_MANY = (
    _GIVEN + " t AS (UPDATE ticket SET state = d.after, assignee = d.assignee, version = d.version + 1,"
    " updated_at = d.at FROM d WHERE ticket.id = d.id AND ticket.version = d.version RETURNING ticket.id),"
    + _REST_MANY
)
AFTER = {"answered": "pending", "asked": "active", "closed": "closed"}
LATER = (("answered", AGENT, FIRST), ("asked", "", MORE), ("answered", AGENT, DONE), ("closed", AGENT, None))


def _content(actor: str, before: str | None, after: str) -> dict[str, str | None]:
    return {"by": actor, "before": before, "after": after}


def _opened(id: str, author: str) -> dict[str, Any]:
    return {
        "id": id,
        "after": "open",
        "what": "opened",
        "actor": author,
        "text": OPENING,
        "content": _content(author, None, "open"),
        "at": datetime.now(UTC).isoformat(),
    }


def _changed(
    id: str, row: tuple[str, str | None, int], what: str, actor: str, text: str | None
) -> dict[str, Any]:
    before, assignee, version = row
    return {
        "id": id,
        "after": AFTER[what],
        "assignee": actor if assignee is None and what == "answered" else assignee,
        "version": version,
        "what": what,
        "actor": actor,
        "text": text,
        "content": _content(actor, before, AFTER[what]),
        "at": datetime.now(UTC).isoformat(),
    }


def _one_by_one(execute: Callable[..., Any], numbers: range) -> None:
    def write(sql: str, row: dict[str, Any]) -> None:
        row["content"] = json.dumps(row["content"])
        check(execute(sql, row).rowcount == 1, "somebody else changed the ticket")

    for number in numbers:
        id, author = f"t{number:012d}", f"U{number}"
        check(execute(FIND, (id,)).fetchone() is None, "the thread is taken")
        write(ADD, _opened(id, author))
        for what, actor, text in LATER:
            write(SET, _changed(id, execute(READ, (id,)).fetchone(), what, actor or author, text))


def _in_batches(execute: Callable[..., Any], numbers: range) -> None:
    def write(sql: str, rows: list[dict[str, Any]]) -> None:
        written = execute(sql, (json.dumps(rows),)).fetchone()[0]
        check(written == len(rows), "somebody else changed a ticket")

    for group in groups(numbers):
        authors = {f"t{number:012d}": f"U{number}" for number in group}
        check(not execute(FIND_MANY, (list(authors),)).fetchall(), "a thread is taken")
        write(ADD_MANY, [_opened(id, author) for id, author in authors.items()])
        for what, actor, text in LATER:
            rows = execute(READ_MANY, (list(authors),)).fetchall()
            write(SET_MANY, [_changed(id, row, what, actor or authors[id], text) for id, *row in rows])


def _measured(plan: Plan, live: Callable[..., None]) -> dict[str, float]:
    try:
        import psycopg
    except ImportError as problem:
        raise Missing(str(problem)) from None
    with psycopg.connect(plan.dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
        execute = connection.execute
        found = timed(plan, lambda numbers: live(execute, numbers))
        total = WARM_UP + plan.requests
        for sql, expected in (
            (f"SELECT count(*) FROM ticket WHERE state = 'closed' AND assignee = '{AGENT}'", total),
            ("SELECT count(*) FROM note", 4 * total),
            ("SELECT count(*) FROM log", 5 * total),
            ("SELECT count(*) FROM outbox", 5 * total),
        ):
            found_count = execute(sql).fetchone()
            check(found_count == (expected,), f"{sql}: not {expected}")
    return found


CASES = {
    "one_by_one": lambda plan: _measured(plan, _one_by_one),
    "in_batches": lambda plan: _measured(plan, _in_batches),
}
