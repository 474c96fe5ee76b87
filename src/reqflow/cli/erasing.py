"""``erase``: a person goes, with everything that they said, and then what the file still holds of that."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..core.commands import Erase
from ..core.ids import is_profile_id
from ..core.model import Code, ErasureScope, ProfileId
from ..core.records import Erasure
from ..engine import Engine
from ..engine.wiring import SETUP
from ..errors import StoreUnavailable, UsageError
from ..ports import Records
from .opening import open_engine
from .screen import Cell, Screen
from .viewing import everything
from .words import clean, moment, plural

__all__ = ["erase"]


def erase(asked: Namespace, screen: Screen) -> int:
    """Erase a person, wait until that is done, and leave nothing of it in the file."""
    scope = ErasureScope.OWN_WORDS if asked.own_words else ErasureScope.CONVERSATIONS
    with open_engine(asked) as engine:
        erasure_id = engine.handle(Erase(by=SETUP, scope=scope, **_person(engine, asked.person))).record_id
        assert erasure_id is not None  # every erasure has a record
        while (erasure := _found(engine, erasure_id)).finished_at is None:
            if not engine.tick():
                raise StoreUnavailable(
                    "others are at it, and a worker or `reqflow tick` goes on; repeat this to see whether it is done"
                )
        told = f"{plural(erasure.conversations, 'conversation')}, {plural(erasure.texts, 'text')}"
        screen.line(Cell(f"Erased {clean(erasure.id)} at {moment(erasure.finished_at)} UTC: {told}."))
        _compact(engine.store, screen)
    return 0


def _person(engine: Engine, given: str) -> dict[str, Any]:
    """Whom the words on the command line name: a customer, a profile, or an address."""
    if given.startswith("k_"):
        return {"customer_id": given}
    if is_profile_id(given):
        return {"profile_id": ProfileId(given)}
    if not all(given.partition(":")):
        raise UsageError(f"{given!r} is no customer (k_…), profile (p_…) or address (mail:ana@x.example)")
    return {"profile_id": engine.desk.author(given).profile}


def _found(engine: Engine, id: Code) -> Erasure:
    found: Erasure = next(x for x in everything(engine, Records(kind=Code(Erasure.tag))) if x.id == id)
    return found


def _compact(store: Any, screen: Screen) -> None:
    """Rewrite the file, where the store is one: what was deleted stands in it until then.

    Raises `StoreUnavailable` while that cannot be.
    """
    compact = getattr(store, "compact", None)
    if compact is None:
        screen.line(
            Cell("Backups, and what the database keeps of deleted rows until it is vacuumed, are yours.")
        )
        return
    try:
        compact()
    except StoreUnavailable as problem:
        raise StoreUnavailable(
            f"erased, but the words are still in the file ({problem}):"
            " repeat this when nobody uses it; it then only rewrites the file"
        ) from problem
