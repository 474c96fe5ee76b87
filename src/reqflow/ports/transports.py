"""What delivers effects, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from ..core.values import value

if TYPE_CHECKING:
    from ..core.effects import Effect
    from ..core.model import Code, NativeId, TextId

__all__ = ["Receipt", "ReceiptKind", "Transport"]


class ReceiptKind(StrEnum):
    """How a delivery went."""

    DELIVERED = "delivered"
    RETRY = "retry"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@value(kw_only=True)
class Receipt:
    """What a transport says of a delivery: ``native`` is its own id of what it posted.

    ``retry_after`` (seconds) goes with ``retry``, and is kept to the first few times; ``code`` says why something
    failed. What goes wrong five times is parked with that code, and what is put off fifty times, after some hours.
    """

    kind: ReceiptKind
    native: NativeId | None = None
    retry_after: float | None = None
    code: Code | None = None


class Transport(Protocol):
    """Delivers effects. ``scheme`` is the part of channel ids before the colon.

    One that delivers a host's own effects (`reqflow.vocabulary.HostEffect`) names their kinds in an attribute
    ``kinds``, a collection of words such as ``acme.webhook``.
    """

    scheme: str

    def deliver(self, key: str, effect: Effect, texts: Mapping[TextId, str]) -> Receipt:
        """Deliver one effect; ``key`` stays the same over retries. Texts come resolved."""
        ...
