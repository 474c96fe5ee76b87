"""Whether a message is a request of its own: by the channel's settings, and by what a classifier says of it."""

from __future__ import annotations

from ..model import Code, Detection, Label
from ..settings import ChannelSettings, Desk, DetectionMode, RequestsPerConversation

__all__ = ["MENU", "NeedsDetection", "is_request", "is_themed", "opens_more", "stands_apart"]

MENU = Code("menu")
"""Who says that what was chosen in a menu is a request."""

_OFF, _ALWAYS = DetectionMode.OFF, DetectionMode.ALWAYS


class NeedsDetection(Exception):
    """Placing this message needs a classifier's word. Caught by the flow, never seen by users."""


def is_request(settings: ChannelSettings, detection: Detection | None, *, judged: bool = True) -> bool:
    """Whether a message opens a request; not one that is not ``judged`` where only a classifier could say.

    Raises `NeedsDetection` where a classifier must be asked first.
    """
    mode = settings.detection
    if mode is _OFF:
        return False
    if mode is _ALWAYS:
        return True
    if detection is None:
        if not judged:
            return False
        raise NeedsDetection
    if detection.label is Label.UNKNOWN:
        return settings.unknown_opens
    return detection.label is Label.REQUEST


def opens_more(settings: ChannelSettings) -> bool:
    """Whether later messages of a direct channel may open further requests: only where that was asked for."""
    return (
        settings.by_profile
        and settings.requests_per_conversation is RequestsPerConversation.MANY
        and settings.detection is DetectionMode.CLASSIFIER
    )


def is_themed(desk: Desk, theme: Code | None) -> bool:
    """Whether a message was sent off in the form of one of the desk's themes: then it is a request. (Slack)"""
    return theme is not None and theme in desk.themes


def stands_apart(desk: Desk, theme: Code | None, detection: Detection | None) -> bool:
    """Whether a message joins no earlier one, however close: what was sent off in a form or chosen in a menu."""
    return is_themed(desk, theme) or (detection is not None and detection.by == MENU)
