"""The closed vocabularies of settings."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ChannelKind", "DetectionMode", "GroupingMode", "RequestsPerConversation", "Visibility"]


class ChannelKind(StrEnum):
    """How a channel tells conversations apart, and which defaults it starts from.

    ``direct``: by profile while one is open (a direct message, a chat). ``public``: by first-level comment
    or mention. ``chat``: by thread, with requests detected (a Slack channel). ``mail``: by thread.
    ``form``: each message by itself (a form, a portal).
    """

    DIRECT = "direct"
    PUBLIC = "public"
    CHAT = "chat"
    MAIL = "mail"
    FORM = "form"


class DetectionMode(StrEnum):
    """What makes a request of a message: its being first, a classifier, or nothing but a person."""

    ALWAYS = "always"
    CLASSIFIER = "classifier"
    OFF = "off"


class GroupingMode(StrEnum):
    """What the grouping window is measured from: the neighbouring message, or the group's first."""

    SLIDING = "sliding"
    FIXED = "fixed"


class RequestsPerConversation(StrEnum):
    """Whether later messages join the one request, or may open more."""

    ONE = "one"
    MANY = "many"


class Visibility(StrEnum):
    """Who sees a conversation while somebody works on it: its holder and whom they let in, or the channel's people.

    (Audite: once accepted it is visible to the acceptor only.)
    """

    HOLDER = "holder"
    CHANNEL = "channel"
