"""What operators ask of the queues: how much there is to do, and to try again what was put aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from ...core.effects import QueuedEffect
from ...core.queues import COUNTED
from ...errors import CorruptRecord
from ...ports import Backlog, InboxItem, LeaseQueue
from .documents import Documents
from .failures import Failed, as_error
from .forms import WAKE
from .places import place_of_row, stands_at
from .wire import Rows, Statement, Value, Wire, array_literal

__all__ = ["Tending"]


def _counting(queue: str, waits: str, parked: str, oldest: str, order: str) -> str:
    return (
        f"SELECT '{queue}', count(*)::text, count(*) FILTER (WHERE s.busy)::text,"
        " count(*) FILTER (WHERE s.attempts > s.busy::integer)::text,"
        f" (SELECT count(*) FROM (SELECT FROM reqflow.{queue} t WHERE t.workspace = $1 AND {parked}"
        " LIMIT $3::bigint) p)::text,"
        f" (SELECT {oldest} FROM reqflow.{queue} t WHERE t.workspace = $1 AND {waits} ORDER BY {order} LIMIT 1)"
        " FROM (SELECT t.attempts, coalesce(t.lease_until > $2::timestamptz, false) AS busy"
        f" FROM reqflow.{queue} t WHERE t.workspace = $1 AND {waits} ORDER BY {order} LIMIT $3::bigint) s"
    )


_BACKLOG = Statement(
    " UNION ALL ".join(
        (
            _counting("inbox", "NOT t.parked AND t.seq > 0", "t.parked AND t.seq > 0", "t.document", "t.seq"),
            _counting(
                "outbox",
                "t.state = 'ready' AND t.seq > 0",
                "t.state = 'parked' AND t.seq > 0",
                "t.document",
                "t.seq",
            ),
            _counting(
                "agenda",
                "NOT t.parked AND t.due_at <= $2::timestamptz",
                "t.parked",
                "t.due_at::text",
                "t.due_at",
            ),
        )
    )
)

# A later one that is done is of the same conversation, or of none as well: by that it is found.
_LATER = "n.workspace = $1 AND n.seq > t.seq AND n.destination = t.destination AND n.collapse = t.collapse"
_OVERTAKEN = (
    "t.collapse IS NOT NULL AND CASE WHEN t.conversation_id IS NULL THEN EXISTS (SELECT FROM reqflow.outbox n"
    f" WHERE {_LATER} AND n.conversation_id IS NULL AND n.state IN ('ready', 'done'))"
    " ELSE EXISTS (SELECT FROM reqflow.outbox n WHERE n.conversation_id = t.conversation_id"
    f" AND n.state IN ('ready', 'done') AND {_LATER}) END"
)


def _found(queue: str, key: str, place: str, parked: str, over: str = "false") -> str:
    """The parked rows of some ids, or of all where ``$2`` is null, in their order and locked."""
    return (
        f"WITH found AS MATERIALIZED (SELECT {place_of_row('t')}, {over} AS over FROM reqflow.{queue} t"
        f" WHERE t.workspace = $1 AND {parked} AND ($2::text[] IS NULL OR t.{key}::text = ANY ($2::text[]))"
        f" ORDER BY t.{place} FOR NO KEY UPDATE),"
        f" kept AS (UPDATE reqflow.{queue} t SET {_WAITS[queue]}, attempts = 0, lost = 0, note = NULL"
        f" FROM found f WHERE {stands_at('t', 'f')} AND NOT f.over"
        f" RETURNING t.{key}::text AS id, t.{place} AS place)"
    )


_WAITS = {
    "inbox": "parked = false, ready_at = NULL",
    "outbox": "state = 'ready', ready_at = NULL",
    "agenda": "parked = false, again_at = NULL",
}
_TOLD = f" SELECT k.id, {WAKE} FROM kept k ORDER BY k.place"
_REQUEUE: Mapping[LeaseQueue, Statement] = {
    LeaseQueue.INBOX: Statement(_found("inbox", "key", "seq", "t.parked AND t.seq > 0") + _TOLD),
    LeaseQueue.OUTBOX: Statement(
        _found("outbox", "seq", "seq", "t.state = 'parked' AND t.seq > 0", _OVERTAKEN)
        + ", dropped AS (UPDATE reqflow.outbox t SET state = 'cancelled' FROM found f"
        f" WHERE {stands_at('t', 'f')} AND f.over)" + _TOLD
    ),
    LeaseQueue.AGENDA: Statement(_found("agenda", "key", "key", "t.parked") + _TOLD),
}


class Tending:
    """The queues as operators see them, over a wire."""

    def __init__(self, wire: Wire, documents: Documents) -> None:
        self._wire = wire
        self._documents = documents

    def requeue(self, workspace: str, queue: LeaseQueue, ids: Sequence[str] | None) -> list[str]:
        """Let parked items wait again, or all of them; returns which. Overtaken effects are cancelled."""
        named = None if ids is None else array_literal(ids)
        return [(id or b"").decode() for id, _ in self._run(_REQUEUE[queue], [workspace, named])]

    def backlog(self, workspace: str, now: datetime) -> list[Backlog]:
        """How much each queue has to do."""
        rows = {
            (row[0] or b"").decode(): row[1:]
            for row in self._run(_BACKLOG, [workspace, now.isoformat(), str(COUNTED)])
        }
        return [self._backlog(queue, rows[queue.value], now) for queue in LeaseQueue]

    def _backlog(self, queue: LeaseQueue, row: Sequence[bytes | None], now: datetime) -> Backlog:
        waiting, leased, retried, parked = [int(each or 0) for each in row[:4]]
        since = None if row[4] is None else self._since(queue, row[4])
        return Backlog(
            queue=queue,
            waiting=waiting,
            leased=leased,
            retried=retried,
            parked=parked,
            age=None if since is None else max((now - since).total_seconds(), 0.0),
        )

    def _since(self, queue: LeaseQueue, content: bytes) -> datetime | None:
        if queue is LeaseQueue.AGENDA:
            return datetime.fromisoformat(content.decode())
        with suppress(CorruptRecord):
            if queue is LeaseQueue.INBOX:
                return self._documents.read(content, InboxItem, "the oldest of the inbox").accepted_at
            return self._documents.read(content, QueuedEffect, "the oldest of the outbox").queued_at
        return None

    def _run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        try:
            return self._wire.run(statement, values)
        except Failed as failed:
            raise as_error(failed, writing=True) from None
