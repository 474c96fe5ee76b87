"""Inbox and outbox: in order within a lane, and no lane waits for another."""

from __future__ import annotations

import pytest

from ...core.model import Code, ConversationId
from ...ports import Effects, EffectState, LeaseQueue, Store
from ..samples import WORKSPACE, make_batch, make_effect, make_item, moment
from .laws import StoreLaws, items, lease
from .leases import numbers, put

__all__ = ["LineLaws"]

INBOX, OUTBOX = LeaseQueue.INBOX, LeaseQueue.OUTBOX


class LineLaws(StoreLaws):
    """Inbox and outbox: in order within a lane or destination, and none of it blocks others."""

    LINES = pytest.mark.parametrize("queue", [INBOX, OUTBOX])

    @LINES
    def test_one_claim_may_hold_a_lane_in_order(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b", "a", "a")
        assert numbers(lease(store, queue)) == [0, 1, 2, 3]

    @LINES
    def test_nothing_of_a_lane_is_given_while_somebody_works_on_it(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a", "a", "b")
        (first,) = lease(store, queue, limit=1)
        assert numbers(lease(store, queue)) == [2]
        store.settle(WORKSPACE, [first])
        assert numbers(lease(store, queue)) == [1]

    @LINES
    def test_a_retry_is_never_overtaken(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "a", "b")
        first, second, _ = lease(store, queue)
        store.release(WORKSPACE, second, ready_at=moment(0))
        store.release(WORKSPACE, first, ready_at=moment(30))
        assert numbers(lease(store, queue, at=29, until=29)) == []
        assert numbers(lease(store, queue, at=30, until=90)) == [0, 1]

    @LINES
    def test_the_head_waits_while_a_later_one_is_still_leased(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "a")
        first, second = lease(store, queue, until=60)
        store.release(WORKSPACE, first, ready_at=moment(0))
        assert numbers(lease(store, queue, at=10, until=90)) == []
        store.settle(WORKSPACE, [second])
        assert numbers(lease(store, queue, at=10, until=90)) == [0]

    @LINES
    def test_a_lane_goes_on_when_leases_expire(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "a", "a")
        lease(store, queue, until=60, limit=2)
        assert numbers(lease(store, queue, at=60, until=90)) == [0, 1, 2]

    @LINES
    def test_a_parked_item_does_not_block_its_lane(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "a")
        (first,) = lease(store, queue, limit=1)
        store.release(WORKSPACE, first, ready_at=moment(0), park=True)
        assert numbers(lease(store, queue)) == [1]

    @LINES
    def test_a_resting_lane_does_not_block_others(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, *("a" for _ in range(30)), "b", "c")
        (first,) = lease(store, queue, limit=1)
        store.release(WORKSPACE, first, ready_at=moment(900))
        assert numbers(lease(store, queue, limit=2)) == [30, 31]

    def test_a_parked_message_stays_known(self, store: Store) -> None:
        put(store, INBOX, "a")
        (one,) = lease(store, INBOX)
        store.release(WORKSPACE, one, ready_at=moment(0), note="poison", park=True)
        assert one.item == make_item(0, "a")

    def test_a_parked_effect_says_why(self, store: Store) -> None:
        put(store, OUTBOX, "a")
        (one,) = lease(store, OUTBOX)
        store.release(WORKSPACE, one, ready_at=moment(0), note="refused", park=True)
        (stored,) = items(store, Effects(state=EffectState.PARKED))
        assert (stored.note, stored.attempts) == ("refused", 1)

    def test_muted_effects_are_never_delivered(self, store: Store) -> None:
        store.commit(make_batch(effects=(make_effect(1, "a", muted=True), make_effect(2, "a"))))
        assert numbers(lease(store, OUTBOX)) == [2]

    def test_of_collapsing_effects_only_the_latest_is_delivered(self, store: Store) -> None:
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=(make_effect(1, "a", **card), make_effect(2, "a"))))
        store.commit(make_batch(effects=(make_effect(3, "b", **card), make_effect(4, "a", **card))))
        store.commit(make_batch(effects=(make_effect(5, "a", collapse=Code("home")),)))
        assert numbers(lease(store, OUTBOX)) == [2, 3, 4, 5]
        (cancelled,) = items(store, Effects(state=EffectState.CANCELLED))
        assert cancelled.queued.id == "e_0001"

    def test_collapsing_effects_of_one_commit_leave_the_latest(self, store: Store) -> None:
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=tuple(make_effect(n, "a", **card) for n in (1, 2, 3))))
        assert numbers(lease(store, OUTBOX)) == [3]

    def test_an_effect_on_its_way_is_not_collapsed(self, store: Store) -> None:
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=(make_effect(1, "a", **card),)))
        held = lease(store, OUTBOX)
        store.commit(make_batch(effects=(make_effect(2, "a", **card),)))
        store.settle(WORKSPACE, held)
        assert numbers(lease(store, OUTBOX)) == [2]

    def test_while_an_effect_is_on_its_way_only_the_latest_waits_behind_it(self, store: Store) -> None:
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=(make_effect(1, "a", **card),)))
        held = lease(store, OUTBOX)
        for number in (2, 3, 4):
            store.commit(make_batch(effects=(make_effect(number, "a", **card),)))
        store.settle(WORKSPACE, held)
        assert numbers(lease(store, OUTBOX)) == [4]

    def test_an_effect_that_was_tried_keeps_its_turn(self, store: Store) -> None:
        """It may have arrived: only under its own key a receiver knows it again."""
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=(make_effect(1, "a", **card),)))
        (held,) = lease(store, OUTBOX)
        store.commit(make_batch(effects=(make_effect(2, "a", **card),)))
        store.release(WORKSPACE, held, ready_at=moment(0), note="timed_out")
        store.commit(make_batch(effects=(make_effect(3, "a", **card),)))
        assert numbers(lease(store, OUTBOX)) == [1, 3]

    def test_an_effect_that_comes_back_untried_gives_way_to_a_later_one(self, store: Store) -> None:
        card = {"collapse": Code("card")}
        store.commit(make_batch(effects=(make_effect(1, "a", **card), make_effect(5, "b", **card))))
        first, other = lease(store, OUTBOX)
        store.commit(make_batch(effects=(make_effect(2, "a", **card),)))
        for each in (first, other):
            store.release(WORKSPACE, each, ready_at=moment(0))
        assert numbers(lease(store, OUTBOX)) == [5, 2]

    def test_effects_of_a_cancelled_conversation_are_not_delivered(self, store: Store) -> None:
        about = {"conversation": 1}
        store.commit(
            make_batch(
                effects=(make_effect(1, "a", **about), make_effect(2, "b"), make_effect(3, "c", **about))
            )
        )
        held = lease(store, OUTBOX, limit=1)
        store.commit(
            make_batch(cancelled=(ConversationId("c_0001"),), effects=(make_effect(4, "d", **about),))
        )
        store.settle(WORKSPACE, held)
        assert numbers(lease(store, OUTBOX)) == [2, 4]
        states = {each.queued.id[-1]: each.state for each in items(store, Effects())}
        assert states == {
            "1": EffectState.DONE,
            "2": EffectState.READY,
            "3": EffectState.CANCELLED,
            "4": EffectState.READY,
        }

    def test_a_cancelled_effect_does_not_block_its_destination(self, store: Store) -> None:
        store.commit(make_batch(effects=(make_effect(1, "a"), make_effect(2, "a"))))
        store.commit(make_batch(cancelled=(ConversationId("c_0001"),)))
        assert numbers(lease(store, OUTBOX)) == [2]
