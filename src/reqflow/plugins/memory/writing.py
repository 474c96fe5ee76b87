"""One commit in memory: everything is checked first, then applied, and applying cannot fail."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ...core.evolution import later
from ...core.model import AgentLoad, ChannelId, ConversationId, ProfileId
from ...core.values import changed
from ...errors import Conflict, Duplicate, Overloaded, StaleLease
from ...ports import (
    Absorbed,
    Adopted,
    Batch,
    Hold,
    HoldKind,
    InboxItem,
    Lease,
    LoadChange,
)
from .queues import Task, Waiting
from .removals import take_away
from .space import NativeKey, Space

__all__ = ["apply", "check", "check_leases"]


# --- checking ---


def check(space: Space, batch: Batch) -> None:
    """Raise `Duplicate`, `Overloaded`, `StaleLease` or `Conflict`, looked for in this order."""
    if batch.messages or batch.outcomes or batch.inbox:
        _check_keys(space, batch)
    if batch.consumed:
        check_leases(space, batch.consumed)
    if not batch.restoring:
        failed = _failed_versions(space, batch)
        if failed:
            raise Conflict(sorted(set(failed)))


def _check_keys(space: Space, batch: Batch) -> None:
    for key, _ in batch.outcomes:
        if key in space.outcomes:
            raise Duplicate(key)
    if not batch.restoring:
        for message in batch.messages:
            if (message.channel_id, message.native) in space.natives or message.id in space.messages:
                raise Duplicate(f"{message.channel_id} {message.native}")
    for item in batch.inbox:
        if item.key in space.inbox.known:
            raise Duplicate(item.key)
    if batch.inbox_limit is not None and len(space.inbox) + len(batch.inbox) > batch.inbox_limit:
        raise Overloaded(batch.inbox_limit)
    if len(batch.outcomes) > 1 or len(batch.messages) > 1 or len(batch.inbox) > 1:
        _check_twins(batch)


def _check_twins(batch: Batch) -> None:
    """A batch may know a key only once, too."""
    for keys in (
        [key for key, _ in batch.outcomes],
        [f"{message.channel_id} {message.native}" for message in batch.messages],
        [message.id for message in batch.messages],
        [item.key for item in batch.inbox],
    ):
        seen: set[str] = set()
        for key in keys:
            if key in seen:
                raise Duplicate(key)
            seen.add(key)


def check_leases(space: Space, leases: Sequence[Lease]) -> list[Task]:
    """What the leases stand for. Raises `StaleLease` when one no longer holds, or is given twice."""
    tasks: list[Task] = []
    for lease in leases:
        task = space.queues[lease.queue].held(lease)
        if task is None or task in tasks:
            raise StaleLease(f"{lease.queue} {lease.id} is done, or somebody else has it now")
        tasks.append(task)
    return tasks


def _failed_versions(space: Space, batch: Batch) -> list[tuple[str, str]]:
    failed: list[tuple[str, str]] = []
    if batch.holds:
        failed += [
            (hold.kind.value, hold.id) for hold in batch.holds if _version(space, hold) != hold.version
        ]
    counts: dict[str, int] = {}
    for entry in batch.entries:
        stream = entry.stream
        known = space.streams.get(stream)
        count = counts[stream] = counts.get(stream, 0) + 1
        if entry.seq != count + (known[-1].seq if known else 0):
            failed.append(("stream", stream))
    for conversation in batch.conversations:
        # a version counts entries: it goes on by as many as the batch has
        old = space.conversations.get(conversation.id)
        version = conversation.version - counts.get(conversation.id, 1)
        if version != (old.version if old is not None else 0):
            failed.append(("conversation", conversation.id))
    for lane in batch.lanes:
        was = space.lanes.get((lane.channel_id, lane.profile_id))
        if lane.version - 1 != (was.version if was is not None else 0):
            failed.append(("lane", f"{lane.channel_id} {lane.profile_id}"))
    desk = batch.desk
    if desk is not None and desk.revision != (space.desk.revision if space.desk else 0) + 1:
        failed.append(("desk", "desk"))
    if batch.records or batch.threads or batch.revised:
        failed += _failed_rarer(space, batch)
    return failed


def _failed_rarer(space: Space, batch: Batch) -> Iterator[tuple[str, str]]:
    for put in batch.records:
        kind, id = put.record.tag, put.record.id
        record = space.records.get((kind, id))
        if (record.version if record is not None else 0) != put.replaces:
            yield "record", f"{kind} {id}"
    targets: dict[NativeKey, ConversationId] = {}
    for thread in batch.threads:
        key, target = (thread.channel_id, thread.native), thread.conversation_id
        if space.threads.get(key, target) != target or targets.setdefault(key, target) != target:
            yield "thread", " ".join(key)
    for message in batch.revised:
        if message.id not in space.messages:
            yield "message", message.id


def _version(space: Space, hold: Hold) -> int:
    if hold.kind is HoldKind.CONVERSATION:
        conversation = space.conversations.get(hold.id)  # type: ignore[call-overload]  # an id is a str
        return conversation.version if conversation else 0
    if hold.kind is HoldKind.AGENT:
        agent = space.agents.get(hold.id)  # type: ignore[call-overload]
        return agent.version if agent else 0
    if hold.kind is HoldKind.RECORD:
        tag, _, id = hold.id.partition(" ")
        record = space.records.get((tag, id))
        return record.version if record else 0
    channel, _, profile = hold.id.rpartition(" ")
    lane = space.lanes.get((ChannelId(channel), ProfileId(profile)))
    return lane.version if lane else 0


# --- applying ---


def apply(space: Space, batch: Batch) -> None:
    """Store all of a batch that was checked."""
    if batch.consumed:
        for lease in batch.consumed:
            space.queues[lease.queue].finish(lease)
    if batch.restoring:
        _restore(space, batch)
    else:
        for entry in batch.entries:
            entries = space.streams.get(entry.stream)
            if entries is None:
                space.streams[entry.stream] = [entry]
                space.stream_names.add(entry.stream)
            else:
                entries.append(entry)
    for conversation in batch.conversations:
        space.put_conversation(conversation)
    for request in batch.requests:
        space.put_request(request)
    for lane in batch.lanes:
        space.lanes[lane.channel_id, lane.profile_id] = lane
    for message in batch.messages:
        space.put_message(message)
    for text in batch.texts:
        space.texts.setdefault(text.ref.id, text)
    for key, outcome in batch.outcomes:
        space.outcomes[key] = outcome
    if batch.desk is not None:
        space.desk = batch.desk
    # most commits have none of these: a look at each costs less than a loop over nothing
    if batch.threads or batch.loads or batch.profiles:
        _apply_rarer(space, batch)
    if batch.records or batch.revised or batch.absorbed or batch.adopted:
        _apply_later(space, batch)
    if batch.gone is not None:
        take_away(space, batch.gone)
    if batch.effects or batch.armed or batch.disarmed or batch.cancelled or batch.inbox:
        _apply_queues(space, batch)


def _restore(space: Space, batch: Batch) -> None:
    """Make room for state that is put as it is."""
    for conversation in batch.conversations:
        space.drop_conversation(conversation.id)
    for request in batch.requests:
        space.drop_request(request.id)
    for message in batch.messages:
        space.drop_message(message.id)
        other = space.natives.get((message.channel_id, message.native))
        if other is not None:
            space.drop_message(other)
    for load in batch.agents:
        space.agents[load.agent] = load


def _apply_rarer(space: Space, batch: Batch) -> None:
    for thread in batch.threads:
        space.add_thread((thread.channel_id, thread.native), thread.conversation_id)
    for profile in batch.profiles:
        space.profiles.setdefault(profile.id, profile)
    for change in batch.loads:
        _change_load(space, change)


def _apply_later(space: Space, batch: Batch) -> None:
    """What changes rows that are there, or were put just now."""
    for put in batch.records:
        space.put_record(put.record)
    for message in batch.revised:
        space.revise_message(message)
    for absorbed in batch.absorbed:
        _absorb(space, absorbed)
    for adopted in batch.adopted:
        _adopt(space, adopted)


def _absorb(space: Space, absorbed: Absorbed) -> None:
    moved = space.messages_of.pop(absorbed.other, [])
    for _, id in moved:
        old = space.messages[id]
        space.messages[id] = changed(
            old,
            conversation_id=absorbed.into,
            request_id=absorbed.request_id,
            group_at=absorbed.group_at if old.top else old.group_at,
        )
    space.messages_of[absorbed.into] = sorted([*space.messages_of.get(absorbed.into, ()), *moved])
    keys = space.threads_of.pop(absorbed.other, [])
    for key in keys:
        space.threads[key] = absorbed.into
    space.threads_of.setdefault(absorbed.into, []).extend(keys)


def _adopt(space: Space, adopted: Adopted) -> None:
    sent = space.messages_of.get(adopted.conversation_id, [])
    for _, id in sent[bisect_left(sent, (adopted.since_at,)) :]:
        old = space.messages[id]
        if old.request_id is None:
            space.messages[id] = changed(old, request_id=adopted.request_id)


def _change_load(space: Space, change: LoadChange) -> None:
    old = space.agents.get(change.agent) or AgentLoad(change.agent)
    space.agents[change.agent] = AgentLoad(
        change.agent,
        old.version + 1,
        old.load + change.delta,
        later(old.chosen_at, change.chosen_at),
    )


def _apply_queues(space: Space, batch: Batch) -> None:
    for conversation_id in batch.cancelled:
        for place in space.effects_of.get(conversation_id, ()):
            space.outbox.cancel(place, batch.at)
    for queued in batch.effects:
        space.queue_effect(queued, batch.at)
    for key in batch.disarmed:
        space.agenda.disarm(key)
    for timer in batch.armed:
        space.agenda.arm(timer)
    for item in batch.inbox:
        _accept(space, item)


def _accept(space: Space, item: InboxItem) -> None:
    space.accepted += 1
    space.inbox.put(Waiting(space.accepted, item.key, item.lane, item))
