"""What is written in a conversation."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...errors import InvalidInput
from ..model import Audience, ConversationId, RequestId
from ..values import value
from .attachments import Enclosure, as_enclosures
from .checks import as_audience, as_words, is_text
from .root import Command

__all__ = ["Reply"]


MAX_POINTERS = 10
"""How many requests one answer may point to."""


def _as_pointers(given: Iterable[RequestId]) -> tuple[RequestId, ...]:
    if given == ():  # hardly any reply points anywhere
        return ()
    pointers = tuple(dict.fromkeys(as_words("Reply.pointers", given)))
    if len(pointers) > MAX_POINTERS:
        raise InvalidInput(f"a reply points to at most {MAX_POINTERS} requests, not {len(pointers)}")
    return pointers


@value(kw_only=True)
class Reply(Command):
    """Write in the conversation: to the customer, or internally. Counts as a response of ``by``.

    What is attached may stand without a text. Refused before anything is sent if the channel cannot carry it.
    ``pointers`` are earlier resolved requests to link to, in public channels or in this very one (Slack): refused for
    what not everybody who reads the answer may read.
    """

    conversation_id: ConversationId
    text: str = attrs.field(default="", validator=is_text)
    audience: Audience = attrs.field(default=Audience.CUSTOMER, converter=as_audience)
    request_id: RequestId | None = None
    attachments: tuple[Enclosure, ...] = attrs.field(default=(), converter=as_enclosures)
    pointers: tuple[RequestId, ...] = attrs.field(default=(), converter=_as_pointers)
