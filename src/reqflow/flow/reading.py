"""The law that history is the state: verify compares them, rebuild writes the state anew."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any

from attrs import evolve

from ..core import history
from ..core.batch import Batch, RecordPut
from ..core.events import Entry
from ..core.facts import WantLane, WantPool
from ..core.model import (
    AgentLoad,
    ChannelId,
    Code,
    ConversationId,
    Lane,
    Message,
    ProfileId,
    Request,
    Workspace,
)
from ..core.records import RECORDS, Record
from ..core.values import changed, value
from ..errors import Conflict
from ..ports import Conversations, Messages, Page, Records, Requests, Streams, View
from .asks import Ask, AskCommit, AskHistory, AskQuery, AskRecall, Flow
from .desks import DESK_STREAM

__all__ = ["everything", "rebuild", "verify"]

LANES = 200
"""How many lanes are looked at in one go."""


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


@value
class _Told:
    """What history says: every fold (absorbed messages moved), records with own streams, and what is broken."""

    folded: dict[ConversationId, history.Folded]
    own: tuple[Record, ...]
    entries: list[Entry]
    broken: list[str]


def _folded(workspace: Workspace) -> Generator[Ask, Any, _Told]:
    folded: dict[ConversationId, history.Folded] = {}
    entries: list[Entry] = []
    broken: list[str] = []
    own: list[Record] = []
    for stream in (yield from everything(workspace, Streams())):
        if stream == DESK_STREAM:
            continue
        rows = yield AskHistory(workspace, stream)
        try:
            if ":" in stream:
                record = history.fold_record(rows)
                if record is not None:
                    own.append(record)
                continue
            result = history.fold(rows)
        except LookupError as problem:
            broken.append(f"history {stream}: {problem.args[0]}")
            continue
        entries += rows
        if result is not None:
            folded[result.conversation.id] = result
    return _Told(history.settle_absorbed(folded), tuple(own), entries, broken)


def verify(workspace: Workspace) -> Flow:
    """Compare what is stored with what history says. Returns ``(streams, problems)``."""
    told = yield from _folded(workspace)
    folded, problems = told.folded, told.broken
    conversations = {each.id: each for each in (yield from everything(workspace, Conversations()))}
    requests: dict[ConversationId, list[Request]] = {}
    for request in (yield from everything(workspace, Requests())):
        requests.setdefault(request.conversation_id, []).append(request)
    messages: dict[ConversationId, list[Message]] = {}
    for message in (yield from everything(workspace, Messages())):
        messages.setdefault(message.conversation_id, []).append(message)
    records = {(each.tag, each.id): each for each in (yield from _records(workspace))}
    for key, said in folded.items():
        problems += history.differences(
            said,
            conversations.pop(key, None),
            requests.pop(key, []),
            messages.pop(key, []),
            [found for each in said.records if (found := records.pop((each.tag, each.id), None))],
        )
    for said_of in told.own:
        problems += history.record_differences(said_of, records.pop((said_of.tag, said_of.id), None))
    problems += [f"record {' '.join(key)}: is stored without a history" for key in records]
    problems += yield from _misled(workspace, folded, told.entries)
    problems += [f"conversation {key}: is stored without a history" for key in conversations]
    problems += [f"requests of {key}: are stored without a history" for key in requests]
    problems += [f"messages of {key}: are stored without a history" for key in messages]
    return len(folded), problems


def _records(workspace: Workspace) -> Generator[Ask, Any, list[Record]]:
    """All stored records of the kinds that history can write anew."""
    found: list[Record] = []
    for kind in RECORDS:
        if kind.folds:
            found += yield from everything(workspace, Records(kind=Code(kind.tag)))
    return found


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
    """Write conversations, requests, messages, records, lanes and loads anew from history. Returns how many streams.

    Raises `Conflict` naming the streams whose history is broken; then nothing is written.
    """
    told = yield from _folded(workspace)
    folded, broken = told.folded, told.broken
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
                records=tuple(map(RecordPut, each.records)),
            )
        )
    lanes = yield from _lanes(workspace, folded)
    loads = yield from _loads(workspace, folded, told.entries)
    yield AskCommit(
        Batch(
            workspace=workspace,
            at=at,
            restoring=True,
            lanes=tuple(lane for lane, _ in lanes),
            agents=tuple(said for said, _ in loads),
            records=tuple(map(RecordPut, told.own)),
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
