"""A desk as a file: every row a line of JSON, to be moved to another store, kept as a backup, or looked at.

The first line names the format and the desk, the last one counts the rows and holds a digest of all lines before it: so
a file that was cut off or changed is noticed before anything is stored. The same desk always makes the same file,
whichever store it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from .codec import dump, dump_record, load, load_entry, load_record
from .core.chain import StoredEntry
from .core.effects import QueuedEffect
from .core.facts import DeskDocument
from .core.model import (
    AgentLoad,
    Code,
    Conversation,
    Lane,
    Message,
    Profile,
    Request,
    Workspace,
)
from .core.records import Record
from .core.values import value
from .errors import InvalidInput, ReqflowError, StoreError, UnknownId, UnreadableInput
from .ports import (
    EffectState,
    InboxItem,
    KeptItem,
    KeptOutcome,
    KeptText,
    Row,
    Store,
    ThreadKey,
    Timer,
)

__all__ = ["FORMAT", "LONGEST", "Imported", "desk_of", "export_desk", "import_desk"]

FORMAT = 1
"""The number of the format; a file of another one is refused."""
LONGEST = 64 * 1024 * 1024
"""How many bytes a line may have."""
_FIRST, _LAST = "reqflow.desk", "end"


# --- rows as JSON -----------------------------------------------------------------------------------


@value(kw_only=True)
class _Header:
    format: int
    workspace: Workspace


@value(kw_only=True)
class _Trailer:
    rows: dict[str, int]
    sha256: str


@value(kw_only=True)
class _Entry:
    """A `StoredEntry` with its digest in hexadecimal digits."""

    stream: Code
    seq: int
    at: int
    actor_kind: str
    actor_id: str
    cause_kind: str
    cause_key: str
    rules: str | None
    events: str
    digest: str


@value(kw_only=True)
class _Stands:
    """Where an item of a queue stands; the fields of `KeptItem`."""

    state: EffectState = EffectState.READY
    ready_at: datetime | None = None
    attempts: int = 0
    lost: int = 0
    note: str | None = None


def _write_entry(stored: StoredEntry) -> str:
    return dump(
        _Entry(
            stream=stored.stream,
            seq=stored.seq,
            at=stored.at,
            actor_kind=stored.actor_kind,
            actor_id=stored.actor_id,
            cause_kind=stored.cause_kind,
            cause_key=stored.cause_key,
            rules=stored.rules,
            events=stored.events,
            digest=stored.digest.hex(),
        )
    )


def _read_entry(data: Any) -> StoredEntry:
    line = load(data, _Entry)
    stored = StoredEntry(
        stream=line.stream,
        seq=line.seq,
        at=line.at,
        actor_kind=line.actor_kind,
        actor_id=line.actor_id,
        cause_kind=line.cause_kind,
        cause_key=line.cause_key,
        rules=line.rules,
        events=line.events,
        digest=bytes.fromhex(line.digest),
    )
    load_entry(stored)  # what nobody could read later is not taken in
    return stored


def _write_item(kept: KeptItem) -> str:
    stands = _Stands(
        state=kept.state, ready_at=kept.ready_at, attempts=kept.attempts, lost=kept.lost, note=kept.note
    )
    return f"[{dump(kept.item)},{dump(stands)}]"


def _read_item(cls: type[Any]) -> Callable[[Any], KeptItem]:
    def read(data: Any) -> KeptItem:
        item, told = data
        stands = load(told, _Stands)
        return KeptItem(
            item=load(item, cls),
            state=stands.state,
            ready_at=stands.ready_at,
            attempts=stands.attempts,
            lost=stands.lost,
            note=stands.note,
        )

    return read


@value
class _Kind:
    """A kind of row: its class, what its rows are in order by (None: they stand in line), how to read and write one."""

    cls: type[Any]
    key: Callable[[Any], Any] | None
    read: Callable[[Any], Any]
    write: Callable[[Any], str] = dump


def _plain(cls: type[Any], *key: str) -> _Kind:
    def keyed(row: Any) -> tuple[str, ...]:
        return tuple([getattr(row, name) for name in key])

    return _Kind(cls, keyed, lambda data: load(data, cls))


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "desk": _plain(DeskDocument),
        "profile": _plain(Profile, "id"),
        "text": _plain(KeptText, "id"),
        "entry": _Kind(StoredEntry, lambda row: (row.stream, row.seq), _read_entry, _write_entry),
        "conversation": _plain(Conversation, "id"),
        "request": _plain(Request, "id"),
        "message": _plain(Message, "id"),
        "thread": _plain(ThreadKey, "channel_id", "native"),
        "record": _Kind(Record, lambda row: (row.tag, row.id), load_record, dump_record),
        "lane": _plain(Lane, "channel_id", "profile_id"),
        "agent": _plain(AgentLoad, "agent"),
        "outcome": _plain(KeptOutcome, "key"),
        "inbox": _Kind(InboxItem, None, _read_item(InboxItem), _write_item),
        "outbox": _Kind(QueuedEffect, None, _read_item(QueuedEffect), _write_item),
        "timer": _Kind(Timer, lambda row: row.item.key, _read_item(Timer), _write_item),
    }
)
"""In the order of a file, which is that of `Row`."""

_PLACES: Mapping[str, int] = MappingProxyType({word: place for place, word in enumerate(_KINDS)})


def _word_of(row: Row) -> str:
    told: Any = row.item if isinstance(row, KeptItem) else row
    return next(word for word, kind in _KINDS.items() if isinstance(told, kind.cls))


# --- export -----------------------------------------------------------------------------------------


def export_desk(store: Store, workspace: str = "main") -> Iterator[bytes]:
    """The lines of a file that holds a desk as it is now, each with its newline; a few rows are in memory at a time.

    It holds all there is: people's words and addresses, the salt, history with its digests, and what waits to be done.
    Raises `UnknownId` where there is no such desk, and a `StoreError`.
    """
    desk = Workspace(workspace)
    digest = sha256()
    counts: dict[str, int] = {}
    rows = store.dump(desk)
    try:
        for row in rows:
            if not counts:
                line = _line(_FIRST, dump(_Header(format=FORMAT, workspace=desk)))
                digest.update(line)
                yield line
            word = _word_of(row)
            line = _line(word, _KINDS[word].write(row))
            if len(line) > LONGEST:
                raise StoreError(f"a {word} is longer than {LONGEST} bytes, which no import takes")
            counts[word] = counts.get(word, 0) + 1
            digest.update(line)
            yield line
    finally:
        if isinstance(rows, Generator):
            rows.close()  # lets go of the store at once
    if not counts:
        raise UnknownId(f"this store holds no desk called {workspace!r}")
    yield _line(_LAST, dump(_Trailer(rows=counts, sha256=digest.hexdigest())))


def _line(word: str, content: str) -> bytes:
    return f'["{word}",{content}]\n'.encode()


# --- import -----------------------------------------------------------------------------------------


@value(kw_only=True)
class Imported:
    """What a file brought: the desk, and how many rows of each kind."""

    workspace: Workspace
    rows: Mapping[str, int]


def import_desk(store: Store, lines: Iterable[bytes]) -> Imported:
    """Store the desk of a file, under its own name, all of it or nothing.

    It goes on where it stood: what was handled is not handled again, what waits is done here. So see to it that it is
    not done in the old store as well. Raises `UnreadableInput` for what is no whole file of `export_desk` (and
    `InvalidInput` for text in place of bytes), `Conflict` where the store has such a desk already, and a `StoreError`.
    """
    reading = _Reading(lines)
    workspace = reading.header().workspace
    store.load(workspace, reading.rows())
    return Imported(workspace=workspace, rows=MappingProxyType(reading.counts))


def desk_of(line: bytes) -> Workspace:
    """The desk that a file holds, by its first line. Raises `UnreadableInput` for what is no such file."""
    return _Reading([line]).header().workspace


class _Reading:
    """Reads the lines of a file, each when it is asked for, and checks that they are all there."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._digest = sha256()
        self._line = b""
        self._number = 0
        self.counts: dict[str, int] = {}

    def header(self) -> _Header:
        """The first line. Raises `UnreadableInput`, as the rest does."""
        line = self._next()
        try:
            word, data = self._parted(line or b"")
        except UnreadableInput:
            word, data = "", None
        if word != _FIRST:
            raise UnreadableInput("this is no file of a desk: its first line is not that of `reqflow export`")
        header: _Header = self._read(lambda told: load(told, _Header), data, "header")
        if header.format != FORMAT:
            raise UnreadableInput(
                f"this file has format {header.format}, this reqflow reads {FORMAT}:"
                " use the version of reqflow that wrote it, or a newer one"
            )
        if not header.workspace:
            raise UnreadableInput("line 1: the desk has no name")
        return header

    def rows(self) -> Iterator[Row]:
        """All rows; the last line is checked before this ends."""
        last: tuple[Any, ...] = ()
        while (line := self._next()) is not None:
            word, data = self._parted(line)
            if word == _LAST:
                self._finish(data)
                return
            kind = _KINDS.get(word)
            if kind is None:
                raise self._wrong("no kind of row that this reqflow knows")
            row = self._read(kind.read, data, word)
            place = (_PLACES[word], self._number if kind.key is None else kind.key(row))
            if place <= last:
                raise self._wrong(f"this {word} is not in its place, or twice in the file")
            last = place
            self.counts[word] = self.counts.get(word, 0) + 1
            yield row
        raise UnreadableInput(f"the file was cut off after line {self._number}: its last line is missing")

    def _finish(self, data: Any) -> None:
        trailer: _Trailer = self._read(lambda told: load(told, _Trailer), data, "last line")
        if trailer.rows != self.counts or trailer.sha256 != self._digest.hexdigest():
            raise UnreadableInput("the file was changed, or parts of it are missing: its digest does not fit")
        if self._next() is not None:
            raise self._wrong("there is more behind the last line of the desk")

    def _next(self) -> bytes | None:
        line: Any = next(self._lines, None)
        if line is None:
            return None
        if isinstance(line, str):
            raise InvalidInput("the lines of a desk's file are bytes, not text: open the file with 'rb'")
        self._number += 1
        if len(line) > LONGEST:
            raise self._wrong(f"longer than {LONGEST} bytes")
        self._digest.update(self._line)  # of all lines before this one
        self._line = line
        return self._line

    def _parted(self, line: bytes) -> tuple[str, Any]:
        data = self._read(lambda told: load(told, list), line, "line")
        if len(data) != 2 or not isinstance(data[0], str):
            raise self._wrong("no line of a desk")
        return data[0], data[1]

    def _read(self, read: Callable[[Any], Any], data: Any, word: str) -> Any:
        """What a line says; a problem is told without any word of it, since it may be somebody's."""
        try:
            return read(data)
        except (ReqflowError, ValueError, TypeError):
            raise self._wrong(f"no {word} that this reqflow can read") from None

    def _wrong(self, problem: str) -> UnreadableInput:
        return UnreadableInput(f"line {self._number}: {problem}")
