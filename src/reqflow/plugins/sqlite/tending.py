"""What operators ask of the queues: how much there is to do, what was put aside, and to try that again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ...codec import load
from ...core.effects import QueuedEffect
from ...core.queues import COUNTED
from ...errors import CorruptRecord
from ...ports import Backlog, InboxItem, LeaseQueue, Parked, ParkedItem, Timer
from .database import Execute
from .rows import as_moment, micros

__all__ = ["backlogs", "is_full", "parked_items", "requeue"]

DIGITS = 18
"""How many digits of an id are looked up: longer ones need not fit into a column, and no effect has one."""
INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA
_NAME = {INBOX: "id", OUTBOX: "number", AGENDA: "key"}
_IS_PARKED = {INBOX: "state='parked'", OUTBOX: "state='parked'", AGENDA: "parked=1"}

_COUNTS = (
    "SELECT count(*), coalesce(sum(busy), 0), coalesce(sum(attempts > busy), 0) FROM (SELECT attempts,"
    " {busy} AS busy FROM {table} WHERE workspace=?1 AND {waits} LIMIT ?3)"
)
_LINE = {"busy": "leased AND free_at > ?2", "waits": "state='ready' AND number > 0"}
COUNTS = {
    INBOX: _COUNTS.format(table="inbox", **_LINE),
    OUTBOX: _COUNTS.format(table="outbox", **_LINE),
    AGENDA: _COUNTS.format(
        table="agenda", busy="free_at IS NOT NULL AND free_at > ?2", waits="parked=0 AND due_at <= ?2"
    ),
}
PARKED = {
    queue: f"SELECT count(*) FROM (SELECT 1 FROM {queue.value} WHERE workspace=? AND {where} LIMIT ?)"
    for queue, where in _IS_PARKED.items()
}
OLDEST = {
    queue: (
        f"SELECT {_NAME[queue]}, document FROM {queue.value} WHERE workspace=? AND state='ready'"
        " ORDER BY number LIMIT 1"
    )
    for queue in (INBOX, OUTBOX)
}
FIRST_DUE = "SELECT min(due_at) FROM agenda WHERE workspace=? AND parked=0"


def backlogs(execute: Execute, workspace: str, now: datetime) -> list[Backlog]:
    """How much each queue has to do."""
    return [_backlog(execute, workspace, queue, now) for queue in (INBOX, OUTBOX, AGENDA)]


def _backlog(execute: Execute, workspace: str, queue: LeaseQueue, now: datetime) -> Backlog:
    waiting, leased, retried = execute(COUNTS[queue], (workspace, micros(now), COUNTED)).fetchone()
    (parked,) = execute(PARKED[queue], (workspace, COUNTED)).fetchone()
    since = _waits_since(execute, workspace, queue) if waiting else None
    return Backlog(
        queue=queue,
        waiting=waiting,
        leased=leased,
        retried=retried,
        parked=parked,
        age=None if since is None else max((now - since).total_seconds(), 0.0),
    )


def _waits_since(execute: Execute, workspace: str, queue: LeaseQueue) -> datetime | None:
    if queue is AGENDA:
        (due_at,) = execute(FIRST_DUE, (workspace,)).fetchone()
        return None if due_at is None else as_moment(due_at)
    for id, document in execute(OLDEST[queue], (workspace,)).fetchall():
        item = _item(queue, id, document)
        if item is not None:
            return item.accepted_at if isinstance(item, InboxItem) else item.queued_at
    return None


def _item(queue: LeaseQueue, id: Any, document: str) -> InboxItem | QueuedEffect | None:
    """What waits; None if it cannot be decoded."""
    try:
        if queue is INBOX:
            return load(document, InboxItem, f"inbox item {id}")
        return load(document, QueuedEffect, f"effect {id}")
    except CorruptRecord:
        return None


# --- what was put aside ---


def parked_items(execute: Execute, workspace: str, view: Parked) -> Iterator[tuple[str, ParkedItem]]:
    """One page and an item more, each with its cursor."""
    queue = view.queue
    place, kept = ("key", "due_at") if queue is AGENDA else ("number", "document")
    after: Any = view.after or ("" if queue is AGENDA else 0)
    rows = execute(
        f"SELECT {place}, {_NAME[queue]}, attempts, note, {kept} FROM {queue.value}"
        f" WHERE workspace=? AND {_IS_PARKED[queue]} AND {place}>? ORDER BY {place} LIMIT ?",
        (workspace, after if queue is AGENDA else int(after), view.limit + 1),
    ).fetchall()
    for cursor, id, attempts, note, content in rows:
        item = Timer(id, as_moment(content)) if queue is AGENDA else _item(queue, id, content)
        yield str(cursor), ParkedItem(queue=queue, id=str(id), item=item, attempts=attempts, note=note)


_WAITS_AGAIN = {INBOX: "state='ready'", OUTBOX: "state='ready'", AGENDA: "parked=0"}
_ANEW = "attempts=0, lost=0, note=NULL, free_at=NULL"
REQUEUE = {
    queue: (
        f"UPDATE {queue.value} SET {_WAITS_AGAIN[queue]}, {_ANEW}"
        f" WHERE workspace=? AND {_NAME[queue]}=? AND {where}"
    )
    for queue, where in _IS_PARKED.items()
}
ALL_PARKED = {
    queue: f"SELECT {_NAME[queue]} FROM {queue.value} WHERE workspace=? AND {where} ORDER BY 1"
    for queue, where in _IS_PARKED.items()
}
# A later one that is done is of the same conversation, or of none as well: by that it is found.
OVERTAKEN = (
    "UPDATE outbox SET state='cancelled' WHERE workspace=?1 AND number=?2 AND state='parked'"
    " AND collapse IS NOT NULL AND EXISTS (SELECT 1 FROM outbox later INDEXED BY outbox_conversation"
    " WHERE later.workspace=?1 AND later.conversation_id IS outbox.conversation_id AND later.lane=outbox.lane"
    " AND later.collapse=outbox.collapse AND later.number > ?2 AND later.state IN ('ready', 'done'))"
)


def requeue(execute: Execute, workspace: str, queue: LeaseQueue, ids: Sequence[str] | None) -> list[str]:
    """Let parked items wait again, or all of them; returns which. Overtaken effects are cancelled."""
    if ids is None:
        ids = [str(id) for (id,) in execute(ALL_PARKED[queue], (workspace,)).fetchall()]
    elif queue is OUTBOX:
        ids = [id for id in ids if id.isdecimal() and len(id) <= DIGITS]
    found: list[str] = []
    for id in ids:
        key = (workspace, int(id) if queue is OUTBOX else id)
        if queue is OUTBOX and execute(OVERTAKEN, key).rowcount:
            continue
        if execute(REQUEUE[queue], key).rowcount:
            found.append(id)
    return found


# --- how much may wait ---

SPAN = (
    "SELECT (SELECT number FROM inbox WHERE workspace=?1 AND state='ready' ORDER BY number DESC LIMIT 1)"
    " - (SELECT number FROM inbox WHERE workspace=?1 AND state='ready' ORDER BY number LIMIT 1)"
)
COUNT = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE workspace=? AND state='ready' LIMIT ?)"


def is_full(execute: Execute, workspace: str, limit: int) -> bool:
    """Whether more than ``limit`` items wait in the inbox; they are counted only where they may be so many."""
    (span,) = execute(SPAN, (workspace,)).fetchone()
    if span is None or span < limit:
        return False
    (count,) = execute(COUNT, (workspace, limit + 1)).fetchone()
    return bool(count > limit)
