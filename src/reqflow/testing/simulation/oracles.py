"""What must hold when a run has ended: every law of a desk, what was promised of queues, and what the books say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ...core.batch import LeaseQueue
from ...core.model import Code, Workspace
from ...core.timers import next_due, swept_after
from ...ports import EffectState
from ..machines.laws import broken_laws
from ..machines.world import World
from .books import Book
from .steps import DELAYS
from .trace import Violation
from .world import SimWorld

__all__ = ["held_at_all_times", "lived_on"]

LIVELY = timedelta(hours=1)
"""After so long a time in which nothing goes wrong, everything must have come to its end."""
STRAGGLING = timedelta(seconds=max(DELAYS))
"""Before that, so long, whatever is still to be told for the first time is told."""
FRESH = timedelta(minutes=20)
"""What timers have made of late may still be on its way."""
APART = timedelta(hours=2)
"""What was put off by a clock that was ahead waits so much longer."""


def held_at_all_times(world: SimWorld) -> Iterator[Violation]:
    """Safety: what holds at every moment, whatever has gone wrong; looked at when no process runs any more."""
    for workspace, story in world.stories.items():
        story.now = world.now
        story.engine._desk = world.ledger.desks[workspace]  # which somebody may have changed
        held = World(story)
        _ring_as_they_should(world, workspace, held)
        book = world.ledger.books[workspace]
        for told in broken_laws(story, held):
            if not ("erased" in told and _is_told_by_clocks(world, told)):
                yield Violation("laws of a desk", f"{workspace}: {told}")
        yield from _as_in_the_book(workspace, held, book)
        for lost in world.ledger.lost(workspace):
            yield Violation("no effect is lost", f"{workspace}: {lost} counts as done, and never arrived")


def _is_told_by_clocks(world: SimWorld, told: str) -> bool:
    """Whether nobody knows by the moments of messages which of them came before an erasure.

    Clocks may be off, and what was decided before it may have been stored after it, by a process that stood still.
    """
    return world.skews or any(late in told for late in world.ledger.late)


def _ring_as_they_should(world: SimWorld, workspace: str, held: World) -> None:
    """Timers that cannot ring in time for good reasons: by the laws of a desk, they ring when they were due.

    Some could not be answered, and were put off or parked; some a dead process still has; and after a change of the
    desk all are looked through one after the other.
    """
    desk, ledger = world.ledger.desks[workspace], world.ledger
    for key, was_due_at in ledger.put_off[workspace].items():
        held.timers[key] = min(held.timers.get(key, was_due_at), was_due_at)
    is_swept = any(swept_after(Code(key)) is not None for key in held.timers)
    ringing = ledger.ringing(workspace)
    for each in held.conversations:
        due_at = next_due(each, desk.settings(each.channel_id), desk.waits(each.channel_id))
        if due_at is not None and (is_swept or each.id in ringing):
            held.timers[each.id] = due_at


def _as_in_the_book(workspace: str, held: World, book: Book) -> Iterator[Violation]:
    """What was committed is there, and nothing else."""
    for name, rows, noted in (
        ("conversations", held.conversations, book.conversations),
        ("requests", held.requests, book.requests),
        ("messages", held.messages, book.messages),
    ):
        if {each.id: each for each in rows} != noted:
            wrong = sorted(
                id
                for id in {each.id for each in rows} | set(noted)
                if next((each for each in rows if each.id == id), None) != noted.get(id)
            )
            yield Violation("what was committed is there", f"{workspace}: {name} differ: {', '.join(wrong)}")
    if {stream: list(entries) for stream, entries in held.history.items()} != book.history:
        yield Violation("what was committed is there", f"{workspace}: history differs")
    queued = [each.queued.id for each in held.effects]
    if queued != [id for id in book.effects if id not in book.purged]:
        yield Violation("what was committed is there", f"{workspace}: the outbox differs")


def lived_on(world: SimWorld) -> Iterator[Violation]:
    """Liveness: nothing goes wrong any more and time goes on; then everything that was begun comes to its end."""
    world.heal()
    world.run()
    world.advance(STRAGGLING)
    world.advance(LIVELY + (APART if world.skews else timedelta(0)))
    for told in world.sender.told:
        if told.waiting:
            yield Violation(
                "redelivery is acknowledged",
                f"{told.key} ({told.way}) was told for an hour, and never acknowledged",
            )
    for workspace in world.stories:
        yield from _all_done(world, Workspace(workspace))


def _all_done(world: SimWorld, workspace: Workspace) -> Iterator[Violation]:
    store, now = world.store, world.now
    for each in world.ledger.outbox(workspace):
        if each.state is EffectState.READY and each.queued.queued_at < now - FRESH:
            yield Violation("nothing waits for ever", f"effect {each.queued.id} is still to be delivered")
    due_at = store.next_due(workspace)
    if due_at is not None and due_at <= now:
        yield Violation("never lost", f"a timer of {workspace} was due at {due_at}, it is {now}")
    desk, book = world.ledger.desks[workspace], world.ledger.books[workspace]
    for promised, due_at in book.promises.overdue(now):
        yield Violation("never lost", f"{promised} was due at {due_at}, it is {now}")
    for conversation in book.conversations.values():
        channel = conversation.channel_id
        due_at = next_due(conversation, desk.settings(channel), desk.waits(channel))
        if due_at is not None and due_at <= now:
            yield Violation("never lost", f"{conversation.id} was due at {due_at}, it is {now}")
    for queue in LeaseQueue:
        held = store.lease(workspace, queue, now=now + timedelta(days=3), until=now, limit=1000)
        for lease in held:
            if lease.lost:
                yield Violation("leases are free", f"{queue} {lease.id} is still leased")
            if queue is LeaseQueue.INBOX:
                yield Violation("nothing waits for ever", f"inbox {lease.id} was never handled")
            store.release(workspace, lease, ready_at=getattr(lease.item, "due_at", now))
