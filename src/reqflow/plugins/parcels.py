"""The rows of a desk on their way into a store: a few hundred at a time, as far as can be as the commits that they are.

What a commit takes no part of as it stands goes beside it: the desk document, history with its digests, and items of
queues that were tried already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import attrs

from ..core.chain import StoredEntry
from ..core.facts import DeskDocument
from ..core.model import (
    AgentLoad,
    Code,
    Conversation,
    Lane,
    Message,
    Profile,
    Request,
    Text,
    TextRef,
    Workspace,
)
from ..core.records.root import Record
from ..errors import Conflict
from ..ports import Batch, KeptItem, KeptOutcome, KeptText, RecordPut, Row, ThreadKey
from .storable import check_texts

__all__ = ["Parcel", "parcels", "there_already"]

SIZE = 200
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class Parcel:
    """Some rows of a desk. ``state`` is put as it is; ``keys`` has what must not be there yet."""

    state: Batch
    keys: Batch
    desk: DeskDocument | None
    entries: tuple[StoredEntry, ...]
    items: tuple[KeptItem, ...]


def parcels(workspace: Workspace, rows: Iterable[Row]) -> Iterator[Parcel]:
    """All rows, in their order. Raises `InvalidInput` for texts that cannot be stored everywhere."""
    left = iter(rows)
    while some := list(islice(left, SIZE)):
        keys = Batch(
            workspace=workspace,
            at=_ANY_TIME,
            profiles=_of(some, Profile),
            texts=tuple([_text(each) for each in _of(some, KeptText)]),
            requests=_of(some, Request),
            messages=_of(some, Message),
            threads=_of(some, ThreadKey),
            outcomes=tuple([(each.key, each.outcome) for each in _of(some, KeptOutcome)]),
        )
        check_texts(keys)
        state = Batch(
            workspace=workspace,
            at=_ANY_TIME,
            restoring=True,
            conversations=_of(some, Conversation),
            records=tuple([RecordPut(each) for each in _of(some, Record)]),
            lanes=_of(some, Lane),
            agents=_of(some, AgentLoad),
        )
        desk = next(iter(_of(some, DeskDocument)), None)
        yield Parcel(state, keys, desk, _of(some, StoredEntry), _of(some, KeptItem))


def there_already(workspace: Workspace) -> Conflict:
    """What to raise where the store has the desk."""
    return Conflict(
        (("desk", workspace),), f"this store has a desk called {workspace} already; nothing was stored"
    )


def _of(rows: Iterable[Row], cls: type[Any]) -> tuple[Any, ...]:
    return tuple([row for row in rows if isinstance(row, cls)])


def _text(kept: KeptText) -> Text:
    return Text(TextRef(kept.id, kept.audience, kept.owner, Code("")), kept.body)
