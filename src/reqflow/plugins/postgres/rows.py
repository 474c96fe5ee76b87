"""A batch as rows, sorted into the parts of `parts`.

One statement sees the tables as they were when it began, and changes no row twice. So what a batch does
twice to one thing (a message that is new and adopted, a timer that is done and armed again) is put
together here, before anything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from ...core.chain import BEGINNING, linked, own_digest
from ...core.model import AgentId, Conversation, ConversationId, Lane, Message, Request, Side
from ...core.values import changed
from ...errors import Conflict, InvalidInput, StaleLease
from ...ports import (
    Absorbed,
    Batch,
    EffectState,
    Gone,
    Hold,
    HoldKind,
    Lease,
    LeaseQueue,
    RecordPut,
    ThreadKey,
)
from ..storable import entry_cells
from .documents import Documents, encoded

__all__ = ["Cells", "Changes", "changes_of", "finished", "key_of", "replaced"]

T = TypeVar("T")
Cells = tuple[str | None, ...]
Changes = dict[str, list[Cells]]


def changes_of(batch: Batch, documents: Documents) -> Changes:
    """The rows of a batch by part. Raises `Conflict` and `StaleLease` for what can never be stored."""
    changes: Changes = {}
    if batch.restoring:
        _put_state(batch, documents, changes)
    else:
        _guard(batch, documents, changes)
        _append(batch, changes)
    if batch.desk is not None:
        desk = batch.desk
        part = "new_desk" if desk.revision == 1 else "desk"
        changes[part] = [(str(desk.revision), desk.content, desk.salt)]
    if batch.records:
        _record(batch, documents, changes)
    if batch.requests:
        changes["requests"] = [_request(each, documents) for each in _last(batch.requests, _id)]
    _place(batch, documents, changes)
    if batch.texts:
        changes["texts"] = [
            (each.ref.id, each.ref.audience.value, each.ref.owner, each.body)
            for each in _last(batch.texts, lambda text: text.ref.id)
        ]
    if batch.profiles:
        changes["profiles"] = [(each.id, encoded(each)) for each in batch.profiles]
    if batch.outcomes:
        changes["outcomes"] = [(key, encoded(outcome)) for key, outcome in batch.outcomes]
    _queue(batch, documents, changes)
    if batch.gone is not None:
        changes.update({part: rows for part, rows in _taken(batch.gone).items() if rows})
    return changes


# --- guards and state ---


def key_of(hold: Hold) -> tuple[str, ...]:
    """The id of the row that is held: of a lane its channel and profile, of a record its kind and id."""
    if hold.kind is HoldKind.LANE:
        return hold.id.rpartition(" ")[::2]
    if hold.kind is HoldKind.RECORD:
        return hold.id.partition(" ")[::2]
    return (hold.id,)


def replaced(batch: Batch) -> dict[str, int]:
    """The version that each conversation of the batch replaces: as many back as it has entries here."""
    counts: dict[str, int] = {}
    for entry in batch.entries:
        counts[entry.stream] = counts.get(entry.stream, 0) + 1
    return {each.id: each.version - counts.get(each.id, 1) for each in batch.conversations}


def _guard(batch: Batch, documents: Documents, changes: Changes) -> None:
    held = {(hold.kind, hold.id): hold for hold in batch.holds}
    if batch.loads:
        _load(batch, held, changes)
    for (kind, _), hold in sorted(held.items()):
        key = key_of(hold)
        if hold.version:
            changes.setdefault(f"held_{kind}s", []).append((*key, str(hold.version)))
        else:
            changes.setdefault(f"absent_{kind}s", []).append(key)
    before = replaced(batch)
    for conversation in sorted(batch.conversations, key=_id):
        cells = _conversation(conversation, documents)
        version = before[conversation.id]
        if version:
            changes.setdefault("conversations", []).append((*cells, str(version)))
        else:
            changes.setdefault("new_conversations", []).append(cells)
    for lane in sorted(batch.lanes, key=lambda lane: (lane.channel_id, lane.profile_id)):
        if lane.version == 1:
            changes.setdefault("new_lanes", []).append(_lane(lane))
        else:
            changes.setdefault("lanes", []).append((*_lane(lane), str(lane.version - 1)))


def _load(batch: Batch, held: dict[tuple[HoldKind, str], Hold], changes: Changes) -> None:
    """Changes of loads. A hold of an agent whose row the change itself guards is taken out of ``held``."""
    sums: dict[AgentId, tuple[int, datetime | None]] = {}
    for change in batch.loads:
        delta, chosen_at = sums.get(change.agent, (0, None))
        sums[change.agent] = delta + change.delta, change.chosen_at or chosen_at
    for agent in sorted(sums):
        delta, chosen_at = sums[agent]
        hold = held.get((HoldKind.AGENT, agent))
        part, version = "loads", 1
        if hold is not None and hold.version == 0:
            part = "first_loads"
        elif hold is not None and len(sums) == 1:
            part, version = "chosen", hold.version
        if part != "loads":
            del held[HoldKind.AGENT, agent]
        changes.setdefault(part, []).append((agent, str(version), str(delta), _at(chosen_at)))


def _append(batch: Batch, changes: Changes) -> None:
    """Entries, each with a digest: that of the chain where it begins here, else its own, to be linked by the server."""
    if not batch.entries:
        return
    last: dict[str, int] = {}
    base: dict[str, int] = {}
    digests: dict[str, bytes] = {}
    for entry in batch.entries:
        stream, seq = entry.stream, entry.seq
        if stream not in base:
            base[stream] = seq - 1
        elif seq != last[stream] + 1:
            raise Conflict((("stream", stream),))
        last[stream] = seq
        cells = entry_cells(entry)
        own = own_digest(*cells)
        row = (stream, str(seq), entry.at.isoformat(), *cells[3:])
        if base[stream]:
            changes.setdefault("entries", []).append((*row, _bytes(own), str(base[stream])))
        else:
            digest = digests[stream] = linked(digests.get(stream, BEGINNING), own)
            changes.setdefault("first_entries", []).append((*row, _bytes(digest)))


def _bytes(content: bytes) -> str:
    return f"\\x{content.hex()}"


def _put_state(batch: Batch, documents: Documents, changes: Changes) -> None:
    if batch.conversations:
        changes["put_conversations"] = [_conversation(each, documents) for each in batch.conversations]
    if batch.lanes:
        changes["put_lanes"] = [_lane(each) for each in batch.lanes]
    if batch.agents:
        changes["put_agents"] = [
            (each.agent, str(each.version), str(each.load), _at(each.chosen_at)) for each in batch.agents
        ]


def _conversation(new: Conversation, documents: Documents) -> Cells:
    return (
        new.id,
        str(new.version),
        new.channel_id,
        new.requester,
        "t" if new.is_open else "f",
        "t" if new.is_quiet else "f",
        documents.dump(new),
    )


def _lane(new: Lane) -> Cells:
    return new.channel_id, new.profile_id, str(new.version), new.conversation_id


def _record(batch: Batch, documents: Documents, changes: Changes) -> None:
    """Records by kind and id, and their keys: those that stay are never taken away."""
    for each in sorted(batch.records, key=_place_of):
        record = each.record
        place = (record.tag, record.id)
        found_by = sorted(set(record.found_by()))
        keys = json.dumps(found_by) if found_by else None
        cells = (*place, str(record.version), keys, documents.dump_record(record))
        if batch.restoring:
            changes.setdefault("put_records", []).append(cells)
        elif each.replaces:
            changes.setdefault("records", []).append((*cells, str(each.replaces)))
        else:
            changes.setdefault("new_records", []).append(cells)
        if batch.restoring or each.replaces:
            changes.setdefault("dropped_keys", []).append((*place, keys))
        if found_by:
            rows = [(record.tag, *key, record.id) for key in found_by]
            changes.setdefault("record_keys", []).extend(rows)


def _place_of(put: RecordPut) -> tuple[str, str]:
    return put.record.tag, put.record.id


def _request(new: Request, documents: Documents) -> Cells:
    return (
        new.id,
        new.conversation_id,
        new.channel_id,
        new.state.value,
        new.assignee,
        new.queue,
        new.opened_at.isoformat(),
        _at(new.waiting_at),
        documents.dump(new),
        str(new.priority),
    )


def _id(item: Conversation | Request) -> str:
    return item.id


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _last(items: Sequence[T], key: Callable[[T], str]) -> Iterable[T]:
    """The items, of those with one key only the last."""
    return items if len(items) == 1 else {key(item): item for item in items}.values()


# --- messages, and what moves them ---


def _place(batch: Batch, documents: Documents, changes: Changes) -> None:
    absorbed = batch.absorbed
    if batch.messages:
        changes["messages"] = [_message(_settled(each, batch), documents) for each in batch.messages]
    if batch.revised:
        changes["revised"] = [_message(_settled(each, batch), documents) for each in batch.revised]
    if batch.threads:
        changes["threads"] = _threads(batch)
    moves: dict[ConversationId, Absorbed] = {}
    for each in absorbed:
        for origin, move in moves.items():
            if move.into == each.other:
                moves[origin] = each
        moves.setdefault(each.other, each)
    if moves:
        ordered = sorted(moves.items())
        changes["absorbed"] = [
            (origin, move.into, move.request_id, move.group_at.isoformat()) for origin, move in ordered
        ]
        changes["absorbed_threads"] = [(origin, move.into) for origin, move in ordered]
    _adopt(batch, moves, changes)


def _threads(batch: Batch) -> list[Cells]:
    """Thread keys in order, each once. Raises `Conflict` where one has two targets."""
    rows: dict[tuple[str, str], Cells] = {}
    for each in batch.threads:
        key, target = (each.channel_id, each.native), each.conversation_id
        row = (*key, _final(each, batch.absorbed), target)
        if rows.setdefault(key, row) != row:
            raise Conflict((("thread", " ".join(key)),))
    return [rows[key] for key in sorted(rows)]


def _adopt(batch: Batch, moves: dict[ConversationId, Absorbed], changes: Changes) -> None:
    """Adoptions as spans that do not overlap: what an earlier one took is not loose any more."""
    until: dict[ConversationId, datetime] = {}
    for each in batch.adopted:
        id, since = each.conversation_id, each.since_at
        if id in moves or (id in until and since >= until[id]):
            continue
        row = (id, each.request_id, since.isoformat(), _at(until.get(id)))
        changes.setdefault("adopted", []).append(row)
        until[id] = since


def _settled(message: Message, batch: Batch) -> Message:
    """A new or revised message as this batch leaves it."""
    for each in batch.absorbed:
        if message.conversation_id == each.other:
            group_at = each.group_at if message.top else message.group_at
            message = changed(
                message, conversation_id=each.into, request_id=each.request_id, group_at=group_at
            )
    for adopted in batch.adopted:
        if (
            message.request_id is None
            and message.conversation_id == adopted.conversation_id
            and message.sent_at >= adopted.since_at
        ):
            message = changed(message, request_id=adopted.request_id)
    return message


def _final(thread: ThreadKey, absorbed: Sequence[Absorbed]) -> ConversationId:
    found = thread.conversation_id
    for each in absorbed:
        if each.other == found:
            found = each.into
    return found


def _message(new: Message, documents: Documents) -> Cells:
    document = documents.dump(new)
    if "\\u0000" in document:  # absorbing patches the document, and a patched one cannot hold it
        raise InvalidInput(f"message {new.id} holds a NUL character, which cannot be stored")
    return (
        new.id,
        new.channel_id,
        new.native,
        new.conversation_id,
        new.request_id,
        new.profile_id if new.top and new.side is Side.REQUESTER else None,
        new.sent_at.isoformat(),
        document,
    )


# --- what goes ---


def _taken(gone: Gone) -> Changes:
    purged: list[Cells] = [(conversation,) for conversation, _ in sorted(gone.conversations)]
    return {
        "erased_texts": _ids(gone.erased),
        "gone_texts": _ids(gone.texts),
        "gone_profiles": _ids(gone.profiles),
        "gone_lanes": _ids(gone.profiles),
        "gone_items": [(f" {profile}",) for profile in sorted(set(gone.profiles))],
        "gone_keys": [(kind, id, None) for kind, id in sorted(set(gone.records))],
        "gone_records": [(kind, id) for kind, id in sorted(set(gone.records))],
        "purged": purged,
        "purged_requests": purged,
        "purged_threads": purged,
        "purged_effects": purged,
        "purged_entries": [(conversation, str(last)) for conversation, last in sorted(gone.conversations)],
    }


def _ids(ids: Iterable[str]) -> list[Cells]:
    return [(id,) for id in sorted(set(ids))]


# --- queues ---


def _queue(batch: Batch, documents: Documents, changes: Changes) -> None:
    if batch.armed or batch.inbox or not all(each.muted for each in batch.effects):
        changes["waking"] = [()]
    if batch.inbox:
        if batch.inbox_limit is not None:
            changes["room"] = [(str(batch.inbox_limit), str(len(batch.inbox)))]
        changes["inbox"] = [(item.key, item.lane, documents.dump(item)) for item in batch.inbox]
    if batch.cancelled:
        changes["cancelled"] = [(each,) for each in sorted(set(batch.cancelled))]
    if batch.effects:
        _send(batch, documents, changes)
    armed: dict[str, datetime] = {}
    for timer in batch.armed:
        armed[timer.key] = min(timer.due_at, armed.get(timer.key, timer.due_at))
    disarmed: set[str] = set(batch.disarmed)
    if batch.consumed:
        changes.update(finished(batch.consumed, armed, disarmed))
    for key in sorted(armed):
        part = "armed_anew" if key in disarmed else "armed"
        changes.setdefault(part, []).append((key, armed[key].isoformat()))
    gone = disarmed.difference(armed)
    if gone:
        changes["disarmed"] = [(key,) for key in sorted(gone)]


def _send(batch: Batch, documents: Documents, changes: Changes) -> None:
    """New effects. One that collapses cancels those before it, here and in the outbox."""
    rows: list[Cells] = []
    latest: dict[tuple[str, str], int] = {}
    for queued in batch.effects:
        state = EffectState.MUTED if queued.muted else EffectState.READY
        about: str | None = getattr(queued.effect, "conversation_id", None)
        if queued.collapse is not None and not queued.muted:
            key = queued.destination, queued.collapse
            if key in latest:
                old = rows[latest[key]]
                rows[latest[key]] = (*old[:3], EffectState.CANCELLED.value, *old[4:])
            latest[key] = len(rows)
        rows.append((queued.destination, about, queued.collapse, state.value, documents.dump(queued)))
    changes["effects"] = rows
    if latest:
        changes["collapsed"] = sorted(latest)


def finished(leases: Sequence[Lease], armed: dict[str, datetime], disarmed: set[str]) -> Changes:
    """What becomes of leased items that are done. Timers armed or disarmed as well are taken out of those.

    Raises `StaleLease` for a lease that is given twice or can never have been.
    """
    changes: Changes = {}
    if len({(lease.queue, lease.id) for lease in leases}) != len(leases):
        raise StaleLease("a lease was given twice")
    for lease in sorted(leases, key=lambda lease: (lease.queue, lease.id)):
        id, fence = lease.id, str(lease.fence)
        if lease.queue is LeaseQueue.INBOX:
            changes.setdefault("finished_items", []).append((id, fence))
        elif lease.queue is LeaseQueue.OUTBOX:
            if not id.isdecimal():
                raise StaleLease(f"outbox {id} was never there")
            changes.setdefault("finished_effects", []).append((id, fence))
        elif id in armed:
            row = (id, fence, armed.pop(id).isoformat())
            changes.setdefault("rearmed", []).append(row)
            disarmed.discard(id)
        elif id in disarmed:
            changes.setdefault("dropped_timers", []).append((id, fence))
            disarmed.discard(id)
        else:
            changes.setdefault("finished_timers", []).append((id, fence))
    return changes
