"""The closed vocabularies: states, reasons, kinds."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "ActorKind",
    "AttachmentKind",
    "Audience",
    "Badge",
    "CloseReason",
    "ConversationState",
    "Delivery",
    "DraftState",
    "ErasureScope",
    "Escalation",
    "HoldReason",
    "IdentityLevel",
    "Label",
    "LinkKind",
    "LinkTarget",
    "RequestState",
    "Resolution",
    "Side",
]


class Audience(StrEnum):
    """Who may read a text. No path shows an internal text to a customer."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


class Side(StrEnum):
    """On which side of a conversation an author stands; decided per channel and conversation."""

    REQUESTER = "requester"
    TEAM = "team"


class ActorKind(StrEnum):
    """What kind of being did something."""

    AGENT = "agent"
    CUSTOMER = "customer"
    BOT = "bot"
    AUTOMATION = "automation"
    TIMER = "timer"
    PLUGIN = "plugin"
    EXTERNAL = "external"


class RequestState(StrEnum):
    """The states of a request; the arrows between them are in `reqflow.core.lifecycle`."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class ConversationState(StrEnum):
    """The states of a conversation; the arrows between them are in `reqflow.core.lifecycle`."""

    PENDING = "pending"
    ACTIVE = "active"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class DraftState(StrEnum):
    """The states of a draft; the arrows between them are in `reqflow.core.lifecycle`. (SentiOne)"""

    WAITING = "waiting"
    REJECTED = "rejected"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class HoldReason(StrEnum):
    """What a request on hold waits for."""

    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"
    SNOOZED = "snoozed"


class Resolution(StrEnum):
    """How a request ended."""

    DONE = "done"
    REJECTED = "rejected"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    EXPIRED = "expired"
    BARRED = "barred"
    WITHDRAWN = "withdrawn"
    NOT_A_REQUEST = "not_a_request"


class CloseReason(StrEnum):
    """Why a conversation was closed."""

    HANDLED = "handled"
    REJECTED = "rejected"
    IGNORED = "ignored"
    EXPIRED = "expired"
    BARRED = "barred"
    MERGED = "merged"


class Label(StrEnum):
    """What a classifier may call a message. ``unknown`` means that it could not tell or failed."""

    REQUEST = "request"
    TALK = "talk"
    UNKNOWN = "unknown"


class AttachmentKind(StrEnum):
    """What may come with a message. Which of them a channel carries is a setting. (Audite, OneDesk)"""

    AUDIO = "audio"
    DOCUMENT = "document"
    IMAGE = "image"
    VIDEO = "video"
    EMOTICON = "emoticon"
    LOCATION = "location"


class Delivery(StrEnum):
    """How the delivery of a posted message went."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class IdentityLevel(StrEnum):
    """How sure a transport is of who writes. (OneDesk)

    ``signed_in``: the transport vouches for the author's address (a login, a verified mail). ``declared``: the author
    says so, and nobody has looked. ``anonymous``: the author says nothing.
    """

    SIGNED_IN = "signed_in"
    DECLARED = "declared"
    ANONYMOUS = "anonymous"


class Badge(StrEnum):
    """Whether a profile is linked to a customer on record. (Audite)"""

    RECOGNIZED = "recognized"
    ANONYMOUS = "anonymous"


class ErasureScope(StrEnum):
    """How far the erasure of a person reaches."""

    CONVERSATIONS = "conversations"
    """All that was said in the conversations that they asked in, by whomever, and their own words anywhere else."""
    OWN_WORDS = "own_words"
    """What they said and what is on record of them. What colleagues wrote to and about them stays."""


class Escalation(StrEnum):
    """How hard questions go to specialists.

    ``consult``: they are asked on the side, in a request of their own, and whoever had the question keeps it.
    ``transfer``: it is theirs from then on.
    """

    CONSULT = "consult"
    TRANSFER = "transfer"


class LinkKind(StrEnum):
    """Why two conversations are linked."""

    FOLLOW_UP = "follow_up"
    LATE = "late"
    MERGED = "merged"


class LinkTarget(StrEnum):
    """What kind of thing a conversation hangs on. (OneDesk's items, Thena's tickets, a tracker's issues)

    ``item``: a task, project or order of the host. ``ticket``: one in a ticket tool. ``issue``: one in a tracker.
    ``parent``: another conversation, which this one serves.
    """

    ITEM = "item"
    TICKET = "ticket"
    ISSUE = "issue"
    PARENT = "parent"
