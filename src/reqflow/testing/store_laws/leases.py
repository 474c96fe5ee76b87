"""What holds in all three queues: claimed by row, fenced, settled as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from ...core.model import Code, Workspace
from ...errors import Conflict, StaleLease
from ...ports import Hold, HoldKind, Lease, LeaseQueue, Store, Timer
from ..samples import WORKSPACE, make_batch, make_conversation, make_effect, make_item, moment
from .laws import StoreLaws, lease

__all__ = ["LeaseLaws", "numbers", "put"]

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
    """Which items of `put` were leased, in their order."""
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
    def test_an_item_given_back_without_a_note_was_not_tried(self, store: Store, queue: LeaseQueue) -> None:
        put(store, queue, "a")
        for _ in range(3):
            (one,) = lease(store, queue, at=900, until=999)
            assert one.attempts == 1
            store.release(WORKSPACE, one, ready_at=moment(0))
        (one,) = lease(store, queue, at=900, until=999)
        store.release(WORKSPACE, one, ready_at=moment(0), note="busy")
        (one,) = lease(store, queue, at=900, until=999)
        assert one.attempts == 2

    @QUEUES
    def test_a_lease_tells_how_many_were_lost_since_the_item_was_last_tried(
        self, store: Store, queue: LeaseQueue
    ) -> None:
        put(store, queue, "a")
        told, tried = [], []
        for turn, ending in enumerate(["lost", "lost", "later", "lost", "untried", "lost", "lost"]):
            (one,) = lease(store, queue, at=100 * turn, until=100 * turn + 50)
            told.append(one.lost)
            tried.append(one.attempts)
            if ending != "lost":
                note = None if ending == "untried" else ending
                store.release(WORKSPACE, one, ready_at=moment(0), note=note)
        assert told == [0, 1, 2, 0, 1, 1, 2]
        assert tried == [1, 2, 3, 2, 3, 3, 4]

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
