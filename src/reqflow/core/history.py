"""History: the fold that is the state, what the rows of a stream must be, and why things happened.

One law holds everywhere: the fold of a stream's entries equals the stored state. `fold` is that fold; `verify`
compares; rebuilding is writing what the fold says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import TopologicalSorter

from . import events as e
from .evolution import begin, evolve, trim
from .model import (
    AgentId,
    AgentLoad,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    ProfileId,
    Request,
    RequestId,
    RequestState,
)
from .values import changed, value

__all__ = ["Folded", "differences", "fold", "loads_of", "settle_absorbed"]


@value
class Folded:
    """What a stream's history says: the conversation, all its requests and the messages it holds.

    ``moved`` names the conversations that were absorbed here: their messages belong here too. ``leads`` tells
    whose lanes came to lead here, each with the lane's version then.
    """

    opened: e.ConversationOpened
    conversation: Conversation
    requests: tuple[Request, ...]
    messages: tuple[Message, ...]
    moved: tuple[e.ConversationAbsorbed, ...] = ()
    leads: tuple[tuple[ProfileId, int], ...] = ()


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
            _note_message(event, messages, moved)
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
    )


def _complete(state: Conversation, event: e.Event, requests: dict[RequestId, Request]) -> Conversation:
    """A closed request that the state let go of comes back when an event names it."""
    named = getattr(event, "request_id", None)
    held = {r.id for r in (*state.requests, *state.closed)}
    if not isinstance(event, e.RequestReopened) or named in held or named not in requests:
        return state
    return changed(state, closed=(requests[named], *state.closed))


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


def settle_absorbed(folded: dict[ConversationId, Folded]) -> dict[ConversationId, Folded]:
    """Move the messages of absorbed conversations to where they belong now."""
    settled = dict(folded)
    absorbed = {key: [event.other for event in each.moved] for key, each in folded.items() if each.moved}
    for key in TopologicalSorter(absorbed).static_order():  # what was absorbed first has absorbed before
        for event in folded[key].moved if key in absorbed else ():
            here, other = settled[key], settled.get(event.other)
            if other is not None:
                came = tuple(_moved(message, key, event) for message in other.messages)
                settled[key] = changed(here, messages=(*here.messages, *came))
                settled[event.other] = changed(other, messages=())
    return settled


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
) -> Iterator[str]:
    """Where stored rows differ from what history says, one line each."""
    name = folded.conversation.id
    if conversation != folded.conversation:
        yield f"conversation {name}: {_first_difference(folded.conversation, conversation)}"
    for kind, said, stored in (
        ("request", {r.id: r for r in folded.requests}, {r.id: r for r in requests}),
        ("message", {m.id: m for m in folded.messages}, {m.id: m for m in messages}),
    ):
        for key in sorted({*said, *stored}):
            if said.get(key) != stored.get(key):
                yield f"{kind} {key}: {_first_difference(said.get(key), stored.get(key))}"


def _first_difference(said: object, stored: object) -> str:
    if stored is None:
        return "is missing; history has it"
    if said is None:
        return "is stored; history does not have it"
    for name in getattr(type(said), "__slots__", ()):
        if name.startswith("_"):
            continue
        ours, theirs = getattr(said, name), getattr(stored, name)
        if ours != theirs:
            return f"{name} is stored as {theirs!r}; history says {ours!r}"
    return "differs"
