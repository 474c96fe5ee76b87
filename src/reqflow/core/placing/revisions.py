"""What a message row is after something happened to a message that was placed before.

The step and the fold of history share this, so that the row is what history says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from .. import events as e
from ..model import Delivery, Message
from ..values import changed

__all__ = ["REVISIONS", "revised"]


def _edited(message: Message, event: e.MessageEdited) -> Message:
    return changed(message, text=event.text, edited_at=event.edited_at)


def _deleted(message: Message, event: e.MessageDeleted) -> Message:
    return changed(message, text=None, attachments=(), deleted_at=event.deleted_at)


def _moved(message: Message, event: e.MessageMoved) -> Message:
    return changed(message, request_id=event.request_id, group_at=event.group_at)


def _delivered(message: Message, event: e.MessageDelivered) -> Message:
    return changed(message, delivery=Delivery.DELIVERED, delivery_code=None)


def _undelivered(message: Message, event: e.MessageUndelivered) -> Message:
    return changed(message, delivery=Delivery.UNDELIVERED, delivery_code=event.code)


REVISIONS: Mapping[type[e.Event], Callable[[Message, Any], Message]] = MappingProxyType(
    {
        e.MessageEdited: _edited,
        e.MessageDeleted: _deleted,
        e.MessageMoved: _moved,
        e.MessageDelivered: _delivered,
        e.MessageUndelivered: _undelivered,
    }
)
"""The events that change a message row, each with its rule; their ``message_id`` names it."""


def revised(message: Message, event: e.Event) -> Message:
    """The message after the event, which is one of `REVISIONS`."""
    return REVISIONS[event.__class__](message, event)
