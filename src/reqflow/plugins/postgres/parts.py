"""The parts of a commit as SQL: one writing CTE or two for each kind of row that a batch may hold.

Each part has a form for one row, with plain parameters, and one for many, with a parameter per column. Guards
count the rows that they found as they should be; the statement compares those counts with what it sent.
Nothing here depends on the planner's idea of how many rows there are: many rows are looked up one by one,
in the order in which they were sent, which is the same for everybody (by id), so that two commits that wait for
each other's rows are rare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.values import value
from .columns import MARKS, unnested

__all__ = ["PARTS", "Part", "compose"]


@value
class Part:
    """One kind of change. ``columns`` are its parameters, by name, with their types.

    In ``one`` and ``many`` stands ``{rows}`` for the rows as a table, ``{keys}`` for the first column as an array.
    ``counted`` marks guards: as many rows must come out of them as went in.
    """

    columns: Mapping[str, str]
    one: str
    many: str
    counted: bool = False


def _insert(table: str, columns: Mapping[str, str], tail: str = "") -> Part:
    """New rows; one that is there is a unique violation, unless ``tail`` says otherwise."""
    names = ", ".join(columns)
    sql = (
        f"{{name}} AS (INSERT INTO reqflow.{table} AS t (workspace, {names})"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)} FROM {{rows}} d {tail})"
    )
    return Part(columns, sql, sql)


def _put(table: str, columns: Mapping[str, str], key: str, *, keep: Sequence[str] = ()) -> Part:
    """Rows that replace what is there under ``key``, in all columns but those to ``keep``."""
    skipped = {*key.split(", "), *keep}
    sets = ", ".join(f"{each} = excluded.{each}" for each in columns if each not in skipped)
    return _insert(table, columns, f"ON CONFLICT (workspace, {key}) DO UPDATE SET {sets}")


def _add(table: str, columns: Mapping[str, str], key: str) -> Part:
    """Rows that are written if they are absent."""
    return _insert(table, columns, f"ON CONFLICT (workspace, {key}) DO NOTHING")


def _matched(keys: Sequence[str], more: str) -> str:
    return " AND ".join(["t.workspace = $1", *(f"t.{key} = d.{key}" for key in keys), more])


def _replace(table: str, columns: Mapping[str, str], keys: Sequence[str], sets: Sequence[str]) -> Part:
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


def _hold(table: str, columns: Mapping[str, str], keys: Sequence[str]) -> Part:
    """Guard: rows that must have this version, and keep it until the commit is through."""
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT 1 FROM {{rows}} d CROSS JOIN LATERAL (SELECT FROM reqflow.{table} t"
        f" WHERE {_matched(keys, 't.version = d.version')} FOR NO KEY UPDATE) l)"
    )
    return Part(columns, sql, sql, True)


def _absent(table: str, columns: Mapping[str, str], keys: Sequence[str]) -> Part:
    """Guard: rows that must not exist."""
    found = _matched(keys, "true")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT 1 FROM {{rows}} d"
        f" WHERE (SELECT true FROM reqflow.{table} t WHERE {found}) IS NULL)"
    )
    return Part(columns, sql, sql, True)


def _finish(table: str, key: str, type: str, action: str) -> Part:
    """Guard: leased rows whose fence still is what it was, and what becomes of them."""
    columns = {key: type, "fence": "bigint"}
    found = _matched((key, "fence"), "t.lease_until IS NOT NULL")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT l.* FROM {{rows}} d CROSS JOIN LATERAL"
        f" (SELECT t.* FROM reqflow.{table} t WHERE {found} FOR UPDATE) l), "
    ) + action
    return Part(columns, sql, sql, True)


_FINISHED_TIMERS = (
    "{name}_gone AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d WHERE d.again_at IS NULL))),"
    " {name}_again AS (UPDATE reqflow.agenda t SET lease_until = NULL, again_at = NULL, attempts = 0, note = NULL,"
    " due_at = (SELECT d.again_at FROM {name} d WHERE d.key = t.key) WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d WHERE d.again_at IS NOT NULL)))"
)
_DROPPED_TIMERS = (
    "{name}_gone AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
)
_FINISHED_EFFECTS = (
    "{name}_done AS (UPDATE reqflow.outbox t SET state = 'done', lease_until = NULL WHERE t.workspace = $1"
    " AND t.seq = ANY (ARRAY(SELECT d.seq FROM {name} d)))"
)
_FINISHED_ITEMS = (
    "{name}_gone AS (DELETE FROM reqflow.inbox t WHERE t.workspace = $1"
    " AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
)


def _rearm() -> Part:
    """Guard: leased timers that are done and asked again, at this moment or what was armed meanwhile."""
    columns = {"key": "text", "fence": "bigint", "due_at": "timestamptz"}
    found = _matched(("key", "fence"), "t.lease_until IS NOT NULL")
    sql = (
        f"{{name}} AS MATERIALIZED (SELECT d.key, least(d.due_at, l.again_at) AS due_at FROM {{rows}} d"
        f" CROSS JOIN LATERAL (SELECT t.again_at FROM reqflow.agenda t WHERE {found} FOR UPDATE) l),"
        " {name}_armed AS (UPDATE reqflow.agenda t SET lease_until = NULL, again_at = NULL, attempts = 0, note = NULL,"
        " due_at = (SELECT d.due_at FROM {name} d WHERE d.key = t.key)"
        " WHERE t.workspace = $1 AND t.key = ANY (ARRAY(SELECT d.key FROM {name} d)))"
    )
    return Part(columns, sql, sql, True)


def _arm() -> Part:
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
    return _insert("agenda", {"key": "text", "due_at": "timestamptz"}, tail)


def _disarm() -> Part:
    sql = "{name} AS (DELETE FROM reqflow.agenda t WHERE t.workspace = $1 AND t.key = ANY ({keys}))"
    return Part({"key": "text"}, sql, sql)


def _append(columns: Mapping[str, str]) -> Part:
    """Guard: history that goes on; ``base`` is the number before the first new one of the stream."""
    names = ", ".join(columns)
    sql = (
        f"{{name}} AS (INSERT INTO reqflow.history (workspace, {names})"
        f" SELECT $1, {', '.join(f'd.{each}' for each in columns)} FROM {{rows}} d CROSS JOIN LATERAL"
        " (SELECT FROM reqflow.history h WHERE h.workspace = $1 AND h.stream = d.stream AND h.seq = d.base"
        " OFFSET 0) l RETURNING 1)"
    )
    return Part({**columns, "base": "bigint"}, sql, sql, True)


_LOADS = {"id": "text", "version": "bigint", "load": "bigint", "chosen_at": "timestamptz"}
_CHANGED_LOAD = (
    "version = t.version + 1, load = t.load + {load}, chosen_at = greatest({chosen_at}, t.chosen_at)"
)


def _choose() -> Part:
    """Guard: one agent whose version is known gets more or fewer requests."""
    sets = _CHANGED_LOAD.format(load="d.load", chosen_at="d.chosen_at")
    found = _matched(("id", "version"), "true")
    sql = f"{{name}} AS (UPDATE reqflow.agents t SET {sets} FROM {{rows}} d WHERE {found} RETURNING 1)"
    return Part(_LOADS, sql, sql, True)


def _load() -> Part:
    """Agents whose version does not matter get more or fewer requests. Counted only to be done in its turn."""
    sets = _CHANGED_LOAD.format(load="excluded.load", chosen_at="excluded.chosen_at")
    made = _insert("agents", _LOADS, f"ON CONFLICT (workspace, id) DO UPDATE SET {sets} RETURNING 1")
    return Part(made.columns, made.one, made.many, True)


def _absorb() -> tuple[Part, Part]:
    columns = {"other": "text", "into_id": "text", "request_id": "text", "group_at": "text"}
    moved = (
        "{name} AS (UPDATE reqflow.messages t SET conversation_id = d.into_id, request_id = d.request_id,"
        " document = (t.document::jsonb || jsonb_build_object('conversation_id', d.into_id,"
        " 'request_id', d.request_id) || CASE WHEN (t.document::jsonb -> 'top')::boolean THEN jsonb_build_object('group_at', d.group_at)"
        " ELSE '{{}}' END)::text"
        " FROM {rows} d WHERE t.workspace = $1 AND t.conversation_id = d.other"
        " AND t.conversation_id = ANY ({keys}))"
    )
    threads = (
        "{name} AS (UPDATE reqflow.thread_keys t SET conversation_id = d.into_id FROM {rows} d"
        " WHERE t.workspace = $1 AND t.conversation_id = d.other AND t.conversation_id = ANY ({keys}))"
    )
    return Part(columns, moved, moved), Part({"other": "text", "into_id": "text"}, threads, threads)


def _adopt() -> Part:
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


def _cancel() -> Part:
    sql = (
        f"{{name}} AS (UPDATE reqflow.outbox t SET {_CANCELLED} WHERE t.workspace = $1"
        f" AND t.conversation_id = ANY ({{keys}}) AND {_FREE})"
    )
    return Part({"conversation_id": "text"}, sql, sql)


def _collapse() -> Part:
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


_ID = {"id": "text", "version": "bigint"}
_LANE = {"channel_id": "text", "profile_id": "text", "version": "bigint"}
_CONVERSATION = {
    "id": "text", "version": "bigint", "channel_id": "text", "is_open": "boolean", "is_quiet": "boolean",
    "document": "text",
}  # fmt: skip
_LANE_ROW = {**_LANE, "conversation_id": "text"}
_REQUEST = {
    "id": "text", "conversation_id": "text", "channel_id": "text", "state": "text", "assignee": "text",
    "queue": "text", "opened_at": "timestamptz", "waiting_at": "timestamptz", "document": "text",
}  # fmt: skip
_MESSAGE = {
    "id": "text", "channel_id": "text", "native": "text", "conversation_id": "text", "request_id": "text",
    "lone_profile_id": "text", "sent_at": "timestamptz", "document": "text",
}  # fmt: skip
_ENTRY = {
    "stream": "text", "seq": "bigint", "at": "timestamptz", "actor_kind": "text", "actor_id": "text",
    "cause_kind": "text", "cause_key": "text", "rules": "text", "events": "text",
}  # fmt: skip
_DESK = {"revision": "bigint", "content": "text", "salt": "text"}
_absorb_messages, _absorb_threads = _absorb()
_KEYS = ("id",)
_LANE_KEYS = ("channel_id", "profile_id")

PARTS: Mapping[str, Part] = {
    # Guards, and what locks rows that others guard: in this order, everybody by kind and then by id.
    "held_agents": _hold("agents", _ID, _KEYS),
    "absent_agents": _absent("agents", {"id": "text"}, _KEYS),
    "chosen": _choose(),
    "first_loads": _insert("agents", _LOADS),
    "loads": _load(),
    "held_conversations": _hold("conversations", _ID, _KEYS),
    "absent_conversations": _absent("conversations", {"id": "text"}, _KEYS),
    "conversations": _replace(
        "conversations",
        {**_CONVERSATION, "before": "bigint"},
        _KEYS,
        ("version", "is_open", "is_quiet", "document"),
    ),
    "new_conversations": _insert("conversations", _CONVERSATION),
    "held_lanes": _hold("lanes", _LANE, _LANE_KEYS),
    "absent_lanes": _absent("lanes", {"channel_id": "text", "profile_id": "text"}, _LANE_KEYS),
    "lanes": _replace("lanes", {**_LANE_ROW, "before": "bigint"}, _LANE_KEYS, ("version", "conversation_id")),
    "new_lanes": _insert("lanes", _LANE_ROW),
    "desk": Part(
        _DESK,
        "{name} AS (UPDATE reqflow.desks t SET revision = d.revision, content = d.content, salt = d.salt"
        " FROM {rows} d WHERE t.workspace = $1 AND t.revision = d.revision - 1 RETURNING 1)",
        "",
        True,
    ),
    "new_desk": _insert("desks", _DESK),
    "finished_timers": _finish("agenda", "key", "text", _FINISHED_TIMERS),
    "dropped_timers": _finish("agenda", "key", "text", _DROPPED_TIMERS),
    "rearmed": _rearm(),
    "finished_items": _finish("inbox", "key", "text", _FINISHED_ITEMS),
    "finished_effects": _finish("outbox", "seq", "bigint", _FINISHED_EFFECTS),
    "entries": _append(_ENTRY),
    # What nobody waits for unless a guard failed.
    "first_entries": _insert("history", _ENTRY),
    "requests": _put("requests", _REQUEST, "id"),
    "messages": _insert("messages", _MESSAGE),
    "absorbed": _absorb_messages,
    "absorbed_threads": _absorb_threads,
    "adopted": _adopt(),
    "threads": _add(
        "thread_keys",
        {"channel_id": "text", "native": "text", "conversation_id": "text"},
        "channel_id, native",
    ),
    "texts": _add("texts", {"id": "text", "audience": "text", "owner": "text", "body": "text"}, "id"),
    "profiles": _add("profiles", {"id": "text", "document": "text"}, "id"),
    "outcomes": _insert("outcomes", {"key": "text", "document": "text"}),
    "inbox": _insert("inbox", {"key": "text", "lane": "text", "document": "text"}),
    "cancelled": _cancel(),
    "collapsed": _collapse(),
    "effects": _insert(
        "outbox",
        {
            "destination": "text",
            "conversation_id": "text",
            "collapse": "text",
            "state": "text",
            "document": "text",
        },
    ),
    "disarmed": _disarm(),
    "armed_anew": _insert(
        "agenda",
        {"key": "text", "due_at": "timestamptz"},
        "ON CONFLICT (workspace, key) DO UPDATE SET due_at = excluded.due_at, again_at = NULL,"
        " parked = false, lease_until = NULL, attempts = 0, note = NULL",
    ),
    "armed": _arm(),
    # State put as it is, for `rebuild`.
    "put_conversations": _put("conversations", _CONVERSATION, "id"),
    "put_lanes": _put("lanes", _LANE_ROW, "channel_id, profile_id"),
    "put_agents": _put("agents", _LOADS, "id"),
}


def compose(shape: Sequence[tuple[str, bool]]) -> str:
    """One statement of these parts, each for one row or for many.

    ``$1`` is the workspace and ``$2`` the moment; then come the values of each single row, part by part, and at the
    end, if there are many of something, what `columns_of` makes of those.
    """
    place = 3
    mark = 3 + sum(len(PARTS[name].columns) for name, many in shape if not many)
    column = mark + MARKS
    ctes: list[str] = []
    guards: list[str] = []
    for name, many in shape:
        part = PARTS[name]
        if many:
            cast = ", ".join(f"u.{each}::{type} AS {each}" for each, type in part.columns.items())
            rows = f"(SELECT {cast} FROM {unnested(column, tuple(part.columns), mark)})"
            keys = f"string_to_array(${column}, ${mark}, ${mark + 1})"
            counted = f"count(*) = cardinality({keys})"
            column += len(part.columns)
        else:
            cast = ", ".join(
                f"${place + at}::{type} AS {each}" for at, (each, type) in enumerate(part.columns.items())
            )
            rows, keys, counted = f"(SELECT {cast})", f"ARRAY[${place}::text]", "true"
            place += len(part.columns)
        sql = part.many if many else part.one
        ctes.append(sql.format(name=name, rows=rows, keys=keys))
        if part.counted:
            guards.append(f"(SELECT {counted} FROM {name})")
    held = " AND ".join(guards) or "true"
    return f"WITH {', '.join(ctes)} SELECT CASE WHEN {held} THEN true ELSE reqflow.refuse() END"
