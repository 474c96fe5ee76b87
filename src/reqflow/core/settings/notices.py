"""What there is to be told, by code, and what each agent wants to be told, and how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

import attrs

from ..model import Code
from ..values import value

__all__ = ["NOTICE_CODES", "OWN_MEANS", "AutoReply", "NoticePreferences", "UnseenBy"]

NOTICE_CODES: Mapping[Code, str] = MappingProxyType(
    {
        Code("new"): "a request waits for your team",
        Code("routed"): "a request was pointed at your team",
        Code("assigned"): "a request is yours now",
        Code("assigned_by_answer"): "a request is yours now because you were the first to answer",
        Code("taken_over"): "a request was yours and is somebody else's now",
        Code("unassigned"): "a request was yours and waits again",
        Code("on_hold"): "somebody put a request of yours on hold",
        Code("woken"): "a request of yours is no longer on hold",
        Code("consult_answered"): "specialists closed what they were consulted about",
        Code("please_close"): "a request of yours has been open for long",
        Code("closed"): "somebody else, or time, closed a request of yours or one that you follow",
        Code("reopened"): "a request that you follow is open again",
        Code("undelivered"): "a message of a conversation that you hold could not be delivered",
        Code("customer_wrote"): "a customer wrote in a conversation that you follow or work on",
        Code(
            "colleague_replied"
        ): "a colleague answered the customer in a conversation that you follow or work on",
        Code("internal_message"): "a colleague wrote internally in a conversation that you follow or work on",
        Code("mentioned"): "a colleague called you in",
        Code("draft_submitted"): "a draft waits for your review",
        Code("draft_approved"): "a draft of yours was published",
        Code("draft_rejected"): "a draft of yours came back",
        Code("draft_withdrawn"): "a draft of yours ended with its conversation, or a reviewer gave it up",
        Code("unreviewed"): "a restricted agent wrote past the review",
        Code("unseen"): "what you have not seen comes by mail",
    }
)
"""Every notice to an agent, by its code, in words that may be shown to them.

Hosts' own codes have a namespace: ``acme.shipped``.
"""

OWN_MEANS = Code("agent")
"""The scheme of notices by the usual means: the transport that reaches agents by their ids."""


class UnseenBy(StrEnum):
    """For whom it counts that they have not seen something."""

    AGENTS = "agents"
    CUSTOMERS = "customers"


class AutoReply(StrEnum):
    """When the automatic answer is given: to the first request of a conversation, to each, or never."""

    FIRST = "first"
    EACH_REQUEST = "each_request"
    OFF = "off"


@value
class NoticePreferences:
    """What an agent wants to be told, and how. (OneDesk: per-user switches)

    ``means`` says by which transport's scheme a notice goes, by its code; None switches it off, and what is not named
    goes by `OWN_MEANS`. Notices within ``bundle_within`` of the first leave as one. ``hides_customers`` says that the
    agent's list of conversations is not to show the section "from customers": for user interfaces, reqflow itself
    leaves nothing out for it.
    """

    means: Mapping[Code, Code | None] = attrs.field(default=MappingProxyType({}), hash=False)
    bundle_within: timedelta = timedelta(0)
    hides_customers: bool = False

    def scheme(self, code: Code) -> Code | None:
        """The scheme of the transport that notices of this code go by; None: they are off."""
        return self.means.get(code, OWN_MEANS)
