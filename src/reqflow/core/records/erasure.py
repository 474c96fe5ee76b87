"""Erasures: who was or is being erased, on whose word, and how far it went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, Conversation, CustomerId, ErasureScope, Particulars, ProfileId
from ..values import value
from .contacts import Customer
from .projection import Projection
from .root import Record

__all__ = ["PROJECTIONS", "Erasure"]


@value(kw_only=True)
class Erasure(Record):
    """A person who was erased, or is being; its id is that of the profile or customer who was named.

    It begins another ``turn`` when it is asked again; ``conversations`` and ``texts`` count what went in this one.
    """

    tag: ClassVar[str] = "erasure"
    profiles: tuple[ProfileId, ...]
    customers: tuple[CustomerId, ...] = ()
    scope: ErasureScope
    asked_at: datetime
    asked_by: Actor
    finished_at: datetime | None = None
    conversations: int = 0
    texts: int = 0
    turn: int = 1

    def reaches(self, scope: ErasureScope) -> bool:
        """Whether it erases all that one of this scope would."""
        return self.scope is scope or self.scope is ErasureScope.CONVERSATIONS

    def has_emptied(self, conversation: Conversation) -> bool:
        """Whether there is nothing left to be done in a conversation."""
        return conversation.erased is ErasureScope.CONVERSATIONS or conversation.erased is self.scope


def _asked(old: Erasure | None, event: e.ErasureAsked, stream: str, at: datetime, actor: Actor) -> Erasure:
    return Erasure(
        id=event.erasure_id,
        version=old.version if old is not None else 0,
        profiles=event.profiles,
        customers=event.customers,
        scope=event.scope,
        asked_at=at,
        asked_by=actor,
        turn=old.turn + 1 if old is not None else 1,
    )


def _advanced(old: Erasure, event: e.ErasureAdvanced, stream: str, at: datetime, actor: Actor) -> Erasure:
    return attrs.evolve(
        old,
        conversations=old.conversations + event.conversations,
        texts=old.texts + event.texts,
        finished_at=at if event.finished else None,
    )


def _forgotten(old: Customer, event: e.CustomerErased, stream: str, at: datetime, actor: Actor) -> Customer:
    """Of the particulars only the places of the two names stay, whose texts are empty."""
    known = old.particulars
    names = Particulars(first_name=known.first_name, last_name=known.last_name)
    return attrs.evolve(old, particulars=names, barred_at=None, barred_by=None, erased_at=at)


_ERASURE: Any = attrgetter("erasure_id")
_CUSTOMER: Any = attrgetter("customer_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.ErasureAsked: Projection(Erasure, _ERASURE, _asked),
        e.ErasureAdvanced: Projection(Erasure, _ERASURE, _advanced),
        e.CustomerErased: Projection(Customer, _CUSTOMER, _forgotten),
    }
)
