"""Commands on tags: the catalogue, and what conversations carry."""

from __future__ import annotations

import attrs

from ..model import Code, ConversationId
from ..values import value
from .checks import as_code, is_text
from .root import Command

__all__ = ["AddTag", "DefineTag", "RemoveTag", "RetireTag"]


@value(kw_only=True)
class DefineTag(Command):
    """Let the whole desk use a tag, or word a known one anew. (Audite: the administrator's list)"""

    tag: Code = attrs.field(converter=as_code)
    label: str = attrs.field(validator=is_text)


@value(kw_only=True)
class RetireTag(Command):
    """Let nobody add the tag any more; what carries it goes on to."""

    tag: Code = attrs.field(converter=as_code)


@value(kw_only=True)
class AddTag(Command):
    """Let the conversation carry a tag of the desk's; one that it carries already changes nothing. (Audite, SentiOne)

    A tag that the desk does not have is defined with it where the actor may define tags: from then on everybody has
    it. For anybody else that is refused. (Audite: agents with Administration access)
    """

    conversation_id: ConversationId
    tag: Code = attrs.field(converter=as_code)


@value(kw_only=True)
class RemoveTag(Command):
    """Take a tag off the conversation; one that it does not carry changes nothing."""

    conversation_id: ConversationId
    tag: Code = attrs.field(converter=as_code)
