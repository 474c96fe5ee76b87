"""Links: what a conversation hangs on. (OneDesk's items, Thena's tickets, a tracker's issues, parents)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, ConversationId, ExternalId, LinkTarget, RequestId
from ..values import value
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "LinkRecord", "target_key"]


def target_key(kind: LinkTarget, target: ExternalId) -> str:
    """The content of the key ``target``, by which all conversations that hang on one thing are found."""
    return f"{kind}:{target}"


@value(kw_only=True)
class LinkRecord(Record):
    """One thing that a conversation hangs on.

    ``request_id`` is the request that was sent to a ticket tool, whose ``target`` is not known until the tool tells.
    ``told_at`` is when whoever asked was told that the issue is done.
    """

    tag: ClassVar[str] = "link"
    conversation_id: ConversationId
    kind: LinkTarget
    target: ExternalId | None
    request_id: RequestId | None = None
    added_at: datetime
    added_by: Actor
    removed_at: datetime | None = None
    told_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By conversation and by what it hangs on, while it does, in the order of time."""
        if self.removed_at is not None:
            return ()
        rank = rank_of(self.added_at)
        here = RecordKey("conversation", self.conversation_id, rank)
        if self.target is None:
            return (here,)
        return (here, RecordKey("target", target_key(self.kind, self.target), rank))


def _added(old: LinkRecord | None, event: e.LinkAdded, stream: str, at: datetime, actor: Actor) -> LinkRecord:
    return LinkRecord(
        id=event.link_id,
        conversation_id=ConversationId(stream),
        kind=event.kind,
        target=event.target,
        added_at=at,
        added_by=actor,
        told_at=None if old is None else old.told_at,
    )


def _requested(
    old: LinkRecord | None, event: e.TicketRequested, stream: str, at: datetime, actor: Actor
) -> LinkRecord:
    return LinkRecord(
        id=event.link_id,
        conversation_id=ConversationId(stream),
        kind=event.kind,
        target=None,
        request_id=event.request_id,
        added_at=at,
        added_by=actor,
    )


def _created(old: LinkRecord, event: e.TicketCreated, stream: str, at: datetime, actor: Actor) -> LinkRecord:
    return attrs.evolve(old, target=event.target)


def _removed(
    old: LinkRecord, event: e.LinkRemoved | e.TicketFailed, stream: str, at: datetime, actor: Actor
) -> LinkRecord:
    return attrs.evolve(old, removed_at=at)


_ID: Any = attrgetter("link_id")

# what was taken off may be hung on again: then there is a record before it, and its versions go on
PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.LinkAdded: Projection(LinkRecord, _ID, _added),
        e.LinkRemoved: Projection(LinkRecord, _ID, _removed),
        e.TicketRequested: Projection(LinkRecord, _ID, _requested),
        e.TicketCreated: Projection(LinkRecord, _ID, _created),
        e.TicketFailed: Projection(LinkRecord, _ID, _removed),
    }
)
