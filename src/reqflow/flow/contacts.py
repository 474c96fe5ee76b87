"""Who somebody is, for people: a profile or a customer in plain words, with badge, bar and whom it might be."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any

from ..core.commands.checks import check_word
from ..core.decisions.bars import check_profile
from ..core.facts import WantRecord, WantRecords
from ..core.identity import found_by
from ..core.model import Actor, Audience, Badge, Code, CustomerId, Particulars, ProfileId, TextId
from ..core.placing.barring import bar_want
from ..core.records import Bar, BarCount, Contact, Customer
from ..core.rights.permissions import need_view
from ..core.settings import Desk
from ..core.values import value
from ..errors import UnknownId
from .asks import Ask, AskRecall, AskTexts
from .viewing import viewer

__all__ = ["Card", "card"]

TOP = 200
"""How many profiles of a customer a card shows; they have no more."""
SUGGESTED = 20
"""How many customers are suggested for one profile."""

Reading = Generator[Ask, Any, Any]


@value(kw_only=True)
class Card:
    """A profile, or a customer with all profiles. Texts are None where nothing is on record, empty once erased.

    Of a profile without a customer ``name`` is the one that came with its messages, and ``suggested`` are the customers
    who have the e-mail address or phone number that it gives: a person may link it to one of them, for nobody vouches
    for it. ``barred`` says that its input is dropped (of a customer: that of all profiles), ``dropped`` how many
    messages were so far, and ``dropped_at`` when last.
    """

    profile_id: ProfileId | None = None
    customer_id: CustomerId | None = None
    badge: Badge
    barred: bool
    dropped: int = 0
    dropped_at: datetime | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    address: str | None = None
    profiles: tuple[ProfileId, ...] = ()
    suggested: tuple[CustomerId, ...] = ()


def card(desk: Desk, key: str, by: Actor | None = None) -> Generator[Ask, Any, Card]:
    """The card of a profile (``p_…``) or a customer (``k_…``), that of whom they were merged into included.

    Raises `UnknownId` for a customer who is not on record and for what is no profile's id, and `Forbidden` for who may
    not look.
    """
    need_view(viewer(desk, by).principal, "Records", Customer.tag)
    if check_word("key", key).startswith("k_"):
        customer = yield from _customer(desk, key)
        if customer is None:
            raise UnknownId(f"no customer {key}")
        found: Card = yield from _customer_card(desk, customer)
    else:
        check_profile(ProfileId(key))  # an id of something else would lead to its texts
        found = yield from _profile_card(desk, ProfileId(key))
    return found


def _customer(desk: Desk, id: str) -> Reading:
    """The customer, or whom they turned out to be."""
    seen: set[str] = set()
    while True:
        seen.add(id)
        (customer,) = yield AskRecall(desk.workspace, (WantRecord(Code(Customer.tag), Code(id)),))
        if customer is None or customer.merged_into is None or customer.merged_into in seen:
            return customer
        id = customer.merged_into


def _customer_card(desk: Desk, customer: Customer) -> Reading:
    (contacts,) = yield AskRecall(
        desk.workspace, (WantRecords(Code(Contact.tag), "customer", customer.id, TOP),)
    )
    profiles = tuple([ProfileId(each.id) for each in contacts])
    counts = yield AskRecall(desk.workspace, tuple(map(_count_want, profiles)))
    known = [each for each in counts if isinstance(each, BarCount)]
    told = yield from _told(desk, customer.particulars)
    return Card(
        customer_id=CustomerId(customer.id),
        badge=Badge.RECOGNIZED,
        barred=customer.barred_at is not None,
        dropped=sum(each.dropped for each in known),
        dropped_at=max((each.dropped_at for each in known), default=None),
        profiles=profiles,
        **told,
    )


def _count_want(profile: ProfileId) -> WantRecord:
    return WantRecord(Code(BarCount.tag), Code(profile))


def _told(desk: Desk, known: Particulars) -> Reading:
    """What is on record of a customer, as texts."""
    names = ("first_name", "last_name", "email", "phone", "company", "address")
    refs = {name: ref for name in names if (ref := getattr(known, name)) is not None}
    texts = yield AskTexts(desk.workspace, tuple([ref.id for ref in refs.values()]), Audience.INTERNAL)
    told = {name: texts.get(ref.id) for name, ref in refs.items()}
    both = (told.pop("first_name", None), told.pop("last_name", None))
    return {**told, "name": " ".join(filter(None, both))}


def _profile_card(desk: Desk, profile: ProfileId) -> Reading:
    contact_want = WantRecord(Code(Contact.tag), Code(profile))
    contact, bar, count = yield AskRecall(
        desk.workspace, (contact_want, bar_want(profile), _count_want(profile))
    )
    fields: dict[str, Any] = {
        "profile_id": profile,
        "badge": contact.badge if isinstance(contact, Contact) else Badge.ANONYMOUS,
        "barred": isinstance(bar, Bar) and bar.is_barred and desk.colleague(profile) is None,
    }
    if isinstance(count, BarCount):
        fields |= {"dropped": count.dropped, "dropped_at": count.dropped_at}
    if isinstance(contact, Contact) and contact.customer_id is not None:
        customer = yield from _customer(desk, contact.customer_id)
        told = yield from _told(desk, customer.particulars)
        return Card(customer_id=contact.customer_id, **fields, **told)
    ids = {part: TextId(f"t{profile[1:]}.{part}") for part in ("address", "name", "email")}
    texts = yield AskTexts(desk.workspace, tuple(ids.values()), Audience.INTERNAL)
    address = texts.get(ids["address"]) or ""
    email = texts.get(ids["email"])
    suggested = yield from _suggested(desk, tuple(found_by(address, email, desk.salt)))
    return Card(**fields, name=texts.get(ids["name"]), email=email, suggested=suggested)


def _suggested(desk: Desk, keys: Sequence[tuple[str, Code]]) -> Reading:
    wants = tuple([WantRecords(Code(Customer.tag), name, key, SUGGESTED) for name, key in keys])
    answers = (yield AskRecall(desk.workspace, wants)) if wants else ()
    found: dict[CustomerId, None] = {}
    for answer in answers:
        for each in answer:
            customer = yield from _customer(desk, each.id)
            if customer is not None:
                found[CustomerId(customer.id)] = None
    return tuple(found)
