"""What happens to contacts: profiles and the customers whom they belong to. Each has a history of its own."""

from __future__ import annotations

from typing import ClassVar

from ..model import CustomerId, MovedProfile, Particulars, ProfileId, Reason
from ..values import value
from .root import Event

__all__ = [
    "CONTACT_EVENTS",
    "ContactLinked",
    "ContactUnlinked",
    "CustomerAbsorbed",
    "CustomerBarred",
    "CustomerChanged",
    "CustomerCreated",
    "CustomerMerged",
    "CustomerRestored",
    "CustomerSeparated",
    "CustomerUnbarred",
    "ProfileBarred",
    "ProfileUnbarred",
]


@value(kw_only=True)
class ContactLinked(Event):
    """The profile belongs to the customer now, and says so with a badge. (Audite)

    ``previous`` is whose it was until now: merging customers and undoing that move profiles.
    """

    tag: ClassVar[str] = "contact.linked"
    profile_id: ProfileId
    customer_id: CustomerId
    previous: CustomerId | None = None
    reason: Reason


@value(kw_only=True)
class ContactUnlinked(Event):
    """The profile belongs to nobody on record any more."""

    tag: ClassVar[str] = "contact.unlinked"
    profile_id: ProfileId
    previous: CustomerId


@value(kw_only=True)
class CustomerCreated(Event):
    """A customer was put on record. (Audite)"""

    tag: ClassVar[str] = "customer.created"
    customer_id: CustomerId
    particulars: Particulars


@value(kw_only=True)
class CustomerChanged(Event):
    """A customer's particulars are these now."""

    tag: ClassVar[str] = "customer.changed"
    customer_id: CustomerId
    particulars: Particulars


@value(kw_only=True)
class CustomerMerged(Event):
    """The customer turned out to be ``into``, who has the profiles ``moved`` now."""

    tag: ClassVar[str] = "customer.merged"
    customer_id: CustomerId
    into: CustomerId
    moved: tuple[MovedProfile, ...] = ()


@value(kw_only=True)
class CustomerAbsorbed(Event):
    """``other`` turned out to be this customer."""

    tag: ClassVar[str] = "customer.absorbed"
    customer_id: CustomerId
    other: CustomerId


@value(kw_only=True)
class CustomerRestored(Event):
    """The customer is not ``previous`` after all, and has back what was moved."""

    tag: ClassVar[str] = "customer.restored"
    customer_id: CustomerId
    previous: CustomerId


@value(kw_only=True)
class CustomerSeparated(Event):
    """``other`` is somebody else after all, and has back what was moved here."""

    tag: ClassVar[str] = "customer.separated"
    customer_id: CustomerId
    other: CustomerId


@value(kw_only=True)
class CustomerBarred(Event):
    """From now on, whatever comes from any of the customer's profiles is dropped. (Audite)"""

    tag: ClassVar[str] = "customer.barred"
    customer_id: CustomerId


@value(kw_only=True)
class CustomerUnbarred(Event):
    """The customer may write again, from every profile that is not barred by itself."""

    tag: ClassVar[str] = "customer.unbarred"
    customer_id: CustomerId


@value(kw_only=True)
class ProfileBarred(Event):
    """From now on, whatever comes from the profile is dropped before anything of it is stored. (Audite)

    ``customer_id`` is who was barred, where it was the customer; None where it was the profile by itself.
    """

    tag: ClassVar[str] = "profile.barred"
    profile_id: ProfileId
    customer_id: CustomerId | None = None


@value(kw_only=True)
class ProfileUnbarred(Event):
    """The profile's own bar (or, with ``customer_id``, that of its customer) counts for it no more."""

    tag: ClassVar[str] = "profile.unbarred"
    profile_id: ProfileId
    customer_id: CustomerId | None = None


CONTACT_EVENTS: tuple[type[Event], ...] = (
    ContactLinked,
    ContactUnlinked,
    CustomerCreated,
    CustomerChanged,
    CustomerMerged,
    CustomerAbsorbed,
    CustomerRestored,
    CustomerSeparated,
    CustomerBarred,
    CustomerUnbarred,
    ProfileBarred,
    ProfileUnbarred,
)
