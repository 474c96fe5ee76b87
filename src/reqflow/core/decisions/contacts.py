"""Contacts: customers are put on record and changed, profiles linked to them and taken from them. (Audite)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from ...errors import Refused
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..identity import company_key, email_key, phone_key
from ..ids import digest_of, make_text
from ..model import Audience, Code, CustomerId, Particulars, ProfileId, Reason, TextRef
from ..operations.step import Step
from ..records import Contact, Customer
from .bars import MAX_PROFILES, bar, check_profile, contacts_of, customer_of, settle_profiles, unbar

__all__ = ["DECISIONS", "has_room", "link"]

_DONE = OutcomeKind.DONE
_NAMES = ("first_name", "last_name")
_OPTIONAL = ("email", "phone", "company", "address")
_KEYS: Mapping[str, Callable[[str, bytes], Code]] = MappingProxyType(
    {"email": email_key, "phone": phone_key, "company": company_key}
)


# --- particulars ---


def _told(
    step: Step, command: c.CreateCustomer | c.UpdateCustomer, owner: str, source: str
) -> dict[str, Any]:
    """What a command says of a customer: texts that belong to the customer, and the keys made of them."""
    told: dict[str, Any] = {}
    for name in (*_NAMES, *_OPTIONAL):
        given: str | None = getattr(command, name)
        if given is None:
            continue
        body = given.strip()
        if not body and name in _NAMES:
            raise Refused("needs_name", f"a customer needs a first and a last name: {name} is empty")
        told[name] = _text(step, body, source, name, owner) if body else None
        if name in _KEYS:
            told[f"{name}_key"] = _KEYS[name](body, step.desk.salt) if body else None
    return told


def _text(step: Step, body: str, source: str, part: str, owner: str) -> TextRef:
    text = make_text(body, source, part, Audience.INTERNAL, owner, step.desk.salt)
    step.texts.append(text)
    return text.ref


def _need_contact(known: Particulars) -> Particulars:
    if known.email is None and known.phone is None:
        raise Refused("needs_contact", "a customer needs an e-mail address or a phone number")
    return known


def _create(step: Step, command: c.CreateCustomer) -> Outcome:
    customer_id = CustomerId(step.new_id("k"))
    if command.profile_id is not None:
        check_profile(command.profile_id)
        _need_free(step, command.profile_id)
    told = _need_contact(Particulars(**_told(step, command, customer_id, customer_id)))
    made: Any = step.change(e.CustomerCreated(customer_id=customer_id, particulars=told))
    if command.profile_id is not None:
        link(step, command.profile_id, made, Reason(Code("created")))
    return Outcome(kind=_DONE, record_id=Code(customer_id))


def _update(step: Step, command: c.UpdateCustomer) -> Outcome:
    customer = customer_of(step, command.customer_id)
    known, salt = customer.particulars, step.desk.salt
    news = {
        name: given
        for name in (*_NAMES, *_OPTIONAL)
        if (given := getattr(command, name)) is not None
        and not _says(getattr(known, name), given.strip(), salt)
    }
    outcome = Outcome(kind=_DONE, record_id=customer.id)
    if not news:
        return outcome
    fresh = c.UpdateCustomer(by=command.by, customer_id=command.customer_id, **news)
    told = _told(step, fresh, customer.id, f"{customer.id}.{customer.version + 1}")
    particulars = _need_contact(attrs.evolve(known, **told))
    step.change(e.CustomerChanged(customer_id=command.customer_id, particulars=particulars))
    return outcome


def _says(ref: TextRef | None, body: str, salt: bytes) -> bool:
    """Whether a text says this already; the digest tells without reading it."""
    if ref is None or not body:
        return ref is None and not body
    return ref.digest == digest_of(body.encode("utf-8", "surrogatepass"), key=salt).hex()


# --- whose profile it is ---


def link(step: Step, profile_id: ProfileId, customer: Customer, reason: Reason) -> None:
    """Let a profile belong to a customer; it is barred if the customer is."""
    customer_id = CustomerId(customer.id)
    step.change(e.ContactLinked(profile_id=profile_id, customer_id=customer_id, reason=reason))
    settle_profiles(step, customer_id)
    step.rely_on(customer)  # who may have been barred or merged since
    if customer.barred_at is not None:
        bar(step, profile_id, customer_id)


def has_room(step: Step, customer_id: CustomerId) -> bool:
    """Whether the customer may have one more profile. Raises `Missing`."""
    return len(contacts_of(step, customer_id)) < MAX_PROFILES


def _need_free(step: Step, profile_id: ProfileId) -> None:
    contact = step.record(Contact, profile_id)
    if contact is not None and contact.customer_id is not None:
        whose = contact.customer_id
        raise Refused("linked", f"profile {profile_id} belongs to customer {whose}: unlink it there first")


def _link(step: Step, command: c.LinkProfile) -> Outcome:
    check_profile(command.profile_id)
    customer = customer_of(step, command.customer_id)
    outcome = Outcome(kind=_DONE, record_id=customer.id)
    contact = step.record(Contact, command.profile_id)
    if contact is not None and contact.customer_id == command.customer_id:
        return outcome
    _need_free(step, command.profile_id)
    if not has_room(step, command.customer_id):
        raise Refused(
            "too_many_profiles", f"customer {customer.id} has {MAX_PROFILES} profiles, which is the most"
        )
    link(step, command.profile_id, customer, Reason(Code("asked")))
    return outcome


def _unlink(step: Step, command: c.UnlinkProfile) -> Outcome:
    profile = command.profile_id
    check_profile(profile)
    contact = step.record(Contact, profile)
    if contact is None or contact.customer_id is None:
        raise Refused("not_linked", f"profile {profile} belongs to no customer")
    customer = customer_of(step, contact.customer_id)
    unbar(step, profile, contact.customer_id)
    step.change(e.ContactUnlinked(profile_id=profile, previous=contact.customer_id))
    settle_profiles(step, contact.customer_id)
    step.rely_on(customer)
    return Outcome(kind=_DONE, record_id=customer.id)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {
        c.CreateCustomer: _create,
        c.UpdateCustomer: _update,
        c.LinkProfile: _link,
        c.UnlinkProfile: _unlink,
    }
)
