"""Customers who turn out to be one person, and those who turn out to be two after all.

Only profiles move. Conversations refer to profiles, so none is touched; a customer who was merged keeps what is on
record of them, and whoever is found by it is the one they were merged into.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind, WantRecord
from ..model import Code, CustomerId, MovedProfile, ProfileId, Reason
from ..operations.step import Step
from ..records import Contact, Customer, stream_of
from .bars import MAX_PROFILES, contacts_of, customer_of, settle_profiles

__all__ = ["DECISIONS"]


def _merge(step: Step, command: c.MergeCustomers) -> Outcome:
    into, other = customer_of(step, command.into), customer_of(step, command.other)
    if into.id == other.id:
        raise Refused("same", f"{into.id} cannot be merged with itself")
    if (into.barred_at is None) is not (other.barred_at is None):
        barred = into if into.barred_at is not None else other
        raise Refused(
            "barred", f"of the two only {barred.id} is barred: bar both or neither, then merge them"
        )
    contacts = contacts_of(step, command.other)
    if len(contacts) + len(contacts_of(step, command.into)) > MAX_PROFILES:
        raise Refused("too_many_profiles", f"the two have more than {MAX_PROFILES} profiles")
    moved = tuple([MovedProfile(ProfileId(each.id), each.version + 1) for each in contacts])
    step.change(e.CustomerMerged(customer_id=command.other, into=command.into, moved=moved))
    step.change(e.CustomerAbsorbed(customer_id=command.into, other=command.other))
    _move(step, moved, command.other, command.into, "merged")
    return Outcome(kind=OutcomeKind.DONE, record_id=into.id)


def _move(
    step: Step, moved: tuple[MovedProfile, ...], previous: CustomerId, to: CustomerId, why: str
) -> None:
    settle_profiles(step, previous)
    settle_profiles(step, to)
    for each in moved:
        step.change(
            e.ContactLinked(
                profile_id=each.profile_id, customer_id=to, previous=previous, reason=Reason(Code(why))
            )
        )


def _undo(step: Step, command: c.UndoCustomerMerge) -> Outcome:
    other = step.record(Customer, command.customer_id)
    if other is None:
        raise UnknownId(f"no customer {command.customer_id}")
    if other.merged_into is None:
        raise Refused("not_merged", f"customer {other.id} is not merged into another")
    into = step.record(Customer, other.merged_into)
    if into is None:
        raise LookupError(f"{other.id} was merged into {other.merged_into}, who is not there")
    later = _later(step, other, into)
    if later is not None:
        raise Refused("later", f"{later} rests on the merge of {other.id} into {into.id}: undo that first")
    step.change(e.CustomerRestored(customer_id=command.customer_id, previous=CustomerId(into.id)))
    step.change(e.CustomerSeparated(customer_id=CustomerId(into.id), other=command.customer_id))
    _move(step, other.moved, CustomerId(into.id), command.customer_id, "merge_undone")
    return Outcome(kind=OutcomeKind.DONE, record_id=other.id)


def _later(step: Step, other: Customer, into: Customer) -> str | None:
    """The entry by which something came to rest on the merge, if there is one."""
    if into.merged_into is not None:
        return f"entry {into.version} of {stream_of(into.tag, into.id)}"
    if (into.barred_at is None) is not (other.barred_at is None):
        return f"entry {into.bar_entry} of {stream_of(into.tag, into.id)}"
    step.overlay.facts(*[WantRecord(Code(Contact.tag), Code(each.profile_id)) for each in other.moved])
    for each in other.moved:
        contact = step.record(Contact, each.profile_id)
        if contact is not None and contact.version != each.entry:
            return f"entry {contact.version} of {stream_of(contact.tag, contact.id)}"
    return None


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.MergeCustomers: _merge, c.UndoCustomerMerge: _undo}
)
