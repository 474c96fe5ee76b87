"""Commands on contacts: customers, and their profiles.

All of them need the right ``contacts``. In Audite only its Chat Center has them; here it is a matter of roles: take
the right from those who should not have it.
"""

from __future__ import annotations

from typing import Any

import attrs

from ...errors import InvalidInput
from ..identity import normal_email, normal_phone
from ..model import CustomerId, ProfileId
from ..values import value
from .checks import check_length, check_text, is_text
from .root import Command

__all__ = ["CreateCustomer", "LinkProfile", "UnlinkProfile", "UpdateCustomer"]


def _is_told(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    """Text or nothing; an e-mail address or phone number that is one, or empty."""
    if content is None:
        return
    where = f"{type(instance).__name__}.{attribute.name}"
    check_text(where, content)
    check_length(where, str(content))
    normal = {"email": normal_email, "phone": normal_phone}.get(attribute.name)
    if normal is not None and str(content).strip() and normal(str(content)) is None:
        raise InvalidInput(f"{where} is no {attribute.name}: write it as name@place or +49 30 1234567")


def _told() -> Any:
    return attrs.field(default=None, validator=_is_told)


@value(kw_only=True)
class CreateCustomer(Command):
    """Put a customer on record: first and last name, and an e-mail address or a phone number. (Audite)

    ``company`` is a label. ``profile_id`` is linked to the customer in the same breath. The outcome's ``record_id`` is
    the customer's id. Raises `InvalidInput` for what is no e-mail address or phone number.
    """

    first_name: str = attrs.field(validator=is_text)
    last_name: str = attrs.field(validator=is_text)
    email: str | None = _told()
    phone: str | None = _told()
    company: str | None = _told()
    address: str | None = _told()
    profile_id: ProfileId | None = None


@value(kw_only=True)
class UpdateCustomer(Command):
    """Replace the particulars that are given; empty text removes one that need not be there."""

    customer_id: CustomerId
    first_name: str | None = _told()
    last_name: str | None = _told()
    email: str | None = _told()
    phone: str | None = _told()
    company: str | None = _told()
    address: str | None = _told()


@value(kw_only=True)
class LinkProfile(Command):
    """Say whose profile it is; its badge turns to recognized. (Audite)

    Linked to a customer who is barred, it is barred too. Refused while it is somebody else's: it does not change hands
    silently.
    """

    profile_id: ProfileId
    customer_id: CustomerId


@value(kw_only=True)
class UnlinkProfile(Command):
    """Say that the profile is not that customer's; the customer's bar then counts for it no more."""

    profile_id: ProfileId
