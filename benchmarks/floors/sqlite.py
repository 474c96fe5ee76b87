"""The lean floor in SQLite: four rows in each operation, by hand, on as few trees as can be.

An operation reads the request and writes it, a message (or the conversation's last moment), a history row
and an outbox row. Write-ahead log, synchronous FULL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from workload import AGENT, DONE, FIRST, MORE, OPENING, WARM_UP, Plan, check, groups, timed

__all__ = ["CASES", "LOG", "QUEUE", "READ", "SCHEMA", "SET", "connect", "transaction"]

SCHEMA = """
CREATE TABLE ticket (
    id TEXT PRIMARY KEY, thread TEXT NOT NULL, state TEXT NOT NULL, assignee TEXT,
    version INTEGER NOT NULL, opened_at TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX ticket_open ON ticket (thread) WHERE state <> 'closed';
CREATE TABLE note (number INTEGER PRIMARY KEY, ticket TEXT NOT NULL, author TEXT, text TEXT, at TEXT);
CREATE INDEX note_ticket ON note (ticket);
CREATE TABLE log (number INTEGER PRIMARY KEY, ticket TEXT NOT NULL, what TEXT, content TEXT, at TEXT);
CREATE INDEX log_ticket ON log (ticket);
CREATE TABLE outbox (number INTEGER PRIMARY KEY, what TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE thread (id TEXT PRIMARY KEY, last_at TEXT NOT NULL) WITHOUT ROWID;
"""
FIND = "SELECT id FROM ticket WHERE thread=? AND state <> 'closed'"
READ = "SELECT state, assignee, version FROM ticket WHERE id=?"
ADD = "INSERT INTO ticket VALUES (?,?,'open',NULL,1,?,?)"
SET = "UPDATE ticket SET state=?, assignee=?, version=?, updated_at=? WHERE id=? AND version=?"
NOTE = "INSERT INTO note (ticket, author, text, at) VALUES (?,?,?,?)"
TOUCH = "INSERT INTO thread VALUES (?,?) ON CONFLICT DO UPDATE SET last_at=excluded.last_at"
LOG = "INSERT INTO log (ticket, what, content, at) VALUES (?,?,?,?)"
QUEUE = "INSERT INTO outbox (what, content) VALUES (?,?)"

AFTER = {"answered": "pending", "asked": "active", "closed": "closed"}
LATER = (("answered", AGENT, FIRST), ("asked", "", MORE), ("answered", AGENT, DONE), ("closed", AGENT, None))

Execute = Callable[..., sqlite3.Cursor]


def connect(path: Any) -> sqlite3.Connection:
    """A file as the store of reqflow uses it."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@contextmanager
def transaction(execute: Execute) -> Iterator[None]:
    """One durable transaction."""
    execute("BEGIN IMMEDIATE")
    yield
    execute("COMMIT")


def _open(execute: Execute, id: str, author: str) -> None:
    at = datetime.now(UTC).isoformat()
    check(execute(FIND, (id,)).fetchone() is None, "the thread is taken")
    execute(ADD, (id, id, at, at))
    execute(NOTE, (id, author, OPENING, at))
    content = json.dumps({"by": author, "before": None, "after": "open"})
    execute(LOG, (id, "opened", content, at))
    execute(QUEUE, ("opened", content))


def _change(execute: Execute, id: str, what: str, actor: str, text: str | None) -> None:
    at = datetime.now(UTC).isoformat()
    before, assignee, version = execute(READ, (id,)).fetchone()
    after = AFTER[what]
    if what == "answered" and assignee is None:
        assignee = actor
    done = execute(SET, (after, assignee, version + 1, at, id, version))
    check(done.rowcount == 1, "somebody else changed the ticket")
    if text is None:
        execute(TOUCH, (id, at))
    else:
        execute(NOTE, (id, actor, text, at))
    content = json.dumps({"by": actor, "before": before, "after": after})
    execute(LOG, (id, what, content, at))
    execute(QUEUE, (what, content))


def _one_by_one(execute: Execute, numbers: range) -> None:
    for number in numbers:
        id, author = f"t{number:012d}", f"U{number}"
        with transaction(execute):
            _open(execute, id, author)
        for what, actor, text in LATER:
            with transaction(execute):
                _change(execute, id, what, actor or author, text)


def _in_batches(execute: Execute, numbers: range) -> None:
    for group in groups(numbers):
        with transaction(execute):
            for number in group:
                _open(execute, f"t{number:012d}", f"U{number}")
        for what, actor, text in LATER:
            with transaction(execute):
                for number in group:
                    _change(execute, f"t{number:012d}", what, actor or f"U{number}", text)


def _measured(plan: Plan, live: Callable[[Execute, range], None]) -> dict[str, float]:
    connection = connect(plan.folder / "floor.db")
    connection.executescript(SCHEMA)
    execute = connection.execute
    found = timed(plan, lambda numbers: live(execute, numbers))
    total = WARM_UP + plan.requests
    for sql, expected in (
        (f"SELECT count(*) FROM ticket WHERE state='closed' AND assignee='{AGENT}'", total),
        ("SELECT count(*) FROM note", 4 * total),
        ("SELECT count(*) FROM log", 5 * total),
        ("SELECT count(*) FROM outbox", 5 * total),
    ):
        check(execute(sql).fetchone()[0] == expected, f"{sql}: not {expected}")
    connection.close()
    return found


CASES = {
    "one_by_one": lambda plan: _measured(plan, _one_by_one),
    "in_batches": lambda plan: _measured(plan, _in_batches),
}
