"""The law that history is the state: verify compares them, rebuild writes the state anew."""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable
from datetime import datetime
from typing import Any

from ..core import history
from ..core.batch import Batch, RecordPut
from ..core.chain import Head
from ..core.events import Entry
from ..core.evolution import later
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
from ..core.operations.purging import is_emptied
from ..core.records import RECORDS, Erasure, Record
from ..core.values import changed, value
from ..errors import Conflict, CorruptRecord, StoreError
from ..ports import Conversations, Messages, Records, Requests, Streams
from .asks import Ask, AskCommit, AskHistory, AskRecall, Flow
from .chaining import broken_chains
from .desks import DESK_STREAM
from .paging import everything

__all__ = ["rebuild", "verify"]

LANES = 200
"""How many lanes are looked at in one go."""


@value
class _Told:
    """What history says: every fold (absorbed messages moved), records with own streams, what is broken or purged."""

    folded: dict[ConversationId, history.Folded]
    own: tuple[Record, ...]
    entries: list[Entry]
    broken: list[str]
    purged: tuple[history.Purged, ...]


def _folded(workspace: Workspace, published: Iterable[Head] = ()) -> Generator[Ask, Any, _Told]:
    folded: dict[ConversationId, history.Folded] = {}
    entries: list[Entry] = []
    own: list[Record] = []
    purged: list[history.Purged] = []
    streams = yield from everything(workspace, Streams())
    chains = yield from broken_chains(workspace, streams, published)
    broken = list(chains.values())
    for stream in streams:
        if stream == DESK_STREAM:
            continue
        try:
            rows = yield AskHistory(workspace, stream)
            if ":" in stream:
                record = history.fold_record(rows)
                if record is not None:
                    own.append(record)
                continue
            gone = history.purged(rows)
            if gone is not None:
                purged.append(gone)
                continue
            result = history.fold(rows)
        except (LookupError, StoreError) as problem:
            if stream in chains:
                continue  # what is wrong with it is told already
            if not isinstance(problem, LookupError | CorruptRecord):
                raise
            broken.append(f"history {stream}: {problem.args[0]}")
            continue
        entries += rows
        if result is not None:
            folded[result.conversation.id] = result
    return _Told(history.settle_absorbed(folded), tuple(own), entries, broken, tuple(purged))


def verify(workspace: Workspace, published: Iterable[Head] = ()) -> Flow:
    """Compare what is stored with what history says, and that with its own chain and the heads that were published.

    Returns ``(streams, problems)``.
    """
    told = yield from _folded(workspace, published)
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
    for gone in told.purged:
        problems += _left(gone, messages.pop(ConversationId(gone.stream), []))
    for said_of in (*told.own, *[record for gone in told.purged for record in gone.records]):
        problems += history.record_differences(said_of, records.pop((said_of.tag, said_of.id), None))
    problems += [f"record {' '.join(key)}: is stored without a history" for key in records]
    problems += yield from _misled(workspace, told)
    problems += [f"conversation {key}: is stored without a history" for key in conversations]
    problems += [f"requests of {key}: are stored without a history" for key in requests]
    problems += [f"messages of {key}: are stored without a history" for key in messages]
    return len(folded), problems


def _left(gone: history.Purged, messages: list[Message]) -> list[str]:
    """Where what is left of a purged conversation's messages is more or less than their keys."""
    problems = [
        f"message {each.id}: was purged, and is not empty" for each in messages if not is_emptied(each)
    ]
    if len(messages) != gone.messages:
        problems.append(
            f"messages of {gone.stream}: {len(messages)} are stored; history says that {gone.messages} are left"
        )
    return problems


def _records(workspace: Workspace) -> Generator[Ask, Any, list[Record]]:
    """All stored records of the kinds that history can write anew."""
    found: list[Record] = []
    for kind in RECORDS:
        if kind.folds:
            found += yield from everything(workspace, Records(kind=Code(kind.tag)))
    return found


def _misled(workspace: Workspace, told: _Told) -> Generator[Ask, Any, list[str]]:
    """Where loads and lanes differ from what history says."""
    problems = [
        f"agent {said.agent}: load is stored as {stored.load}; history says {said.load}"
        for said, stored in (yield from _loads(workspace, told))
        if said.load != stored.load
    ]
    for lane, stored in (yield from _lanes(workspace, told)):
        found = stored.conversation_id if stored is not None else "nothing"
        if stored is None or found != lane.conversation_id:
            name = f"lane {lane.channel_id} {lane.profile_id}"
            problems.append(f"{name}: leads to {found}; history says {lane.conversation_id}")
    return problems


def _loads(workspace: Workspace, told: _Told) -> Generator[Ask, Any, list[tuple[AgentLoad, AgentLoad]]]:
    """Each agent's load as history has it, and as it is stored. Versions only ever grow."""
    said = history.loads_of(
        [request for each in told.folded.values() for request in each.requests], told.entries
    )
    if not said:
        return []
    (pool,) = yield AskRecall(workspace, (WantPool(tuple(each.agent for each in said), None, len(said)),))
    stored = {each.agent: each for each in pool}
    found: list[tuple[AgentLoad, AgentLoad]] = []
    for each in said:
        known = stored[each.agent]
        # what was purged may have told of a later choice
        chosen_at = later(each.chosen_at, known.chosen_at) if told.purged else each.chosen_at
        found.append((changed(each, version=known.version, chosen_at=chosen_at), known))
    return found


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
    lanes = yield from _lanes(workspace, told)
    loads = yield from _loads(workspace, told)
    yield AskCommit(
        Batch(
            workspace=workspace,
            at=at,
            restoring=True,
            lanes=tuple(lane for lane, _ in lanes),
            agents=tuple(said for said, _ in loads),
            records=tuple(
                map(RecordPut, (*told.own, *[record for gone in told.purged for record in gone.records]))
            ),
        )
    )
    return len(folded)


def _is_anew(stored: Lane, led: Container[tuple[tuple[ChannelId, ProfileId], ConversationId]]) -> bool:
    """Whether the lane of somebody who was erased may lead there: its versions have begun anew."""
    there = stored.conversation_id
    return there is None or ((stored.channel_id, stored.profile_id), there) in led


def _lanes(workspace: Workspace, told: _Told) -> Generator[Ask, Any, list[tuple[Lane, Lane | None]]]:
    """Each author's lane as history has it, and as it is stored. Versions only ever grow.

    Whoever was erased begins anew, perhaps never.
    """
    last: dict[tuple[ChannelId, ProfileId], tuple[int, ConversationId] | None] = {}
    erased = {profile for each in told.own if isinstance(each, Erasure) for profile in each.profiles}
    led: set[tuple[tuple[ChannelId, ProfileId], ConversationId]] = set()
    folded, purged = told.folded, {each.stream for each in told.purged}
    for each in folded.values():
        for message in each.messages:
            if message.profile_id is not None:
                last.setdefault((message.channel_id, message.profile_id), None)
    for each in folded.values():
        here = each.conversation
        for profile, version in each.leads:
            place = (here.channel_id, profile)
            led.add((place, here.id))
            if (version, here.id) > (last.get(place) or (0, "")):
                last[place] = (version, here.id)
    lanes: list[tuple[Lane, Lane | None]] = []
    places = list(last.items())
    for first in range(0, len(places), LANES):
        some = places[first : first + LANES]
        answers = yield AskRecall(workspace, tuple(WantLane(*place) for place, _ in some))
        for ((channel, profile), found), (stored, _) in zip(some, answers, strict=True):
            if profile in erased and (stored is None or _is_anew(stored, led)):
                continue
            if stored is not None and stored.conversation_id in purged:
                continue  # it leads nowhere until its author writes again
            version = stored.version if stored is not None else 1
            lanes.append((Lane(channel, profile, version, found[1] if found else None), stored))
    return lanes
