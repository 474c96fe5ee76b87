"""Bars: whose input is dropped, by profile and by customer. (Audite)"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind, WantRecord, WantRecords
from ..ids import is_profile_id
from ..model import Code, CustomerId, ProfileId
from ..operations.step import Step
from ..records import Bar, Contact, Customer, ProfileSet
from ..timers import bar_key

__all__ = [
    "DECISIONS",
    "MAX_PROFILES",
    "bar",
    "check_profile",
    "contacts_of",
    "customer_of",
    "settle_profiles",
    "unbar",
]

MAX_PROFILES = 200
"""How many profiles one customer may have: merging and barring write them all in one commit."""

_DONE = OutcomeKind.DONE


# --- who is meant ---


def customer_of(step: Step, customer_id: CustomerId) -> Customer:
    """The customer of a command. Raises `UnknownId`; `Refused` for one who was erased, or merged, naming into whom."""
    customer = step.record(Customer, customer_id)
    if customer is None:
        raise UnknownId(f"no customer {customer_id}")
    if customer.merged_into is not None:
        raise Refused(
            "merged", f"customer {customer_id} was merged into {customer.merged_into}: name that one"
        )
    if customer.erased_at is not None:
        raise Refused("erased", f"customer {customer_id} was erased")
    return customer


def contacts_of(step: Step, customer_id: CustomerId) -> tuple[Contact, ...]:
    """The customer's profiles, as they were linked. Whoever counts on these being all calls `settle_profiles`."""
    step.overlay.facts(  # at one moment: a version that is read later than the profiles would vouch for others
        WantRecord(Code(ProfileSet.tag), Code(customer_id)),
        WantRecords(Code(Contact.tag), "customer", customer_id, MAX_PROFILES + 1),
    )
    found: Any = step.overlay.records(Contact.tag, "customer", customer_id, top=MAX_PROFILES + 1)
    return tuple(found)


def settle_profiles(step: Step, customer_id: CustomerId) -> None:
    """Let nobody link or unlink a profile of the customer, bar or merge them at the same moment unseen."""
    known = step.record(ProfileSet, customer_id)
    step.put(ProfileSet(id=Code(customer_id), version=(known.version if known is not None else 0) + 1))


def _barrable(step: Step, customer_id: CustomerId) -> list[ProfileId]:
    """The customer's profiles, their bars being known, and nobody's else by the time of the commit."""
    settle_profiles(step, customer_id)
    contacts = contacts_of(step, customer_id)
    step.overlay.facts(*[WantRecord(Code(Bar.tag), each.id) for each in contacts])  # all in one go
    return [ProfileId(each.id) for each in contacts]


def check_profile(profile_id: ProfileId) -> None:
    """Refuse what is no profile's id. Raises `UnknownId`.

    A profile that nobody has heard of yet is fine: ``desk.author("mail:ana@x.example").profile`` names one.
    """
    if not is_profile_id(profile_id):
        raise UnknownId(f"no profile {profile_id!r}")


# --- what happens ---


def bar(step: Step, profile_id: ProfileId, customer_id: CustomerId | None = None) -> None:
    """Bar a profile, by itself or with its customer, and ask for its conversations to be closed.

    Nothing happens to a colleague's: colleagues cannot be barred.
    """
    if step.desk.colleague(profile_id) is not None:
        return
    step.change(e.ProfileBarred(profile_id=profile_id, customer_id=customer_id))
    step.overlay.arm(bar_key(profile_id), step.at)


def unbar(step: Step, profile_id: ProfileId, customer_id: CustomerId | None = None) -> None:
    """Take back a bar of the profile's own, or that of its customer, if there is one."""
    known = step.record(Bar, profile_id)
    if known is not None and (known.with_customer if customer_id is not None else known.barred_at):
        step.change(e.ProfileUnbarred(profile_id=profile_id, customer_id=customer_id))


# --- what is asked ---


def _bar_profile(step: Step, command: c.BarProfile) -> Outcome:
    profile = command.profile_id
    check_profile(profile)
    colleague = step.desk.colleague(profile)
    if colleague is not None:
        raise Refused("colleague", f"profile {profile} is {colleague.id}'s: colleagues cannot be barred")
    known = step.record(Bar, profile)
    if known is None or known.barred_at is None:
        bar(step, profile)
    return Outcome(kind=_DONE, record_id=Code(profile))


def _unbar_profile(step: Step, command: c.UnbarProfile) -> Outcome:
    profile = command.profile_id
    check_profile(profile)
    known = step.record(Bar, profile)
    if known is not None and known.with_customer and known.barred_at is None:
        contact = step.record(Contact, profile)
        whose = contact.customer_id if contact is not None else None
        raise Refused("customer_barred", f"customer {whose} is barred with all profiles: unbar the customer")
    unbar(step, profile)
    return Outcome(kind=_DONE, record_id=Code(profile))


def _bar_customer(step: Step, command: c.BarCustomer) -> Outcome:
    customer = customer_of(step, command.customer_id)
    if customer.barred_at is None:
        profiles = _barrable(step, command.customer_id)
        step.change(e.CustomerBarred(customer_id=command.customer_id))
        for each in profiles:
            bar(step, each, command.customer_id)
    return Outcome(kind=_DONE, record_id=customer.id)


def _unbar_customer(step: Step, command: c.UnbarCustomer) -> Outcome:
    customer = customer_of(step, command.customer_id)
    if customer.barred_at is not None:
        profiles = _barrable(step, command.customer_id)
        step.change(e.CustomerUnbarred(customer_id=command.customer_id))
        for each in profiles:
            unbar(step, each, command.customer_id)
    return Outcome(kind=_DONE, record_id=customer.id)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {
        c.BarProfile: _bar_profile,
        c.UnbarProfile: _unbar_profile,
        c.BarCustomer: _bar_customer,
        c.UnbarCustomer: _unbar_customer,
    }
)
