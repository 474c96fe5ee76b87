"""The three leased queues: claimed by row, fenced, in order per lane."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...codec import dump, load
from ...core.effects import QueuedEffect
from ...errors import CorruptRecord, Duplicate, Overloaded, StaleLease
from ...ports import Batch, EffectState, InboxItem, Lease, LeaseQueue, Timer
from .database import Execute
from .rows import as_moment, micros

__all__ = ["claim", "extend", "finish", "release", "write_queues"]

INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA

ADD_ITEM = "INSERT INTO inbox (workspace, id, lane, state, document) VALUES (?,?,?,'ready',?)"
ADD_EFFECT = (
    "INSERT INTO outbox (workspace, lane, conversation_id, collapse, state, document) VALUES (?,?,?,?,?,?)"
)
_FREE = "(leased = 0 OR free_at <= ?)"
# What was tried may have arrived: it is tried again, under its own key.
COLLAPSE = (
    "UPDATE outbox SET state='cancelled', leased=0, free_at=NULL"
    f" WHERE workspace=? AND lane=? AND collapse=? AND state='ready' AND attempts=0 AND {_FREE}"
)
CANCEL = (
    "UPDATE outbox SET state='cancelled', leased=0, free_at=NULL"
    f" WHERE workspace=? AND conversation_id=? AND state='ready' AND {_FREE}"
)
# A later moment changes nothing, and then no tree is touched.
ARM = (
    "INSERT INTO agenda (workspace, key, due_at) VALUES (?,?,?) ON CONFLICT DO UPDATE SET"
    " due_at = CASE WHEN free_at IS NULL OR parked = 1 THEN excluded.due_at ELSE due_at END,"
    " again_at = CASE WHEN free_at IS NOT NULL"
    " THEN min(coalesce(again_at, excluded.due_at), excluded.due_at) END,"
    " attempts = CASE WHEN parked = 1 THEN 0 ELSE attempts END,"
    " note = CASE WHEN parked = 1 THEN NULL ELSE note END,"
    " parked = 0"
    " WHERE parked = 1 OR free_at IS NOT NULL OR excluded.due_at < due_at"
)
_TIMER = " WHERE workspace=? AND key=? AND fence=? AND free_at IS NOT NULL"
_PLACE = {
    INBOX: " WHERE workspace=? AND id=? AND fence=? AND leased=1 AND state='ready'",
    OUTBOX: " WHERE workspace=? AND number=? AND fence=? AND leased=1 AND state='ready'",
    AGENDA: _TIMER,
}
FINISH = {
    INBOX: f"DELETE FROM inbox{_PLACE[INBOX]}",
    OUTBOX: f"UPDATE outbox SET state='done', leased=0, free_at=NULL{_PLACE[OUTBOX]}",
    AGENDA: f"DELETE FROM agenda{_TIMER} AND again_at IS NULL",
}
ASK_AGAIN = f"UPDATE agenda SET due_at=again_at, again_at=NULL, free_at=NULL, attempts=0, lost=0{_TIMER}"
EXTEND = {queue: f"UPDATE {queue.value} SET free_at=?{where}" for queue, where in _PLACE.items()}
_ASIDE = "state='parked', leased=0, free_at=NULL, note=coalesce(?, note)"
PARK = {
    INBOX: f"UPDATE inbox SET {_ASIDE}{_PLACE[INBOX]}",
    OUTBOX: f"UPDATE outbox SET {_ASIDE}{_PLACE[OUTBOX]}",
    AGENDA: f"UPDATE agenda SET parked=1, again_at=NULL, free_at=NULL, lost=0, note=coalesce(?, note){_TIMER}",
}
# Without a note it was not tried; with one it was, and what became of earlier owners does not matter any more.
_TRIED = ", note=coalesce(?2, note), attempts=attempts-iif(?2 IS NULL, 1, lost), lost=lost*(?2 IS NULL)"
RELEASE = {
    INBOX: (
        f"UPDATE inbox SET leased=0, free_at=?1{_TRIED}"
        " WHERE workspace=?3 AND id=?4 AND fence=?5 AND leased=1 AND state='ready'"
    ),
    OUTBOX: (
        f"UPDATE outbox SET leased=0, free_at=?1{_TRIED}"
        " WHERE workspace=?3 AND number=?4 AND fence=?5 AND leased=1 AND state='ready'"
    ),
    AGENDA: (
        f"UPDATE agenda SET due_at=min(?1, coalesce(again_at, ?1)), again_at=NULL, free_at=NULL{_TRIED}"
        " WHERE workspace=?3 AND key=?4 AND fence=?5 AND free_at IS NOT NULL"
    ),
}


# What nobody tried, and gives back when a later one waits that it would have collapsed with.
OVERTAKEN = (
    "UPDATE outbox SET state='cancelled', free_at=NULL WHERE workspace=? AND number=? AND state='ready'"
    " AND leased=0 AND attempts=0 AND collapse IS NOT NULL AND EXISTS (SELECT 1 FROM outbox later"
    " WHERE later.workspace=outbox.workspace AND later.lane=outbox.lane AND later.collapse=outbox.collapse"
    " AND later.state='ready' AND later.number > outbox.number)"
)


def write_queues(execute: Execute, batch: Batch) -> None:
    """What a batch does to the queues: consume, cancel, queue, disarm, arm, accept; in this order."""
    workspace = batch.workspace
    for item in batch.inbox:
        try:
            execute(ADD_ITEM, (workspace, item.key, item.lane, dump(item)))
        except sqlite3.IntegrityError:
            raise Duplicate(item.key) from None
    if batch.inbox_limit is not None:
        from .tending import is_full  # with what is for operators

        if is_full(execute, workspace, batch.inbox_limit):
            raise Overloaded(batch.inbox_limit)
    for lease in batch.consumed:
        finish(execute, workspace, lease)
    for conversation_id in batch.cancelled:
        execute(CANCEL, (workspace, conversation_id, micros(batch.at)))
    for queued in batch.effects:
        _queue_effect(execute, batch, queued)
    for key in batch.disarmed:
        execute("DELETE FROM agenda WHERE workspace=? AND key=?", (workspace, key))
    for timer in batch.armed:
        execute(ARM, (workspace, timer.key, micros(timer.due_at)))


def _queue_effect(execute: Execute, batch: Batch, queued: QueuedEffect) -> None:
    if queued.collapse is not None and not queued.muted:
        execute(COLLAPSE, (batch.workspace, queued.destination, queued.collapse, micros(batch.at)))
    state = EffectState.MUTED if queued.muted else EffectState.READY
    about = getattr(queued.effect, "conversation_id", None)
    row = (batch.workspace, queued.destination, about, queued.collapse, state.value, dump(queued))
    execute(ADD_EFFECT, row)


def _key(workspace: str, lease: Lease) -> tuple[Any, ...]:
    return workspace, int(lease.id) if lease.queue is OUTBOX else lease.id, lease.fence


def _stale(lease: Lease) -> StaleLease:
    return StaleLease(f"{lease.queue} {lease.id} is done, or somebody else has it now")


def finish(execute: Execute, workspace: str, lease: Lease) -> None:
    """End a leased item, or raise `StaleLease`. A timer armed again meanwhile is asked then."""
    key = _key(workspace, lease)
    if execute(FINISH[lease.queue], key).rowcount == 1:
        return
    if lease.queue is not AGENDA or execute(ASK_AGAIN, key).rowcount == 0:
        raise _stale(lease)


def extend(execute: Execute, workspace: str, lease: Lease, until: datetime) -> None:
    """Keep a lease longer, or raise `StaleLease`."""
    if execute(EXTEND[lease.queue], (micros(until), *_key(workspace, lease))).rowcount == 0:
        raise _stale(lease)


def release(
    execute: Execute, workspace: str, lease: Lease, ready_at: datetime, note: str | None, park: bool
) -> None:
    """Give a leased item back, or park it; or raise `StaleLease`."""
    key = _key(workspace, lease)
    if park:
        done = execute(PARK[lease.queue], (note, *key))
    else:
        done = execute(RELEASE[lease.queue], (micros(ready_at), note, *key))
    if done.rowcount == 0:
        raise _stale(lease)
    if note is None and isinstance(lease.item, QueuedEffect) and lease.item.collapse is not None:
        execute(OVERTAKEN, key[:2])


# --- claiming ---


def claim(
    execute: Execute, workspace: str, queue: LeaseQueue, now: int, until: int, limit: int
) -> Sequence[Lease]:
    """Hand out what is due and free, oldest first."""
    if queue is AGENDA:
        return _claim_timers(execute, workspace, now, until, limit)
    found: list[Lease] = []
    while not found and (numbers := _claimable(execute, workspace, queue.value, now, limit)):
        fence = _next_fence(execute)
        for number in numbers:
            try:
                found.append(_claim_place(execute, queue, number, until, fence))
            except CorruptRecord:  # it would stop the queue for ever
                from ...core.queues import UNREADABLE  # seldom needed

                execute(f"UPDATE {queue.value} SET {_ASIDE} WHERE number=?", (UNREADABLE, number))
    return found


def _next_fence(execute: Execute) -> int:
    execute("UPDATE fence SET last = last + 1")
    fence: int = execute("SELECT last FROM fence").fetchone()[0]
    return fence


def _claimable(execute: Execute, workspace: str, table: str, now: int, limit: int) -> list[int]:
    """The oldest items that have nobody before them in their lane, nor anybody at work there."""
    busy: set[str] = set()
    first_resting: dict[str, int] = {}
    resting = execute(
        f"SELECT lane, leased, number FROM {table} WHERE workspace=? AND state='ready' AND free_at>?",
        (workspace, now),
    )
    for lane, leased, number in resting.fetchall():
        if leased:
            busy.add(lane)
        first_resting[lane] = min(number, first_resting.get(lane, number))
    rows = execute(
        f"SELECT number, lane FROM {table} WHERE workspace=? AND state='ready' ORDER BY number",
        (workspace,),
    )
    found: list[int] = []
    for number, lane in rows:
        if len(found) >= limit:
            break
        if lane not in busy and number < first_resting.get(lane, number + 1):
            found.append(number)
    return found


def _claim_place(execute: Execute, queue: LeaseQueue, number: int, until: int, fence: int) -> Lease:
    table = queue.value
    name = "id" if queue is INBOX else "number"
    execute(
        f"UPDATE {table} SET leased=1, free_at=?, fence=?, attempts=attempts+1, lost=lost+leased"
        " WHERE number=?",
        (until, fence, number),
    )
    id, attempts, lost, document = execute(
        f"SELECT {name}, attempts, lost, document FROM {table} WHERE number=?",
        (number,),
    ).fetchone()
    item: InboxItem | QueuedEffect
    if queue is INBOX:
        item = load(document, InboxItem, f"inbox item {id}")
    else:
        item = load(document, QueuedEffect, f"effect {id}")
    return Lease(queue=queue, id=str(id), fence=fence, attempts=attempts, item=item, lost=lost)


def _claim_timers(execute: Execute, workspace: str, now: int, until: int, limit: int) -> Sequence[Lease]:
    due = execute(
        "SELECT key, due_at, attempts+1, lost+(free_at IS NOT NULL) FROM agenda"
        " WHERE workspace=? AND parked=0 AND due_at<=? AND (free_at IS NULL OR free_at<=?)"
        " ORDER BY due_at LIMIT ?",
        (workspace, now, now, limit),
    ).fetchall()
    if not due:
        return ()
    fence = _next_fence(execute)
    for key, _, attempts, lost in due:  # whoever asks now sees what it was armed for meanwhile
        execute(
            "UPDATE agenda SET free_at=?, fence=?, attempts=?, lost=?, again_at=NULL WHERE workspace=? AND key=?",
            (until, fence, attempts, lost, workspace, key),
        )
    return [
        Lease(
            queue=AGENDA,
            id=key,
            fence=fence,
            attempts=attempts,
            item=Timer(key, as_moment(due_at)),
            lost=lost,
        )
        for key, due_at, attempts, lost in due
    ]
