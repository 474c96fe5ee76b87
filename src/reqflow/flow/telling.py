"""Telling people: a stream's entries by any id that leads to it, and the same in words with names."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from ..core import explain
from ..core.events import Entry
from ..core.facts import WantRequest
from ..core.model import Audience, RequestId, TextId, Workspace
from ..core.settings import Desk
from ..errors import UnknownId
from ..ports import Page, View
from .asks import Ask, AskHistory, AskNextDue, AskQuery, AskRecall, AskTexts

__all__ = ["due", "entries_of", "explained", "page"]


def page(workspace: Workspace, view: View) -> Generator[Ask, Any, Page]:
    """One page of a view."""
    found: Page = yield AskQuery(workspace, view)
    return found


def due(workspace: Workspace) -> Generator[Ask, Any, datetime | None]:
    """The earliest moment on the agenda."""
    found: datetime | None = yield AskNextDue(workspace)
    return found


def entries_of(workspace: Workspace, key: str) -> Generator[Ask, Any, list[Entry]]:
    """The entries of a conversation, of a request's conversation, or of the desk. Raises `UnknownId`."""
    stream = key
    if key.startswith("r_"):
        ((request, _),) = yield AskRecall(workspace, (WantRequest(RequestId(key)),))
        if request is None:
            raise UnknownId(f"no request {key}")
        stream = request.conversation_id
    entries = list((yield AskHistory(workspace, stream)))
    if not entries:
        raise UnknownId(f"nothing is known of {key}")
    return entries


def explained(desk: Desk, key: str) -> Generator[Ask, Any, list[explain.Line]]:
    """A stream's history in words. Of a request's conversation, the lines that concern the request."""
    entries = yield from entries_of(desk.workspace, key)
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
