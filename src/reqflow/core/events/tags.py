"""What happens to tags: in the desk's catalogue, each in a stream of its own, and on conversations."""

from __future__ import annotations

from typing import ClassVar

from ..model import Code, TextRef
from ..values import value
from .root import Event

__all__ = ["TAG_EVENTS", "TagAdded", "TagDefined", "TagRemoved", "TagRetired"]


@value(kw_only=True)
class TagDefined(Event):
    """The desk has this tag now; ``label`` is its wording, where somebody gave one. (Audite)"""

    tag: ClassVar[str] = "tag.defined"
    name: Code
    label: TextRef | None = None


@value(kw_only=True)
class TagRetired(Event):
    """The desk has this tag no more; what carries it goes on to."""

    tag: ClassVar[str] = "tag.retired"
    name: Code


@value(kw_only=True)
class TagAdded(Event):
    """The conversation carries the tag now. (Audite, SentiOne)"""

    tag: ClassVar[str] = "tag.added"
    name: Code


@value(kw_only=True)
class TagRemoved(Event):
    """The conversation does not carry the tag any more."""

    tag: ClassVar[str] = "tag.removed"
    name: Code


TAG_EVENTS: tuple[type[Event], ...] = (TagDefined, TagRetired, TagAdded, TagRemoved)
