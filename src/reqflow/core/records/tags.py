"""Tags: the desk's catalogue, and which conversation carries which. (Audite, SentiOne)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..model import Actor, Code, ConversationId, TextRef
from ..values import value
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["PROJECTIONS", "Tag", "Tagged", "tagged_id"]


@value(kw_only=True)
class Tag(Record):
    """A tag that colleagues defined; its id is the tag itself. ``label`` is its wording, where somebody gave one."""

    tag: ClassVar[str] = "tag"
    label: TextRef | None = None
    defined_at: datetime
    retired_at: datetime | None = None


@value(kw_only=True)
class Tagged(Record):
    """A conversation's tag: since when, and by whom."""

    tag: ClassVar[str] = "tagged"
    name: Code
    conversation_id: ConversationId
    added_at: datetime
    added_by: Actor
    removed_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By tag while it is there, in the order of time."""
        if self.removed_at is not None:
            return ()
        return (RecordKey("tag", self.name, rank_of(self.added_at)),)


def tagged_id(conversation_id: ConversationId, name: Code) -> Code:
    """The row that says that a conversation carries a tag."""
    return Code(f"{conversation_id}.{name}")


def _defined(old: Tag | None, event: e.TagDefined, stream: str, at: datetime, actor: Actor) -> Tag:
    return Tag(id=event.name, label=event.label, defined_at=at)


def _retired(old: Tag, event: e.TagRetired, stream: str, at: datetime, actor: Actor) -> Tag:
    return attrs.evolve(old, retired_at=at)


def _added(old: Tagged | None, event: e.TagAdded, stream: str, at: datetime, actor: Actor) -> Tagged:
    return Tagged(
        id=tagged_id(ConversationId(stream), event.name),
        name=event.name,
        conversation_id=ConversationId(stream),
        added_at=at,
        added_by=actor,
    )


def _removed(old: Tagged, event: e.TagRemoved, stream: str, at: datetime, actor: Actor) -> Tagged:
    return attrs.evolve(old, removed_at=at)


_NAME: Any = attrgetter("name")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.TagDefined: Projection(Tag, _NAME, _defined),
        e.TagRetired: Projection(Tag, _NAME, _retired),
        e.TagAdded: Projection(Tagged, _NAME, _added, here=True),
        e.TagRemoved: Projection(Tagged, _NAME, _removed, here=True),
    }
)
"""Neither kind begins with its event: a tag that was retired or removed may come back under its id."""
