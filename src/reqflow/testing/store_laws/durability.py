"""What is committed stays, is seen by every handle, and no update is lost in a race."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from ...core.chain import BEGINNING, first_break
from ...core.facts import WantConversation, WantPool, WantRecord, WantRecords
from ...core.model import AgentId, Code, ConversationId, NativeId
from ...core.values import changed
from ...errors import Conflict, Duplicate
from ...ports import Conversations, Entries, LeaseQueue, LoadChange, Messages, RecordPut, Store, ThreadKey
from ..samples import (
    CHANNEL,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_lane,
    make_message,
    make_note,
)
from .guards import first
from .laws import StoreLaws, ask, items, lease, picture

__all__ = ["DurabilityLaws"]

THREADS = 4
ROUNDS = 25


def at_once(work: Callable[[int], int]) -> list[int]:
    """Run ``work(0)``, ``work(1)``, … in threads that start together."""
    start = Barrier(THREADS)

    def run(number: int) -> int:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def add_one(store: Store) -> bool:
    """Read a conversation, count one message more, write it; False when somebody was faster."""
    old = ask(store, WantConversation(ConversationId("c_0001")))
    new = changed(old, version=old.version + 1, messages=old.messages + 1)
    entry = make_entry("c_0001", new.version)
    try:
        store.commit(
            make_batch(conversations=(new,), entries=(entry,), loads=(LoadChange(AgentId("bob"), 1),))
        )
    except Conflict:
        return False
    return True


class DurabilityLaws(StoreLaws):
    """Across handles and threads."""

    def test_everything_committed_is_there_after_reopening(self, store: Store, other: Store) -> None:
        store.commit(first())
        before = picture(store)
        store.close()
        assert picture(other) == before
        assert [each.id for each in lease(other, LeaseQueue.INBOX)] == ["in:0001"]

    def test_another_handle_sees_a_commit_when_it_returns(self, store: Store, other: Store) -> None:
        for version in (1, 2, 3):
            (store, other)[version % 2].commit(make_batch(conversations=(make_conversation(1, version),)))
            for handle in (store, other):
                assert ask(handle, WantConversation(ConversationId("c_0001"))).version == version

    def test_two_handles_never_lease_the_same_item(self, store: Store, other: Store) -> None:
        store.commit(make_batch(effects=tuple(make_effect(n, f"to{n}") for n in range(6))))
        taken = [
            each.item.id  # type: ignore[union-attr]  # the outbox holds effects
            for handle in (store, other, store)
            for each in lease(handle, LeaseQueue.OUTBOX, limit=2)
        ]
        assert taken == [f"e_{n:04}" for n in range(6)]

    def test_migrating_again_changes_nothing(self, store: Store) -> None:
        store.commit(first())
        before = picture(store)
        assert store.migrate() == store.migrate()
        assert picture(store) == before

    def test_no_update_is_lost_between_threads(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")
        self.race([store] * THREADS)

    def test_no_update_is_lost_between_handles(self, store: Store, other: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")
        self.race([store, other] * (THREADS // 2))

    def race(self, handles: list[Store]) -> None:
        handles[0].commit(
            make_batch(conversations=(make_conversation(1),), entries=(make_entry("c_0001", 1),))
        )
        acked = sum(at_once(lambda number: sum(add_one(handles[number]) for _ in range(ROUNDS))))
        found = ask(handles[0], WantConversation(ConversationId("c_0001")))
        assert acked >= ROUNDS
        assert (found.messages, found.version) == (acked, acked + 1)
        history = handles[0].history(WORKSPACE, "c_0001")
        assert [each.seq for each in history] == list(range(1, acked + 2))
        stored = items(handles[0], Entries(stream=Code("c_0001"), limit=10_000))
        assert first_break("c_0001", stored, 0, BEGINNING) is None
        assert ask(handles[0], WantPool((AgentId("bob"),)))[0].load == acked

    def test_of_two_first_messages_exactly_one_wins(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")

        def open_first(number: int) -> int:
            won = 0
            for turn in range(ROUNDS):
                batch = make_batch(
                    conversations=(make_conversation(turn * THREADS + number),),
                    lanes=(make_lane(turn),),
                    messages=(make_message(turn * THREADS + number),),
                )
                try:
                    store.commit(batch)
                    won += 1
                except Conflict:
                    pass
            return won

        assert sum(at_once(open_first)) == ROUNDS
        assert len(items(store, Messages(limit=999))) == ROUNDS

    def test_of_two_who_answer_one_unseen_message_exactly_one_begins(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")

        def answer(number: int) -> int:
            won = 0
            for turn in range(ROUNDS):
                id = turn * THREADS + number
                key = ThreadKey(CHANNEL, NativeId(f"root{turn}"), ConversationId(f"c_{id:04}"))
                try:
                    store.commit(make_batch(conversations=(make_conversation(id),), threads=(key,)))
                    won += 1
                except Conflict as lost:
                    named.add(lost.rows)
            return won

        named: set[tuple[tuple[str, str], ...]] = set()
        assert sum(at_once(answer)) == ROUNDS
        assert named == {(("thread", f"{CHANNEL} root{turn}"),) for turn in range(ROUNDS)}
        assert len(items(store, Conversations(limit=999))) == ROUNDS

    def test_no_change_of_a_record_is_lost(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")
        store.commit(make_batch(records=(RecordPut(make_note(1)),)))
        want = WantRecord(Code("note"), Code("n_0001"))

        def move(number: int) -> int:
            """Move the note to a conversation of its own; it is found there, and nowhere else, by whoever looks."""
            won = 0
            for _ in range(ROUNDS):
                old = ask(store, want)
                new = make_note(1, number, version=old.version + 1)
                try:
                    store.commit(make_batch(records=(RecordPut(new, old.version),)))
                    won += 1
                except Conflict:
                    pass
            return won

        won = sum(at_once(move))
        found = ask(store, want)
        assert found.version == won + 1 > ROUNDS
        by_key = [WantRecords(Code("note"), "conversation", f"c_{n:04}") for n in range(THREADS)]
        assert [each for each in store.recall(WORKSPACE, by_key) if each] == [(found,)]

    def test_a_message_delivered_twice_at_once_is_stored_once(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")

        def deliver(number: int) -> int:
            stored = 0
            for turn in range(ROUNDS):
                try:
                    store.commit(
                        make_batch(messages=(make_message(turn * THREADS + number, native=f"n{turn}"),))
                    )
                    stored += 1
                except Duplicate:
                    pass
            return stored

        assert sum(at_once(deliver)) == ROUNDS

    def test_a_recall_shows_one_moment(self, store: Store, other: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")
        wants = [WantConversation(ConversationId(f"c_{number:04}")) for number in range(12)]
        done = Event()

        def write() -> None:
            for version in range(1, 3 * ROUNDS):
                rows = tuple(make_conversation(number, version) for number in range(len(wants)))
                store.commit(make_batch(conversations=rows))
            done.set()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            while not done.is_set() and not writing.done():
                found: Any = other.recall(WORKSPACE, wants)
                assert len({each and each.version for each in found}) == 1
            writing.result()

    def test_leases_of_threads_never_overlap(self, store: Store) -> None:
        if not self.concurrent:
            pytest.skip("declared: not concurrent")
        store.commit(make_batch(effects=tuple(make_effect(n, f"to{n}") for n in range(40))))
        taken: list[str] = []

        def work(_: int) -> int:
            while held := lease(store, LeaseQueue.OUTBOX, limit=3):
                taken.extend(each.id for each in held)
                store.settle(WORKSPACE, held)
            return 0

        at_once(work)
        assert len(taken) == len(set(taken)) == 40
