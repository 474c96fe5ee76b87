"""Commands on whether two customers are one person. They need the right ``contacts``, as those on contacts do."""

from __future__ import annotations

from ..model import CustomerId
from ..values import value
from .root import Command

__all__ = ["MergeCustomers", "UndoCustomerMerge"]


@value(kw_only=True)
class MergeCustomers(Command):
    """Say that ``other`` is the same person as ``into``, who gets the profiles. No conversation is touched.

    Refused while only one of them is barred: a merge bars nobody and lets nobody in.
    """

    into: CustomerId
    other: CustomerId


@value(kw_only=True)
class UndoCustomerMerge(Command):
    """Say that a customer who was merged is somebody else after all, and gets back exactly what was moved.

    Refused, naming the entry, once something later rests on the merge.
    """

    customer_id: CustomerId
