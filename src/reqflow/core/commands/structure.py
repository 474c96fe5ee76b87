"""Commands on what belongs together: which message is a request, and which requests are one."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...errors import InvalidInput
from ..model import AgentId, ChannelId, MessageId, NativeId, RequestId
from ..values import value
from .checks import as_words
from .observations import Inbound
from .root import Command

__all__ = ["MAX_SPLIT", "Merge", "Promote", "Split"]

MAX_SPLIT = 100
"""How many messages one command may move."""


def _as_messages(given: Iterable[MessageId]) -> tuple[MessageId, ...]:
    messages = tuple(dict.fromkeys(as_words("Split.message_ids", given)))
    if not 0 < len(messages) <= MAX_SPLIT:
        raise InvalidInput(f"a split names 1 to {MAX_SPLIT} messages, not {len(messages)}")
    return messages


@value(kw_only=True)
class Promote(Command):
    """Make a request of a customer's message that nothing took for one. (Thena's "Assign To")

    The message is named by its id, by ``channel`` and ``native``, or given whole as an ``inbound``, which is placed
    first if it was never seen. Its author's further messages in the grouping window come along. Of a message that
    belongs to an open request already only the assignee changes; one whose request was closed opens it again.

    Raises `InvalidInput` unless the message is named in exactly one way.
    """

    message_id: MessageId | None = None
    channel: ChannelId | None = None
    native: NativeId | None = None
    inbound: Inbound | None = None
    assignee: AgentId | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        by_native = self.channel is not None and self.native is not None
        ways = (self.message_id is not None) + by_native + (self.inbound is not None)
        if ways != 1 or (not by_native and (self.channel or self.native)):
            raise InvalidInput("Promote needs one of message_id, channel with native, or inbound")
        inbound: object = self.inbound
        if inbound is not None and not isinstance(inbound, Inbound):
            raise InvalidInput(f"Promote.inbound must be an Inbound, not {inbound!r:.80}")


@value(kw_only=True)
class Merge(Command):
    """Make one request of two: it ends as merged, and whatever it is named for is meant for ``into`` from now on.

    Messages stay where they are, and customers see nothing of each other. An ``into`` that was merged or closed as a
    duplicate itself stands for what it leads to.
    """

    request_id: RequestId
    into: RequestId


@value(kw_only=True)
class Split(Command):
    """Make a further request of some of a request's messages, in the same conversation; no text is copied.

    The new request cites the earliest of them as its opener. A message that opened the old request stays with it and
    is only cited: so one message that asks two things can be two requests.
    """

    request_id: RequestId
    message_ids: tuple[MessageId, ...] = attrs.field(converter=_as_messages)
    assignee: AgentId | None = None
