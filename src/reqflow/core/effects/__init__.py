"""What is to be done outside after the commit. A transport delivers it; a `Receipt` says how it went.

Effects hold ids and `TextRef`s, never texts: the worker resolves those with the effect's eyes, which is also the
guard that keeps internal text from customers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...rooms import tagged, window

if TYPE_CHECKING:
    from .catalogue import EFFECTS
    from .escalation import OpenTicket, PageEngineers
    from .host import HostEffect
    from .mail import MailAgent, MailCustomer
    from .messages import PostMessage, React
    from .notices import NotifyAgent, NotifyAgentOfMany, NotifyTeam
    from .root import Effect, QueuedEffect
    from .triage import AnnounceRequest, OfferActions
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".catalogue": "EFFECTS",
            ".escalation": "OpenTicket PageEngineers",
            ".host": "HostEffect",
            ".mail": "MailAgent MailCustomer",
            ".messages": "PostMessage React",
            ".notices": "NotifyAgent NotifyAgentOfMany NotifyTeam",
            ".root": "Effect QueuedEffect",
            ".triage": "AnnounceRequest OfferActions",
        },
    )

__all__ = [
    "EFFECTS",
    "TAGS",
    "AnnounceRequest",
    "Effect",
    "HostEffect",
    "MailAgent",
    "MailCustomer",
    "NotifyAgent",
    "NotifyAgentOfMany",
    "NotifyTeam",
    "OfferActions",
    "OpenTicket",
    "PageEngineers",
    "PostMessage",
    "QueuedEffect",
    "React",
    "effect_of",
]

TAGS: Mapping[str, str] = {
    "messages": "message.post message.react",
    "mail": "customer.mail agent.mail",
    "notices": "agent.notify agent.notify_of_many team.notify",
    "triage": "request.announce actions.offer",
    "escalation": "ticket.open engineers.page",
    "host": "host.effect",
}
"""The tags of all effects, by the module that holds them."""

effect_of: Callable[[str], type[Effect] | None] = tagged(__name__, TAGS)
"""The class of effects of a tag; None for a tag that this version does not know."""
