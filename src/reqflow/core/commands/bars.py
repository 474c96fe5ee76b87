"""Commands on whose input is dropped. They need the right ``contacts``, as those on contacts do."""

from __future__ import annotations

from ..model import CustomerId, ProfileId
from ..values import value
from .root import Command

__all__ = ["BarCustomer", "BarProfile", "UnbarCustomer", "UnbarProfile"]


@value(kw_only=True)
class BarProfile(Command):
    """Drop whatever comes from the profile from now on, and close the conversations that it asked in. (Audite)

    It lasts until the profile is unbarred. Colleagues cannot be barred.
    """

    profile_id: ProfileId


@value(kw_only=True)
class UnbarProfile(Command):
    """Hear the profile again. Refused where it is its customer who is barred."""

    profile_id: ProfileId


@value(kw_only=True)
class BarCustomer(Command):
    """Bar all profiles of the customer, those too that are linked later. (Audite)"""

    customer_id: CustomerId


@value(kw_only=True)
class UnbarCustomer(Command):
    """Hear the customer again, but for profiles that are barred by themselves."""

    customer_id: CustomerId
