"""Answers to the mail about what nobody saw: they come in by another channel than the conversation's. (OneDesk)"""

from __future__ import annotations

from ..commands import Inbound
from ..facts import WantRecord
from ..ids import inbound_key
from ..model import Audience, Code
from ..operations.known import Known
from ..records import Forwarded
from ..settings import Author

__all__ = ["audience_of_answer"]


def audience_of_answer(known: Known, inbound: Inbound, author: Author) -> Audience:
    """Whom somebody answers who answers such a mail: a colleague those who said what it held, else nobody outside.

    Raises `Missing`.
    """
    if author.agent is None:
        return inbound.audience
    ids = [Code(inbound_key(inbound.channel, native)) for native in reversed(inbound.replies_to)]
    mails = known.facts(*[WantRecord(Code(Forwarded.tag), id) for id in ids])
    return next((mail.audience for mail in mails if mail is not None), Audience.INTERNAL)
