"""What is found out about a conversation: how the customer feels, and what they speak."""

from __future__ import annotations

import attrs

from ...errors import InvalidInput
from ..codes import code_of
from ..model import Code, ConversationId
from ..values import value
from .root import Command

__all__ = ["DescribeConversation"]


def _as_found(given: Code | str | None) -> Code | None:
    try:
        return None if given is None else code_of(given)
    except ValueError as problem:
        raise InvalidInput(f"a sentiment or language {problem}") from None


@value(kw_only=True)
class DescribeConversation(Command):
    """Set how the customer feels or what they speak, as codes; None leaves it as it is. (Audite)"""

    conversation_id: ConversationId
    sentiment: Code | None = attrs.field(default=None, converter=_as_found)
    language: Code | None = attrs.field(default=None, converter=_as_found)
