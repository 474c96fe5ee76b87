"""Telling people: a stream's entries by any id that leads to it, and the same in words with names."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from ..core import explain
from ..core.commands.checks import check_word
from ..core.events import Entry
from ..core.facts import WantRequest
from ..core.model import Actor, Audience, RequestId, TextId, Workspace
from ..core.settings import Desk
from ..errors import UnknownId
from .asks import Ask, AskHistory, AskNextDue, AskRecall, AskTexts
from .contacts import card
from .viewing import viewer

__all__ = ["card", "due", "entries_of", "explained"]


def due(workspace: Workspace) -> Generator[Ask, Any, datetime | None]:
    """The earliest moment on the agenda."""
    found: datetime | None = yield AskNextDue(workspace)
    return found


def entries_of(desk: Desk, key: str, by: Actor | None = None) -> Generator[Ask, Any, list[Entry]]:
    """The entries of a conversation, of a request's conversation, of a record or of the desk. Raises `UnknownId`."""
    reader = viewer(desk, by)
    stream = key
    if check_word("key", key).startswith("r_"):
        ((request, conversation),) = yield AskRecall(desk.workspace, (WantRequest(RequestId(key)),))
        if request is None or not reader.sees_history(conversation):
            raise UnknownId(f"no request {key}")
        stream = request.conversation_id
    elif not (yield from reader.may_read(stream)):
        raise UnknownId(f"nothing is known of {key}")
    entries = list((yield AskHistory(desk.workspace, stream)))
    if not entries:
        raise UnknownId(f"nothing is known of {key}")
    return entries


def explained(desk: Desk, key: str, by: Actor | None = None) -> Generator[Ask, Any, list[explain.Line]]:
    """A stream's history in words. Of a request's conversation, the lines that concern the request."""
    entries = yield from entries_of(desk, key, by)
    people = dict.fromkeys(explain.profiles(entries))
    named = {TextId(f"t{profile[1:]}.name"): profile for profile in people}
    addressed = {TextId(f"t{profile[1:]}.address"): profile for profile in people}
    ids = [ref.id for ref in explain.text_refs(entries)]
    texts = yield AskTexts(desk.workspace, (*ids, *named, *addressed), Audience.INTERNAL)
    names = {str(agent.id): agent.name for agent in desk.agents.values()}
    for known in (addressed, named):  # a name, where there is one, says more than an address
        names.update({str(profile): texts[ref] for ref, profile in known.items() if texts.get(ref)})
    lines = explain.describe(entries, explain.Names(people=names, texts=texts))
    if not key.startswith("r_"):
        return list(lines)
    return [line for line in lines if line.request_id in (None, key)]
