"""What a late message takes in: the younger conversations of its author that belong to its group.

One primitive, ``absorb``, moves loose messages, or a request that no person has touched, into the older
group; automatic assignment is not touching. Once a person has acted, both stay, linked as ``late``.
"""

from __future__ import annotations

from datetime import datetime

from .. import events as e
from ..batch import Absorbed
from ..facts import NEIGHBOURS, Neighbours, Outcome
from ..model import (
    ChannelId,
    CloseReason,
    Code,
    Conversation,
    ConversationId,
    LinkKind,
    Message,
    MessageId,
    ProfileId,
    Reason,
    RequestId,
    Resolution,
)
from ..operations.step import Step
from ..settings import ChannelSettings
from .grouping import followers

__all__ = ["Absorption"]

PAGES = 16
"""How many recalls of later neighbours one late message may cost."""


class Absorption:
    """One message of a group, and the conversations that it may take in."""

    def __init__(
        self,
        step: Step,
        settings: ChannelSettings,
        channel: ChannelId,
        profile: ProfileId,
        message_id: MessageId,
        sent_at: datetime,
        group_at: datetime,
    ) -> None:
        self.step = step
        self.settings = settings
        self.channel = channel
        self.profile = profile
        self.message_id = message_id
        self.sent_at = sent_at
        self.group_at = group_at

    def pull(self, outcome: Outcome, neighbours: Neighbours) -> None:
        """Absorb the younger neighbours that the message reaches."""
        if outcome.conversation_id is None:
            return
        reached: list[Message] = []
        start = self.sent_at
        for _ in range(PAGES):
            page = followers(neighbours, self.group_at, start, self.settings)
            reached += page
            if len(page) < NEIGHBOURS:
                break
            start = page[-1].sent_at
            neighbours = self.step.overlay.neighbours(self.channel, self.profile, start, page[-1].id)
        others = dict.fromkeys(m.conversation_id for m in reached)
        others.pop(outcome.conversation_id, None)
        self.absorb(outcome.conversation_id, outcome.request_id, tuple(others))

    def absorb(
        self, into: ConversationId, request: RequestId | None, others: tuple[ConversationId, ...]
    ) -> None:
        """Take these conversations in, up to the first that a person has touched."""
        self.step.overlay.recall(others)
        for each in others:
            other = self.step.conversation(each)
            target = self.step.conversation(into)
            if other is None or not other.is_open or target is None:
                continue
            joined = next((r for r in target.requests if r.id == request), None)
            if joined is None:  # nothing that is still to be done goes where nothing is done any more
                continue
            if not self._untouched(other):
                self.step.emit(into, e.ConversationLinked(kind=LinkKind.LATE, other=each))
                self.step.emit(each, e.ConversationLinked(kind=LinkKind.LATE, other=into))
                return
            self._merge(other, target.id, joined.id)

    def _merge(self, other: Conversation, into: ConversationId, request: RequestId) -> None:
        """Close a younger conversation, and what was asked there, as a part of this one."""
        reason = Reason(Code("late"), message_id=self.message_id)
        self.step.emit(
            other.id,
            e.ConversationClosed(close_reason=CloseReason.MERGED, into=into, reason=reason),
            *(
                e.RequestClosed(
                    request_id=younger.id, resolution=Resolution.MERGED, into=request, reason=reason
                )
                for younger in other.requests
            ),
        )
        self.step.emit(
            into,
            e.ConversationAbsorbed(
                other=other.id,
                request_id=request,
                group_at=self.group_at,
                messages=other.messages,
                customer_at=other.customer_at,
            ),
        )
        self.step.absorbed.append(Absorbed(other.id, into, request, self.group_at))

    def _untouched(self, other: Conversation) -> bool:
        if other.marked or other.closed or (other.holder is not None and not other.requests):
            return False
        return all(request.requester == self.profile and not request.touched for request in other.requests)
