"""Which messages of one author belong together, by the time they were sent.

A group starts at a detected message and goes on while the author's next message in the channel follows
within the window: of the neighbour before it (``sliding``) or of the group's first message (``fixed``).
Exactly at the limit still joins. Others' words in between do not end it. (Thena)

What was sent at one moment, as in logs that tell only minutes, has no order and belongs together.

Messages may arrive in any order. With ``sliding`` the result is the same for every order, because a late
message can only join what is there and pull younger neighbours in. With ``fixed`` a late message may
shift where later windows begin; what was placed then stays, so ``fixed`` depends on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..facts import Neighbours
from ..model import Message
from ..settings import ChannelSettings, GroupingMode

__all__ = ["followers", "predecessor"]


def predecessor(neighbours: Neighbours, sent_at: datetime, settings: ChannelSettings) -> Message | None:
    """The neighbour whose group a message sent then joins, or None."""
    before = neighbours.before
    if before is not None and before.request_id is not None and before.group_at is not None:
        start = before.group_at if settings.grouping_mode is GroupingMode.FIXED else before.sent_at
        if sent_at - start <= settings.grouping_within:
            return before
    for message in neighbours.after:
        if message.sent_at != sent_at:
            break
        if message.request_id is not None and message.group_at is not None:
            return message
    return None


def followers(
    neighbours: Neighbours, group_at: datetime, sent_at: datetime, settings: ChannelSettings
) -> Sequence[Message]:
    """The later neighbours that a grouped message sent at ``sent_at`` reaches, in order.

    ``group_at`` is when the first message of its group was sent.
    """
    reached: list[Message] = []
    start = group_at if settings.grouping_mode is GroupingMode.FIXED else sent_at
    for message in neighbours.after:
        if message.sent_at - start > settings.grouping_within:
            break
        reached.append(message)
        if settings.grouping_mode is GroupingMode.SLIDING:
            start = message.sent_at
    return reached
