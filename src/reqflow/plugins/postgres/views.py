"""Pages of views, history and texts: what people and workers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...codec import load, load_events, load_record
from ...core.chain import StoredEntry
from ...core.effects import QueuedEffect
from ...core.events import Cause, CauseKind, Entry
from ...core.model import (
    Actor,
    ActorKind,
    Audience,
    Code,
    CommandKey,
    Conversation,
    Message,
    Request,
    RequestState,
    TextId,
)
from ...errors import CorruptRecord
from ...ports import (
    Conversations,
    Effects,
    EffectState,
    Entries,
    InboxItem,
    LeaseQueue,
    Messages,
    Page,
    Parked,
    ParkedItem,
    Records,
    Requests,
    StoredEffect,
    Streams,
    Texts,
    Timer,
    View,
)
from ..storable import cursor_of, micros, place_of
from .failures import Failed, as_error
from .wire import Rows, Runs, Statement, Value, array_literal

__all__ = ["Views"]

_HISTORY = Statement(
    "SELECT h.seq::text, h.at::text, h.actor_kind, h.actor_id, h.cause_kind, h.cause_key, h.rules, h.events"
    " FROM reqflow.history h WHERE h.workspace = $1 AND h.stream = $2 AND h.seq > $3::bigint"
    " ORDER BY h.seq LIMIT $4::bigint"
)
_TEXTS = Statement(
    "SELECT l.id, l.body FROM unnest($2::text[]) d (id) CROSS JOIN LATERAL (SELECT t.id, t.body"
    " FROM reqflow.texts t WHERE t.workspace = $1 AND t.id = d.id"
    " AND ($3::boolean OR t.audience = 'customer') OFFSET 0) l"
)
_STREAMS = """WITH RECURSIVE named AS (
    (SELECT h.stream FROM reqflow.history h WHERE h.workspace = $1 AND h.stream > $2
        ORDER BY h.stream LIMIT 1)
    UNION ALL SELECT (SELECT h.stream FROM reqflow.history h WHERE h.workspace = $1 AND h.stream > n.stream
        ORDER BY h.stream LIMIT 1) FROM named n WHERE n.stream IS NOT NULL)
SELECT n.stream, n.stream FROM named n WHERE n.stream IS NOT NULL LIMIT $3::bigint"""


_ENTRY = "t.at::text, t.actor_kind, t.actor_id, t.cause_kind, t.cause_key, t.rules, t.events, encode(t.digest, 'hex')"


class _Query:
    """A statement that grows by its conditions, and the values of its parameters."""

    def __init__(self, workspace: str, source: str) -> None:
        self.source = source
        self.values: list[Value] = [workspace]
        self.conditions = ["t.workspace = $1"]

    def where(self, condition: str, given: str | None) -> None:
        """Add a condition on ``{}``, unless nothing is given."""
        if given is not None:
            self.values.append(given)
            self.conditions.append(condition.format(f"${len(self.values)}"))

    def page(self, key: str, columns: str, after: str | None, limit: int, down: bool = False) -> Statement:
        """Rows in the order of their keys, straight from an index in that order."""
        return self._page(f"t.{key}", columns, after, limit, down)

    def listed_page(
        self, key: str, columns: str, after: str | None, limit: int, down: bool = False
    ) -> Statement:
        """The same from an index that says ``key || ''``: in that order no other index has the rows.

        So it is taken whatever the planner thinks of tables that it has never seen full.
        """
        return self._page(f"(t.{key} || '')", columns, after, limit, down)

    def _page(self, key: str, columns: str, after: str | None, limit: int, down: bool) -> Statement:
        self._from(key, after, limit, down)
        return Statement(
            f"SELECT {key}::text, {columns} FROM {self.source} t WHERE {' AND '.join(self.conditions)}"
            f" ORDER BY {key}{' DESC' if down else ''} LIMIT ${len(self.values)}::bigint"
        )

    def sorted_page(
        self, key: str, columns: str, after: str | None, limit: int, down: bool = False
    ) -> Statement:
        """The same for conditions with an index of their own: all keys are found first, and then sorted."""
        self._from(f"t.{key}", after, limit, down)
        order = f"ORDER BY t.{key}{' DESC' if down else ''}"
        return Statement(
            f"WITH found AS MATERIALIZED (SELECT t.{key} FROM {self.source} t"
            f" WHERE {' AND '.join(self.conditions)}),"
            f" chosen AS MATERIALIZED (SELECT t.{key} FROM found t {order} LIMIT ${len(self.values)}::bigint)"
            f" SELECT t.{key}::text, {columns} FROM chosen c CROSS JOIN LATERAL (SELECT t.* FROM {self.source} t"
            f" WHERE t.workspace = $1 AND t.{key} = c.{key} OFFSET 0) t {order}"
        )

    def _from(self, key: str, after: str | None, limit: int, down: bool) -> None:
        self.where(f"{key} {'<' if down else '>'} {{}}", after)
        self.values.append(str(limit + 1))


class Views:
    """Reads over a wire."""

    def __init__(self, wire: Runs) -> None:
        self._wire = wire

    def query(self, workspace: str, view: View) -> Page:
        """One page of a view."""
        match view:
            case Requests():
                return self._requests(workspace, view)
            case Conversations():
                return self._conversations(workspace, view)
            case Messages():
                return self._messages(workspace, view)
            case Records():
                return self._records(workspace, view)
            case Effects():
                return self._effects(workspace, view)
            case Streams():
                rows = self._run(Statement(_STREAMS), [workspace, view.after or "", str(view.limit + 1)])
                return _page(rows, view.limit, [_text(row[1]) for row in rows])
            case Entries():
                return self._entries(workspace, view)
            case Texts():
                return self._texts_of(workspace, view)
            case Parked():
                return self._parked(workspace, view)

    def history(self, workspace: str, stream: str, after: int, limit: int | None) -> tuple[Entry, ...]:
        """Entries of a stream, in order."""
        most = None if limit is None else str(limit)
        rows = self._run(_HISTORY, [workspace, stream, str(after), most])
        return tuple([_entry(stream, row) for row in rows])

    def texts(self, workspace: str, ids: Sequence[TextId], audience: Audience) -> Mapping[TextId, str]:
        """Bodies that the audience may read."""
        internal = "t" if audience is Audience.INTERNAL else "f"
        rows = self._run(_TEXTS, [workspace, array_literal(ids), internal])
        return {TextId(_text(id)): _text(body) for id, body in rows}

    def _requests(self, workspace: str, view: Requests) -> Page:
        query = _Query(workspace, "reqflow.requests")
        open_only = bool(view.states) and RequestState.CLOSED not in view.states
        closed_only = view.states == (RequestState.CLOSED,)
        if open_only or closed_only:
            query.conditions.append("t.state <> 'closed'" if open_only else "t.state = 'closed'")
        states = array_literal([each.value for each in view.states]) if view.states else None
        query.where("t.state = ANY ({}::text[])", states)
        query.where("t.channel_id = {}", view.channel_id)
        query.where("t.assignee = {}", view.assignee)
        query.where("t.queue = {}", view.queue)
        query.where("t.conversation_id = {}", view.conversation_id)
        page = query.page
        if view.conversation_id is None and (
            (view.assignee is not None and (open_only or closed_only))
            or (view.channel_id is not None and closed_only)
        ):
            page = query.listed_page
        elif open_only or view.conversation_id is not None:
            page = query.sorted_page
        statement = page("id", "t.document", view.after, view.limit, view.newest_first)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [_read(row, Request) for row in rows])

    def _conversations(self, workspace: str, view: Conversations) -> Page:
        query = _Query(workspace, "reqflow.conversations")
        wants_open = view.wants_open
        if wants_open is not None:
            query.conditions.append("t.is_open" if wants_open else "NOT t.is_open")
        states = array_literal([each.value for each in view.states]) if view.states else None
        query.where("t.document::jsonb ->> 'state' = ANY ({}::text[])", states)
        query.where("t.document::jsonb ->> 'holder' = {}", view.holder)
        if view.quiet is not None:
            query.conditions.append("t.is_quiet" if view.quiet else "NOT t.is_quiet")
        query.where("t.channel_id = {}", view.channel_id)
        query.where("t.requester = {}", view.requester)
        past = wants_open is False and (view.channel_id or view.requester) is not None
        page = query.listed_page if past else query.page
        statement = page("id", "t.document", view.after, view.limit, view.newest_first)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [_read(row, Conversation) for row in rows])

    def _messages(self, workspace: str, view: Messages) -> Page:
        query = _Query(workspace, "reqflow.messages")
        query.where("t.conversation_id = {}", view.conversation_id)
        statement = query.page("id", "t.document", view.after, view.limit)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [_read(row, Message) for row in rows])

    def _records(self, workspace: str, view: Records) -> Page:
        if view.name is None:
            query = _Query(workspace, "reqflow.records")
            query.where("t.kind = {}", view.kind)
            statement = query.page("id", "t.document", view.after, view.limit, view.newest_first)
            rows = self._run(statement, query.values)
        else:
            rows = self._found(workspace, view, view.name)
        where = f"record {view.kind} "
        items = [load_record(document or b"", where + _text(key)) for key, document in rows]
        return _page(rows, view.limit, items)

    def _found(self, workspace: str, view: Records, name: str) -> Rows:
        """Records that have a key, each with the cursor behind it."""
        order, after = ("DESC", "<") if view.newest_first else ("ASC", ">")
        values: list[Value] = [workspace, view.kind, name, view.content, str(view.limit + 1)]
        border = ""
        if view.after is not None:
            border = f" AND (k.rank, k.id) {after} ($6, $7)"
            values += place_of(view.after)
        statement = Statement(
            "WITH chosen AS MATERIALIZED (SELECT k.rank, k.id FROM reqflow.record_keys k"
            f" WHERE k.workspace = $1 AND k.kind = $2 AND k.name = $3 AND k.content = $4{border}"
            f" ORDER BY k.rank {order}, k.id {order} LIMIT $5::bigint)"
            " SELECT c.rank, c.id, t.document FROM chosen c CROSS JOIN LATERAL (SELECT r.document"
            " FROM reqflow.records r WHERE r.workspace = $1 AND r.kind = $2 AND r.id = c.id OFFSET 0) t"
            f" ORDER BY c.rank {order}, c.id {order}"
        )
        rows = self._run(statement, values)
        return [[cursor_of(_text(rank), _text(id)).encode(), document] for rank, id, document in rows]

    def _effects(self, workspace: str, view: Effects) -> Page:
        query = _Query(workspace, "reqflow.outbox")
        if view.state is not None:  # written out, so that the partial indexes can serve
            query.conditions.append(f"t.state = '{EffectState(view.state).value}' AND t.seq > 0")
        query.where("t.conversation_id = {}", view.conversation_id)
        page = query.page if view.conversation_id is None else query.sorted_page
        columns = "t.document, t.state, t.attempts::text, t.note"
        statement = page("seq", columns, view.after, view.limit)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [_effect(row) for row in rows])

    def _entries(self, workspace: str, view: Entries) -> Page:
        query = _Query(workspace, "reqflow.history")
        query.where("t.stream = {}", view.stream)
        statement = query.page("seq", _ENTRY, view.after, view.limit, view.newest_first)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [_stored_entry(view.stream, row) for row in rows])

    def _parked(self, workspace: str, view: Parked) -> Page:
        query = _Query(workspace, f"reqflow.{view.queue.value}")
        if view.queue is LeaseQueue.AGENDA:
            key, id, content = "key", "t.key", "t.due_at::text"
            query.conditions.append("t.parked")
        else:
            key, content = "seq", "t.document"
            id = "t.key" if view.queue is LeaseQueue.INBOX else "t.seq::text"
            parked = "t.parked" if view.queue is LeaseQueue.INBOX else "t.state = 'parked'"
            query.conditions.append(f"{parked} AND t.seq > 0")
        columns = f"{id}, t.attempts::text, t.note, {content}"
        rows = self._run(query.page(key, columns, view.after, view.limit), query.values)
        return _page(rows, view.limit, [_parked_item(view.queue, row) for row in rows])

    def _texts_of(self, workspace: str, view: Texts) -> Page:
        query = _Query(workspace, "reqflow.texts")
        query.where("t.owner = ANY ({}::text[])", array_literal(view.owners))
        query.conditions.append("t.body <> ''")
        statement = query.page("id", "t.id", view.after, view.limit)
        rows = self._run(statement, query.values)
        return _page(rows, view.limit, [TextId(_text(row[1])) for row in rows])

    def _run(self, statement: Statement, values: Sequence[Value]) -> Rows:
        try:
            return self._wire.run(statement, values)
        except Failed as failed:
            raise as_error(failed) from None


def _page(rows: Rows, limit: int, items: Sequence[Any]) -> Page:
    more = len(rows) > limit
    return Page(items=tuple(items[:limit]), next=_text(rows[limit - 1][0]) if more else None)


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode()


def _read(row: Sequence[bytes | None], cls: type) -> Any:
    return load(row[1] or b"", cls, f"{cls.__name__.lower()} {_text(row[0])}")


def _effect(row: Sequence[bytes | None]) -> StoredEffect:
    seq, document, state, attempts, note = row
    return StoredEffect(
        queued=load(document or b"", QueuedEffect, f"outbox {_text(seq)}"),
        state=EffectState(_text(state)),
        attempts=int(attempts or 0),
        note=None if note is None else _text(note),
    )


def _parked_item(queue: LeaseQueue, row: Sequence[bytes | None]) -> ParkedItem:
    _, id, attempts, note, content = row
    item: Any
    if queue is LeaseQueue.AGENDA:
        item = Timer(Code(_text(id)), datetime.fromisoformat(_text(content)))
    else:
        cls = InboxItem if queue is LeaseQueue.INBOX else QueuedEffect
        try:
            item = load(content or b"", cls, f"{queue} {_text(id)}")
        except CorruptRecord:
            item = None
    return ParkedItem(
        queue=queue,
        id=_text(id),
        item=item,
        attempts=int(attempts or 0),
        note=None if note is None else _text(note),
    )


def _entry(stream: str, row: Sequence[bytes | None]) -> Entry:
    seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events = row
    where = f"entry {_text(seq)} of {stream}"
    named: Any = tuple[str, ...]
    try:
        actor = Actor(ActorKind(_text(actor_kind)), Code(_text(actor_id)))
        kind = CauseKind(_text(cause_kind))
    except ValueError as problem:
        raise CorruptRecord(f"{where} cannot be decoded: {problem}") from problem
    return Entry(
        stream=Code(stream),
        seq=int(seq or 0),
        at=datetime.fromisoformat(_text(at)),
        actor=actor,
        cause=Cause(
            kind=kind,
            key=CommandKey(_text(cause_key)),
            rules=() if rules is None else load(rules, named, where),
        ),
        events=load_events(events or b"", where),
    )


def _stored_entry(stream: Code, row: Sequence[bytes | None]) -> StoredEntry:
    seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events, digest = row
    return StoredEntry(
        stream=stream,
        seq=int(seq or 0),
        at=_micros(_text(at)),
        actor_kind=_text(actor_kind),
        actor_id=_text(actor_id),
        cause_kind=_text(cause_kind),
        cause_key=_text(cause_key),
        rules=None if rules is None else _text(rules),
        events=_text(events),
        digest=bytes.fromhex(_text(digest)),
    )


def _micros(at: str) -> int:
    try:
        return micros(datetime.fromisoformat(at))
    except ValueError:  # such as "infinity", which nobody writes through reqflow
        return -1
