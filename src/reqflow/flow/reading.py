"""Reading and keeping: the desk document, pages, history, and the law that history is the state."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import evolve

from ..core import history
from ..core.batch import Batch, Timer
from ..core.configuration import compile_desk
from ..core.events import Cause, CauseKind, DeskChanged, Entry
from ..core.facts import DeskDocument, WantDesk, WantLane, WantPool
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
from ..core.settings import Desk
from ..core.timers import drain_key, sweep_key
from ..core.values import changed
from ..errors import Conflict
from ..ports import Conversations, Messages, Page, Requests, Streams, View
from .asks import Ask, AskCommit, AskHistory, AskQuery, AskRecall, Flow

__all__ = ["configure", "everything", "load_desk", "rebuild", "verify"]

DESK_STREAM = "desk"
LANES = 200
"""How many lanes are looked at in one go."""


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
    content = json.dumps(given, sort_keys=True, ensure_ascii=False, default=dict)  # Mappings too
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
            # deadlines may be nearer under the new settings: a timer looks at every open conversation
            sweep = (Timer(sweep_key(revision), at),) if known is not None else ()
            # ... and there may be more agents, or more room for each
            queues = desk.queues.values() if known is not None else ()
            drains = tuple(Timer(drain_key(queue.id), at) for queue in queues if queue.policy)
            yield AskCommit(
                Batch(workspace=workspace, at=at, entries=(entry,), desk=document, armed=sweep + drains)
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
    conversations = {each.id: each for each in (yield from everything(workspace, Conversations()))}
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
    problems += yield from _misled(workspace, folded, entries)
    problems += [f"conversation {key}: is stored without a history" for key in conversations]
    problems += [f"requests of {key}: are stored without a history" for key in requests]
    problems += [f"messages of {key}: are stored without a history" for key in messages]
    return len(folded), problems


def _misled(
    workspace: Workspace, folded: Mapping[ConversationId, history.Folded], entries: list[Entry]
) -> Generator[Ask, Any, list[str]]:
    """Where loads and lanes differ from what history says."""
    problems = [
        f"agent {said.agent}: load is stored as {stored.load}; history says {said.load}"
        for said, stored in (yield from _loads(workspace, folded, entries))
        if said.load != stored.load
    ]
    for lane, stored in (yield from _lanes(workspace, folded)):
        found = stored.conversation_id if stored is not None else "nothing"
        if stored is None or found != lane.conversation_id:
            name = f"lane {lane.channel_id} {lane.profile_id}"
            problems.append(f"{name}: leads to {found}; history says {lane.conversation_id}")
    return problems


def _loads(
    workspace: Workspace, folded: Mapping[ConversationId, history.Folded], entries: list[Entry]
) -> Generator[Ask, Any, list[tuple[AgentLoad, AgentLoad]]]:
    """Each agent's load as history has it, and as it is stored. Versions only ever grow."""
    said = history.loads_of([request for each in folded.values() for request in each.requests], entries)
    if not said:
        return []
    (pool,) = yield AskRecall(workspace, (WantPool(tuple(each.agent for each in said), None, len(said)),))
    stored = {each.agent: each for each in pool}
    return [(changed(each, version=stored[each.agent].version), stored[each.agent]) for each in said]


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
    lanes = yield from _lanes(workspace, folded)
    loads = yield from _loads(workspace, folded, entries)
    yield AskCommit(
        Batch(
            workspace=workspace,
            at=at,
            restoring=True,
            lanes=tuple(lane for lane, _ in lanes),
            agents=tuple(said for said, _ in loads),
        )
    )
    return len(folded)


def _lanes(
    workspace: Workspace, folded: Mapping[ConversationId, history.Folded]
) -> Generator[Ask, Any, list[tuple[Lane, Lane | None]]]:
    """Each author's lane as history has it, and as it is stored. Versions only ever grow."""
    last: dict[tuple[ChannelId, ProfileId], tuple[int, ConversationId] | None] = {}
    for each in folded.values():
        for message in each.messages:
            if message.profile_id is not None:
                last.setdefault((message.channel_id, message.profile_id), None)
    for each in folded.values():
        here = each.conversation
        for profile, version in each.leads:
            place = (here.channel_id, profile)
            if (version, here.id) > (last.get(place) or (0, "")):
                last[place] = (version, here.id)
    lanes: list[tuple[Lane, Lane | None]] = []
    places = list(last.items())
    for first in range(0, len(places), LANES):
        some = places[first : first + LANES]
        answers = yield AskRecall(workspace, tuple(WantLane(*place) for place, _ in some))
        for ((channel, profile), found), (stored, _) in zip(some, answers, strict=True):
            version = stored.version if stored is not None else 1
            lanes.append((Lane(channel, profile, version, found[1] if found else None), stored))
    return lanes
