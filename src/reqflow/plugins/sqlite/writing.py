"""One commit as plain statements, a row each; the transaction around them makes it all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ...codec import dump
from ...core.chain import BEGINNING, linked, own_digest
from ...core.events import Entry
from ...core.model import Conversation, Lane, Request
from ...errors import Conflict, Duplicate
from ...ports import Batch, Hold, HoldKind
from ..storable import entry_cells
from .database import Execute
from .queues import write_queues
from .records import put_record
from .rows import MESSAGE_COLUMNS, conversation_document, message_row, micros

__all__ = ["write"]

ADD_MESSAGE = f"INSERT INTO message VALUES ({','.join('?' * 22)})"
ADD_OUTCOME = "INSERT INTO outcome VALUES (?,?,?,?,?,?,?,?,?)"
ADD_CONVERSATION = "INSERT OR IGNORE INTO conversation VALUES (?,?,?,?,?,?,?,?)"
# `open` and `requester` stand in indexes: naming them only when they change leaves those trees alone.
SET_CONVERSATION = (
    "UPDATE conversation SET version=?, quiet=?, document=?"
    " WHERE workspace=? AND id=? AND version=? AND open=? AND requester=?"
)
TURN_CONVERSATION = (
    "UPDATE conversation SET version=?, quiet=?, document=?, open=?, requester=?"
    " WHERE workspace=? AND id=? AND version=?"
)
ADD_LANE = "INSERT OR IGNORE INTO lane VALUES (?,?,?,?,?)"
SET_LANE = (
    "UPDATE lane SET version=?, conversation_id=?"
    " WHERE workspace=? AND channel_id=? AND profile_id=? AND version=?"
)
ADD_ENTRY = "INSERT OR IGNORE INTO history VALUES (?,?,?,?,?,?,?,?,?,?,?)"
DIGEST = "SELECT CAST(digest AS BLOB) FROM history WHERE workspace=? AND stream=? AND seq=?"
# As above: a request that is open or closed as before, with the same agent, leaves the trees of its other keys alone.
SET_REQUEST = (
    "UPDATE request SET state=?, queue=?, waiting_at=?, document=?, priority=?"
    " WHERE workspace=? AND id=? AND conversation_id=? AND channel_id=? AND opened_at=? AND open=?"
    " AND assignee IS ?"
)
PUT_REQUEST = (
    "INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
    " conversation_id=excluded.conversation_id, channel_id=excluded.channel_id, opened_at=excluded.opened_at,"
    " open=excluded.open, state=excluded.state, assignee=excluded.assignee, queue=excluded.queue,"
    " waiting_at=excluded.waiting_at, document=excluded.document, priority=excluded.priority"
)
ADD_TEXT = "INSERT OR IGNORE INTO text VALUES (?,?,?,?,?,?)"
ADD_PROFILE = "INSERT OR IGNORE INTO profile VALUES (?,?,?)"
ADD_THREAD = "INSERT OR IGNORE INTO thread VALUES (?,?,?,?)"
TARGET = "SELECT conversation_id FROM thread WHERE workspace=? AND channel_id=? AND native=?"
ADD_LOAD = (
    "INSERT INTO agent VALUES (?,?,1,?,?) ON CONFLICT DO UPDATE SET version=version+1,"
    " load=load+excluded.load,"
    " chosen_at=max(coalesce(excluded.chosen_at, chosen_at), coalesce(chosen_at, excluded.chosen_at))"
)
ADD_DESK = "INSERT OR IGNORE INTO desk VALUES (?,?,?,?)"
SET_DESK = "UPDATE desk SET revision=?, content=?, salt=? WHERE workspace=? AND revision=?"
_KEPT = 3  # the first columns of a message, which say which one it is
_REVISED = ", ".join(f"{column}=?" for column in MESSAGE_COLUMNS.split(", ")[_KEPT:])
REVISE = f"UPDATE message SET {_REVISED} WHERE workspace=? AND id=?"
ABSORB = (
    "UPDATE message SET conversation_id=?, request_id=?, group_at=CASE WHEN top THEN ? ELSE group_at END"
    " WHERE workspace=? AND conversation_id=?"
)
ADOPT = (
    "UPDATE message SET request_id=?"
    " WHERE workspace=? AND conversation_id=? AND sent_at>=? AND request_id IS NULL"
)
TURN_THREADS = "UPDATE thread SET conversation_id=? WHERE workspace=? AND conversation_id=?"
VERSIONS = {
    HoldKind.CONVERSATION: "SELECT version FROM conversation WHERE workspace=? AND id=?",
    HoldKind.AGENT: "SELECT version FROM agent WHERE workspace=? AND id=?",
    HoldKind.LANE: "SELECT version FROM lane WHERE workspace=? AND channel_id=? AND profile_id=?",
    HoldKind.RECORD: "SELECT version FROM record WHERE workspace=? AND kind=? AND id=?",
}

Rows = list[tuple[str, str]]


def write(execute: Execute, batch: Batch) -> None:
    """Write a batch. Raises `Duplicate`, `StaleLease` or `Conflict`, found in this order."""
    workspace = batch.workspace
    if batch.restoring:
        _make_room(execute, batch)
    _add_keys(execute, batch)
    write_queues(execute, batch)
    failed: Rows = []
    if batch.holds:
        failed += [
            (hold.kind.value, hold.id) for hold in batch.holds if not _stands(execute, workspace, hold)
        ]
    added = _added(batch)
    for conversation in batch.conversations:
        replaced = 0 if batch.restoring else added[conversation.id].start - 1
        if not _put_conversation(execute, workspace, conversation, replaced):
            failed.append(("conversation", conversation.id))
    for lane in batch.lanes:
        if not _put_lane(execute, workspace, lane, batch.restoring):
            failed.append(("lane", f"{lane.channel_id} {lane.profile_id}"))
    if not batch.restoring:
        for entry in batch.entries:
            if not _add_entry(execute, workspace, entry):
                failed.append(("stream", entry.stream))
    if batch.desk is not None and not _put_desk(execute, batch):
        failed.append(("desk", "desk"))
    if batch.records or batch.threads or batch.revised:
        failed += _put_rarer(execute, batch)
    if failed:
        raise Conflict(sorted(set(failed)))
    for request in batch.requests:
        _put_request(execute, workspace, request, new=1 in added.get(request.conversation_id, ()))
    for text in batch.texts:
        ref = text.ref
        execute(ADD_TEXT, (workspace, ref.id, ref.audience.value, ref.owner, ref.digest, text.body))
    _write_rarer(execute, batch)


def _add_keys(execute: Execute, batch: Batch) -> None:
    """What exists once: messages and outcomes. A redelivery ends here, whatever else changed meanwhile."""
    workspace = batch.workspace
    for message in batch.messages:
        try:
            execute(ADD_MESSAGE, (workspace, *message_row(message)))
        except sqlite3.IntegrityError:
            raise Duplicate(f"{message.channel_id} {message.native}") from None
    for key, outcome in batch.outcomes:
        row = (
            workspace,
            key,
            outcome.kind.value,
            outcome.code,
            outcome.conversation_id,
            outcome.request_id,
            outcome.message_id,
            outcome.duplicate,
            outcome.record_id,
        )
        try:
            execute(ADD_OUTCOME, row)
        except sqlite3.IntegrityError:
            raise Duplicate(key) from None


def _put_request(execute: Execute, workspace: str, request: Request, *, new: bool) -> None:
    """Write a request. One that is ``new`` is hardly there yet, so that is tried first."""
    is_open, waiting_at = request.is_open, request.waiting_at
    place = (workspace, request.id, request.conversation_id, request.channel_id, micros(request.opened_at))
    state, assignee = request.state.value, request.assignee
    since = None if waiting_at is None else micros(waiting_at)
    rest = (request.queue, since, dump(request), request.priority)
    if new or execute(SET_REQUEST, (state, *rest, *place, is_open, assignee)).rowcount == 0:
        execute(PUT_REQUEST, (*place, is_open, state, assignee, *rest))


# --- guarded rows ---


def _added(batch: Batch) -> dict[str, range]:
    """The versions that the batch adds to each of its conversations; each is the ``seq`` of an entry.

    The one before them must be in the store, or nothing where they begin with 1.
    """
    counts: dict[str, int] = {}
    for entry in batch.entries:
        counts[entry.stream] = counts.get(entry.stream, 0) + 1
    return {
        each.id: range(each.version + 1 - counts.get(each.id, 1), each.version + 1)
        for each in batch.conversations
    }


def _stands(execute: Execute, workspace: str, hold: Hold) -> bool:
    key: tuple[str, ...] = (hold.id,)
    if hold.kind is HoldKind.LANE:
        key = hold.id.rpartition(" ")[::2]
    elif hold.kind is HoldKind.RECORD:
        key = hold.id.partition(" ")[::2]
    row = execute(VERSIONS[hold.kind], (workspace, *key)).fetchone()
    return (row[0] if row else 0) == hold.version


def _put_conversation(execute: Execute, workspace: str, new: Conversation, replaced: int) -> bool:
    version, document, quiet, is_open = new.version, conversation_document(new), new.is_quiet, new.is_open
    if replaced == 0:
        row = (workspace, new.id, version, is_open, quiet, new.channel_id, document, new.requester)
        return execute(ADD_CONVERSATION, row).rowcount == 1
    last = (workspace, new.id, replaced)
    return (
        execute(SET_CONVERSATION, (version, quiet, document, *last, is_open, new.requester)).rowcount == 1
        or execute(TURN_CONVERSATION, (version, quiet, document, is_open, new.requester, *last)).rowcount == 1
    )


def _put_lane(execute: Execute, workspace: str, lane: Lane, restoring: bool) -> bool:
    key = (workspace, lane.channel_id, lane.profile_id)
    if lane.version == 1 or restoring:
        return execute(ADD_LANE, (*key, lane.version, lane.conversation_id)).rowcount == 1
    row = (lane.version, lane.conversation_id, *key, lane.version - 1)
    return execute(SET_LANE, row).rowcount == 1


def _add_entry(execute: Execute, workspace: str, entry: Entry) -> bool:
    """Add an entry behind the last one, whose digest goes into its own."""
    cells = entry_cells(entry)
    previous = BEGINNING
    if entry.seq != 1:
        last = execute(DIGEST, (workspace, entry.stream, entry.seq - 1)).fetchone()
        if last is None:
            return False
        previous = last[0]
    digest = linked(previous, own_digest(*cells))
    return execute(ADD_ENTRY, (workspace, *cells, digest)).rowcount == 1


def _put_desk(execute: Execute, batch: Batch) -> bool:
    desk = batch.desk
    assert desk is not None  # the caller has looked
    if desk.revision == 1:
        return execute(ADD_DESK, (batch.workspace, 1, desk.content, desk.salt)).rowcount == 1
    row = (desk.revision, desk.content, desk.salt, batch.workspace, desk.revision - 1)
    return execute(SET_DESK, row).rowcount == 1


# --- rows that are written now and then ---


def _put_rarer(execute: Execute, batch: Batch) -> Iterator[tuple[str, str]]:
    """Write records, thread keys and revised messages; says which were not as the batch took them to be."""
    workspace = batch.workspace
    for put in batch.records:
        if not put_record(execute, workspace, put, guarded=not batch.restoring):
            yield "record", f"{put.record.tag} {put.record.id}"
    for thread in batch.threads:
        key, target = (workspace, thread.channel_id, thread.native), thread.conversation_id
        if execute(ADD_THREAD, (*key, target)).rowcount == 0 and execute(TARGET, key).fetchone() != (target,):
            yield "thread", f"{thread.channel_id} {thread.native}"
    fresh = {message.id for message in batch.messages}
    for message in batch.revised:
        row = message_row(message)[_KEPT:]
        if message.id in fresh or execute(REVISE, (*row, workspace, message.id)).rowcount == 0:
            yield "message", message.id


def _write_rarer(execute: Execute, batch: Batch) -> None:
    workspace = batch.workspace
    for absorbed in batch.absorbed:
        old = (workspace, absorbed.other)
        execute(ABSORB, (absorbed.into, absorbed.request_id, micros(absorbed.group_at), *old))
        execute(TURN_THREADS, (absorbed.into, *old))
    for adopted in batch.adopted:
        since_at = micros(adopted.since_at)
        execute(ADOPT, (adopted.request_id, workspace, adopted.conversation_id, since_at))
    for profile in batch.profiles:
        execute(ADD_PROFILE, (workspace, profile.id, dump(profile)))
    for change in batch.loads:
        chosen_at = None if change.chosen_at is None else micros(change.chosen_at)
        execute(ADD_LOAD, (workspace, change.agent, change.delta, chosen_at))
    if batch.gone is not None:
        from .removals import take_away  # seldom needed

        take_away(execute, workspace, batch.gone)


# --- restoring ---


def _make_room(execute: Execute, batch: Batch) -> None:
    """Take away what stands where state is put as it is."""
    workspace = batch.workspace
    for conversation in batch.conversations:
        key = (workspace, conversation.id)
        execute("DELETE FROM conversation WHERE workspace=? AND id=?", key)
        execute("DELETE FROM request WHERE workspace=? AND conversation_id=?", key)
        execute("DELETE FROM message WHERE workspace=? AND conversation_id=?", key)
    for message in batch.messages:
        execute("DELETE FROM message WHERE workspace=? AND id=?", (workspace, message.id))
        execute(
            "DELETE FROM message WHERE workspace=? AND channel_id=? AND native=?",
            (workspace, message.channel_id, message.native),
        )
    for lane in batch.lanes:
        execute(
            "DELETE FROM lane WHERE workspace=? AND channel_id=? AND profile_id=?",
            (workspace, lane.channel_id, lane.profile_id),
        )
    for load in batch.agents:
        chosen_at = None if load.chosen_at is None else micros(load.chosen_at)
        execute(
            "INSERT OR REPLACE INTO agent VALUES (?,?,?,?,?)",
            (workspace, load.agent, load.version, load.load, chosen_at),
        )
