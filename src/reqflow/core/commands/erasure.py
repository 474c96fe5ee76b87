"""Erasing a person. It needs a right of its own, ``erase``."""

from __future__ import annotations

import attrs

from ...errors import InvalidInput
from ..model import CustomerId, ErasureScope, ProfileId
from ..values import value
from .checks import member
from .root import Command

__all__ = ["Erase"]


def _as_scope(given: ErasureScope | str) -> ErasureScope:
    return member(ErasureScope, given)


@value(kw_only=True)
class Erase(Command):
    """Erase a person: a customer with all profiles, or a profile that belongs to no customer.

    What is on record of them goes at once, and with it what waits in the inbox. What they said, and by default
    everything that was said in the conversations that they asked in, is emptied by a timer, a hundred conversations a
    commit; open ones end. History stays, with its chain, and so do counts. `reqflow.vocabulary.Erasure` says how far it
    went; asking again goes over it again, and changes nothing that was erased. The outcome's ``record_id`` names it.
    Refused for colleagues, and for a profile that is somebody's on record.
    """

    profile_id: ProfileId | None = None
    customer_id: CustomerId | None = None
    scope: ErasureScope = attrs.field(default=ErasureScope.CONVERSATIONS, converter=_as_scope)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if (self.profile_id is None) is (self.customer_id is None):
            raise InvalidInput("Erase needs a profile_id or a customer_id, and not both")
