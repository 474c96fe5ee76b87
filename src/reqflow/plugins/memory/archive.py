"""A whole desk in memory as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar

from ...codec import load_entry
from ...core.chain import BEGINNING, StoredEntry, purged_before
from ...core.effects import QueuedEffect
from ...core.model import Code, Workspace
from ...errors import Conflict, Duplicate
from ...ports import (
    EffectState,
    InboxItem,
    KeptItem,
    KeptOutcome,
    KeptText,
    Row,
    ThreadKey,
    Timer,
)
from ..parcels import parcels
from .queues import Alarm, Task, Waiting
from .reading import as_stored
from .space import Space
from .writing import apply, check

__all__ = ["rows_of", "space_of"]

READY, PARKED = EffectState.READY, EffectState.PARKED
K = TypeVar("K", bound=Any)
T = TypeVar("T")


def rows_of(space: Space) -> Iterator[Row]:
    """All rows of a desk as they are now, whatever becomes of it while they are gone through."""
    streams = [
        (
            tuple(entries),
            space.cut[name] if entries and entries[0].seq != 1 else BEGINNING,
            space.kept.get(name, {}),
        )
        for name, entries in sorted(space.streams.items())
    ]
    before: list[Iterable[Row]] = [
        () if space.desk is None else (space.desk,),
        _by_key(space.profiles),
        [
            KeptText(text.ref.id, text.ref.audience, text.ref.owner, text.body)
            for text in _by_key(space.texts)
        ],
    ]
    after: list[Iterable[Row]] = [
        _by_key(space.conversations),
        _by_key(space.requests),
        _by_key(space.messages),
        [ThreadKey(*key, found) for key, found in sorted(space.threads.items())],
        _by_key(space.records),
        _by_key(space.lanes),
        _by_key(space.agents),
        [KeptOutcome(key, outcome) for key, outcome in sorted(space.outcomes.items())],
        [_item(place) for place in space.inbox.known.values()],
        [_item(place) for place in space.effects],
        [_timer(key, alarm) for key, alarm in space.agenda.all()],
    ]
    history = chain.from_iterable(as_stored(*stream) for stream in streams)
    return chain(chain.from_iterable(before), history, chain.from_iterable(after))


def _by_key(table: Mapping[K, T]) -> list[T]:
    return [table[key] for key in sorted(table)]


def _item(place: Waiting) -> KeptItem:
    waits, leased = place.state is READY, place.lease_until is not None
    return KeptItem(
        item=place.item,
        state=place.state,
        ready_at=place.ready_at if waits and not leased else None,
        attempts=place.attempts,
        lost=_lost(place) if waits else 0,
        note=place.note,
    )


def _timer(key: str, alarm: Alarm) -> KeptItem:
    return KeptItem(
        item=Timer(Code(key), alarm.due_at),
        state=PARKED if alarm.parked else READY,
        attempts=alarm.attempts,
        lost=0 if alarm.parked else _lost(alarm),
        note=alarm.note,
    )


def _lost(task: Task) -> int:
    return task.lost + (task.lease_until is not None)


def space_of(workspace: Workspace, rows: Iterable[Row]) -> Space:
    """The tables of a desk. Raises `Duplicate` and `Conflict` for rows that cannot be of one desk."""
    space = Space()
    digest = BEGINNING
    for parcel in parcels(workspace, rows):
        space.desk = parcel.desk or space.desk
        for stored in parcel.entries:
            _add_entry(space, stored, digest)
            digest = stored.digest
        apply(space, parcel.state)
        check(space, parcel.keys)
        apply(space, parcel.keys)
        for kept in parcel.items:
            _add_item(space, kept)
    return space


def _add_entry(space: Space, stored: StoredEntry, before: bytes) -> None:
    """Add an entry; ``before`` is the digest of the one that came before it."""
    entry = load_entry(stored)
    entries = space.streams.setdefault(stored.stream, [])
    if not entries:
        space.stream_names.add(stored.stream)
        purged = purged_before(stored)
        before = BEGINNING if purged is None else purged[1]
        if stored.seq != 1:
            space.cut[stored.stream] = before
    elif entries[-1].seq != stored.seq - 1:
        raise Conflict((("stream", stored.stream),))
    entries.append(entry)
    if list(as_stored((entry,), before, {})) != [stored]:
        space.kept.setdefault(stored.stream, {})[stored.seq] = stored


def _add_item(space: Space, kept: KeptItem) -> None:
    task: Task
    item = kept.item
    if isinstance(item, Timer):
        task = alarm = Alarm(item.due_at)
        alarm.parked = kept.state is PARKED
        space.agenda.keep(item.key, alarm)
    elif isinstance(item, QueuedEffect):
        task = place = space.keep_effect(item, kept.state)
        place.ready_at = kept.ready_at
    else:
        task = _accept(space, item, kept)
    task.attempts, task.lost, task.note = kept.attempts, kept.lost, kept.note


def _accept(space: Space, item: InboxItem, kept: KeptItem) -> Waiting:
    if item.key in space.inbox.known:
        raise Duplicate(item.key)
    space.accepted += 1
    place = Waiting(space.accepted, item.key, item.lane, item)
    place.state, place.ready_at = kept.state, kept.ready_at
    space.inbox.keep(place)
    return place
