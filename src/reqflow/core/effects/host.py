"""What a host has of its own."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, ConversationId, FieldValue, RequestId, TextId
from ..values import value
from .root import Internal

__all__ = ["HostEffect"]


@value(kw_only=True)
class HostEffect(Internal):
    """Something of the host's own, for the transport that declares its ``kind``; ``data`` is what the host gave."""

    tag: ClassVar[str] = "host.effect"
    kind: Code
    destination: Code
    conversation_id: ConversationId
    request_id: RequestId | None = None
    data: tuple[FieldValue, ...] = ()

    def shown(self) -> tuple[TextId, ...]:
        """The texts among the data."""
        return tuple([each.text.id for each in self.data if each.text is not None])
