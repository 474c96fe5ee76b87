"""What holds of every desk at every moment, whatever has happened to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...core import events as e
from ...core.effects import PostMessage
from ...core.explain import said_in
from ...core.lifecycle import CONVERSATION, DRAFT, REQUEST, Lifecycle
from ...core.model import (
    Audience,
    Code,
    Conversation,
    ConversationState,
    DraftState,
    ErasureScope,
    RequestState,
)
from ...core.notices.unseen import UNASKED, Recipient, unseen_of
from ...core.records import Erasure, Record
from ...core.settings import ChannelKind
from ...core.timers import (
    barred_look,
    drained_queue,
    erased_look,
    indexed,
    looped_after,
    next_due,
    purged_after,
    reindexed_after,
    retained_after,
    swept_after,
)
from ...ports import Records, Texts
from ..desks import Story
from .world import World

__all__ = ["broken_laws"]


def broken_laws(story: Story, world: World | None = None) -> list[str]:
    """What does not hold of a desk, one line each; empty when all is well. ``world`` is what it holds now."""
    world = world or World(story)
    return [
        *story.engine.verify(),
        *_broken_conversations(world),
        *_broken_requests(world),
        *_broken_drafts(world),
        *_broken_walks(world),
        *_broken_identity(story, world),
        *_broken_loads(world),
        *_broken_agenda(story, world),
        *_broken_outbox(world),
        *_broken_keys(story, world),
        *_broken_erasures(story, world),
    ]


# --- states -----------------------------------------------------------------------------------------


def _broken_conversations(world: World) -> Iterator[str]:
    for each in world.conversations:
        assigned = [r for r in each.requests if r.state is RequestState.ASSIGNED]
        if each.state is ConversationState.PENDING and (each.holder or assigned):
            yield f"{each.id} is pending, held by {each.holder}, with {len(assigned)} assigned requests"
        if each.state in (ConversationState.ACTIVE, ConversationState.IN_REVIEW) and each.holder is None:
            yield f"{each.id} is {each.state} without a holder"
        if (each.state is ConversationState.IN_REVIEW) is not bool(each.drafts):
            yield f"{each.id} is {each.state} with {len(each.drafts)} drafts that wait"
        if not each.is_open and (each.requests or each.holder or each.reason is None):
            yield f"{each.id} is closed ({each.reason}) with {len(each.requests)} open requests, {each.holder}"
        if not each.is_open and (each.timers or each.follow_ups):
            yield f"{each.id} is closed, with {len(each.timers)} timers and {len(each.follow_ups)} follow-ups"
        if list(each.requests) != sorted(each.requests, key=lambda r: (r.opened_at, r.id)):
            yield f"{each.id}: open requests are not in order"


def _broken_requests(world: World) -> Iterator[str]:
    held = {request.id: request for each in world.conversations for request in each.requests}
    for request in world.requests:
        state = request.state
        if state is RequestState.ASSIGNED and request.assignee is None:
            yield f"{request.id} is assigned to nobody"
        if state is RequestState.UNASSIGNED and request.assignee is not None:
            yield f"{request.id} is unassigned, to {request.assignee}"
        if (state is RequestState.ON_HOLD) is not (request.hold_reason is not None):
            yield f"{request.id} is {state} with hold reason {request.hold_reason}"
        if (state is RequestState.CLOSED) is not (request.resolution is not None):
            yield f"{request.id} is {state} with resolution {request.resolution}"
        if (state is RequestState.CLOSED) is not (request.closed_at is not None):
            yield f"{request.id} is {state}, closed at {request.closed_at}"
        if (state is RequestState.UNASSIGNED) is not (request.waiting_at is not None):
            yield f"{request.id} is {state}, waiting since {request.waiting_at}"
        if request.is_open and held.get(request.id) != request:
            yield f"{request.id} is not what its conversation holds"


def _broken_drafts(world: World) -> Iterator[str]:
    waiting: dict[str, set[str]] = {}
    messages = {each.id for each in world.messages}
    for draft in world.drafts:
        if draft.state is DraftState.WAITING:
            waiting.setdefault(draft.conversation_id, set()).add(draft.id)
        if (draft.state is DraftState.WAITING) is not (draft.waiting_at is not None):
            yield f"{draft.id} is {draft.state}, waiting since {draft.waiting_at}"
        if (draft.state is DraftState.REJECTED) and draft.reason is None:
            yield f"{draft.id} was rejected without a reason"
        if (draft.state is DraftState.PUBLISHED) is not (draft.message_id in messages):
            yield f"{draft.id} is {draft.state}, as message {draft.message_id}"
    for each in world.conversations:
        if set(each.drafts) != waiting.pop(each.id, set()):
            yield f"{each.id} names other drafts than those that wait in it"
    yield from (f"{sorted(drafts)} wait in {key}, which is not there" for key, drafts in waiting.items())


# --- arrows -----------------------------------------------------------------------------------------


def _broken_walks(world: World) -> Iterator[str]:
    """Walk the tables once more, event by event, without whatever makes states of events."""
    conversations, requests, drafts = _Walk(CONVERSATION), _Walk(REQUEST), _Walk(DRAFT)
    for stream, entries in world.history.items():
        if ":" in stream or stream not in world.by_id:
            continue
        for entry in entries:
            for event in entry.events:
                conversations.go(stream, event)
                requests.go(getattr(event, "request_id", None), event)
                drafts.go(getattr(event, "draft_id", None), event)
    yield from conversations.differences({each.id: each.state for each in world.conversations})
    yield from requests.differences({each.id: each.state for each in world.requests})
    yield from drafts.differences({each.id: each.state for each in world.drafts})


class _Walk:
    """Where events lead the things of one kind, by nothing but the table."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.labels = {*lifecycle.events(), lifecycle.begins}
        self.states: dict[str, Any] = {}
        self.broken: list[str] = []

    def go(self, id: str | None, event: e.Event) -> None:
        if id is None or event.tag not in self.labels:
            return
        name, state = self.lifecycle.name, self.states.get(id)
        if event.tag == self.lifecycle.begins:
            if state is not None:
                self.broken.append(f"{name} {id} began twice")
            self.states[id] = self.lifecycle.initial
        elif state is None or (state, event.tag) not in self.lifecycle.table:
            self.broken.append(f"{name} {id} is {state}; no arrow of {event.tag} leaves that")
        else:
            self.states[id] = self.lifecycle.table[state, event.tag]

    def differences(self, stored: Mapping[str, Any]) -> Iterator[str]:
        yield from self.broken
        for id in self.states.keys() | stored.keys():
            if self.states.get(id) is not stored.get(id):
                yield f"{self.lifecycle.name} {id} is {stored.get(id)}; arrows lead to {self.states.get(id)}"


# --- one of each ------------------------------------------------------------------------------------


def _broken_identity(story: Story, world: World) -> Iterator[str]:
    erased = {id for each in world.of(Erasure) if each.finished_at is None for id in each.profiles}
    direct = Counter(
        (each.channel_id, each.requester)
        for each in world.conversations
        if each.is_open
        and not each.is_quiet
        and each.requester not in erased  # who comes back begins anew, before all that was begun is closed
        and each.audience is Audience.CUSTOMER
        and story.engine.desk.settings(each.channel_id).kind is ChannelKind.DIRECT
    )
    for place, count in direct.items():
        if count > 1:
            yield f"{place} has {count} open conversations in a direct channel"
    natives = Counter((m.channel_id, m.native) for m in world.messages)
    yield from (f"{key} is stored {count} times" for key, count in natives.items() if count > 1)


def _broken_loads(world: World) -> Iterator[str]:
    counted = Counter(r.assignee for r in world.requests if r.state is RequestState.ASSIGNED)
    for load in world.loads:
        if load.load != counted[load.agent]:
            yield f"{load.agent} has {counted[load.agent]} assigned requests, load says {load.load}"


def _broken_keys(story: Story, world: World) -> Iterator[str]:
    """What a record says that it is found by finds it, and finds no other."""
    for kind, records in world.records.items():
        for (name, content), ids in _found_by(records).items():
            found = [each.id for each in story.all(Records(kind=Code(kind), name=name, content=content))]
            if found != ids:
                yield f"{kind} {name} {content} finds {found}, and not {ids}"


def _found_by(records: list[Record]) -> Mapping[tuple[str, str], list[str]]:
    ranked: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for record in records:
        for key in record.found_by():
            ranked.setdefault((key.name, key.content), []).append((key.rank, record.id))
    return {place: [id for _, id in sorted(found)] for place, found in ranked.items()}


def _broken_erasures(story: Story, world: World) -> Iterator[str]:
    """Once an erasure is done, nothing that was said before says anything any more, and nobody is found by it."""
    for erasure in world.of(Erasure):
        if erasure.finished_at is None:
            continue
        owners = tuple([Code(each) for each in (*erasure.profiles, *erasure.customers)])
        came_since = {each.id[1:] for each in world.messages if each.received_at >= erasure.asked_at}
        came_since.update(each[1:] for each in erasure.profiles)
        edits = [each for each in world.messages if each.edited_at and each.edited_at >= erasure.asked_at]
        edited_since = {each.text.id for each in edits if each.text is not None}
        for id in story.all(Texts(owners=owners)):
            if id[1:].partition(".")[0] not in came_since and id not in edited_since:
                yield f"text {id} of {erasure.id}, who was erased, says something"
        for each in world.conversations:
            if each.requester not in erasure.profiles or _asks_since(world, each) >= erasure.asked_at:
                continue  # at one moment, nobody knows which was first
            if each.is_open or not each.erased:
                yield f"{each.id} was asked in by {erasure.id}, who was erased"
            elif each.erased is ErasureScope.CONVERSATIONS:
                said = said_in(world.history[each.id])
                told = story.store.texts(story.engine.workspace, said, Audience.INTERNAL)
                yield from (f"text {id} was erased with {each.id}" for id, body in told.items() if body)


def _asks_since(world: World, conversation: Conversation) -> datetime:
    """Since when its requester is its requester: a colleague may have begun it."""
    named = (
        entry.at
        for entry in world.history[conversation.id]
        for event in entry.events
        if getattr(event, "requester", None) == conversation.requester
    )
    return next(named, world.history[conversation.id][0].at)


# --- what is to come --------------------------------------------------------------------------------


def _broken_agenda(story: Story, world: World) -> Iterator[str]:
    timers = dict(world.timers)
    desk = story.engine.desk
    for each in world.conversations:
        due_at = next_due(each, desk.settings(each.channel_id), desk.waits(each.channel_id))
        armed_at = timers.pop(each.id, None)
        if armed_at is not None and not each.is_open:
            yield f"{each.id} is closed and has a timer"
        if due_at is not None and (armed_at is None or armed_at > due_at):
            yield f"{each.id} is due at {due_at}, its timer rings at {armed_at}"
    for key in timers:
        unseen, searched = unseen_of(key), indexed(key)
        about = unseen.conversation_id if unseen is not None else searched
        if about in world.purged:
            continue  # it rings once, in vain
        if about is not None:
            if about not in world.by_id:
                yield f"timer {key} is about what is not there"
            elif unseen is not None and desk.revision == 1 and _is_over(unseen, world.by_id[about]):
                # under other settings one may have been armed that today's would not: it rings once, in vain
                yield f"timer {key} is about a closed conversation"
        elif not any(read(key) is not None for read in _OF_THE_DESK):
            yield f"timer {key} is nobody's"


def _is_over(recipient: Recipient, conversation: Conversation) -> bool:
    """Closing ends it for those who worked on it or follow it; the customer still gets the last word, most often.

    Who had stopped listening before may have a timer left: it rings once, in vain.
    """
    if conversation.is_open:
        return False
    if recipient.agent is None:
        return conversation.reason in UNASKED
    worked = [request.assignee for request in conversation.closed]
    return recipient.agent in (*conversation.followers, *worked)


_OF_THE_DESK = (
    drained_queue,
    swept_after,
    barred_look,
    reindexed_after,
    looped_after,
    erased_look,
    purged_after,
    retained_after,
)


def _broken_outbox(world: World) -> Iterator[str]:
    causes: set[str] = set()
    for entries in world.history.values():
        for entry in entries:
            causes.add(".".join((entry.cause.key, *entry.cause.rules)))
    ids = Counter(each.queued.id for each in world.effects)
    for id, count in ids.items():
        if count > 1:
            yield f"effect {id} is there {count} times"
        if (
            id.rpartition(".")[0] not in causes and not world.purged
        ):  # their entries went, and with them causes
            yield f"effect {id} has no cause in history"
    for each in world.effects:
        effect = each.queued.effect
        if isinstance(effect, PostMessage) and effect.audience is not effect.text.audience:
            yield f"effect {each.queued.id} is for {effect.audience}, its text for {effect.text.audience}"
