"""The parts of a commit: each kind of row that a batch may change, and the statement of those it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .columns import MARKS, unnested
from .forms import (
    DROPPED_TIMERS,
    FINISHED_EFFECTS,
    FINISHED_ITEMS,
    FINISHED_TIMERS,
    LOADS,
    Part,
    absent,
    absorb,
    add,
    adopt,
    append,
    arm,
    cancel,
    choose,
    collapse,
    disarm,
    finish,
    hold,
    insert,
    load,
    put,
    rearm,
    replace,
)

__all__ = ["PARTS", "compose"]

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
_MOVED_MESSAGES, _MOVED_THREADS = absorb()
_KEYS = ("id",)
_LANE_KEYS = ("channel_id", "profile_id")

PARTS: Mapping[str, Part] = {
    # Guards, and what locks rows that others guard: in this order, everybody by kind and then by id.
    "held_agents": hold("agents", _ID, _KEYS),
    "absent_agents": absent("agents", {"id": "text"}, _KEYS),
    "chosen": choose(),
    "first_loads": insert("agents", LOADS),
    "loads": load(),
    "held_conversations": hold("conversations", _ID, _KEYS),
    "absent_conversations": absent("conversations", {"id": "text"}, _KEYS),
    "conversations": replace(
        "conversations",
        {**_CONVERSATION, "before": "bigint"},
        _KEYS,
        ("version", "is_open", "is_quiet", "document"),
    ),
    "new_conversations": insert("conversations", _CONVERSATION),
    "held_lanes": hold("lanes", _LANE, _LANE_KEYS),
    "absent_lanes": absent("lanes", {"channel_id": "text", "profile_id": "text"}, _LANE_KEYS),
    "lanes": replace("lanes", {**_LANE_ROW, "before": "bigint"}, _LANE_KEYS, ("version", "conversation_id")),
    "new_lanes": insert("lanes", _LANE_ROW),
    "desk": Part(
        _DESK,
        "{name} AS (UPDATE reqflow.desks t SET revision = d.revision, content = d.content, salt = d.salt"
        " FROM {rows} d WHERE t.workspace = $1 AND t.revision = d.revision - 1 RETURNING 1)",
        "",
        True,
    ),
    "new_desk": insert("desks", _DESK),
    "finished_timers": finish("agenda", "key", "text", FINISHED_TIMERS),
    "dropped_timers": finish("agenda", "key", "text", DROPPED_TIMERS),
    "rearmed": rearm(),
    "finished_items": finish("inbox", "key", "text", FINISHED_ITEMS),
    "finished_effects": finish("outbox", "seq", "bigint", FINISHED_EFFECTS),
    "entries": append(_ENTRY),
    # What nobody waits for unless a guard failed.
    "first_entries": insert("history", _ENTRY),
    "requests": put("requests", _REQUEST, "id"),
    "messages": insert("messages", _MESSAGE),
    "absorbed": _MOVED_MESSAGES,
    "absorbed_threads": _MOVED_THREADS,
    "adopted": adopt(),
    "threads": add(
        "thread_keys",
        {"channel_id": "text", "native": "text", "conversation_id": "text"},
        "channel_id, native",
    ),
    "texts": add("texts", {"id": "text", "audience": "text", "owner": "text", "body": "text"}, "id"),
    "profiles": add("profiles", {"id": "text", "document": "text"}, "id"),
    "outcomes": insert("outcomes", {"key": "text", "document": "text"}),
    "inbox": insert("inbox", {"key": "text", "lane": "text", "document": "text"}),
    "cancelled": cancel(),
    "collapsed": collapse(),
    "effects": insert(
        "outbox",
        {
            "destination": "text",
            "conversation_id": "text",
            "collapse": "text",
            "state": "text",
            "document": "text",
        },
    ),
    "disarmed": disarm(),
    "armed_anew": insert(
        "agenda",
        {"key": "text", "due_at": "timestamptz"},
        "ON CONFLICT (workspace, key) DO UPDATE SET due_at = excluded.due_at, again_at = NULL,"
        " parked = false, lease_until = NULL, attempts = 0, note = NULL",
    ),
    "armed": arm(),
    # State put as it is, for `rebuild`.
    "put_conversations": put("conversations", _CONVERSATION, "id"),
    "put_lanes": put("lanes", _LANE_ROW, "channel_id, profile_id"),
    "put_agents": put("agents", LOADS, "id"),
}


def compose(shape: Sequence[tuple[str, bool]]) -> str:
    """One statement of these parts, each for one row or for many.

    ``$1`` is the workspace, ``$2`` the moment. Then come the values of single rows, part by part, and at the
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
