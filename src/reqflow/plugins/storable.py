"""What several stores do alike, because it must not differ between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from ..core.facts import WantPool
from ..core.model import AgentId, AgentLoad
from ..errors import InvalidInput
from ..ports import Batch

__all__ = ["check_texts", "choose_pool", "cursor_of", "place_of"]

_NEVER = datetime.min.replace(tzinfo=UTC)


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
