"""How rows are written, as SQL: a writing CTE or two for each kind of change that a batch may hold.

Each form has a text for one row, with plain parameters, and one for many, with a parameter per column. Guards
count the rows that they changed; the statement compares those counts with what it sent.

Nothing here depends on the planner's idea of how many rows there are: it looks many rows up one by one, and
then goes straight to where they stand (see `places`). They are locked in the order in which they were sent, which is
the same for everybody (by id), so that two commits hardly ever wait for each other's rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.values import value
from .places import place_of_row, stands_at

__all__ = [
    "LOADS",
    "WAKE",
    "Part",
    "absent",
    "add",
    "append",
    "arm",
    "change",
    "drop_keys",
    "finish_timers",
    "hold",
    "insert",
    "load",
    "point",
    "put",
    "remove",
    "room",
    "wake",
]

COUNT = "(SELECT count(*) FROM {name})"
_STANDS = stands_at("t", "d")


@value
class Part:
    """One kind of change. ``columns`` are its parameters, by name, with their types.

    In ``one`` and ``many``, ``{name}`` stands for its own name and ``{rows}`` for the rows as a table. ``counted``
    marks guards: this many rows must come out of them as went in. ``told`` is for what changes no rows.
    """

    columns: Mapping[str, str]
    one: str
    many: str
    counted: str | None = None
    told: str | None = None


def insert(table: str, columns: Mapping[str, str], tail: str = "", counted: str | None = None) -> Part:
    """New rows; one that is there is a unique violation, unless ``tail`` says otherwise."""
    names = ", ".join(columns)
    sql = (
        f"{{name}} AS (INSERT INTO reqflow.{table} AS t (workspace, {names})"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)} FROM {{rows}} d {tail})"
    )
    return Part(columns, sql, sql, counted)


def put(table: str, columns: Mapping[str, str], key: str) -> Part:
    """Rows that replace what is there under ``key``."""
    sets = ", ".join(f"{each} = excluded.{each}" for each in columns if each not in key.split(", "))
    return insert(table, columns, f"ON CONFLICT (workspace, {key}) DO UPDATE SET {sets}")


def add(table: str, columns: Mapping[str, str], key: str) -> Part:
    """Rows that are written if they are absent."""
    return insert(table, columns, f"ON CONFLICT (workspace, {key}) DO NOTHING")


def _found(table: str, match: str, columns: str = "") -> str:
    """The rows that match, one by one and locked, each with its place."""
    return (
        f"{{name}}_found AS MATERIALIZED (SELECT d.*, l.* FROM {{rows}} d CROSS JOIN LATERAL"
        f" (SELECT {place_of_row('t')}{columns} FROM reqflow.{table} t"
        f" WHERE t.workspace = $1 AND {match} FOR NO KEY UPDATE) l)"
    )


def change(
    table: str, columns: Mapping[str, str], match: str, sets: str, counted: str | None = COUNT
) -> Part:
    """Rows ``t`` that ``match`` a row ``d`` that is sent are changed."""
    update = f"{{name}} AS (UPDATE reqflow.{table} t SET {sets} FROM"
    one = f"{update} {{rows}} d WHERE t.workspace = $1 AND {match} RETURNING 1)"
    many = f"{_found(table, match)}, {update} {{name}}_found d WHERE {_STANDS} RETURNING 1)"
    return Part(columns, one, many, counted)


def remove(table: str, columns: Mapping[str, str], match: str, counted: str | None = COUNT) -> Part:
    """Rows ``t`` that ``match`` a row ``d`` that is sent are deleted."""
    delete = f"{{name}} AS (DELETE FROM reqflow.{table} t USING"
    one = f"{delete} {{rows}} d WHERE t.workspace = $1 AND {match} RETURNING 1)"
    many = f"{_found(table, match)}, {delete} {{name}}_found d WHERE {_STANDS} RETURNING 1)"
    return Part(columns, one, many, counted)


def hold(table: str, columns: Mapping[str, str], match: str) -> Part:
    """Guard: rows that must be there, and stay as they are until the commit is through."""
    sql = (
        "{name} AS MATERIALIZED (SELECT 1 FROM {rows} d CROSS JOIN LATERAL (SELECT"
        f" FROM reqflow.{table} t WHERE t.workspace = $1 AND {match} FOR NO KEY UPDATE) l)"
    )
    return Part(columns, sql, sql, COUNT)


def absent(table: str, columns: Mapping[str, str], match: str) -> Part:
    """Guard: rows that must not exist."""
    sql = (
        "{name} AS MATERIALIZED (SELECT 1 FROM {rows} d"
        f" WHERE (SELECT true FROM reqflow.{table} t WHERE t.workspace = $1 AND {match}) IS NULL)"
    )
    return Part(columns, sql, sql, COUNT)


def append(columns: Mapping[str, str]) -> Part:
    """Guard: history that goes on behind the entry ``base`` of the stream, whose digest it is linked to.

    ``own`` is the digest of what an entry says by itself.
    """
    names = ", ".join(columns)
    sql = (
        f"{{{{name}}}} AS (INSERT INTO reqflow.history (workspace, {names}, digest)"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)}, {{digest}}"
        " FROM {{rows}} d CROSS JOIN LATERAL (SELECT h.digest FROM reqflow.history h"
        " WHERE h.workspace = $1 AND h.stream = d.stream AND h.seq = d.base OFFSET 0) l RETURNING 1)"
    )
    one = sql.format(digest="sha256(l.digest || d.own)")
    many = sql.format(digest="reqflow.chained(l.digest, d.own) OVER (PARTITION BY d.stream ORDER BY d.seq)")
    return Part({**columns, "own": "bytea", "base": "bigint"}, one, many, COUNT)


# --- records and threads ---


def drop_keys(columns: Mapping[str, str]) -> Part:
    """Keys of records that they have no longer: a stored record says which it has, ``keys`` which stay."""
    sql = (
        "{name}_found AS MATERIALIZED (SELECT l.* FROM {rows} d CROSS JOIN LATERAL"
        " (SELECT jsonb_array_elements(r.keys::jsonb) AS key FROM reqflow.records r"
        " WHERE r.workspace = $1 AND r.kind = d.kind AND r.id = d.id OFFSET 0) o CROSS JOIN LATERAL"
        f" (SELECT {place_of_row('t')} FROM reqflow.record_keys t WHERE t.workspace = $1 AND t.kind = d.kind"
        " AND t.name = o.key ->> 0 AND t.content = o.key ->> 1 AND t.rank = o.key ->> 2 AND t.id = d.id"
        " FOR UPDATE) l WHERE o.key NOT IN (SELECT jsonb_array_elements(d.keys::jsonb))),"
        f" {{name}} AS (DELETE FROM reqflow.record_keys t USING {{name}}_found d WHERE {_STANDS})"
    )
    return Part(columns, sql, sql)


def point(columns: Mapping[str, str]) -> Part:
    """Guard: thread keys, new or there with this ``target``; a new one leads where that has gone meanwhile.

    Of two who make one at the same time the second neither makes it nor sees it, and so is refused.
    """
    sql = (
        "{name}_known AS MATERIALIZED (SELECT 1 FROM {rows} d WHERE (SELECT t.conversation_id"
        " FROM reqflow.thread_keys t WHERE t.workspace = $1 AND t.channel_id = d.channel_id"
        " AND t.native = d.native) = d.target),"
        " {name} AS (INSERT INTO reqflow.thread_keys AS t (workspace, channel_id, native, conversation_id)"
        " SELECT $1, d.channel_id, d.native, d.conversation_id FROM {rows} d"
        " ON CONFLICT (workspace, channel_id, native) DO NOTHING RETURNING 1)"
    )
    return Part(columns, sql, sql, f"(SELECT count(*) FROM {{name}}_known) + {COUNT}")


# --- agents ---

LOADS = {"id": "text", "version": "bigint", "load": "bigint", "chosen_at": "timestamptz"}
_CHANGED_LOAD = (
    "version = t.version + 1, load = t.load + {row}.load, chosen_at = greatest({row}.chosen_at, t.chosen_at)"
)


def load(*, known: bool) -> Part:
    """Agents who get more or fewer requests. Guard: where the version is ``known``, it must be that.

    Counted in any case: so it is done in its turn, among the guards, which lock by kind.
    """
    if known:
        return change("agents", LOADS, "t.id = d.id AND t.version = d.version", _CHANGED_LOAD.format(row="d"))
    sets = _CHANGED_LOAD.format(row="excluded")
    return insert("agents", LOADS, f"ON CONFLICT (workspace, id) DO UPDATE SET {sets} RETURNING 1", COUNT)


# --- queues ---


def room() -> Part:
    """Guard: as many more fit into the inbox. Its items are counted only where there may be so many."""
    waits = "FROM reqflow.inbox i WHERE i.workspace = $1 AND NOT i.parked AND i.seq > 0"
    span = (
        f"(SELECT i.seq {waits} ORDER BY i.seq DESC LIMIT 1) - (SELECT i.seq {waits} ORDER BY i.seq LIMIT 1)"
    )
    sql = (
        "{name} AS MATERIALIZED (SELECT 1 FROM {rows} d WHERE CASE"
        f" WHEN {span} + 1 + d.more <= d.most THEN true"
        f" ELSE (SELECT count(*) FROM (SELECT {waits} LIMIT d.most) w) + d.more <= d.most END)"
    )
    return Part({"most": "bigint", "more": "bigint"}, sql, sql, COUNT)


WAKE = (
    "(SELECT CASE WHEN pg_try_advisory_xact_lock(1919250035, hashtext($1)) THEN pg_notify('reqflow', $1)::text END"
    " FROM reqflow.listeners l WHERE l.workspace = $1 AND l.until > clock_timestamp())"
)
"""Tells workers that wait; at most one commit of a workspace does so at a time, and no other waits for it."""


def wake() -> Part:
    """Tells idle workers that wait, if all the rest went well."""
    return Part({}, "", "", told=WAKE)


# --- timers ---


def arm() -> Part:
    """Timers. A parked one starts anew, a leased one is asked again later, else the earlier moment stands."""
    tail = """ON CONFLICT (workspace, key) DO UPDATE SET
        due_at = CASE WHEN t.parked THEN excluded.due_at WHEN t.lease_until IS NOT NULL THEN t.due_at
            ELSE least(t.due_at, excluded.due_at) END,
        again_at = CASE WHEN t.lease_until IS NOT NULL THEN least(t.again_at, excluded.due_at) END,
        attempts = CASE WHEN t.parked THEN 0 ELSE t.attempts END,
        note = CASE WHEN t.parked THEN NULL ELSE t.note END,
        parked = false
        WHERE t.parked OR CASE WHEN t.lease_until IS NULL THEN excluded.due_at < t.due_at
            ELSE t.again_at IS NULL OR excluded.due_at < t.again_at END"""
    return insert("agenda", {"key": "text", "due_at": "timestamptz"}, tail)


def finish_timers(columns: Mapping[str, str], match: str, anew: str) -> Part:
    """Guard: leased timers that are done: gone, or asked again if they were armed meanwhile."""
    gone = "{name} AS (DELETE FROM reqflow.agenda t USING"
    again = f"{{name}}_again AS (UPDATE reqflow.agenda t SET due_at = t.again_at, {anew} FROM"
    alone = f"{{rows}} d WHERE t.workspace = $1 AND {match} AND t.again_at"
    placed = f"{{name}}_found d WHERE {_STANDS} AND d.again_at"
    return Part(
        columns,
        f"{gone} {alone} IS NULL RETURNING 1), {again} {alone} IS NOT NULL RETURNING 1)",
        f"{_found('agenda', match, ', t.again_at')},"
        f" {gone} {placed} IS NULL RETURNING 1), {again} {placed} IS NOT NULL RETURNING 1)",
        f"{COUNT} + (SELECT count(*) FROM {{name}}_again)",
    )
