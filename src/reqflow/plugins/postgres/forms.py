"""How rows are written, as SQL: a writing CTE or two for each kind of change that a batch may hold.

Each form has a text for one row, with plain parameters, and one for many, with a parameter per column. Guards
count the rows that they found as they should be; the statement compares those counts with what it sent.
Nothing here depends on the planner's idea of how many rows there are: many rows are looked up one by one, in
the order in which they were sent, which is the same for everybody (by id), so that two commits hardly ever
wait for each other's rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.values import value

__all__ = [
    "DROPPED_TIMERS",
    "FINISHED_EFFECTS",
    "FINISHED_ITEMS",
    "FINISHED_TIMERS",
    "LOADS",
    "Part",
    "absent",
    "absorb",
    "add",
    "adopt",
    "append",
    "arm",
    "cancel",
    "choose",
    "collapse",
    "disarm",
    "finish",
    "hold",
    "insert",
    "load",
    "put",
    "rearm",
    "replace",
]


@value
class Part:
    """One kind of change. ``columns`` are its parameters, by name, with their types.

    In ``one`` and ``many``, ``{rows}`` stands for the rows as a table, ``{keys}`` for the first column.
    ``counted`` marks guards: as many rows must come out of them as went in.
    """

    columns: Mapping[str, str]
    one: str
    many: str
    counted: bool = False


def insert(table: str, columns: Mapping[str, str], tail: str = "") -> Part:
    """New rows; one that is there is a unique violation, unless ``tail`` says otherwise."""
    names = ", ".join(columns)
    sql = (
        f"{{name}} AS (INSERT INTO reqflow.{table} AS t (workspace, {names})"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)} FROM {{rows}} d {tail})"
    )
    return Part(columns, sql, sql)


def put(table: str, columns: Mapping[str, str], key: str) -> Part:
    """Rows that replace what is there under ``key``."""
    sets = ", ".join(f"{each} = excluded.{each}" for each in columns if each not in key.split(", "))
    return insert(table, columns, f"ON CONFLICT (workspace, {key}) DO UPDATE SET {sets}")


def add(table: str, columns: Mapping[str, str], key: str) -> Part:
    """Rows that are written if they are absent."""
    return insert(table, columns, f"ON CONFLICT (workspace, {key}) DO NOTHING")


def _matched(keys: Sequence[str], more: str) -> str:
    return " AND ".join(["t.workspace = $1", *(f"t.{key} = d.{key}" for key in keys), more])


def replace(table: str, columns: Mapping[str, str], keys: Sequence[str], sets: Sequence[str]) -> Part:
    """Guard: rows whose version is ``before`` get new content."""
    changes = ", ".join(f"{each} = d.{each}" for each in sets)
    found = _matched(keys, "t.version = d.before")
    one = f"{{name}} AS (UPDATE reqflow.{table} t SET {changes} FROM {{rows}} d WHERE {found} RETURNING 1)"
    many = (
        f"{{name}}_found AS MATERIALIZED (SELECT d.*, l.place FROM {{rows}} d CROSS JOIN LATERAL"
        f" (SELECT t.ctid AS place FROM reqflow.{table} t WHERE {found} FOR NO KEY UPDATE) l),"
        f" {{name}} AS (UPDATE reqflow.{table} t SET {changes} FROM {{name}}_found d"
        f" WHERE t.ctid = d.place RETURNING 1)"
    )
    return Part(columns, one, many, True)


def hold(table: str, columns: Mapping[str, str], keys: Sequence[str]) -> Part:
    """Guard: rows that must have this version, and keep it until the commit is through."""
    sql = (
        "{name} AS MATERIALIZED (SELECT 1 FROM {rows} d CROSS JOIN LATERAL"
        f" (SELECT FROM reqflow.{table} t WHERE {_matched(keys, 't.version = d.version')}"
        " FOR NO KEY UPDATE) l)"
    )
    return Part(columns, sql, sql, True)


def absent(table: str, columns: Mapping[str, str], keys: Sequence[str]) -> Part:
    """Guard: rows that must not exist."""
    found = _matched(keys, "true")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT 1 FROM {{rows}} d"
        f" WHERE (SELECT true FROM reqflow.{table} t WHERE {found}) IS NULL)"
    )
    return Part(columns, sql, sql, True)


def finish(table: str, key: str, type: str, action: str) -> Part:
    """Guard: leased rows whose fence still is what it was, and what becomes of them."""
    columns = {key: type, "fence": "bigint"}
    found = _matched((key, "fence"), "t.lease_until IS NOT NULL")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT l.* FROM {{rows}} d CROSS JOIN LATERAL"
        f" (SELECT t.* FROM reqflow.{table} t WHERE {found} FOR UPDATE) l), "
    ) + action
    return Part(columns, sql, sql, True)


_ANEW = "lease_until = NULL, again_at = NULL, attempts = 0, note = NULL"
FINISHED_TIMERS = (
    "{name}_gone AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d WHERE d.again_at IS NULL))),"
    f" {{name}}_again AS (UPDATE reqflow.agenda t SET {_ANEW},"
    " due_at = (SELECT d.again_at FROM {name} d WHERE d.key = t.key) WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d WHERE d.again_at IS NOT NULL)))"
)
DROPPED_TIMERS = (
    "{name}_gone AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
)
FINISHED_EFFECTS = (
    "{name}_done AS (UPDATE reqflow.outbox t SET state = 'done', lease_until = NULL WHERE t.workspace = $1"
    " AND t.seq = ANY (ARRAY(SELECT d.seq FROM {name} d)))"
)
FINISHED_ITEMS = (
    "{name}_gone AS (DELETE FROM reqflow.inbox t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
)


def rearm() -> Part:
    """Guard: leased timers that are done and asked again, at this moment or what was armed meanwhile."""
    columns = {"key": "text", "fence": "bigint", "due_at": "timestamptz"}
    found = _matched(("key", "fence"), "t.lease_until IS NOT NULL")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT d.key, least(d.due_at, l.again_at) AS due_at FROM {{rows}} d"
        f" CROSS JOIN LATERAL (SELECT t.again_at FROM reqflow.agenda t WHERE {found} FOR UPDATE) l),"
        f" {{name}}_armed AS (UPDATE reqflow.agenda t SET {_ANEW},"
        " due_at = (SELECT d.due_at FROM {name} d WHERE d.key = t.key)"
        " WHERE t.workspace = $1 AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
    )
    return Part(columns, sql, sql, True)


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


def disarm() -> Part:
    """Timers that go, leased or not."""
    sql = "{name} AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1 AND t.key = ANY ({keys}))"
    return Part({"key": "text"}, sql, sql)


def append(columns: Mapping[str, str]) -> Part:
    """Guard: history that goes on; ``base`` is the number before the first new one of the stream."""
    names = ", ".join(columns)
    sql = (
        f"{{name}} AS (INSERT INTO reqflow.history (workspace, {names})"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)} FROM {{rows}} d CROSS JOIN LATERAL"
        " (SELECT FROM reqflow.history h WHERE h.workspace = $1 AND h.stream = d.stream AND h.seq = d.base"
        " OFFSET 0) l RETURNING 1)"
    )
    return Part({**columns, "base": "bigint"}, sql, sql, True)


LOADS = {"id": "text", "version": "bigint", "load": "bigint", "chosen_at": "timestamptz"}
_CHANGED_LOAD = (
    "version = t.version + 1, load = t.load + {load}, chosen_at = greatest({chosen_at}, t.chosen_at)"
)


def choose() -> Part:
    """Guard: one agent whose version is known gets more or fewer requests."""
    sets = _CHANGED_LOAD.format(load="d.load", chosen_at="d.chosen_at")
    found = _matched(("id", "version"), "true")
    sql = f"{{name}} AS (UPDATE reqflow.agents t SET {sets} FROM {{rows}} d WHERE {found} RETURNING 1)"
    return Part(LOADS, sql, sql, True)


def load() -> Part:
    """Agents whose version does not matter get more or fewer requests. Counted so as to be done in turn."""
    sets = _CHANGED_LOAD.format(load="excluded.load", chosen_at="excluded.chosen_at")
    made = insert("agents", LOADS, f"ON CONFLICT (workspace, id) DO UPDATE SET {sets} RETURNING 1")
    return Part(made.columns, made.one, made.many, True)


def absorb() -> tuple[Part, Part]:
    """Messages, and thread keys, that move to another conversation."""
    columns = {"other": "text", "into_id": "text", "request_id": "text", "group_at": "text"}
    moved = (
        "{name} AS (UPDATE reqflow.messages t SET conversation_id = d.into_id, request_id = d.request_id,"
        " document = (t.document::jsonb || jsonb_build_object('conversation_id', d.into_id,"
        " 'request_id', d.request_id) || CASE WHEN (t.document::jsonb -> 'top')::boolean"
        " THEN jsonb_build_object('group_at', d.group_at) ELSE '{{}}' END)::text"
        " FROM {rows} d WHERE t.workspace = $1 AND t.conversation_id = d.other"
        " AND t.conversation_id = ANY ({keys}))"
    )
    threads = (
        "{name} AS (UPDATE reqflow.thread_keys t SET conversation_id = d.into_id FROM {rows} d"
        " WHERE t.workspace = $1 AND t.conversation_id = d.other AND t.conversation_id = ANY ({keys}))"
    )
    return Part(columns, moved, moved), Part({"other": "text", "into_id": "text"}, threads, threads)


def adopt() -> Part:
    """Loose messages of a conversation, sent from one moment up to another, get a request."""
    columns = {
        "conversation_id": "text", "request_id": "text", "since_at": "timestamptz", "until_at": "timestamptz",
    }  # fmt: skip
    sql = (
        "{name} AS (UPDATE reqflow.messages t SET request_id = d.request_id,"
        " document = (t.document::jsonb || jsonb_build_object('request_id', d.request_id))::text"
        " FROM {rows} d WHERE t.workspace = $1 AND t.conversation_id = d.conversation_id"
        " AND t.conversation_id = ANY ({keys}) AND t.request_id IS NULL"
        " AND t.sent_at >= d.since_at AND (d.until_at IS NULL OR t.sent_at < d.until_at))"
    )
    return Part(columns, sql, sql)


_CANCELLED = "state = 'cancelled', lease_until = NULL, ready_at = NULL"
_FREE = "t.state = 'ready' AND (t.lease_until IS NULL OR t.lease_until <= $2)"


def cancel() -> Part:
    """Effects of a conversation that nobody has at present."""
    sql = (
        f"{{name}} AS (UPDATE reqflow.outbox t SET {_CANCELLED} WHERE t.workspace = $1"
        f" AND t.conversation_id = ANY ({{keys}}) AND {_FREE})"
    )
    return Part({"conversation_id": "text"}, sql, sql)


def collapse() -> Part:
    """Effects that a later one replaces, unless somebody has them at present."""
    columns = {"destination": "text", "collapse": "text"}
    found = _matched(tuple(columns), f"t.collapse IS NOT NULL AND {_FREE}")
    one = f"{{name}} AS (UPDATE reqflow.outbox t SET {_CANCELLED} FROM {{rows}} d WHERE {found})"
    many = (
        f"{{name}}_found AS MATERIALIZED (SELECT l.seq FROM {{rows}} d CROSS JOIN LATERAL"
        f" (SELECT t.seq FROM reqflow.outbox t WHERE {found} FOR UPDATE) l),"
        f" {{name}} AS (UPDATE reqflow.outbox t SET {_CANCELLED} WHERE t.workspace = $1"
        f" AND t.seq = ANY (ARRAY(SELECT d.seq FROM {{name}}_found d)) AND {_FREE})"
    )
    return Part(columns, one, many)
