"""The store in memory keeps the contract, its indexes keep their order, and nothing piles up in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reqflow.core.model import Code
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.memory.ordered import FULL, Ordered
from reqflow.plugins.memory.queues import Agenda
from reqflow.ports import LeaseQueue, Timer
from reqflow.testing import StoreContract
from reqflow.testing.samples import WORKSPACE, make_batch, make_effect, moment

keys = st.integers(0, 60)


class TestMemoryStore(StoreContract):
    persistent = False
    joinable = False

    def make_store(self, tmp_path):
        return MemoryStore()


class TestOrdered:
    @given(changes=st.lists(st.tuples(st.booleans(), keys)), border=keys)
    def test_it_is_a_sorted_set(self, changes, border):
        found: Ordered[int] = Ordered()
        expected: set[int] = set()
        for adding, key in changes:
            if adding and key not in expected:
                found.add(key)
                expected.add(key)
            elif not adding:
                found.discard(key)
                expected.discard(key)
        ascending = sorted(expected)
        assert list(found.up()) == ascending
        assert list(found.down()) == ascending[::-1]
        assert list(found.up(border)) == [key for key in ascending if key > border]
        assert list(found.down(border)) == [key for key in ascending[::-1] if key < border]
        assert found.last() == max(expected, default=None)

    def test_many_keys_in_any_order_come_out_sorted(self):
        found: Ordered[int] = Ordered()
        count = 6 * FULL
        for step in range(count):
            found.add(step * 7919 % count)
        assert list(found.up()) == list(range(count))
        assert list(found.up(count // 2)) == list(range(count // 2 + 1, count))
        for key in range(0, count, 2):
            found.discard(key)
        assert list(found.down()) == list(range(count - 1, 0, -2))


def test_an_agenda_armed_over_and_over_does_not_grow():
    agenda = Agenda()
    for turn in range(5_000):
        agenda.arm(Timer(Code("k"), moment(turn)))
        (lease,) = agenda.claim(moment(turn), moment(turn + 1), 10, turn + 1)
        agenda.finish(lease)
    for turn in range(5_000):
        agenda.arm(Timer(Code("k"), moment(10_000 + turn)))
        agenda.disarm("k")
    assert agenda.next_due() is None
    assert len(agenda._heap) < 200


def test_an_outbox_that_is_worked_off_forgets_its_lanes():
    store = MemoryStore()
    for turn in range(200):
        store.commit(make_batch(effects=tuple(make_effect(n, f"to{turn}.{n}") for n in range(5))))
        held = store.lease(WORKSPACE, LeaseQueue.OUTBOX, now=moment(0), until=moment(1), limit=9)
        store.settle(WORKSPACE, held)
    line = store._spaces[WORKSPACE].outbox
    assert len(line.known) == 0
    assert len(line._tracks) <= 5
