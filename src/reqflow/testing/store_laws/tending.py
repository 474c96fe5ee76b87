"""What operators rely on: how much waits, what was put aside and can be tried again, and that a full inbox says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ...core.model import Code, ConversationId, Workspace
from ...errors import Duplicate, Overloaded
from ...ports import Backlog, Effects, EffectState, LeaseQueue, Parked, Store, Timer
from ..samples import WORKSPACE, make_batch, make_conversation, make_effect, make_item, moment
from .durability import THREADS, at_once
from .laws import StoreLaws, items, lease, pages
from .leases import numbers, put

__all__ = ["TendingLaws"]

INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA
QUEUES = pytest.mark.parametrize("queue", list(LeaseQueue))
LINES = pytest.mark.parametrize("queue", [INBOX, OUTBOX])
CARD = {"collapse": Code("card")}


def backlog(store: Store, queue: LeaseQueue, at: float = 0) -> Backlog:
    """How much one queue has to do."""
    return {each.queue: each for each in store.backlog(WORKSPACE, moment(at))}[queue]


def park(store: Store, queue: LeaseQueue, count: int = 1, note: str = "poison") -> list[str]:
    """Put the first items of a queue aside; returns their ids."""
    held = lease(store, queue, limit=count)
    for each in held:
        store.release(WORKSPACE, each, ready_at=moment(0), note=note, park=True)
    return [each.id for each in held]


def parked(store: Store, queue: LeaseQueue) -> list[Any]:
    """What was put aside of a queue."""
    return items(store, Parked(queue=queue))


class TendingLaws(StoreLaws):
    """Backlogs, parked items, and what does not fit."""

    # --- how much waits ---

    @QUEUES
    def test_a_backlog_counts_what_is_neither_done_nor_parked(self, store: Store, queue: LeaseQueue) -> None:
        assert backlog(store, queue) == Backlog(queue=queue)
        put(store, queue, "a", "b", "c", "d", "e")
        park(store, queue)
        done, tried, held = lease(store, queue, limit=3, until=60)
        store.settle(WORKSPACE, [done])
        store.release(WORKSPACE, tried, ready_at=moment(0), note="busy")
        found = backlog(store, queue, at=5)
        assert (found.waiting, found.leased, found.retried, found.parked) == (3, 1, 1, 1)
        store.settle(WORKSPACE, [held])
        assert backlog(store, queue, at=5).waiting == 2

    @QUEUES
    def test_the_queues_of_a_backlog_come_in_order_and_of_one_workspace(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a")
        told = store.backlog(Workspace("other"), moment(0))
        assert list(told) == [Backlog(queue=each) for each in LeaseQueue]

    @QUEUES
    def test_an_item_that_is_tried_now_counts_as_retried_only_if_it_was_tried_before(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a")
        lease(store, queue, at=0, until=60)
        first = backlog(store, queue, at=5)
        assert (first.leased, first.retried) == (1, 0)
        lost = backlog(store, queue, at=60)
        assert (lost.leased, lost.retried) == (0, 1)
        lease(store, queue, at=60, until=120)
        again = backlog(store, queue, at=65)
        assert (again.leased, again.retried) == (1, 1)

    @LINES
    def test_a_backlog_tells_for_how_long_the_oldest_waits(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        assert backlog(store, queue, at=90).age == 90.0
        assert backlog(store, queue, at=-5).age == 0.0

    def test_timers_wait_from_when_they_are_due(self, store: Store) -> None:
        store.commit(make_batch(armed=(Timer(Code("k0"), moment(10)), Timer(Code("k1"), moment(20)))))
        assert backlog(store, AGENDA, at=9) == Backlog(queue=AGENDA)
        found = backlog(store, AGENDA, at=25)
        assert (found.waiting, found.age) == (2, 15.0)

    # --- what was put aside ---

    @QUEUES
    def test_parked_items_are_listed_with_their_reasons(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b", "c")
        ids = park(store, queue, 2)
        told = parked(store, queue)
        assert [each.id for each in told] == ids
        assert numbers(told) == [0, 1]
        assert {(each.queue, each.note, each.attempts) for each in told} == {(queue, "poison", 1)}

    @QUEUES
    def test_parked_items_come_page_by_page(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b", "a", "c", "a")
        park(store, queue, 5)
        told = pages(store, lambda after: Parked(queue=queue, after=after, limit=2))
        assert [numbers(page) for page in told] == [[0, 1], [2, 3], [4]]

    @QUEUES
    def test_a_requeued_item_begins_anew(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        lease(store, queue, at=0, until=1)
        (late,) = lease(store, queue, at=1, until=60)
        store.release(WORKSPACE, late, ready_at=moment(900), note="poison", park=True)
        assert list(store.requeue(WORKSPACE, queue, [late.id])) == [late.id]
        assert parked(store, queue) == []
        (again,) = lease(store, queue, at=2, until=60)
        assert (again.id, again.attempts, again.lost, again.item) == (late.id, 1, 0, late.item)
        assert again.fence > late.fence
        store.settle(WORKSPACE, [again])

    @QUEUES
    def test_all_of_a_queue_is_requeued_or_those_that_are_named(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a", "b", "c", "d")
        ids = park(store, queue, 3)
        (ready,) = lease(store, queue)
        assert list(store.requeue(WORKSPACE, queue, [ids[1], "999", "9" * 30, ready.id])) == [ids[1]]
        assert list(store.requeue(WORKSPACE, queue, [])) == []
        assert [each.id for each in parked(store, queue)] == [ids[0], ids[2]]
        assert sorted(store.requeue(WORKSPACE, queue)) == sorted([ids[0], ids[2]])
        assert list(store.requeue(WORKSPACE, queue)) == []
        assert numbers(lease(store, queue)) == [0, 1, 2]

    @QUEUES
    def test_requeueing_stays_within_its_workspace_and_queue(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        park(store, queue)
        for elsewhere in LeaseQueue:
            assert list(store.requeue(Workspace("other"), elsewhere)) == []
            if elsewhere is not queue:
                assert list(store.requeue(WORKSPACE, elsewhere)) == []
        assert len(parked(store, queue)) == 1

    @LINES
    def test_a_requeued_item_stands_where_it_stood(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "a", "a", "a", "b")
        store.settle(WORKSPACE, lease(store, queue, limit=1))
        ids = park(store, queue, 2)
        assert numbers(lease(store, queue, at=100, until=101)) == [3, 4]
        for id in reversed(ids):
            store.requeue(WORKSPACE, queue, [id])
        assert numbers(lease(store, queue, at=101, until=200)) == [1, 2, 3, 4]

    @LINES
    def test_a_requeued_item_comes_before_what_waits_longer_than_others(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a", "b", "a")
        park(store, queue)
        store.requeue(WORKSPACE, queue)
        assert numbers(lease(store, queue, limit=2)) == [0, 1]

    @LINES
    def test_a_requeued_item_waits_while_somebody_works_on_its_lane(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a", "a")
        (id,) = park(store, queue)
        held = lease(store, queue)
        store.requeue(WORKSPACE, queue, [id])
        assert numbers(lease(store, queue)) == []
        store.settle(WORKSPACE, held)
        assert numbers(lease(store, queue)) == [0]

    def test_a_parked_message_is_known_and_a_handled_one_is_not_parked(self, store: Store) -> None:
        put(store, INBOX, "a")
        park(store, INBOX)
        with pytest.raises(Duplicate):
            put(store, INBOX, "a")
        store.requeue(WORKSPACE, INBOX)
        store.settle(WORKSPACE, lease(store, INBOX))
        assert parked(store, INBOX) == []
        put(store, INBOX, "a")

    def test_a_requeued_timer_is_due_when_it_was(self, store: Store) -> None:
        store.commit(make_batch(armed=(Timer(Code("k0"), moment(-60)),)))
        park(store, AGENDA)
        assert store.next_due(WORKSPACE) is None
        store.requeue(WORKSPACE, AGENDA)
        assert store.next_due(WORKSPACE) == moment(-60)

    def test_a_parked_timer_that_goes_is_no_longer_listed(self, store: Store) -> None:
        for change in ({"disarmed": (Code("k0"),)}, {"armed": (Timer(Code("k0"), moment(5)),)}):
            store.commit(make_batch(armed=(Timer(Code("k0"), moment(-60)),)))
            park(store, AGENDA)
            store.commit(make_batch(**change))
            assert parked(store, AGENDA) == []
            assert list(store.requeue(WORKSPACE, AGENDA)) == []

    @pytest.mark.parametrize("delivered", [False, True])
    def test_an_overtaken_effect_is_not_requeued(self, store: Store, delivered: bool) -> None:
        about = {"conversation": 1}
        store.commit(make_batch(effects=(make_effect(1, "a", **CARD, **about),)))
        park(store, OUTBOX)
        store.commit(make_batch(effects=(make_effect(2, "a", **CARD, **about), make_effect(3, "b", **CARD))))
        if delivered:
            store.settle(WORKSPACE, lease(store, OUTBOX))
        assert list(store.requeue(WORKSPACE, OUTBOX)) == []
        assert numbers(lease(store, OUTBOX)) == ([] if delivered else [2, 3])
        (cancelled,) = items(store, Effects(state=EffectState.CANCELLED))
        assert cancelled.queued.id == "e_0001"

    def test_an_effect_is_not_overtaken_by_one_that_was_cancelled(self, store: Store) -> None:
        store.commit(make_batch(effects=(make_effect(1, "a", **CARD),)))
        park(store, OUTBOX)
        store.commit(make_batch(effects=(make_effect(2, "a", **CARD, conversation=1),)))
        store.commit(make_batch(cancelled=(ConversationId("c_0001"),)))
        assert len(store.requeue(WORKSPACE, OUTBOX)) == 1

    # --- what does not fit ---

    def offer(self, store: Store, number: int, limit: int) -> bool:
        try:
            store.commit(make_batch(inbox=(make_item(number, f"lane{number}"),), inbox_limit=limit))
        except Overloaded:
            return False
        return True

    def test_no_more_messages_wait_than_may(self, store: Store) -> None:
        taken = [self.offer(store, number, 3) for number in range(8)]
        assert taken == [True] * 3 + [False] * 5
        assert numbers(lease(store, INBOX)) == [0, 1, 2]

    def test_there_is_room_again_when_messages_are_handled_or_parked(self, store: Store) -> None:
        assert [self.offer(store, number, 2) for number in range(3)] == [True, True, False]
        store.settle(WORKSPACE, lease(store, INBOX, limit=1))
        assert [self.offer(store, number, 2) for number in (3, 4)] == [True, False]
        park(store, INBOX)
        assert [self.offer(store, number, 2) for number in (5, 6)] == [True, False]

    def test_a_message_that_is_known_is_known_in_a_full_inbox_too(self, store: Store) -> None:
        assert self.offer(store, 0, 1)
        with pytest.raises(Duplicate):
            self.offer(store, 0, 1)

    def test_what_does_not_fit_leaves_no_trace(self, store: Store) -> None:
        assert self.offer(store, 0, 1)
        with pytest.raises(Overloaded, match="1 messages wait"):
            store.commit(
                make_batch(conversations=(make_conversation(1),), inbox=(make_item(1),), inbox_limit=1)
            )
        store.commit(make_batch(conversations=(make_conversation(1),)))

    def test_a_limit_is_each_workspace_s_own(self, store: Store) -> None:
        store.commit(make_batch(workspace=Workspace("other"), inbox=tuple(make_item(n) for n in range(5))))
        assert self.offer(store, 0, 1)

    def test_nobody_is_lost_between_the_accepted_and_the_refused(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not for several threads")
        offered, limit = 25, 40

        def sender(place: int) -> int:
            numbers: Sequence[int] = range(place * offered, (place + 1) * offered)
            return sum(self.offer(store, number, limit) for number in numbers)

        taken = sum(at_once(sender))
        assert limit <= taken < limit + THREADS  # writers at one moment may not see each other
        assert backlog(store, INBOX).waiting == taken
