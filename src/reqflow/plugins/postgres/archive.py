"""A whole desk in PostgreSQL as rows, and back: read from one snapshot, written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg

from ...codec import dump, load, load_record
from ...core.chain import StoredEntry
from ...core.effects import QueuedEffect
from ...core.facts import DeskDocument, Outcome
from ...core.model import (
    AgentLoad,
    Audience,
    Code,
    Conversation,
    Lane,
    Message,
    Profile,
    Request,
    Workspace,
)
from ...errors import CorruptRecord, StoreUnavailable
from ...ports import EffectState, InboxItem, KeptItem, KeptOutcome, KeptText, Row, ThreadKey, Timer
from ..parcels import Parcel, parcels, there_already
from ..storable import micros
from .commit import Commits
from .connections import Connections
from .documents import Documents
from .failures import REFUSED, Failed, as_error
from .rows import Cells, Changes, changes_of
from .schema import check_schema
from .wire import Statement, Value, Wire

__all__ = ["Archives"]

READY, PARKED = EffectState.READY, EffectState.PARKED
AT_A_TIME = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STANDS = (
    "CASE WHEN lease_until IS NULL THEN ready_at END, attempts,"
    " lost + (lease_until IS NOT NULL)::integer, note"
)


def _of(cls: type) -> Callable[[str], Any]:
    return lambda document: load(document, cls, f"a stored {cls.__name__.lower()}")


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _entry(stream: str, seq: int, at: datetime, *told: Any) -> StoredEntry:
    actor_kind, actor_id, cause_kind, cause_key, rules, events, digest = told
    return StoredEntry(
        stream=Code(stream),
        seq=seq,
        at=micros(at),
        actor_kind=actor_kind,
        actor_id=actor_id,
        cause_kind=cause_kind,
        cause_key=cause_key,
        rules=rules,
        events=events,
        digest=bytes(digest),
    )


def _item(cls: type, document: str, state: str, *stands: Any) -> KeptItem:
    ready_at, attempts, lost, note = stands
    waits = state == READY
    return KeptItem(
        item=load(document, cls, "an item of a queue"),
        state=EffectState(state),
        ready_at=_utc(ready_at) if waits else None,
        attempts=attempts,
        lost=lost if waits else 0,
        note=note,
    )


def _timer(key: str, due_at: datetime, parked: bool, *stands: Any) -> KeptItem:
    attempts, lost, note = stands
    return KeptItem(
        item=Timer(Code(key), due_at.astimezone(UTC)),
        state=PARKED if parked else READY,
        attempts=attempts,
        lost=0 if parked else lost,
        note=note,
    )


_ROWS: Mapping[str, Callable[..., Row]] = MappingProxyType(
    {
        "revision, content, salt FROM reqflow.desks WHERE workspace = %s": DeskDocument,
        "document FROM reqflow.profiles WHERE workspace = %s ORDER BY id": _of(Profile),
        "id, audience, owner, body FROM reqflow.texts WHERE workspace = %s ORDER BY id": (
            lambda id, audience, owner, body: KeptText(id, Audience(audience), owner, body)
        ),
        "stream, seq, at, actor_kind, actor_id, cause_kind, cause_key, rules, events, digest"
        " FROM reqflow.history WHERE workspace = %s ORDER BY stream, seq": _entry,
        "document FROM reqflow.conversations WHERE workspace = %s ORDER BY id": _of(Conversation),
        "document FROM reqflow.requests WHERE workspace = %s ORDER BY id": _of(Request),
        "document FROM reqflow.messages WHERE workspace = %s ORDER BY id": _of(Message),
        "channel_id, native, conversation_id FROM reqflow.thread_keys WHERE workspace = %s"
        " ORDER BY channel_id, native": ThreadKey,
        "document FROM reqflow.records WHERE workspace = %s ORDER BY kind, id": load_record,
        "channel_id, profile_id, version, conversation_id FROM reqflow.lanes WHERE workspace = %s"
        " ORDER BY channel_id, profile_id": Lane,
        "id, version, load, chosen_at FROM reqflow.agents WHERE workspace = %s ORDER BY id": (
            lambda id, version, load, chosen_at: AgentLoad(id, version, load, _utc(chosen_at))
        ),
        "key, document FROM reqflow.outcomes WHERE workspace = %s ORDER BY key": (
            lambda key, document: KeptOutcome(key, load(document, Outcome, "an outcome"))
        ),
        f"document, CASE WHEN parked THEN 'parked' ELSE 'ready' END, {_STANDS} FROM reqflow.inbox"
        " WHERE workspace = %s ORDER BY seq": lambda *row: _item(InboxItem, *row),
        f"document, state, {_STANDS} FROM reqflow.outbox WHERE workspace = %s ORDER BY seq": (
            lambda *row: _item(QueuedEffect, *row)
        ),
        "key, due_at, parked, attempts, lost + (lease_until IS NOT NULL)::integer, note FROM reqflow.agenda"
        " WHERE workspace = %s ORDER BY key": _timer,
    }
)
"""What follows SELECT, table by table in the order of `Row`, and what is made of each row."""

_TABLES = """agenda agents conversations desks history inbox lanes messages outbox outcomes profiles record_keys records
    requests texts thread_keys""".split()
_ALONE = Statement("SELECT pg_advisory_xact_lock(1919250036, hashtext($1))")
"""Imports of one desk go one after the other: the second sees that it is there."""
_ABSENT = Statement(
    "SELECT CASE WHEN "
    + " OR ".join(f"EXISTS (SELECT FROM reqflow.{table} t WHERE t.workspace = $1)" for table in _TABLES)
    + " THEN reqflow.refuse() ELSE true END"
)


class Archives:
    """Dumps and loads whole desks."""

    def __init__(self, connections: Connections, wire: Wire, commits: Commits, documents: Documents) -> None:
        self._connections = connections
        self._wire = wire
        self._commits = commits
        self._documents = documents

    def dump(self, workspace: Workspace) -> Iterator[Row]:
        """All rows of a desk from one snapshot, over a connection of its own."""
        with self._connections.connect() as connection:
            check_schema(connection)
            try:
                with connection.transaction():
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    for rest, make in _ROWS.items():
                        yield from _read(connection, rest, make, workspace)
            except psycopg.Error as problem:
                told = problem.diag.message_primary or type(problem).__name__
                raise StoreUnavailable(f"the desk could not be read: {told}") from None

    def load(self, workspace: Workspace, rows: Iterable[Row]) -> None:
        """Write all rows of a desk that is not there yet."""
        begun = False

        def steps() -> Iterator[tuple[Statement, list[Value]]]:
            nonlocal begun
            yield _ALONE, [workspace]
            yield _ABSENT, [workspace]
            begun = True
            yield from self._steps(workspace, rows)

        try:
            self._wire.run_together(steps())
        except Failed as failed:
            if failed.code == REFUSED and not begun:
                raise there_already(workspace) from None
            raise as_error(failed, writing=True) from None

    def _steps(self, workspace: Workspace, rows: Iterable[Row]) -> Iterator[tuple[Statement, list[Value]]]:
        for parcel in parcels(workspace, rows):
            beside = _beside(parcel)
            for changes in (
                beside,
                *(changes_of(each, self._documents) for each in (parcel.state, parcel.keys)),
            ):
                if changes:
                    yield self._commits.step(workspace, "epoch", changes)


def _read(
    connection: psycopg.Connection[Any], rest: str, make: Callable[..., Row], workspace: Workspace
) -> Iterator[Row]:
    with connection.cursor("rows") as cursor:
        cursor.itersize = AT_A_TIME
        for row in cursor.execute(f"SELECT {rest}".encode(), (workspace,)):
            try:
                yield make(*row)
            except (ValueError, TypeError, OverflowError) as problem:
                raise CorruptRecord(f"a row of {workspace} cannot be decoded: {problem}") from problem


def _beside(parcel: Parcel) -> Changes:
    """What commits take no part of as it stands."""
    changes: Changes = {}
    if (desk := parcel.desk) is not None:
        changes["new_desk"] = [(str(desk.revision), desk.content, desk.salt)]
    for entry in parcel.entries:
        changes.setdefault("first_entries", []).append(
            (
                entry.stream,
                str(entry.seq),
                _moment(entry.at),
                entry.actor_kind,
                entry.actor_id,
                entry.cause_kind,
                entry.cause_key,
                entry.rules,
                entry.events,
                f"\\x{entry.digest.hex()}",
            )
        )
    for kept in parcel.items:
        name, cells = _stands(kept)
        changes.setdefault(name, []).append(cells)
    return changes


def _stands(kept: KeptItem) -> tuple[str, Cells]:
    """An item of a queue as it stands: the part that it belongs to, and its cells."""
    item = kept.item
    tried = (str(kept.attempts), str(kept.lost), kept.note)
    ready_at = None if kept.ready_at is None else kept.ready_at.isoformat()
    parked = "t" if kept.state is PARKED else "f"
    if isinstance(item, Timer):
        return "kept_timers", (item.key, item.due_at.isoformat(), parked, *tried)
    if isinstance(item, QueuedEffect):
        about = getattr(item.effect, "conversation_id", None)
        place = (item.destination, about, item.collapse, kept.state.value, ready_at)
        return "kept_effects", (*place, *tried, dump(item))
    return "kept_items", (item.key, item.lane, parked, ready_at, *tried, dump(item))


def _moment(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat()
