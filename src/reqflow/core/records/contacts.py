"""Contacts: customers, the profiles that belong to them, and whose input is dropped. (Audite, OneDesk)

Conversations refer to the profile alone, so linking, merging and barring touch no conversation's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, Badge, Code, CustomerId, MovedProfile, Particulars
from ..values import value
from .bars import Bar
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "Contact", "Customer", "ProfileSet"]


@value(kw_only=True)
class Contact(Record):
    """Whose profile it is; its id is the profile's. There is one for each profile that was ever linked.

    ``linked_because`` is the code of the reason: ``asked``, ``created``, ``recognised``, ``merged``, ``merge_undone``.
    """

    tag: ClassVar[str] = "contact"
    customer_id: CustomerId | None = None
    linked_at: datetime | None = None
    linked_by: Actor | None = None
    linked_because: Code | None = None

    @property
    def badge(self) -> Badge:
        """What people see beside the profile. (Audite)"""
        return Badge.ANONYMOUS if self.customer_id is None else Badge.RECOGNIZED

    def found_by(self) -> tuple[RecordKey, ...]:
        """By customer, in the order of linking."""
        if self.customer_id is None or self.linked_at is None:
            return ()
        return (RecordKey("customer", self.customer_id, rank_of(self.linked_at)),)


@value(kw_only=True)
class Customer(Record):
    """A person. ``bar_entry`` is the entry of the last bar or unbar in the customer's own history.

    One that was merged keeps its particulars, and what was ``moved``, for the day when that is undone; whoever finds it
    by them until then goes on to ``merged_into``. Of one that was erased nothing can be told, and nothing changed.
    """

    tag: ClassVar[str] = "customer"
    particulars: Particulars
    created_at: datetime
    created_by: Actor
    barred_at: datetime | None = None
    barred_by: Actor | None = None
    bar_entry: int = 0
    merged_into: CustomerId | None = None
    moved: tuple[MovedProfile, ...] = ()
    erased_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By the keys of e-mail address, phone number and company."""
        known, rank = self.particulars, rank_of(self.created_at)
        keys = (("email", known.email_key), ("phone", known.phone_key), ("company", known.company_key))
        return tuple([RecordKey(name, content, rank) for name, content in keys if content is not None])


@value(kw_only=True)
class ProfileSet(Record):
    """Which profiles a customer has, as a version: whoever adds, takes away or counts on all of them writes it anew.

    Its id is the customer's. So nobody is barred or merged without a profile that is linked at that very moment. State
    without history.
    """

    tag: ClassVar[str] = "profile_set"
    folds: ClassVar[bool] = False


# --- what events make of them ---


def _linked(old: Contact | None, event: e.ContactLinked, stream: str, at: datetime, actor: Actor) -> Contact:
    return Contact(
        id=Code(event.profile_id),
        version=old.version if old is not None else 0,
        customer_id=event.customer_id,
        linked_at=at,
        linked_by=actor,
        linked_because=event.reason.code,
    )


def _unlinked(old: Contact, event: e.ContactUnlinked, stream: str, at: datetime, actor: Actor) -> Contact:
    return Contact(id=old.id, version=old.version)


def _created(old: None, event: e.CustomerCreated, stream: str, at: datetime, actor: Actor) -> Customer:
    return Customer(
        id=Code(event.customer_id), particulars=event.particulars, created_at=at, created_by=actor
    )


def _changed(old: Customer, event: e.CustomerChanged, stream: str, at: datetime, actor: Actor) -> Customer:
    return attrs.evolve(old, particulars=event.particulars)


def _merged(old: Customer, event: e.CustomerMerged, stream: str, at: datetime, actor: Actor) -> Customer:
    return attrs.evolve(old, merged_into=event.into, moved=event.moved)


def _restored(old: Customer, event: e.CustomerRestored, stream: str, at: datetime, actor: Actor) -> Customer:
    return attrs.evolve(old, merged_into=None, moved=())


def _as_it_was(old: Customer, event: e.Event, stream: str, at: datetime, actor: Actor) -> Customer:
    return old


def _shut_out(old: Customer, event: e.CustomerBarred, stream: str, at: datetime, actor: Actor) -> Customer:
    return attrs.evolve(old, barred_at=at, barred_by=actor, bar_entry=old.version + 1)


def _let_in(old: Customer, event: e.CustomerUnbarred, stream: str, at: datetime, actor: Actor) -> Customer:
    return attrs.evolve(old, barred_at=None, barred_by=None, bar_entry=old.version + 1)


def _barred(old: Bar | None, event: e.ProfileBarred, stream: str, at: datetime, actor: Actor) -> Bar:
    bar = old if old is not None else Bar(id=Code(event.profile_id))
    if event.customer_id is not None:
        return attrs.evolve(bar, with_customer=True)
    return attrs.evolve(bar, barred_at=at, barred_by=actor)


def _unbarred(old: Bar, event: e.ProfileUnbarred, stream: str, at: datetime, actor: Actor) -> Bar:
    if event.customer_id is not None:
        return attrs.evolve(old, with_customer=False)
    return attrs.evolve(old, barred_at=None, barred_by=None)


_PROFILE: Any = attrgetter("profile_id")
_CUSTOMER: Any = attrgetter("customer_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.ContactLinked: Projection(Contact, _PROFILE, _linked),
        e.ContactUnlinked: Projection(Contact, _PROFILE, _unlinked),
        e.CustomerCreated: Projection(Customer, _CUSTOMER, _created, begins=True),
        e.CustomerChanged: Projection(Customer, _CUSTOMER, _changed),
        e.CustomerMerged: Projection(Customer, _CUSTOMER, _merged),
        e.CustomerAbsorbed: Projection(Customer, _CUSTOMER, _as_it_was),
        e.CustomerRestored: Projection(Customer, _CUSTOMER, _restored),
        e.CustomerSeparated: Projection(Customer, _CUSTOMER, _as_it_was),
        e.CustomerBarred: Projection(Customer, _CUSTOMER, _shut_out),
        e.CustomerUnbarred: Projection(Customer, _CUSTOMER, _let_in),
        e.ProfileBarred: Projection(Bar, _PROFILE, _barred),
        e.ProfileUnbarred: Projection(Bar, _PROFILE, _unbarred),
    }
)
