"""Recognition: a profile is matched to the customers on record when a conversation begins. (Audite)

A profile that is linked is recognised by its link, and nothing is looked for. Of the others only those are matched
whose address the transport vouches for: who merely says that they are somebody is suggested to people, never linked.
Nor is one whom several customers fit, nor one whom a person has unlinked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import decisions, records
from ..commands import Inbound
from ..facts import Want, WantRecord, WantRecords
from ..identity import found_by
from ..model import Code, CustomerId, IdentityLevel, ProfileId, Reason
from ..operations.known import Known
from ..operations.step import Step
from ..settings import Author
from .barring import is_barred

__all__ = ["following", "recognised_as_barred", "recognition_wants"]

TOP = 20
"""How many customers with one key are looked at; beyond the first of them nobody is recognised anyway."""

_SIGNED_IN = IdentityLevel.SIGNED_IN
_CONTACT, _CUSTOMER = Code("contact"), Code("customer")


def _proven(inbound: Inbound, salt: bytes) -> tuple[tuple[str, Code], ...]:
    """The keys of customers that the author has shown to be theirs."""
    return tuple(found_by(inbound.author, inbound.email, salt)) if inbound.level is _SIGNED_IN else ()


def recognition_wants(inbound: Inbound, profile: ProfileId, salt: bytes) -> tuple[Want, ...]:
    """What recognising the author asks; nothing where nothing is proven."""
    keys = _proven(inbound, salt)
    if not keys:
        return ()
    contact = WantRecord(_CONTACT, Code(profile))
    return (contact, *[WantRecords(_CUSTOMER, name, content, TOP) for name, content in keys])


def recognised_as_barred(step: Step, inbound: Inbound, author: Author) -> bool:
    """Recognise who begins a conversation; True where that bars them, with the customer whom they turned out to be.

    Raises `Missing`.
    """
    if inbound.level is not _SIGNED_IN:
        return False
    _recognise(step, inbound, author.profile)
    return is_barred(step, author)


def _recognise(step: Step, inbound: Inbound, profile: ProfileId) -> None:
    """Link the author's profile to the one customer whom their proven address fits."""
    wants = recognition_wants(inbound, profile, step.desk.salt)
    if not wants:
        return
    known = step.overlay
    known.facts(*wants)  # all in one go
    if step.record(records.Contact, profile) is not None:
        return
    matches = {
        each.id: each
        for name, content in _proven(inbound, step.desk.salt)
        for each in following(known, known.records(_CUSTOMER, name, content, top=TOP))
    }
    if len(matches) == 1:
        (customer,) = matches.values()
        if decisions.has_room(step, CustomerId(customer.id)):
            decisions.link(step, profile, customer, Reason(Code("recognised")))


def following(known: Known, customers: Iterable[Any]) -> list[records.Customer]:
    """Each customer, or in place of one who was merged whom they turned out to be. Raises `Missing`."""
    found: list[records.Customer] = []
    for customer in customers:
        seen: set[str] = set()
        while customer is not None and customer.merged_into is not None and customer.id not in seen:
            seen.add(customer.id)
            customer = known.record(_CUSTOMER, customer.merged_into)
        if customer is not None:
            found.append(customer)
    return found
