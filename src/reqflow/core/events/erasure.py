"""What happens when a person is erased: who asked for whom, how far it went, and what it touched. No personal data."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, CustomerId, ErasureScope, ProfileId, Reason
from ..values import value
from .root import Event

__all__ = ["ERASURE_EVENTS", "ConversationErased", "CustomerErased", "ErasureAdvanced", "ErasureAsked"]


@value(kw_only=True)
class ErasureAsked(Event):
    """A person is to be erased: these profiles, and whoever they are on record as."""

    tag: ClassVar[str] = "erasure.asked"
    erasure_id: Code
    profiles: tuple[ProfileId, ...]
    customers: tuple[CustomerId, ...] = ()
    scope: ErasureScope
    reason: Reason


@value(kw_only=True)
class ErasureAdvanced(Event):
    """So many conversations and texts were erased in one commit; ``finished`` with the last."""

    tag: ClassVar[str] = "erasure.advanced"
    erasure_id: Code
    conversations: int = 0
    texts: int = 0
    finished: bool = False


@value(kw_only=True)
class CustomerErased(Event):
    """The customer's particulars are gone, and nobody is found by them any more."""

    tag: ClassVar[str] = "customer.erased"
    customer_id: CustomerId


@value(kw_only=True)
class ConversationErased(Event):
    """What was said in the conversation is gone, as far as the erasure's scope reaches. Nothing goes on in it."""

    tag: ClassVar[str] = "conversation.erased"
    erasure_id: Code
    scope: ErasureScope


ERASURE_EVENTS: tuple[type[Event], ...] = (ErasureAsked, ErasureAdvanced, CustomerErased, ConversationErased)
