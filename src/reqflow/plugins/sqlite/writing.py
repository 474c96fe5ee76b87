"""One commit as plain statements, a row each; the transaction around them makes it all or nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from ...codec import dump, dump_events
from ...core.events import Entry
from ...core.model import Conversation, Lane, Message, Request, Side
from ...core.values import changed
from ...errors import Conflict, Duplicate
from ...ports import Batch, Hold, HoldKind
from .queues import write_queues
from .rows import as_message, conversation_document, micros

__all__ = ["write"]

Execute = Callable[..., sqlite3.Cursor]

ADD_MESSAGE = "INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?)"
ADD_OUTCOME = "INSERT INTO outcome VALUES (?,?,?,?,?,?,?,?)"
ADD_CONVERSATION = "INSERT OR IGNORE INTO conversation VALUES (?,?,?,?,?,?,?)"
# `open` stands in the condition of an index: naming it only when it changes leaves that tree alone.
SET_CONVERSATION = (
    "UPDATE conversation SET version=?, quiet=?, document=?"
    " WHERE workspace=? AND id=? AND version=? AND open=?"
)
TURN_CONVERSATION = (
    "UPDATE conversation SET version=?, quiet=?, document=?, open=? WHERE workspace=? AND id=? AND version=?"
)
ADD_LANE = "INSERT OR IGNORE INTO lane VALUES (?,?,?,?,?)"
SET_LANE = (
    "UPDATE lane SET version=?, conversation_id=?"
    " WHERE workspace=? AND channel_id=? AND profile_id=? AND version=?"
)
START_STREAM = "INSERT OR IGNORE INTO history VALUES (?,?,?,?,?,?,?,?,?,?)"
GO_ON_STREAM = (
    "INSERT OR IGNORE INTO history SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10"
    " WHERE EXISTS (SELECT 1 FROM history WHERE workspace=?1 AND stream=?2 AND seq=?3 - 1)"
)
PUT_REQUEST = (
    "INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
    " conversation_id=excluded.conversation_id, channel_id=excluded.channel_id, state=excluded.state,"
    " assignee=excluded.assignee, queue=excluded.queue, opened_at=excluded.opened_at,"
    " waiting_at=excluded.waiting_at, document=excluded.document"
)
ADD_TEXT = "INSERT OR IGNORE INTO text VALUES (?,?,?,?,?,?)"
ADD_PROFILE = "INSERT OR IGNORE INTO profile VALUES (?,?,?)"
ADD_THREAD = "INSERT OR IGNORE INTO thread VALUES (?,?,?,?)"
ADD_LOAD = (
    "INSERT INTO agent VALUES (?,?,1,?,?) ON CONFLICT DO UPDATE SET version=version+1,"
    " load=load+excluded.load, chosen_at=max(coalesce(excluded.chosen_at, chosen_at), coalesce(chosen_at, excluded.chosen_at))"
)
ADD_DESK = "INSERT OR IGNORE INTO desk VALUES (?,?,?,?)"
SET_DESK = "UPDATE desk SET revision=?, content=?, salt=? WHERE workspace=? AND revision=?"
MOVE_MESSAGE = "UPDATE message SET conversation_id=?, request_id=?, document=? WHERE workspace=? AND id=?"
VERSIONS = {
    HoldKind.CONVERSATION: "SELECT version FROM conversation WHERE workspace=? AND id=?",
    HoldKind.AGENT: "SELECT version FROM agent WHERE workspace=? AND id=?",
    HoldKind.LANE: "SELECT version FROM lane WHERE workspace=? AND channel_id=? AND profile_id=?",
}

Rows = list[tuple[str, str]]


def write(connection: sqlite3.Connection, batch: Batch) -> None:
    """Write a batch. Raises `Duplicate`, `StaleLease` or `Conflict`, found in this order."""
    execute = connection.execute
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
    for conversation, version in zip(batch.conversations, _replaced(batch), strict=True):
        if not _put_conversation(execute, workspace, conversation, 0 if batch.restoring else version):
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
    if failed:
        raise Conflict(sorted(failed))
    for request in batch.requests:
        execute(PUT_REQUEST, _request_row(workspace, request))
    for text in batch.texts:
        ref = text.ref
        execute(ADD_TEXT, (workspace, ref.id, ref.audience.value, ref.owner, ref.digest, text.body))
    _write_rarer(execute, batch)


def _add_keys(execute: Execute, batch: Batch) -> None:
    """What exists once: messages and outcomes. A redelivery ends here, whatever else changed meanwhile."""
    workspace = batch.workspace
    for message in batch.messages:
        try:
            execute(ADD_MESSAGE, _message_row(workspace, message))
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
        )
        try:
            execute(ADD_OUTCOME, row)
        except sqlite3.IntegrityError:
            raise Duplicate(key) from None


def _message_row(workspace: str, message: Message) -> tuple[Any, ...]:
    return (
        workspace,
        message.id,
        message.channel_id,
        message.native,
        message.conversation_id,
        message.request_id,
        message.profile_id,
        micros(message.sent_at),
        message.top and message.side is Side.REQUESTER and message.profile_id is not None,
        dump(message),
    )


def _request_row(workspace: str, request: Request) -> tuple[Any, ...]:
    waiting_at = request.waiting_at
    return (
        workspace,
        request.id,
        request.conversation_id,
        request.channel_id,
        request.state.value,
        request.assignee,
        request.queue,
        micros(request.opened_at),
        None if waiting_at is None else micros(waiting_at),
        dump(request),
    )


# --- guarded rows ---


def _replaced(batch: Batch) -> list[int]:
    """The version that each conversation of the batch must have in the store; 0: it must not be there.

    A version counts entries, so it goes back by as many as the batch has of that conversation.
    """
    counts: dict[str, int] = {}
    for entry in batch.entries:
        counts[entry.stream] = counts.get(entry.stream, 0) + 1
    return [each.version - counts.get(each.id, 1) for each in batch.conversations]


def _stands(execute: Execute, workspace: str, hold: Hold) -> bool:
    key = tuple(hold.id.rsplit(" ", 1)) if hold.kind is HoldKind.LANE else (hold.id,)
    row = execute(VERSIONS[hold.kind], (workspace, *key)).fetchone()
    return (row[0] if row else 0) == hold.version


def _put_conversation(execute: Execute, workspace: str, new: Conversation, replaced: int) -> bool:
    version, document, quiet, is_open = new.version, conversation_document(new), new.is_quiet, new.is_open
    if replaced == 0:
        row = (workspace, new.id, version, is_open, quiet, new.channel_id, document)
        return execute(ADD_CONVERSATION, row).rowcount == 1
    last = (workspace, new.id, replaced)
    return (
        execute(SET_CONVERSATION, (version, quiet, document, *last, is_open)).rowcount == 1
        or execute(TURN_CONVERSATION, (version, quiet, document, is_open, *last)).rowcount == 1
    )


def _put_lane(execute: Execute, workspace: str, lane: Lane, restoring: bool) -> bool:
    key = (workspace, lane.channel_id, lane.profile_id)
    if lane.version == 1 or restoring:
        return execute(ADD_LANE, (*key, lane.version, lane.conversation_id)).rowcount == 1
    row = (lane.version, lane.conversation_id, *key, lane.version - 1)
    return execute(SET_LANE, row).rowcount == 1


def _add_entry(execute: Execute, workspace: str, entry: Entry) -> bool:
    cause, actor = entry.cause, entry.actor
    row = (
        workspace,
        entry.stream,
        entry.seq,
        micros(entry.at),
        actor.kind.value,
        actor.id,
        cause.kind.value,
        cause.key,
        json.dumps(cause.rules) if cause.rules else None,
        dump_events(entry.events),
    )
    return execute(START_STREAM if entry.seq == 1 else GO_ON_STREAM, row).rowcount == 1


def _put_desk(execute: Execute, batch: Batch) -> bool:
    desk = batch.desk
    assert desk is not None  # the caller has looked
    if desk.revision == 1:
        return execute(ADD_DESK, (batch.workspace, 1, desk.content, desk.salt)).rowcount == 1
    row = (desk.revision, desk.content, desk.salt, batch.workspace, desk.revision - 1)
    return execute(SET_DESK, row).rowcount == 1


# --- rows that are written now and then ---


def _write_rarer(execute: Execute, batch: Batch) -> None:
    workspace = batch.workspace
    for thread in batch.threads:
        execute(ADD_THREAD, (workspace, thread.channel_id, thread.native, thread.conversation_id))
    for absorbed in batch.absorbed:
        for message in _messages(execute, workspace, absorbed.other, -(2**63)):
            placed = changed(
                message,
                conversation_id=absorbed.into,
                request_id=absorbed.request_id,
                group_at=absorbed.group_at if message.top else message.group_at,
            )
            _move(execute, workspace, placed)
        execute(
            "UPDATE thread SET conversation_id=? WHERE workspace=? AND conversation_id=?",
            (absorbed.into, workspace, absorbed.other),
        )
    for adopted in batch.adopted:
        for message in _messages(execute, workspace, adopted.conversation_id, micros(adopted.since_at)):
            if message.request_id is None:
                _move(execute, workspace, changed(message, request_id=adopted.request_id))
    for profile in batch.profiles:
        execute(ADD_PROFILE, (workspace, profile.id, dump(profile)))
    for change in batch.loads:
        chosen_at = None if change.chosen_at is None else micros(change.chosen_at)
        execute(ADD_LOAD, (workspace, change.agent, change.delta, chosen_at))


def _messages(execute: Execute, workspace: str, conversation: str, since: int) -> list[Message]:
    rows = execute(
        "SELECT document FROM message WHERE workspace=? AND conversation_id=? AND sent_at>=?",
        (workspace, conversation, since),
    )
    return [as_message(document) for (document,) in rows.fetchall()]


def _move(execute: Execute, workspace: str, message: Message) -> None:
    row = (message.conversation_id, message.request_id, dump(message), workspace, message.id)
    execute(MOVE_MESSAGE, row)


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
