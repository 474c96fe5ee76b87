"""Preparing: what a later decision asks of others is asked now, so that it can be made in somebody's transaction."""

from __future__ import annotations

from ..core.commands import Inbound, Item
from ..core.model import CommandKey, Detection
from ..core.operations import performing
from ..core.operations.overlay import Overlay
from ..core.settings import DetectionMode
from .asks import Context, Flow
from .handling import learn, tried

__all__ = ["prepare"]


def prepare(context: Context, item: Item, key: CommandKey) -> Flow:
    """What a classifier says of an item, if deciding it now would ask one: a `Detection`, or None.

    Only inbound messages are ever judged, and only where the channel leaves that to a classifier. The decision is made
    to find out, and thrown away.
    """
    if not isinstance(item, Inbound):
        return None
    settings = context.desk.channel(item.channel)
    if settings is None or settings.detection is not DetectionMode.CLASSIFIER:
        return None
    overlay = Overlay(context.desk, context.clock(), context.notice_rules, context.signature)
    consulted: dict[CommandKey, Detection] = {}
    yield from learn(overlay, performing.wants_of(item, key, context.desk))
    yield from tried(context, overlay, item, key, consulted)
    return consulted.get(key)
