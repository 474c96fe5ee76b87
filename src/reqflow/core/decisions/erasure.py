"""``decide`` for erasing a person: what is on record of them goes at once, and a timer goes through what they said.

Who they were stays in history as ids, which are keyed digests of addresses, or made of nothing personal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..batch import Gone
from ..facts import Outcome, OutcomeKind, WantEntries
from ..ids import profile_texts
from ..model import Code, CustomerId, ProfileId, Reason, TextId
from ..operations.step import Step
from ..records import Bar, Contact, Customer, Erasure, FieldEntry, stream_of
from ..timers import erase_key
from .bars import check_profile, contacts_of, settle_profiles
from .finding import relied_on

__all__ = ["DECISIONS"]

FIELDS = 200
"""How many fields of a customer are looked at: desks declare fewer."""


def _erase(step: Step, command: c.Erase) -> Outcome:
    if command.customer_id is not None:
        erasure_id, fresh = Code(command.customer_id), _is_on_record(step, command.customer_id)
    else:
        assert command.profile_id is not None  # the command has checked
        erasure_id, fresh = Code(command.profile_id), _is_met(step, command.profile_id)
    outcome = Outcome(kind=OutcomeKind.DONE, record_id=erasure_id)
    known = step.record(Erasure, erasure_id)
    under_way = known is not None and known.finished_at is None
    if known is not None and known.reaches(command.scope) and (under_way or not fresh):
        return outcome
    profiles = known.profiles if known is not None else ()
    customers: tuple[CustomerId, ...] = ()
    if command.customer_id is not None:
        customers = _same_person(step, command.customer_id)
        profiles = tuple(dict.fromkeys((*profiles, *_unlinked(step, command.customer_id))))
        _forget(step, customers)
    else:
        profiles = (ProfileId(erasure_id),)
    step.change(
        e.ErasureAsked(
            erasure_id=erasure_id,
            profiles=profiles,
            customers=customers,
            scope=command.scope,
            reason=Reason(Code("asked")),
        )
    )
    texts = tuple([text for each in profiles for text in profile_texts(each)])
    step.overlay.take_away(Gone(texts=texts, profiles=profiles))
    step.overlay.arm(erase_key(erasure_id, known.turn + 1 if known is not None else 1), step.at)
    return outcome


def _is_met(step: Step, profile_id: ProfileId) -> bool:
    """Whether anything of the profile is on record. Raises `UnknownId`; `Refused` for one that is somebody's."""
    check_profile(profile_id)
    colleague = step.desk.colleague(profile_id)
    if colleague is not None:
        raise Refused("colleague", f"profile {profile_id} is {colleague.id}'s: colleagues cannot be erased")
    contact = relied_on(step, Contact, profile_id)
    if contact is not None and contact.customer_id is not None:
        whose = contact.customer_id
        raise Refused(
            "linked", f"profile {profile_id} belongs to customer {whose}: erase them, or unlink it first"
        )
    return step.overlay.profile(profile_id) is not None


# --- customers ---


def _is_on_record(step: Step, customer_id: CustomerId) -> bool:
    """Whether the customer was not erased yet. Raises `UnknownId`; `Refused` for one who was merged."""
    customer = step.record(Customer, customer_id)
    if customer is None:
        raise UnknownId(f"no customer {customer_id}")
    if customer.merged_into is not None:
        raise Refused(
            "merged", f"customer {customer_id} was merged into {customer.merged_into}: name that one"
        )
    return customer.erased_at is None


def _same_person(step: Step, customer_id: CustomerId) -> tuple[CustomerId, ...]:
    """The customer, and all who turned out to be the same person."""
    found: dict[CustomerId, None] = {}
    waiting = [customer_id]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found[here] = None
        for entry in step.overlay.fact(WantEntries(Code(stream_of(Customer.tag, here)))):
            taken_in = [event.other for event in entry.events if isinstance(event, e.CustomerAbsorbed)]
            waiting += [other for other in taken_in if _is_merged(step, other, here)]
    return tuple(found)


def _is_merged(step: Step, other: CustomerId, into: CustomerId) -> bool:
    customer = step.record(Customer, other)
    return customer is not None and customer.merged_into == into


def _unlinked(step: Step, customer_id: CustomerId) -> tuple[ProfileId, ...]:
    """The customer's profiles, which belong to nobody from now on; a bar stays, as one of the profile's own."""
    settle_profiles(step, customer_id)
    profiles = tuple([ProfileId(each.id) for each in contacts_of(step, customer_id)])
    for each in profiles:
        bar = step.record(Bar, each)
        if bar is not None and bar.with_customer:
            if bar.barred_at is None:
                step.change(e.ProfileBarred(profile_id=each))
            step.change(e.ProfileUnbarred(profile_id=each, customer_id=customer_id))
        step.change(e.ContactUnlinked(profile_id=each, previous=customer_id))
    return profiles


def _forget(step: Step, customers: tuple[CustomerId, ...]) -> None:
    """Empty what is on record of the customers, and let nobody be found by it."""
    for each in customers:
        customer = step.record(Customer, each)
        if customer is not None and customer.erased_at is None:
            step.overlay.take_away(Gone(erased=tuple(_texts_of(customer))))
            step.change(e.CustomerErased(customer_id=each))
        for field in step.overlay.records(FieldEntry.tag, "customer", each, top=FIELDS):
            assert isinstance(field, FieldEntry)
            if field.value is not None and field.value.text is not None:
                step.overlay.take_away(Gone(erased=(field.value.text.id,)))
            step.change(e.FieldCleared(field_id=field.id, field=field.field, customer_id=each))


def _texts_of(customer: Customer) -> Iterator[TextId]:
    known = customer.particulars
    for ref in (
        known.first_name,
        known.last_name,
        known.email,
        known.phone,
        known.company,
        known.address,
    ):
        if ref is not None:
            yield ref.id


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType({c.Erase: _erase})
