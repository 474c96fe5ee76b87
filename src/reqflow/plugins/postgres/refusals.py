"""Why a commit failed: the second look, taken only then.

Keys that were stored stay stored and versions only rise, so whatever made the commit fail still shows.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import Conflict, Duplicate, Overloaded, StaleLease, StoreError
from ...ports import Batch, HoldKind, LeaseQueue
from .failures import UNIQUE, Failed
from .rows import key_of, replaced
from .wire import Runs, Statement, array_literal

__all__ = ["refusal"]

Found = dict[tuple[str, str], int]

_LEASED = " AND t.lease_until IS NOT NULL"


def _each(kind: str, table: str, key: str, number: str, given: str, more: str = "") -> str:
    """The rows of these keys, looked up one by one."""
    return (
        f"SELECT '{kind}', l.key, l.number FROM unnest({given}) d (key) CROSS JOIN LATERAL"
        f" (SELECT t.{key}::text AS key, {number} AS number FROM reqflow.{table} t"
        f" WHERE t.workspace = $1 AND t.{key} = d.key{more} OFFSET 0) l"
    )


_TOLD = " UNION ALL ".join(
    (
        _each("outcome", "outcomes", "key", "0::bigint", "$2::text[]"),
        "SELECT 'message', d.channel_id || ' ' || d.native, 0"
        " FROM unnest($3::text[], $4::text[]) d (channel_id, native) WHERE (SELECT true FROM reqflow.messages t"
        " WHERE t.workspace = $1 AND t.channel_id = d.channel_id AND t.native = d.native)",
        _each("accepted", "inbox", "key", "0::bigint", "$5::text[]"),
        _each("inbox", "inbox", "key", "t.fence", "$6::text[]", _LEASED),
        _each("outbox", "outbox", "seq", "t.fence", "$7::bigint[]", _LEASED),
        _each("agenda", "agenda", "key", "t.fence", "$8::text[]", _LEASED),
        _each("agent", "agents", "id", "t.version", "$9::text[]"),
        _each("conversation", "conversations", "id", "t.version", "$10::text[]"),
        "SELECT 'lane', d.channel_id || ' ' || d.profile_id, (SELECT t.version FROM reqflow.lanes t"
        " WHERE t.workspace = $1 AND t.channel_id = d.channel_id AND t.profile_id = d.profile_id)"
        " FROM unnest($11::text[], $12::text[]) d (channel_id, profile_id)",
        "SELECT 'stream', d.stream, (SELECT t.seq FROM reqflow.history t WHERE t.workspace = $1"
        " AND t.stream = d.stream ORDER BY t.seq DESC LIMIT 1) FROM unnest($13::text[]) d (stream)",
        "SELECT 'desk', 'desk', t.revision FROM reqflow.desks t WHERE t.workspace = $1",
        "SELECT 'record', d.kind || ' ' || d.id, (SELECT t.version FROM reqflow.records t"
        " WHERE t.workspace = $1 AND t.kind = d.kind AND t.id = d.id)"
        " FROM unnest($14::text[], $15::text[]) d (kind, id)",
        "SELECT 'thread', d.channel_id || ' ' || d.native, 1"
        " FROM unnest($16::text[], $17::text[], $18::text[]) d (channel_id, native, target)"
        " WHERE (SELECT t.conversation_id FROM reqflow.thread_keys t WHERE t.workspace = $1"
        " AND t.channel_id = d.channel_id AND t.native = d.native) <> d.target",
        _each("revised", "messages", "id", "1::bigint", "$19::text[]"),
        "SELECT 'room', 'inbox', (SELECT count(*) FROM (SELECT FROM reqflow.inbox t WHERE t.workspace = $1"
        " AND NOT t.parked AND t.seq > 0 LIMIT $20::bigint) w) WHERE $20::bigint IS NOT NULL",
    )
)
_LOOK = Statement(_TOLD)
_KEYED = frozenset({"outcomes", "messages", "inbox"})
"""Tables whose unique keys are those of messages, commands and accepted items."""


def refusal(wire: Runs, batch: Batch, failed: Failed | None) -> StoreError | None:
    """Why this batch cannot be stored: `Duplicate` before `Overloaded`, `StaleLease` and `Conflict`.

    None where nothing shows: another writer was in the way and is gone.
    """
    found = _look(wire, batch)
    keys: list[tuple[str, str]] = [("outcome", key) for key, _ in batch.outcomes]
    if not batch.restoring:
        keys += [("message", f"{each.channel_id} {each.native}") for each in batch.messages]
    keys += [("accepted", item.key) for item in batch.inbox]
    for at, key in enumerate(keys):
        if key in found or key in keys[:at]:
            return Duplicate(key[1])
    if failed is not None and failed.code == UNIQUE and failed.table in _KEYED:
        return Duplicate(keys[0][1])  # it was stored, and is done and gone already
    limit = batch.inbox_limit
    if limit is not None and found.get(("room", "inbox"), 0) + len(batch.inbox) > limit:
        return Overloaded(limit)
    held = [(lease.queue.value, lease.id) for lease in batch.consumed]
    for at, lease in enumerate(batch.consumed):
        if found.get(held[at]) != lease.fence or held[at] in held[:at]:
            return StaleLease(f"{lease.queue} {lease.id} is done, or somebody else has it now")
    rows = sorted(set(_changed(batch, found)))
    return Conflict(rows) if rows else None


def _changed(batch: Batch, found: Found) -> Iterable[tuple[str, str]]:
    """The rows whose version is not what the batch relies on."""
    if not batch.restoring:
        for hold in batch.holds:
            if found.get((hold.kind.value, hold.id), 0) != hold.version:
                yield hold.kind.value, hold.id
        for id, version in replaced(batch).items():
            if found.get(("conversation", id), 0) != version:
                yield "conversation", id
        for lane in batch.lanes:
            id = f"{lane.channel_id} {lane.profile_id}"
            if found.get(("lane", id), 0) != lane.version - 1:
                yield "lane", id
        last: dict[str, int] = {}
        for entry in batch.entries:
            stream = entry.stream
            if entry.seq != last.get(stream, found.get(("stream", stream), 0)) + 1:
                yield "stream", stream
            last[stream] = entry.seq
        for put in batch.records:
            id = f"{put.record.tag} {put.record.id}"
            if found.get(("record", id), 0) != put.replaces:
                yield "record", id
        yield from _elsewhere(batch, found)
        for message in batch.revised:
            if ("revised", message.id) not in found:
                yield "message", message.id
    if batch.desk is not None and found.get(("desk", "desk"), 0) != batch.desk.revision - 1:
        yield "desk", "desk"


def _elsewhere(batch: Batch, found: Found) -> Iterable[tuple[str, str]]:
    """The thread keys that lead elsewhere, in the store or in the batch itself."""
    targets: dict[str, str] = {}
    for thread in batch.threads:
        id = f"{thread.channel_id} {thread.native}"
        if ("thread", id) in found or targets.setdefault(
            id, thread.conversation_id
        ) != thread.conversation_id:
            yield "thread", id


def _look(wire: Runs, batch: Batch) -> Found:
    def ids(kind: HoldKind, more: Iterable[str]) -> str:
        return array_literal([*more, *(hold.id for hold in batch.holds if hold.kind is kind)])

    def leased(queue: LeaseQueue) -> str:
        return array_literal(
            [
                lease.id
                for lease in batch.consumed
                if lease.queue is queue and (queue is not LeaseQueue.OUTBOX or lease.id.isdecimal())
            ]
        )

    def held(kind: HoldKind) -> list[tuple[str, ...]]:
        return [key_of(hold) for hold in batch.holds if hold.kind is kind]

    lanes = [(lane.channel_id, lane.profile_id) for lane in batch.lanes] + held(HoldKind.LANE)
    records = [(put.record.tag, put.record.id) for put in batch.records] + held(HoldKind.RECORD)
    values = [
        batch.workspace,
        array_literal([key for key, _ in batch.outcomes]),
        array_literal([each.channel_id for each in batch.messages]),
        array_literal([each.native for each in batch.messages]),
        array_literal([item.key for item in batch.inbox]),
        leased(LeaseQueue.INBOX),
        leased(LeaseQueue.OUTBOX),
        leased(LeaseQueue.AGENDA),
        ids(HoldKind.AGENT, ()),
        ids(HoldKind.CONVERSATION, [each.id for each in batch.conversations]),
        array_literal([channel for channel, _ in lanes]),
        array_literal([profile for _, profile in lanes]),
        array_literal(sorted({entry.stream for entry in batch.entries})),
        array_literal([kind for kind, _ in records]),
        array_literal([id for _, id in records]),
        array_literal([each.channel_id for each in batch.threads]),
        array_literal([each.native for each in batch.threads]),
        array_literal([each.conversation_id for each in batch.threads]),
        array_literal([each.id for each in batch.revised]),
        None if batch.inbox_limit is None else str(batch.inbox_limit),
    ]
    return {
        ((kind or b"").decode(), (key or b"").decode()): int(number or 0)
        for kind, key, number in wire.run(_LOOK, values)
    }
