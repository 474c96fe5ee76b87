"""The commands that a rule's actions come to on an occasion."""

from __future__ import annotations

from typing import Any

import attrs

from ...errors import Refused
from ..commands import Command
from ..settings import Action
from .automation import Occasion
from .facts import found

__all__ = ["command_of"]


def command_of(action: Action, it: Occasion) -> Command:
    """The command, about the occasion's request and conversation.

    Raises `Refused` where it needs a request, or a fact, and there is none.
    """
    fields: dict[str, Any] = dict(action.fields)
    fields.update((name, it.at + span) for name, span in action.ahead)
    for name, fact in action.read:
        words = found(it, fact)
        if not words:
            raise Refused("nobody", f"{action.word} is for the {fact}; {it.conversation.id} has none")
        fields[name] = words[0]
    for field in attrs.fields(action.command):
        if field.name == "conversation_id":
            fields[field.name] = it.conversation.id
        elif field.name == "request_id":
            if it.request is not None:
                fields[field.name] = it.request.id
            elif field.default is attrs.NOTHING:
                raise Refused("no_request", f"{action.word} needs a request; {it.conversation.id} has none")
    return action.command(by=it.by, **fields)
