"""The parts of a commit: each kind of row that a batch may change, and the statement of those it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .columns import MARKS, unnested
from .forms import (
    LOADS,
    Part,
    absent,
    add,
    append,
    arm,
    change,
    drop_keys,
    finish_timers,
    hold,
    insert,
    load,
    point,
    put,
    remove,
    room,
    wake,
)

__all__ = ["PARTS", "compose"]

_ID = {"id": "text", "version": "bigint"}
_LANE = {"channel_id": "text", "profile_id": "text", "version": "bigint"}
_CONVERSATION = {
    "id": "text", "version": "bigint", "channel_id": "text", "requester": "text", "is_open": "boolean",
    "is_quiet": "boolean", "document": "text",
}  # fmt: skip
_LANE_ROW = {**_LANE, "conversation_id": "text"}
_REQUEST = {
    "id": "text", "conversation_id": "text", "channel_id": "text", "state": "text", "assignee": "text",
    "queue": "text", "opened_at": "timestamptz", "waiting_at": "timestamptz", "document": "text",
    "priority": "bigint",
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
_TEXT = {"id": "text", "audience": "text", "owner": "text", "body": "text"}
_THREAD = {"channel_id": "text", "native": "text", "conversation_id": "text", "target": "text"}
_RECORD_ID = {"kind": "text", "id": "text"}
_RECORD = {**_RECORD_ID, "version": "bigint", "keys": "text", "document": "text"}
_RECORD_KEY = {"kind": "text", "name": "text", "content": "text", "rank": "text", "id": "text"}
_EFFECT = {
    "destination": "text", "conversation_id": "text", "collapse": "text", "state": "text", "document": "text",
}  # fmt: skip
_TIMER = {"key": "text", "due_at": "timestamptz"}
_TRIED = {"attempts": "integer", "lost": "integer", "note": "text", "document": "text"}
_LEASE = {"key": "text", "fence": "bigint"}
_ADOPTED = {
    "conversation_id": "text", "request_id": "text", "since_at": "timestamptz", "until_at": "timestamptz",
}  # fmt: skip
_MOVED = {"other": "text", "into_id": "text", "request_id": "text", "group_at": "text"}

_PURGED = {"conversation_id": "text"}

_SAME = "t.id = d.id"
_OF = "t.conversation_id = d.conversation_id"
_SAME_RECORD = "t.kind = d.kind AND t.id = d.id"
_SAME_LANE = "t.channel_id = d.channel_id AND t.profile_id = d.profile_id"
_SAME_LEASE = "t.key = d.key AND t.fence = d.fence AND t.lease_until IS NOT NULL"
_ANEW = "again_at = NULL, lease_until = NULL, attempts = 0, lost = 0, note = NULL"
_CANCELLED = "state = 'cancelled', lease_until = NULL, ready_at = NULL"
_UNTRIED = "t.attempts = 0"  # what was tried may have arrived: it is tried again, under its own key
_FREE = "t.state = 'ready' AND (t.lease_until IS NULL OR t.lease_until <= $2)"
_LOOSE = (
    "t.conversation_id = d.conversation_id AND t.request_id IS NULL AND t.sent_at >= d.since_at"
    " AND (d.until_at IS NULL OR t.sent_at < d.until_at)"
)

PARTS: Mapping[str, Part] = {
    "room": room(),
    # Guards, and what locks rows that others guard: in this order, everybody by kind and then by id.
    "held_agents": hold("agents", _ID, f"{_SAME} AND t.version = d.version"),
    "absent_agents": absent("agents", {"id": "text"}, _SAME),
    "chosen": load(known=True),
    "first_loads": insert("agents", LOADS),
    "loads": load(known=False),
    "held_conversations": hold("conversations", _ID, f"{_SAME} AND t.version = d.version"),
    "absent_conversations": absent("conversations", {"id": "text"}, _SAME),
    "conversations": change(
        "conversations",
        {**_CONVERSATION, "before": "bigint"},
        f"{_SAME} AND t.version = d.before",
        "version = d.version, requester = d.requester, is_open = d.is_open, is_quiet = d.is_quiet,"
        " document = d.document",
    ),
    "new_conversations": insert("conversations", _CONVERSATION),
    "held_lanes": hold("lanes", _LANE, f"{_SAME_LANE} AND t.version = d.version"),
    "absent_lanes": absent("lanes", {"channel_id": "text", "profile_id": "text"}, _SAME_LANE),
    "lanes": change(
        "lanes",
        {**_LANE_ROW, "before": "bigint"},
        f"{_SAME_LANE} AND t.version = d.before",
        "version = d.version, conversation_id = d.conversation_id",
    ),
    "new_lanes": insert("lanes", _LANE_ROW),
    "held_records": hold(
        "records", {**_RECORD_ID, "version": "bigint"}, f"{_SAME_RECORD} AND t.version = d.version"
    ),
    "absent_records": absent("records", _RECORD_ID, _SAME_RECORD),
    "records": change(
        "records",
        {**_RECORD, "before": "bigint"},
        f"{_SAME_RECORD} AND t.version = d.before",
        "version = d.version, keys = d.keys, document = d.document",
    ),
    "new_records": insert("records", _RECORD),
    "desk": change(
        "desks",
        _DESK,
        "t.revision = d.revision - 1",
        "revision = d.revision, content = d.content, salt = d.salt",
    ),
    "new_desk": insert("desks", _DESK),
    "finished_timers": finish_timers(_LEASE, _SAME_LEASE, _ANEW),
    "dropped_timers": remove("agenda", _LEASE, _SAME_LEASE),
    "rearmed": change(
        "agenda",
        {**_LEASE, "due_at": "timestamptz"},
        _SAME_LEASE,
        f"due_at = least(d.due_at, t.again_at), {_ANEW}",
    ),
    "finished_items": remove("inbox", _LEASE, _SAME_LEASE),
    "finished_effects": change(
        "outbox",
        {"seq": "bigint", "fence": "bigint"},
        "t.seq = d.seq AND t.fence = d.fence AND t.lease_until IS NOT NULL",
        "state = 'done', lease_until = NULL",
    ),
    "entries": append(_ENTRY),
    "threads": point(_THREAD),
    # As they end up: whatever moves messages comes later, and finds these changed by the same statement.
    "revised": change(
        "messages",
        _MESSAGE,
        _SAME,
        "conversation_id = d.conversation_id, request_id = d.request_id,"
        " lone_profile_id = d.lone_profile_id, sent_at = d.sent_at, document = d.document",
    ),
    # What nobody waits for unless a guard failed.
    "first_entries": insert("history", {**_ENTRY, "digest": "bytea"}),
    "requests": put("requests", _REQUEST, "id"),
    "messages": insert("messages", _MESSAGE),
    "absorbed": change(
        "messages",
        _MOVED,
        "t.conversation_id = d.other",
        "conversation_id = d.into_id, request_id = d.request_id, document = (t.document::jsonb"
        " || jsonb_build_object('conversation_id', d.into_id, 'request_id', d.request_id)"
        " || CASE WHEN (t.document::jsonb -> 'top')::boolean"
        " THEN jsonb_build_object('group_at', d.group_at) ELSE '{{}}' END)::text",
        None,
    ),
    "absorbed_threads": change(
        "thread_keys",
        {"other": "text", "into_id": "text"},
        "t.conversation_id = d.other",
        "conversation_id = d.into_id",
        None,
    ),
    "adopted": change(
        "messages",
        _ADOPTED,
        _LOOSE,
        "request_id = d.request_id,"
        " document = (t.document::jsonb || jsonb_build_object('request_id', d.request_id))::text",
        None,
    ),
    "dropped_keys": drop_keys({**_RECORD_ID, "keys": "text"}),
    "record_keys": add("record_keys", _RECORD_KEY, "kind, name, content, rank, id"),
    "texts": add("texts", _TEXT, "id"),
    "profiles": add("profiles", {"id": "text", "document": "text"}, "id"),
    "outcomes": insert("outcomes", {"key": "text", "document": "text"}),
    "inbox": insert("inbox", {"key": "text", "lane": "text", "document": "text"}),
    "cancelled": change(
        "outbox",
        {"conversation_id": "text"},
        f"t.conversation_id = d.conversation_id AND {_FREE}",
        _CANCELLED,
        None,
    ),
    "collapsed": change(
        "outbox",
        {"destination": "text", "collapse": "text"},
        f"t.destination = d.destination AND t.collapse = d.collapse AND {_FREE} AND {_UNTRIED}",
        _CANCELLED,
        None,
    ),
    "effects": insert("outbox", _EFFECT),
    "disarmed": remove("agenda", {"key": "text"}, "t.key = d.key", None),
    "armed_anew": insert(
        "agenda",
        _TIMER,
        f"ON CONFLICT (workspace, key) DO UPDATE SET due_at = excluded.due_at, parked = false, {_ANEW}",
    ),
    "armed": arm(),
    "waking": wake(),
    # What is taken away for good.
    "erased_texts": change("texts", {"id": "text"}, _SAME, "body = ''", None),
    "gone_texts": remove("texts", {"id": "text"}, _SAME, None),
    "gone_profiles": remove("profiles", {"id": "text"}, _SAME, None),
    "gone_lanes": remove("lanes", {"profile_id": "text"}, "t.profile_id = d.profile_id", None),
    "gone_items": remove("inbox", {"tail": "text"}, "right(t.lane, length(d.tail)) = d.tail", None),
    "gone_keys": drop_keys({**_RECORD_ID, "keys": "text"}),
    "gone_records": remove("records", _RECORD_ID, _SAME_RECORD, None),
    "purged": remove("conversations", {"id": "text"}, _SAME, None),
    "purged_requests": remove("requests", _PURGED, _OF, None),
    "purged_threads": remove("thread_keys", _PURGED, _OF, None),
    "purged_effects": remove("outbox", _PURGED, _OF, None),
    "purged_entries": remove(
        "history", {"stream": "text", "last": "bigint"}, "t.stream = d.stream AND t.seq <= d.last", None
    ),
    # Items of queues as they stood elsewhere.
    "kept_items": insert(
        "inbox", {"key": "text", "lane": "text", "parked": "boolean", "ready_at": "timestamptz", **_TRIED}
    ),
    "kept_effects": insert(
        "outbox",
        {
            **{name: type for name, type in _EFFECT.items() if name != "document"},
            "ready_at": "timestamptz",
            **_TRIED,
        },
    ),
    "kept_timers": insert(
        "agenda",
        {
            **_TIMER,
            "parked": "boolean",
            **{name: type for name, type in _TRIED.items() if name != "document"},
        },
    ),
    # State put as it is, for `rebuild`.
    "put_conversations": put("conversations", _CONVERSATION, "id"),
    "put_records": put("records", _RECORD, "kind, id"),
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
    told: list[str] = []
    for name, many in shape:
        part = PARTS[name]
        if many:
            cast = ", ".join(f"u.{each}::{type} AS {each}" for each, type in part.columns.items())
            rows = f"(SELECT {cast} FROM {unnested(column, tuple(part.columns), mark)})"
            expected = f"cardinality(string_to_array(${column}, ${mark}, ${mark + 1}))"
            column += len(part.columns)
        else:
            cast = ", ".join(
                f"${place + at}::{type} AS {each}" for at, (each, type) in enumerate(part.columns.items())
            )
            rows, expected = f"(SELECT {cast})", "1"
            place += len(part.columns)
        if part.told is not None:
            told.append(part.told)
            continue
        ctes.append((part.many if many else part.one).format(name=name, rows=rows))
        if part.counted is not None:
            guards.append(f"{part.counted.format(name=name)} = {expected}")
    held = " AND ".join(guards) or "true"
    looked = ", ".join([f"CASE WHEN {held} THEN true ELSE reqflow.refuse() END", *told])
    return f"WITH {', '.join(ctes)} SELECT {looked}"
