"""Commands that say what work is called: a conversation's subject, a request's status."""

from __future__ import annotations

from typing import Any

import attrs

from ..model import Code, ConversationId, RequestId
from ..values import value
from .checks import as_code, check_length, is_text
from .root import Command

__all__ = ["MAX_SUBJECT", "SetStatus", "SetSubject"]

MAX_SUBJECT = 998
"""How many characters a subject may have: as many as a line of mail."""


def _fits(instance: object, attribute: attrs.Attribute[Any], content: object) -> None:
    is_text(instance, attribute, content)
    check_length(f"{type(instance).__name__}.{attribute.name}", str(content), MAX_SUBJECT)


def _as_status(given: str | None) -> Code | None:
    return None if given is None else as_code(given)


@value(kw_only=True)
class SetSubject(Command):
    """Say what the conversation is about, in one line for the team. (Audite)"""

    conversation_id: ConversationId
    subject: str = attrs.field(validator=_fits)


@value(kw_only=True)
class SetStatus(Command):
    """Say by one of the desk's own names where the request stands inside its state; None takes it back. (SentiOne)

    Refused while the request is in another state than the name belongs to: a status moves nothing.
    """

    request_id: RequestId
    status: Code | None = attrs.field(converter=_as_status)
