"""The agenda: no question is asked early, and none is forgotten."""

from __future__ import annotations

import pytest

from ...core.model import Code, Workspace
from ...errors import StaleLease
from ...ports import LeaseQueue, Store, Timer
from ..samples import WORKSPACE, make_batch, moment
from .laws import StoreLaws, lease, picture

__all__ = ["AgendaLaws"]

AGENDA = LeaseQueue.AGENDA


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
        again = lease(store, AGENDA, at=60, until=90)
        assert [each.item for each in again] == [Timer(self.KEY, moment(1))]
        store.settle(WORKSPACE, again)
        assert store.next_due(WORKSPACE) is None

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
