"""The leased queues: claimed by row, fenced, in order per lane, and no question forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.model import Code, ConversationId, Workspace
from ...errors import Conflict, StaleLease
from ...ports import (
    Effects,
    EffectState,
    Hold,
    HoldKind,
    Lease,
    LeaseQueue,
    Store,
    Timer,
)
from ..samples import WORKSPACE, make_batch, make_conversation, make_effect, make_item, moment
from .laws import StoreLaws, items, lease, picture

__all__ = ["AgendaLaws", "LeaseLaws", "LineLaws"]

INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA
QUEUES = pytest.mark.parametrize("queue", list(LeaseQueue))


def put(store: Store, queue: LeaseQueue, *lanes: str) -> None:
    """Let an item wait in each of these lanes, in this order; timers are due in this order."""
    numbered = list(enumerate(lanes))
    if queue is INBOX:
        store.commit(make_batch(inbox=tuple(make_item(n, lane) for n, lane in numbered)))
    elif queue is OUTBOX:
        store.commit(make_batch(effects=tuple(make_effect(n, lane) for n, lane in numbered)))
    else:
        store.commit(
            make_batch(armed=tuple(Timer(Code(f"k{n}"), moment(n - len(lanes))) for n, _ in numbered))
        )


def number(given: Lease) -> int:
    """Which item of `put` was leased."""
    item = given.item
    return int((item.key if hasattr(item, "key") else item.id).lstrip("ink:e_") or 0)


def numbers(found: object) -> list[int]:
    return [number(each) for each in found]  # type: ignore[attr-defined]


class LeaseLaws(StoreLaws):
    """What holds in all three queues."""

    @QUEUES
    def test_the_oldest_come_first_up_to_the_limit(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b", "c", "d")
        assert numbers(lease(store, queue, limit=3)) == [0, 1, 2]
        assert numbers(lease(store, queue, limit=3)) == [3]
        assert numbers(lease(store, queue)) == []

    @QUEUES
    def test_a_lease_tells_its_queue_its_fence_and_its_attempts(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a")
        fences = []
        for attempt in (1, 2, 3):
            (one,) = lease(store, queue, at=100 * attempt, until=100 * attempt + 50)
            assert (one.queue, one.attempts) == (queue, attempt)
            fences.append(one.fence)
        assert fences == sorted(set(fences))

    @QUEUES
    def test_nobody_else_gets_a_leased_item_until_it_expires(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        assert len(lease(store, queue, at=0, until=60)) == 1
        assert len(lease(store, queue, at=59.999999, until=90)) == 0
        assert len(lease(store, queue, at=60, until=90)) == 1

    @QUEUES
    def test_an_expired_owner_can_do_nothing_more(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (late,) = lease(store, queue, at=0, until=60)
        (owner,) = lease(store, queue, at=60, until=120)
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [late])
        with pytest.raises(StaleLease):
            store.extend(WORKSPACE, [late], moment(900))
        with pytest.raises(StaleLease):
            store.release(WORKSPACE, late, ready_at=moment(0))
        with pytest.raises(StaleLease):
            store.commit(make_batch(conversations=(make_conversation(1),), consumed=(late,)))
        store.settle(WORKSPACE, [owner])

    @QUEUES
    def test_a_settled_item_is_gone(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (one,) = lease(store, queue)
        store.settle(WORKSPACE, [one])
        assert len(lease(store, queue, at=900, until=999)) == 0
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [one])

    @QUEUES
    def test_a_commit_consumes_its_lease(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        store.commit(make_batch(consumed=tuple(lease(store, queue))))
        assert len(lease(store, queue, at=900, until=999)) == 0

    @QUEUES
    def test_a_failed_commit_keeps_the_lease(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (one,) = lease(store, queue)
        with pytest.raises(Conflict):
            store.commit(make_batch(consumed=(one,), holds=(Hold(HoldKind.CONVERSATION, "c_1", 3),)))
        store.settle(WORKSPACE, [one])

    @QUEUES
    def test_one_stale_lease_settles_none(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b")
        first, _ = lease(store, queue)
        _, second = lease(store, queue, at=60, until=120)
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [second, first])
        store.settle(WORKSPACE, [second])

    @QUEUES
    def test_an_extended_lease_lasts_longer(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        held = lease(store, queue, until=60)
        store.extend(WORKSPACE, held, moment(120))
        assert len(lease(store, queue, at=119, until=200)) == 0
        assert len(lease(store, queue, at=120, until=200)) == 1

    @QUEUES
    def test_a_released_item_rests_until_it_is_ready(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (one,) = lease(store, queue)
        store.release(WORKSPACE, one, ready_at=moment(30), note="busy")
        assert len(lease(store, queue, at=29, until=99)) == 0
        (again,) = lease(store, queue, at=30, until=99)
        assert again.attempts == 2
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [one])

    @QUEUES
    def test_a_released_lease_is_over(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (one,) = lease(store, queue)
        store.release(WORKSPACE, one, ready_at=moment(0))
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [one])
        assert len(lease(store, queue)) == 1

    @QUEUES
    def test_a_parked_item_is_never_leased_again(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b")
        (one,) = lease(store, queue, limit=1)
        store.release(WORKSPACE, one, ready_at=moment(0), note="poison", park=True)
        assert numbers(lease(store, queue, at=9_999, until=99_999)) == [1]
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, [one])

    @QUEUES
    def test_a_lease_of_nothing_is_stale(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        (one,) = lease(store, queue)
        with pytest.raises(StaleLease):
            store.settle(Workspace("other"), [one])
        assert len(lease(store, queue, workspace=Workspace("other"))) == 0
        store.settle(WORKSPACE, [one])

    @QUEUES
    def test_settling_nothing_is_no_error(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        store.settle(WORKSPACE, [])
        assert len(lease(store, queue)) == 1

    @QUEUES
    def test_whoever_commits_late_is_served_too(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a", "b")
        store.settle(WORKSPACE, lease(store, queue, limit=1))
        late: dict[LeaseQueue, dict[str, Any]] = {
            INBOX: {"inbox": (make_item(50, "late"),)},
            OUTBOX: {"effects": (make_effect(50, "late"),)},
            AGENDA: {"armed": (Timer(Code("k50"), moment(-90)),)},
        }
        store.commit(make_batch(**late[queue]))
        assert sorted(numbers(lease(store, queue))) == [1, 50]


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


class AgendaLaws(StoreLaws):
    """Timers: never early, never forgotten, one per key."""

    KEY = Code("c_0001")

    def arm(self, store: Store, seconds: float) -> None:
        store.commit(make_batch(armed=(Timer(self.KEY, moment(seconds)),)))

    def test_a_timer_is_never_early_and_due_to_the_microsecond(self, store: Store) -> None:
        self.arm(store, 60)
        assert len(lease(store, AGENDA, at=59.999999, until=99)) == 0
        (one,) = lease(store, AGENDA, at=60, until=99)
        assert one.item == Timer(self.KEY, moment(60))

    def test_an_armed_timer_keeps_the_earlier_moment(self, store: Store) -> None:
        for seconds, due in ((60, 60), (90, 60), (30, 30)):
            self.arm(store, seconds)
            assert store.next_due(WORKSPACE) == moment(due)
        assert len(lease(store, AGENDA, at=99, until=199)) == 1
        assert len(lease(store, AGENDA, at=99, until=199)) == 0

    def test_timers_come_in_the_order_of_their_moments(self, store: Store) -> None:
        timers = [Timer(Code(f"k{n}"), moment(n)) for n in (5, 1, 9, 3)]
        store.commit(make_batch(armed=tuple(timers)))
        assert [each.id for each in lease(store, AGENDA, at=5, until=99)] == ["k1", "k3", "k5"]
        assert store.next_due(WORKSPACE) == moment(1)

    def test_a_disarmed_timer_is_gone_leased_or_not(self, store: Store) -> None:
        self.arm(store, 1)
        store.commit(make_batch(disarmed=(self.KEY, Code("unknown"))))
        assert store.next_due(WORKSPACE) is None
        self.arm(store, 1)
        held = lease(store, AGENDA, at=1)
        store.commit(make_batch(disarmed=(self.KEY,)))
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, held)

    def test_the_next_moment_counts_leased_timers(self, store: Store) -> None:
        self.arm(store, 1)
        lease(store, AGENDA, at=1)
        assert store.next_due(WORKSPACE) == moment(1)

    def test_a_timer_armed_while_it_is_leased_survives_the_settle(self, store: Store) -> None:
        self.arm(store, 1)
        held = lease(store, AGENDA, at=1, until=60)
        self.arm(store, 30)
        assert len(lease(store, AGENDA, at=30, until=90)) == 0
        store.settle(WORKSPACE, held)
        assert store.next_due(WORKSPACE) == moment(30)
        assert len(lease(store, AGENDA, at=29, until=90)) == 0
        (fresh,) = lease(store, AGENDA, at=30, until=90)
        assert fresh.attempts == 1

    def test_of_two_moments_armed_meanwhile_the_earlier_stands(self, store: Store) -> None:
        for first, second in ((30, 40), (40, 30)):
            self.arm(store, 1)
            held = lease(store, AGENDA, at=1, until=60)
            self.arm(store, first)
            self.arm(store, second)
            store.commit(make_batch(consumed=tuple(held)))
            assert store.next_due(WORKSPACE) == moment(30)
            store.commit(make_batch(disarmed=(self.KEY,)))

    def test_a_question_is_asked_again_when_its_owner_died(self, store: Store) -> None:
        self.arm(store, 1)
        lease(store, AGENDA, at=1, until=60)
        self.arm(store, 900)
        assert len(lease(store, AGENDA, at=60, until=90)) == 1

    def test_a_commit_may_consume_a_timer_and_arm_it_anew(self, store: Store) -> None:
        self.arm(store, 1)
        held = lease(store, AGENDA, at=1, until=60)
        store.commit(make_batch(consumed=tuple(held), armed=(Timer(self.KEY, moment(50)),)))
        assert store.next_due(WORKSPACE) == moment(50)
        assert len(lease(store, AGENDA, at=50, until=90)) == 1

    def test_an_old_lease_is_worth_nothing_on_a_timer_armed_anew(self, store: Store) -> None:
        self.arm(store, 1)
        late = lease(store, AGENDA, at=1, until=2)
        store.settle(WORKSPACE, lease(store, AGENDA, at=2, until=60))
        self.arm(store, 3)
        owner = lease(store, AGENDA, at=3, until=60)
        with pytest.raises(StaleLease):
            store.settle(WORKSPACE, late)
        store.settle(WORKSPACE, owner)

    def test_a_released_timer_keeps_an_earlier_moment_armed_meanwhile(self, store: Store) -> None:
        self.arm(store, 1)
        (held,) = lease(store, AGENDA, at=1, until=60)
        self.arm(store, 10)
        store.release(WORKSPACE, held, ready_at=moment(30))
        assert store.next_due(WORKSPACE) == moment(10)

    def test_a_parked_timer_can_be_armed_anew(self, store: Store) -> None:
        self.arm(store, 1)
        (held,) = lease(store, AGENDA, at=1)
        store.release(WORKSPACE, held, ready_at=moment(1), note="poison", park=True)
        assert store.next_due(WORKSPACE) is None
        self.arm(store, 5)
        (fresh,) = lease(store, AGENDA, at=5, until=99)
        assert fresh.attempts == 1

    def test_an_empty_agenda_has_no_next_moment(self, store: Store) -> None:
        self.arm(store, 1)
        assert store.next_due(Workspace("other")) is None
        store.settle(WORKSPACE, lease(store, AGENDA, at=1))
        assert store.next_due(WORKSPACE) is None
        assert picture(store)["next_due"] is None
