"""The command by which the desk speaks first."""

from __future__ import annotations

import attrs

from ...errors import InvalidInput
from ..model import ChannelId, ProfileId
from ..values import value
from .attachments import Enclosure, as_enclosures
from .checks import check_place, is_text
from .root import Command

__all__ = ["StartConversation"]


@value(kw_only=True)
class StartConversation(Command):
    """Write to somebody first; what they answer belongs to the conversation that this begins.

    ``to`` is an address (``transport:name``) and ``name`` what its owner is called, or ``profile_id`` one that is on
    record. With ``request`` the conversation is the sender's work at once; without, the first answer is taken as any
    message of a customer is. No text and nothing attached begins a conversation without a message, such as one for an
    item that nobody has written about yet (OneDesk); it is no request.

    Raises `InvalidInput` unless exactly one of ``to`` and ``profile_id`` is given.
    """

    channel: ChannelId
    to: str | None = None
    profile_id: ProfileId | None = None
    name: str | None = attrs.field(default=None, validator=attrs.validators.optional(is_text))
    text: str = attrs.field(default="", validator=is_text)
    attachments: tuple[Enclosure, ...] = attrs.field(default=(), converter=as_enclosures)
    request: bool = True

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        check_place("StartConversation.channel", self.channel)
        if (self.to is None) is (self.profile_id is None):
            raise InvalidInput("StartConversation needs either to or profile_id")
        if self.to is not None:
            check_place("StartConversation.to", self.to)
