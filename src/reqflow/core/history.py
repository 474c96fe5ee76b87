"""History: the fold that is the state, what the rows of a stream must be, and why things happened.

One law holds everywhere: the fold of a stream's entries equals the stored state. `fold` is that fold; `verify`
compares; rebuilding is writing what the fold says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from graphlib import TopologicalSorter
from typing import Any

import attrs

from . import events as e
from .evolution import begin, evolve, trim
from .model import (
    AgentId,
    AgentLoad,
    Code,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    ProfileId,
    Request,
    RequestId,
    RequestState,
)
from .placing.revisions import REVISIONS, revised
from .records import projection_of
from .records.root import Record
from .values import changed, value

__all__ = [
    "Folded",
    "Purged",
    "differences",
    "fold",
    "fold_record",
    "loads_of",
    "purged",
    "record_differences",
    "settle_absorbed",
]


@value
class Folded:
    """What a stream's history says: the conversation, all its requests and the messages it holds.

    ``moved`` names the conversations that were absorbed here: their messages belong here too, and ``revisions`` are
    what happened to those afterwards. ``leads`` tells whose lanes came to lead here, each with the lane's version then.
    """

    opened: e.ConversationOpened
    conversation: Conversation
    requests: tuple[Request, ...]
    messages: tuple[Message, ...]
    moved: tuple[e.ConversationAbsorbed, ...] = ()
    leads: tuple[tuple[ProfileId, int], ...] = ()
    records: tuple[Record, ...] = ()
    revisions: tuple[e.Event, ...] = ()


def fold(entries: Iterable[e.Entry]) -> Folded | None:
    """Fold the entries of one conversation's stream; None for an empty one.

    Raises LookupError when they cannot be a history: a gap in ``seq``, an arrow off the table.
    """
    state: Conversation | None = None
    requests: dict[RequestId, Request] = {}
    messages: dict[MessageId, Message] = {}
    opened: e.ConversationOpened | None = None
    moved: list[e.ConversationAbsorbed] = []
    leads: list[tuple[ProfileId, int]] = []
    records: dict[tuple[str, str], Record] = {}
    revisions: list[e.Event] = []
    for expected, entry in enumerate(entries, start=1):
        if entry.seq != expected:
            raise LookupError(f"{entry.stream}: entry {expected} is missing, found {entry.seq}")
        for event in entry.events:
            if isinstance(event, e.ConversationOpened):
                state, opened = begin(event), event
            elif state is None:
                raise LookupError(f"{entry.stream}: begins with {event.tag}")
            else:
                state = evolve(_complete(state, event, requests), event, entry.at, entry.actor)
            if event.__class__ in REVISIONS:
                _note_revision(event, messages, revisions)
            else:
                _note_message(event, messages, moved)
            _note_record(event, entry, records)
            if version := getattr(event, "lane_version", 0):
                leads.append((getattr(event, "requester", state.requester), version))
            requests.update((r.id, r) for r in (*state.requests, *state.closed))
        if state is not None:
            state = changed(trim(state), version=entry.seq)
    if state is None or opened is None:
        return None
    return Folded(
        opened,
        state,
        tuple(requests.values()),
        tuple(messages.values()),
        tuple(moved),
        tuple(leads),
        tuple(records.values()),
        tuple(revisions),
    )


@value
class Purged:
    """What the history of a purged conversation says: how many rows of messages are left, and the figures."""

    stream: Code
    messages: int
    records: tuple[Record, ...]


def purged(entries: Sequence[e.Entry]) -> Purged | None:
    """What is left where a conversation was purged; None for other histories. Raises LookupError as `fold` does."""
    if not entries or not isinstance(entries[0].events[0], e.ConversationPurged):
        return None
    (entry, *more), event = entries, entries[0].events[0]
    if more or entry.seq != event.entries + 1:
        raise LookupError(f"{entry.stream}: goes on after it was purged")
    records: dict[tuple[str, str], Record] = {}
    for each in entry.events:
        _note_record(each, entry, records)
    return Purged(entry.stream, event.messages, tuple(records.values()))


def fold_record(entries: Iterable[e.Entry]) -> Record | None:
    """Fold the entries of a record that has a history of its own. Raises LookupError as `fold` does."""
    records: dict[tuple[str, str], Record] = {}
    for expected, entry in enumerate(entries, start=1):
        if entry.seq != expected:
            raise LookupError(f"{entry.stream}: entry {expected} is missing, found {entry.seq}")
        for event in entry.events:
            _note_record(event, entry, records)
    return next(iter(records.values()), None)


def _note_record(event: e.Event, entry: e.Entry, records: dict[tuple[str, str], Record]) -> None:
    projection = projection_of(event.__class__)
    if projection is None:
        return
    key = projection.kind.tag, projection.place(event, entry.stream)
    old = None if projection.begins else records.get(key)
    records[key] = projection.after(old, event, entry.stream, entry.at, entry.actor)


def _complete(state: Conversation, event: e.Event, requests: dict[RequestId, Request]) -> Conversation:
    """A closed request that the state let go of comes back when an event names it."""
    named = getattr(event, "request_id", None)
    held = {r.id for r in (*state.requests, *state.closed)}
    if not isinstance(event, _BRINGS_BACK) or named in held or named not in requests:
        return state
    return changed(state, closed=(requests[named], *state.closed))


_BRINGS_BACK = (e.RequestReopened, e.RequestStatusSet, e.FieldSet, e.FieldCleared)
"""What may happen to a closed request however long ago it was closed."""


def _note_message(
    event: e.Event, messages: dict[MessageId, Message], moved: list[e.ConversationAbsorbed]
) -> None:
    if isinstance(event, e.MessageReceived | e.MessagePosted):
        messages[event.message.id] = event.message
    elif isinstance(event, e.ConversationAbsorbed):
        moved.append(event)
    elif isinstance(event, e.MessageAdopted):
        for message in messages.values():
            if message.request_id is None and message.sent_at >= event.since_at:
                messages[message.id] = changed(message, request_id=event.request_id)


def _note_revision(event: Any, messages: dict[MessageId, Message], revisions: list[e.Event]) -> None:
    message = messages.get(event.message_id)
    if message is None:
        revisions.append(event)
    else:
        messages[message.id] = revised(message, event)


def settle_absorbed(folded: dict[ConversationId, Folded]) -> dict[ConversationId, Folded]:
    """Move the messages of absorbed conversations to where they belong now."""
    settled = dict(folded)
    absorbed = {key: [event.other for event in each.moved] for key, each in folded.items() if each.moved}
    for key in TopologicalSorter(absorbed).static_order():  # what was absorbed first has absorbed before
        if key not in absorbed:
            continue
        for event in folded[key].moved:
            here, other = settled[key], settled.get(event.other)
            if other is not None:
                came = tuple(_moved(message, key, event) for message in other.messages)
                settled[key] = changed(here, messages=(*here.messages, *came))
                settled[event.other] = changed(other, messages=())
        settled[key] = _revised_since(settled[key])
    return settled


def _revised_since(folded: Folded) -> Folded:
    """What happened to messages after they had come with an absorbed conversation."""
    if not folded.revisions:
        return folded
    messages = {message.id: message for message in folded.messages}
    rest: list[e.Event] = []
    for event in folded.revisions:
        _note_revision(event, messages, rest)
    return changed(folded, messages=tuple(messages.values()))


def _moved(message: Message, into: ConversationId, event: e.ConversationAbsorbed) -> Message:
    return changed(
        message,
        conversation_id=into,
        request_id=event.request_id,
        group_at=event.group_at if message.top else message.group_at,
    )


def loads_of(requests: Iterable[Request], entries: Iterable[e.Entry]) -> tuple[AgentLoad, ...]:
    """Agents' loads, counted from the requests; and when a policy last chose them, from history."""
    loads: dict[AgentId, int] = {}
    chosen: dict[AgentId, object] = {}
    for request in requests:
        if request.state is RequestState.ASSIGNED and request.assignee is not None:
            loads[request.assignee] = loads.get(request.assignee, 0) + 1
    for entry in entries:
        for event in entry.events:
            if isinstance(event, e.RequestAssigned):
                loads.setdefault(event.assignee, 0)
            if isinstance(event, e.RequestAssigned) and event.reason.policy is not None:
                known = chosen.get(event.assignee)
                if known is None or known < entry.at:  # type: ignore[operator]
                    chosen[event.assignee] = entry.at
    return tuple(
        AgentLoad(agent, 0, loads.get(agent, 0), chosen.get(agent))  # type: ignore[arg-type]
        for agent in sorted({*loads, *chosen})
    )


def differences(
    folded: Folded,
    conversation: Conversation | None,
    requests: Sequence[Request],
    messages: Sequence[Message],
    records: Sequence[Record] = (),
) -> Iterator[str]:
    """Where stored rows differ from what history says, one line each."""
    name = folded.conversation.id
    if conversation != folded.conversation:
        yield f"conversation {name}: {_first_difference(folded.conversation, conversation)}"
    kinds: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...] = (
        ("request", {r.id: r for r in folded.requests}, {r.id: r for r in requests}),
        ("message", {m.id: m for m in folded.messages}, {m.id: m for m in messages}),
    )
    for kind, said, stored in kinds:
        for key in sorted({*said, *stored}):
            if said.get(key) != stored.get(key):
                yield f"{kind} {key}: {_first_difference(said.get(key), stored.get(key))}"
    stored_records = {(each.tag, each.id): each for each in records}
    for record in folded.records:
        yield from record_differences(record, stored_records.get((record.tag, record.id)))


def record_differences(said: Record, stored: Record | None) -> Iterator[str]:
    """Where a stored record differs from what history says."""
    if said != stored:
        yield f"record {said.tag} {said.id}: {_first_difference(said, stored)}"


def _first_difference(said: Any, stored: Any) -> str:
    if stored is None:
        return "is missing; history has it"
    if said is None:
        return "is stored; history does not have it"
    for field in attrs.fields(said.__class__):
        name = field.name
        ours, theirs = getattr(said, name), getattr(stored, name)
        if ours != theirs:
            return f"{name} is stored as {_plain(theirs)}; history says {_plain(ours)}"
    return "differs"


def _plain(content: object) -> str:
    """A field as people read it, without the names of classes."""
    if isinstance(content, Enum):
        return repr(content.value)
    if isinstance(content, datetime):
        return content.isoformat()
    if isinstance(content, tuple):
        return f"({', '.join(map(_plain, content))})"
    return repr(content)
