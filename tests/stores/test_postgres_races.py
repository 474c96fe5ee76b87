"""Races on PostgreSQL, at the level of the store: four connections in four threads, started together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import pytest

from reqflow.core.facts import Want, WantConversation, WantLane, WantPool, WantRecord
from reqflow.core.model import AgentId, AgentLoad
from reqflow.core.values import changed
from reqflow.errors import Conflict, Duplicate, StoreError
from reqflow.plugins.postgres import PostgresStore
from reqflow.ports import (
    Batch,
    Hold,
    HoldKind,
    Lease,
    LeaseQueue,
    LoadChange,
    Messages,
    RecordPut,
    ThreadKey,
    Timer,
)
from reqflow.testing.samples import (
    CHANNEL,
    WORKSPACE,
    make_batch,
    make_conversation,
    make_effect,
    make_entry,
    make_item,
    make_lane,
    make_message,
    make_note,
    make_outcome,
    moment,
)

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

THREADS = 4
INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA


@pytest.fixture(params=["template", "parted"])
def dsn(request: pytest.FixtureRequest, new_dsn: Callable[..., str]) -> str:
    """With whole tables, and with tables in partitions."""
    return new_dsn(template=request.param)


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    made = PostgresStore(dsn, pool=THREADS)
    yield made
    made.close()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each work returns or raises, all started together."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = work()
        except StoreError as problem:
            results[place] = problem

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def ask(store: PostgresStore, *wants: Want) -> Any:
    """The answer, or the answers to several wants."""
    answers = store.recall(WORKSPACE, wants)
    return answers[0] if len(wants) == 1 else answers


def told(results: Sequence[Any]) -> Counter[type]:
    return Counter(type(each) for each in results)


def test_of_two_first_messages_of_one_author_one_wins(store: PostgresStore) -> None:
    outcomes: Counter[type] = Counter()
    for number in range(150):
        want = WantLane(CHANNEL, f"p_{number:04}")

        both = threading.Barrier(2)

        def open_one(
            side: int, number: int = number, want: WantLane = want, both: threading.Barrier = both
        ) -> None:
            assert ask(store, want) == (None, None)
            both.wait()
            id = 2 * number + side
            store.commit(
                make_batch(
                    conversations=(make_conversation(id),),
                    lanes=(make_lane(number, conversation=id),),
                    messages=(make_message(id),),
                    entries=(make_entry(f"c_{id:04}", 1),),
                )
            )

        results = at_once(lambda: open_one(0), lambda: open_one(1))
        outcomes += told(results)
        (lost,) = [each for each in results if each is not None]
        assert lost.rows == (("lane", f"{CHANNEL} p_{number:04}"),)
    assert outcomes == {type(None): 150, Conflict: 150}
    assert len(store.query(WORKSPACE, Messages(limit=999)).items) == 150


def test_of_one_message_delivered_twice_at_once_one_is_a_duplicate(store: PostgresStore) -> None:
    outcomes: Counter[type] = Counter()
    for number in range(60):
        batch = make_batch(
            conversations=(make_conversation(number),),
            lanes=(make_lane(number),),
            messages=(make_message(number),),
            outcomes=(make_outcome(number),),
        )
        outcomes += told(at_once(*[partial(store.commit, batch)] * 2))
    assert outcomes == {type(None): 60, Duplicate: 60}


def test_of_two_who_lead_one_new_thread_elsewhere_one_wins(store: PostgresStore) -> None:
    outcomes: Counter[type] = Counter()
    for number in range(100):
        batches = [
            make_batch(
                threads=(
                    ThreadKey(CHANNEL, f"root{number}", f"c_{side:04}"),
                    ThreadKey(CHANNEL, f"mine{number}.{side}", f"c_{side:04}"),
                ),
                outcomes=(make_outcome(2 * number + side),),
            )
            for side in (0, 1)
        ]
        results = at_once(*[partial(store.commit, each) for each in batches])
        outcomes += told(results)
        (lost,) = [each for each in results if each is not None]
        assert lost.rows == (("thread", f"{CHANNEL} root{number}"),)
    assert outcomes == {type(None): 100, Conflict: 100}


def test_two_who_lead_one_new_thread_to_the_same_place_are_both_right(store: PostgresStore) -> None:
    for number in range(100):
        key = ThreadKey(CHANNEL, f"root{number}", "c_0001")
        batches = [make_batch(threads=(key,), outcomes=(make_outcome(2 * number + side),)) for side in (0, 1)]
        assert at_once(*[partial(store.commit, each) for each in batches]) == [None, None]


def test_a_record_that_is_relied_on_does_not_change_meanwhile(store: PostgresStore) -> None:
    """Of one who changes a record and one who relies on its version, whoever is second is told so."""
    store.commit(make_batch(records=(RecordPut(make_note(1)),)))
    for number in range(60):
        version = ask(store, WantRecord("note", "n_0001")).version
        change = make_batch(records=(RecordPut(make_note(1, version=version + 1), version),))
        hold = Hold(HoldKind.RECORD, "note n_0001", version)
        relying = make_batch(holds=(hold,), outcomes=(make_outcome(number),))
        changed_it, relied = at_once(partial(store.commit, change), partial(store.commit, relying))
        assert changed_it is None
        assert relied is None or relied.rows == (("record", "note n_0001"),)


def test_no_update_is_lost(store: PostgresStore) -> None:
    store.commit(make_batch(conversations=(make_conversation(1),), entries=(make_entry("c_0001", 1),)))

    named: list[bool] = []

    def count(times: int) -> None:
        while times:
            old = ask(store, WantConversation("c_0001"))
            new = changed(old, version=old.version + 1, messages=old.messages + 1)
            try:
                store.commit(make_batch(conversations=(new,), entries=(make_entry("c_0001", new.version),)))
            except Conflict as conflict:
                named.append(("conversation", "c_0001") in conflict.rows)
                continue
            times -= 1

    assert told(at_once(*[lambda: count(40)] * THREADS)) == {type(None): THREADS}
    found = ask(store, WantConversation("c_0001"))
    assert (found.messages, found.version) == (160, 161)
    assert all(named)
    history = store.history(WORKSPACE, "c_0001")
    assert [each.seq for each in history] == list(range(1, 162))


def test_an_agent_is_never_chosen_beyond_what_was_known(store: PostgresStore) -> None:
    """Forty attempts to give an agent work while the load is below five: exactly five succeed."""
    bob = AgentId("bob")

    def choose(times: int) -> int:
        chosen = 0
        for _ in range(times):
            while True:
                pool = ask(store, WantPool((bob,), below=5))
                if not pool:
                    break
                hold = Hold(HoldKind.AGENT, bob, pool[0].version)
                try:
                    store.commit(make_batch(holds=(hold,), loads=(LoadChange(bob, 1, moment(1)),)))
                except Conflict:
                    continue
                chosen += 1
                break
        return chosen

    assert sum(at_once(*[lambda: choose(10)] * THREADS)) == 5
    assert ask(store, WantPool((bob,))) == (AgentLoad(bob, 5, 5, moment(1)),)


@pytest.mark.parametrize("queue", [INBOX, OUTBOX])
def test_claims_are_exclusive_and_lanes_stay_in_order(store: PostgresStore, queue: LeaseQueue) -> None:
    lanes = [f"lane{n % 7}" for n in range(420)]
    if queue is INBOX:
        store.commit(make_batch(inbox=tuple(make_item(n, lane) for n, lane in enumerate(lanes))))
    else:
        store.commit(make_batch(effects=tuple(make_effect(n, lane) for n, lane in enumerate(lanes))))
    busy: Counter[str] = Counter()
    done: list[tuple[str, int]] = []
    lock = threading.Lock()

    def lane_of(lease: Lease) -> str:
        return lease.item.lane if queue is INBOX else lease.item.destination  # type: ignore[union-attr]

    def number_of(lease: Lease) -> int:
        return int((lease.item.key if queue is INBOX else lease.item.id)[3 if queue is INBOX else 2 :])  # type: ignore[union-attr]

    def work(limit: int) -> None:
        idle = 0
        while idle < 40:
            claimed = store.lease(WORKSPACE, queue, now=moment(0), until=moment(60), limit=limit)
            idle = 0 if claimed else idle + 1
            mine = {lane_of(each) for each in claimed}
            with lock:
                for lane in mine:
                    busy[lane] += 1
                    assert busy[lane] == 1, f"{lane} was given to two owners"
            store.extend(WORKSPACE, claimed, moment(90))  # meanwhile others claim
            with lock:
                done.extend((lane_of(each), number_of(each)) for each in claimed)
                busy.subtract(mine)
            store.settle(WORKSPACE, claimed)

    assert told(at_once(*[lambda limit=limit: work(limit) for limit in (1, 3, 5, 9)])) == {
        type(None): THREADS
    }
    assert sorted(number for _, number in done) == list(range(420))
    for lane in set(lanes):
        numbers = [number for name, number in done if name == lane]
        assert numbers == sorted(numbers)


def test_timers_are_claimed_once(store: PostgresStore) -> None:
    keys = [f"k{n}" for n in range(200)]
    store.commit(make_batch(armed=tuple(Timer(key, moment(0)) for key in keys)))

    def work() -> list[str]:
        mine: list[str] = []
        while claimed := store.lease(WORKSPACE, AGENDA, now=moment(1), until=moment(60), limit=7):
            mine += [each.id for each in claimed]
        return mine

    claimed = at_once(*[work] * THREADS)
    assert sorted(chain(*claimed)) == sorted(keys)


@pytest.mark.parametrize("queue", [INBOX, OUTBOX])
def test_a_late_committer_is_served(store: PostgresStore, dsn: str, queue: LeaseQueue) -> None:
    """An open transaction holds an earlier number while later items are claimed and done."""
    table, columns, content = {
        INBOX: ("inbox", "key, lane", "'in:0000', 'late'"),
        OUTBOX: ("outbox", "destination, state", "'late', 'ready'"),
    }[queue]
    early = {INBOX: {"inbox": (make_item(1, "a"),)}, OUTBOX: {"effects": (make_effect(1, "a"),)}}[queue]
    store.commit(make_batch(**early))
    copied = f"SELECT workspace, {content}, document FROM reqflow.{table} LIMIT 1"
    with psycopg.connect(dsn) as other:
        other.execute(f"INSERT INTO reqflow.{table} (workspace, {columns}, document) {copied}".encode())
        later = {INBOX: {"inbox": (make_item(2, "b"),)}, OUTBOX: {"effects": (make_effect(2, "b"),)}}[queue]
        store.commit(make_batch(**later))
        claimed = store.lease(WORKSPACE, queue, now=moment(0), until=moment(60), limit=9)
        assert len(claimed) == 2
        store.settle(WORKSPACE, claimed)
        other.commit()
    assert len(store.lease(WORKSPACE, queue, now=moment(0), until=moment(60), limit=9)) == 1


def test_a_claimer_does_not_wait_for_a_row_that_a_commit_holds(store: PostgresStore, dsn: str) -> None:
    """It passes that lane by, with all that comes after the held row."""
    lanes = ("a", "b", "a")
    store.commit(make_batch(effects=tuple(make_effect(n, lane) for n, lane in enumerate(lanes))))
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM reqflow.outbox WHERE destination = 'a' ORDER BY seq LIMIT 1 FOR UPDATE")
        claimed = store.lease(WORKSPACE, OUTBOX, now=moment(0), until=moment(60), limit=9)
        assert [each.item.destination for each in claimed] == ["b"]  # type: ignore[union-attr]
        other.rollback()
    claimed = store.lease(WORKSPACE, OUTBOX, now=moment(0), until=moment(60), limit=9)
    assert [each.item.id for each in claimed] == ["e_0000", "e_0002"]  # type: ignore[union-attr]


def test_a_lease_kept_longer_while_it_is_settled_is_not_lost(store: PostgresStore, dsn: str) -> None:
    """A heartbeat commits between the moment that the settle looks from and its turn at the row."""
    store.commit(make_batch(effects=(make_effect(1, "a"), make_effect(2, "b"))))
    held = store.lease(WORKSPACE, OUTBOX, now=moment(0), until=moment(60), limit=9)
    with psycopg.connect(dsn) as beat:
        beat.execute("UPDATE reqflow.outbox SET lease_until = lease_until + interval '1 minute'")
        settling = threading.Thread(target=store.settle, args=(WORKSPACE, held))
        settling.start()
        wait_until_blocked(dsn)
        beat.commit()
    settling.join()
    assert store.lease(WORKSPACE, OUTBOX, now=moment(999), until=moment(9999), limit=9) == []


def test_a_timer_armed_while_its_lease_is_consumed_is_asked_again(store: PostgresStore, dsn: str) -> None:
    key = "c_0001"
    store.commit(make_batch(armed=(Timer(key, moment(1)),)))
    held = store.lease(WORKSPACE, AGENDA, now=moment(1), until=moment(60), limit=9)
    with psycopg.connect(dsn) as arming:
        arming.execute("UPDATE reqflow.agenda SET again_at = %s", (moment(30),))
        settling = threading.Thread(target=store.commit, args=(make_batch(consumed=tuple(held)),))
        settling.start()
        wait_until_blocked(dsn)
        arming.commit()
    settling.join()
    assert store.next_due(WORKSPACE) == moment(30)


def wait_until_blocked(dsn: str) -> None:
    """Return when somebody waits for a lock of somebody else's."""
    with psycopg.connect(dsn, autocommit=True) as watching:
        for _ in range(2000):
            waiting = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            ).fetchone()
            if waiting and waiting[0]:
                return
            watching.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("nobody waits")


def test_commits_that_touch_rows_in_opposite_order_only_ever_conflict(store: PostgresStore) -> None:
    """Pairs of conversations, lanes and agents, named forwards by some and backwards by others."""
    ids = tuple(range(1, 9))
    store.commit(
        make_batch(
            conversations=tuple(make_conversation(n) for n in ids), lanes=tuple(make_lane(n) for n in ids)
        )
    )
    agents = tuple(LoadChange(AgentId(f"a{n}"), 1) for n in ids)

    def work(forwards: bool) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for _ in range(40):
            order = ids if forwards else ids[::-1]
            answers = ask(
                store,
                *[WantConversation(f"c_{n:04}") for n in order],
                *[WantLane(CHANNEL, f"p_{n:04}") for n in order],
            )
            found, lanes = answers[: len(ids)], [lane for lane, _ in answers[len(ids) :]]
            batch: Batch = make_batch(
                conversations=tuple(changed(each, version=each.version + 1) for each in found),
                lanes=tuple(changed(each, version=each.version + 1) for each in lanes),
                loads=agents if forwards else agents[::-1],
                armed=tuple(Timer(f"c_{n:04}", moment(n)) for n in order),
            )
            try:
                store.commit(batch)
                outcomes["stored"] += 1
            except StoreError as problem:
                outcomes[type(problem).__name__] += 1
        return outcomes

    results = at_once(*[lambda forwards=forwards: work(forwards) for forwards in (True, False) * 2])
    total: Counter[str] = sum(results, Counter())
    assert set(total) <= {"stored", "Conflict"}
    assert ask(store, WantConversation("c_0001")).version == total["stored"] + 1
    assert ask(store, WantPool((AgentId("a1"),)))[0].load == total["stored"]


def test_a_deadlock_is_a_conflict(store: PostgresStore, dsn: str) -> None:
    store.commit(make_batch(conversations=(make_conversation(1), make_conversation(2))))
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM reqflow.conversations WHERE id = 'c_0002' FOR UPDATE")
        batch = make_batch(conversations=(make_conversation(1, 2), make_conversation(2, 2)))
        results: list[Any] = []
        committing = threading.Thread(target=lambda: results.extend(at_once(lambda: store.commit(batch))))
        committing.start()
        wait_until_blocked(dsn)
        other.execute("SELECT FROM reqflow.conversations WHERE id = 'c_0001' FOR UPDATE")
        committing.join()
    assert told(results) == {Conflict: 1}
