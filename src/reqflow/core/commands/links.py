"""Commands on what a conversation hangs on outside: items, tickets, issues, and parents."""

from __future__ import annotations

import attrs

from ..model import ConversationId, ExternalId, LinkTarget, RequestId
from ..values import value
from .checks import is_text, is_word, member
from .root import Command

__all__ = ["CreateTicket", "Link", "Unlink"]


def _as_target(given: LinkTarget | str) -> LinkTarget:
    return member(LinkTarget, given)


@value(kw_only=True)
class Link(Command):
    """Hang the conversation on something: an item, a ticket, an issue, a parent conversation. (OneDesk)

    ``target`` is what its own system calls it. Any number of conversations may hang on one thing, and one on any
    number. The same link again changes nothing. A parent must not serve its own child, and up to 100 conversations may
    stand above one.
    """

    conversation_id: ConversationId
    kind: LinkTarget = attrs.field(converter=_as_target)
    target: ExternalId = attrs.field(validator=is_word)


@value(kw_only=True)
class Unlink(Command):
    """Take the conversation off a thing that it hangs on."""

    conversation_id: ConversationId
    kind: LinkTarget = attrs.field(converter=_as_target)
    target: ExternalId = attrs.field(validator=is_word)


@value(kw_only=True)
class CreateTicket(Command):
    """Send the request to the ticket tool that the channel's setting ``tickets`` names. (Thena)

    What opened the request goes along, and ``text`` for the tool's people. The tool's own number of the ticket becomes
    a link as soon as a transport reports it. Refused where no tool is configured, and for a request that was sent.
    """

    request_id: RequestId
    text: str = attrs.field(default="", validator=is_text)
