"""Reading and keeping: the desk document, pages, history, and the law that history is the state."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import evolve

from ..core import history
from ..core.batch import Batch
from ..core.events import Cause, CauseKind, DeskChanged, Entry
from ..core.facts import DeskDocument, WantDesk, WantLane
from ..core.ids import digest_of
from ..core.model import (
    Actor,
    AgentLoad,
    ChannelId,
    Code,
    CommandKey,
    ConversationId,
    Lane,
    Message,
    ProfileId,
    Request,
    Workspace,
)
from ..core.settings import Desk, compile_desk
from ..errors import Conflict
from ..ports import Conversations, Messages, Page, Requests, Streams, View
from .asks import Ask, AskCommit, AskHistory, AskQuery, AskRecall, Flow

__all__ = ["configure", "everything", "load_desk", "rebuild", "verify"]

DESK_STREAM = "desk"


def load_desk(workspace: Workspace) -> Flow:
    """The stored desk, compiled; None where none was ever stored."""
    (document,) = yield AskRecall(workspace, (WantDesk(-1),))
    return None if document is None else desk_of(document)


def desk_of(document: DeskDocument) -> Desk:
    """Compile a stored desk document."""
    return compile_desk(
        json.loads(document.content),
        salt=bytes.fromhex(document.salt),
        revision=document.revision,
    )


def configure(
    workspace: Workspace,
    given: Mapping[str, Any],
    by: Actor,
    fresh_salt: str,
    at: datetime,
    policies: Iterable[str] = (),
) -> Flow:
    """Store a desk's configuration as the next revision. The same content again changes nothing.

    ``policies`` are the names that queues may use. Returns ``(Desk, changed)``. Raises `InvalidSettings` before
    anything is stored.
    """
    content = json.dumps(given, sort_keys=True, ensure_ascii=False)
    while True:
        (known,) = yield AskRecall(workspace, (WantDesk(-1),))
        salt = known.salt if known is not None else fresh_salt
        revision = known.revision + 1 if known is not None else 1
        desk = compile_desk(given, salt=bytes.fromhex(salt), revision=revision, policies=policies)
        if known is not None and known.content == content:
            return desk_of(known), False
        document = DeskDocument(revision, content, salt)
        event = DeskChanged(revision=revision, digest=Code(digest_of(content.encode()).hex()))
        entry = Entry(
            stream=Code(DESK_STREAM),
            seq=revision,
            at=at,
            actor=by,
            cause=Cause(kind=CauseKind.SETUP, key=CommandKey(f"desk.{revision}")),
            events=(event,),
        )
        try:
            yield AskCommit(
                Batch(workspace=workspace, at=at, entries=(entry,), desk=document)
            )
        except Conflict:
            continue
        return desk, True


def everything(workspace: Workspace, view: View) -> Generator[Ask, Any, list[Any]]:
    """All items of a view, page by page."""
    items: list[Any] = []
    after: str | None = None
    while True:
        page: Page = yield AskQuery(workspace, _from(view, after))
        items += page.items
        if page.next is None:
            return items
        after = page.next


def _from(view: View, after: str | None) -> View:
    return evolve(view, after=after)


def _folded(
    workspace: Workspace,
) -> Generator[Ask, Any, tuple[dict[ConversationId, history.Folded], list[Entry], list[str]]]:
    """Every stream's fold, absorbed messages moved; all entries; and what could not be folded."""
    folded: dict[ConversationId, history.Folded] = {}
    entries: list[Entry] = []
    broken: list[str] = []
    for stream in (yield from everything(workspace, Streams())):
        if stream == DESK_STREAM:
            continue
        rows = yield AskHistory(workspace, stream)
        try:
            result = history.fold(rows)
        except LookupError as problem:
            broken.append(f"history {stream}: {problem.args[0]}")
            continue
        entries += rows
        if result is not None:
            folded[result.conversation.id] = result
    return history.settle_absorbed(folded), entries, broken


def verify(workspace: Workspace) -> Flow:
    """Compare what is stored with what history says. Returns ``(streams, problems)``."""
    folded, entries, problems = yield from _folded(workspace)
    conversations = {
        each.id: each for each in (yield from everything(workspace, Conversations()))
    }
    requests: dict[ConversationId, list[Request]] = {}
    for request in (yield from everything(workspace, Requests())):
        requests.setdefault(request.conversation_id, []).append(request)
    messages: dict[ConversationId, list[Message]] = {}
    for message in (yield from everything(workspace, Messages())):
        messages.setdefault(message.conversation_id, []).append(message)
    for key, said in folded.items():
        problems += history.differences(
            said, conversations.pop(key, None), requests.pop(key, []), messages.pop(key, [])
        )
    problems += [f"conversation {key}: is stored without a history" for key in conversations]
    problems += [f"requests of {key}: are stored without a history" for key in requests]
    problems += [f"messages of {key}: are stored without a history" for key in messages]
    return len(folded), problems


def rebuild(workspace: Workspace, at: datetime) -> Flow:
    """Write conversations, requests, messages, lanes and loads anew from history. Returns how many streams.

    Raises `Conflict` naming the streams whose history is broken; then nothing is written.
    """
    folded, entries, broken = yield from _folded(workspace)
    if broken:
        raise Conflict([("history", line) for line in broken], "; ".join(broken))
    for each in folded.values():
        yield AskCommit(
            Batch(
                workspace=workspace,
                at=at,
                restoring=True,
                conversations=(each.conversation,),
                requests=each.requests,
                messages=each.messages,
            )
        )
    loads: tuple[AgentLoad, ...] = history.loads_of(
        [request for each in folded.values() for request in each.requests], entries
    )
    lanes = yield from _lanes(workspace, folded)
    yield AskCommit(Batch(workspace=workspace, at=at, restoring=True, lanes=lanes, agents=loads))
    return len(folded)


def _lanes(
    workspace: Workspace, folded: Mapping[ConversationId, history.Folded]
) -> Generator[Ask, Any, tuple[Lane, ...]]:
    """Each author's lane: the conversation that they opened last. Versions only ever grow."""
    last: dict[tuple[ChannelId, ProfileId], tuple[int, ConversationId] | None] = {}
    for each in folded.values():
        for message in each.messages:
            if message.profile_id is not None:
                last.setdefault((message.channel_id, message.profile_id), None)
    for each in folded.values():
        began = each.opened
        lane = (began.channel_id, began.requester)
        place = (began.lane_version, began.conversation_id)
        if began.lane_version and place > (last.get(lane) or (0, "")):
            last[lane] = place
    lanes = []
    for (channel, profile), found in last.items():
        ((stored, _),) = yield AskRecall(workspace, (WantLane(channel, profile),))
        version = stored.version if stored is not None else 1
        lanes.append(Lane(channel, profile, version, found[1] if found else None))
    return tuple(lanes)
