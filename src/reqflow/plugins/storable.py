"""What several stores do alike, because it must not differ between them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ..core.facts import WantPool
from ..core.model import AgentId, AgentLoad
from ..errors import InvalidInput
from ..ports import Batch

__all__ = ["check_texts", "choose_pool"]

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
    loads.sort(key=_order)
    return tuple(loads[: want.top])


def _order(load: AgentLoad) -> tuple[int, datetime, str]:
    return load.load, load.chosen_at or _NEVER, load.agent
