"""Leases of the three queues: claimed, kept longer, given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ...core.effects import QueuedEffect
from ...core.model import Code
from ...core.queues import UNREADABLE
from ...errors import CorruptRecord, StaleLease
from ...ports import InboxItem, Lease, LeaseQueue, Timer
from .documents import Documents
from .failures import Failed, as_error
from .places import place_of_row, stands_at
from .wire import Rows, Statement, Value, Wire, array_literal, moment

__all__ = ["Queues"]

_INBOX = Statement(
    "SELECT l.seq::text, l.key, l.fence::text, l.attempts::text, l.document, l.lost::text"
    " FROM reqflow.lease_inbox($1, $2::timestamptz, $3::timestamptz, $4::integer) l"
)
_OUTBOX = Statement(
    "SELECT l.seq::text, l.seq::text, l.fence::text, l.attempts::text, l.document, l.lost::text"
    " FROM reqflow.lease_outbox($1, $2::timestamptz, $3::timestamptz, $4::integer) l"
)
# Timers have no lanes: claimers pass each other by.
_AGENDA = Statement(
    f"WITH claimed AS MATERIALIZED (SELECT {place_of_row('t')} FROM reqflow.agenda t"
    " WHERE t.workspace = $1 AND NOT t.parked AND t.due_at <= $2::timestamptz"
    " AND (t.lease_until IS NULL OR t.lease_until <= $2::timestamptz)"
    " ORDER BY t.due_at, t.key LIMIT $4::integer FOR UPDATE SKIP LOCKED)"
    " UPDATE reqflow.agenda t SET lease_until = $3::timestamptz, again_at = NULL,"
    " fence = (SELECT nextval('reqflow.fences')), attempts = t.attempts + 1,"
    " lost = t.lost + (t.lease_until IS NOT NULL)::integer"
    f" FROM claimed c WHERE {stands_at('t', 'c')}"
    " RETURNING t.due_at::text, t.key, t.fence::text, t.attempts::text, t.due_at::text, t.lost::text"
)

_CLAIMS: Mapping[LeaseQueue, Statement] = {
    LeaseQueue.INBOX: _INBOX,
    LeaseQueue.OUTBOX: _OUTBOX,
    LeaseQueue.AGENDA: _AGENDA,
}
_KEYS = {
    LeaseQueue.INBOX: ("inbox", "key", "text"),
    LeaseQueue.OUTBOX: ("outbox", "seq", "bigint"),
    LeaseQueue.AGENDA: ("agenda", "key", "text"),
}


def _extending(table: str, key: str, type: str) -> Statement:
    return Statement(
        "WITH found AS MATERIALIZED (SELECT l.* FROM unnest($2::text[], $3::text[]) d (id, fence)"
        f" CROSS JOIN LATERAL (SELECT {place_of_row('t')} FROM reqflow.{table} t WHERE t.workspace = $1"
        f" AND t.{key} = d.id::{type} AND t.fence = d.fence::bigint AND t.lease_until IS NOT NULL"
        " FOR NO KEY UPDATE) l),"
        f" kept AS (UPDATE reqflow.{table} t SET lease_until = $4::timestamptz"
        f" FROM found f WHERE {stands_at('t', 'f')} RETURNING 1)"
        " SELECT CASE WHEN (SELECT count(*) FROM kept) = cardinality($2::text[]) THEN true"
        " ELSE reqflow.refuse() END"
    )


def _releasing(table: str, key: str, type: str, sets: str) -> Statement:
    return Statement(
        f"UPDATE reqflow.{table} t SET lease_until = NULL, note = coalesce($4, t.note),"
        f" lost = t.lost * ($4 IS NULL)::integer, {sets}"
        " WHERE t.workspace = $1"
        f" AND t.{key} = $2::{type} AND t.fence = $3::bigint AND t.lease_until IS NOT NULL RETURNING 1"
    )


# Without a note it was not tried; with one it was, and what became of earlier owners does not matter any more.
_TRIED = ", attempts = t.attempts - CASE WHEN $4 IS NULL THEN 1 ELSE t.lost END"
# What nobody tried, and gives back when a later one waits that it would have collapsed with, is cancelled.
_OVERTAKEN = (
    "CASE WHEN $4 IS NULL AND t.attempts = 1 AND t.collapse IS NOT NULL AND (SELECT true FROM reqflow.outbox n"
    " WHERE n.workspace = $1 AND n.destination = t.destination AND n.collapse = t.collapse"
    " AND n.state = 'ready' AND n.seq > t.seq LIMIT 1) THEN 'cancelled' ELSE t.state END"
)
_EXTEND = {queue: _extending(*names) for queue, names in _KEYS.items()}
_RELEASE = {
    LeaseQueue.INBOX: _releasing(*_KEYS[LeaseQueue.INBOX], f"ready_at = $5::timestamptz{_TRIED}"),
    LeaseQueue.OUTBOX: _releasing(
        *_KEYS[LeaseQueue.OUTBOX], f"ready_at = $5::timestamptz, state = {_OVERTAKEN}{_TRIED}"
    ),
    LeaseQueue.AGENDA: _releasing(
        *_KEYS[LeaseQueue.AGENDA],
        f"due_at = least($5::timestamptz, t.again_at), again_at = NULL{_TRIED}",
    ),
}
_PARK = {
    LeaseQueue.INBOX: _releasing(*_KEYS[LeaseQueue.INBOX], "parked = true, ready_at = NULL"),
    LeaseQueue.OUTBOX: _releasing(*_KEYS[LeaseQueue.OUTBOX], "state = 'parked', ready_at = NULL"),
    LeaseQueue.AGENDA: _releasing(*_KEYS[LeaseQueue.AGENDA], "parked = true, again_at = NULL"),
}
_NEXT_DUE = Statement(
    "SELECT t.due_at::text FROM reqflow.agenda t WHERE t.workspace = $1 AND NOT t.parked"
    " ORDER BY t.due_at LIMIT 1"
)


def _id(lease: Lease) -> str:
    """The lease's id, if it can be one at all."""
    if lease.queue is LeaseQueue.OUTBOX and not lease.id.isdecimal():
        raise _stale()
    return lease.id


def _stale() -> StaleLease:
    return StaleLease("a lease was lost: its item is done, or somebody else has it now")


def _text(content: bytes | None) -> str:
    return (content or b"").decode()


def _line_order(row: Sequence[bytes | None]) -> int:
    return int(row[0] or 0)


def _agenda_order(row: Sequence[bytes | None]) -> tuple[datetime, str]:
    return datetime.fromisoformat(_text(row[0])), _text(row[1])


class Queues:
    """The leased queues over a wire."""

    def __init__(self, wire: Wire, documents: Documents) -> None:
        self._wire = wire
        self._documents = documents

    def lease(
        self, workspace: str, queue: LeaseQueue, now: datetime, until: datetime, limit: int
    ) -> list[Lease]:
        """Claim up to ``limit`` items, in order."""
        values = [workspace, now.isoformat(), until.isoformat(), str(limit)]
        found: list[Lease] = []
        while not found and (rows := self._run(_CLAIMS[queue], values)):
            rows.sort(key=_agenda_order if queue is LeaseQueue.AGENDA else _line_order)
            for _, id, fence, attempts, content, lost in rows:
                try:
                    item = self._item(queue, _text(id), content or b"")
                except CorruptRecord:  # it would stop the queue for ever
                    self._run(_PARK[queue], [workspace, _text(id), _text(fence), UNREADABLE])
                    continue
                found.append(
                    Lease(
                        queue=queue,
                        id=_text(id),
                        fence=int(fence or 0),
                        attempts=int(attempts or 0),
                        item=item,
                        lost=int(lost or 0),
                    )
                )
        return found

    def _item(self, queue: LeaseQueue, id: str, content: bytes) -> InboxItem | QueuedEffect | Timer:
        if queue is LeaseQueue.AGENDA:
            return Timer(Code(id), datetime.fromisoformat(content.decode()))
        if queue is LeaseQueue.INBOX:
            return self._documents.read(content, InboxItem, f"inbox {id}")
        return self._documents.read(content, QueuedEffect, f"outbox {id}")

    def extend(self, workspace: str, leases: Sequence[Lease], until: datetime) -> None:
        """Keep the leases longer; those of one queue all or, with `StaleLease`, none."""
        by_queue: dict[LeaseQueue, list[Lease]] = {}
        for lease in sorted(leases, key=lambda lease: (lease.queue, lease.id)):
            by_queue.setdefault(lease.queue, []).append(lease)
        steps: list[tuple[Statement, list[Value]]] = [
            (
                _EXTEND[queue],
                [
                    workspace,
                    array_literal([_id(lease) for lease in kept]),
                    array_literal([str(lease.fence) for lease in kept]),
                    until.isoformat(),
                ],
            )
            for queue, kept in by_queue.items()
        ]
        try:
            if len(steps) == 1:
                self._wire.run(*steps[0])
            elif steps:
                self._wire.run_together(steps)
        except Failed as failed:
            raise (_stale() if failed.lost_race else as_error(failed, writing=True)) from None

    def release(self, workspace: str, lease: Lease, ready_at: datetime, note: str | None, park: bool) -> None:
        """Give an item back, or park it."""
        values: list[Value] = [workspace, _id(lease), str(lease.fence), note]
        if park:
            told = self._run(_PARK[lease.queue], values)
        else:
            told = self._run(_RELEASE[lease.queue], [*values, ready_at.isoformat()])
        if not told:
            raise _stale()

    def next_due(self, workspace: str) -> datetime | None:
        """The earliest moment on the agenda."""
        told = self._run(_NEXT_DUE, [workspace])
        return moment(told[0][0]) if told else None

    def _run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        try:
            return self._wire.run(statement, values)
        except Failed as failed:
            raise as_error(failed, writing=True) from None
