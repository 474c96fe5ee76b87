"""What several stores do alike, because it must not differ between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from ..codec import dump, dump_events
from ..core.events import Entry
from ..core.facts import WantPool
from ..core.model import AgentId, AgentLoad
from ..errors import InvalidInput, UsageError
from ..ports import Batch

__all__ = [
    "EntryCells",
    "check_texts",
    "choose_pool",
    "cursor_of",
    "entry_cells",
    "micros",
    "not_joinable",
    "place_of",
]

_NEVER = datetime.min.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EntryCells = tuple[str, int, int, str, str, str, str, str | None, str]
"""A history entry as it is stored, in the order of `reqflow.core.chain.own_digest`."""


def micros(at: datetime) -> int:
    """Whole microseconds since 1970."""
    span = at - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def entry_cells(entry: Entry) -> EntryCells:
    """What is stored of a history entry; every store must keep the same, or a history could not be carried over."""
    cause, actor = entry.cause, entry.actor
    return (
        entry.stream,
        entry.seq,
        micros(entry.at),
        actor.kind.value,
        actor.id,
        cause.kind.value,
        cause.key,
        dump(cause.rules) if cause.rules else None,
        dump_events(entry.events),
    )


def check_texts(batch: Batch) -> None:
    """Raise `InvalidInput` for a text body that cannot be stored everywhere.

    UTF-8 has no lone surrogates and PostgreSQL no NUL, so no store takes either; whoever makes texts
    cleans them first. Looking costs a tenth of a microsecond for an ordinary body.
    """
    for text in batch.texts:
        body = text.body
        if "\0" in body:
            raise InvalidInput(f"text {text.ref.id} holds a NUL character, which cannot be stored")
        if not body.isascii():
            try:
                body.encode()
            except UnicodeEncodeError as problem:
                raise InvalidInput(
                    f"text {text.ref.id} holds a lone surrogate at {problem.start}, which cannot be stored"
                ) from None


def choose_pool(known: Mapping[AgentId, AgentLoad], want: WantPool) -> tuple[AgentLoad, ...]:
    """The answer to a want of a pool, from the loads of those agents that have a row."""
    loads = [known.get(agent) or AgentLoad(agent) for agent in want.agents]
    if want.below is not None:
        loads = [load for load in loads if load.load < want.below]
    loads.sort(key=_ORDERS[want.by])
    return tuple(loads[: want.top])


_ORDERS: Mapping[str, Callable[[AgentLoad], tuple[object, ...]]] = MappingProxyType(
    {
        "load": lambda load: (load.load, load.chosen_at or _NEVER, load.agent),
        "chosen": lambda load: (load.chosen_at or _NEVER, load.load, load.agent),
    }
)


def cursor_of(rank: str, id: str) -> str:
    """Where a page of records that were found by a key ends, as the ``after`` of the next one."""
    return json.dumps([rank, id])


def place_of(cursor: str) -> tuple[str, str]:
    """The rank and the id that `cursor_of` was given. Raises `InvalidInput`."""
    try:
        rank, id = json.loads(cursor)
    except (ValueError, TypeError):
        raise InvalidInput(f"{cursor!r} is not the `next` of a page of records with that key") from None
    return str(rank), str(id)


def not_joinable(wanted: str, given: object) -> UsageError:
    """What to raise where a host's connection was wanted, and where hosts find it."""
    kind = f"{type(given).__module__}.{type(given).__qualname__}"
    return UsageError(
        f"to join its transaction, a {wanted} is needed, not {kind}: SQLAlchemy has it as"
        " `session.connection().connection.driver_connection`, Django as `django.db.connection.connection`"
    )
