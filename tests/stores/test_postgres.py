"""The store on PostgreSQL keeps the contract; and what only a store behind a server can get wrong."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow.codec import dump
from reqflow.core.facts import (
    DeskDocument,
    Want,
    WantConversation,
    WantDesk,
    WantLane,
    WantLastOpen,
    WantMessage,
    WantNeighbours,
    WantOutcome,
    WantPlaced,
    WantPool,
    WantProfile,
    WantRecord,
    WantRecords,
    WantRequest,
    WantThread,
    WantWaiting,
)
from reqflow.core.model import AgentId, Audience, ConversationState, RequestState
from reqflow.errors import (
    Conflict,
    CorruptRecord,
    Duplicate,
    InvalidInput,
    ReqflowError,
    SchemaMismatch,
    StaleLease,
    StoreUnavailable,
    UsageError,
)
from reqflow.plugins.postgres import PostgresStore, schema
from reqflow.plugins.postgres.columns import columns_of
from reqflow.plugins.postgres.schema import LATEST
from reqflow.ports import (
    Absorbed,
    Adopted,
    Conversations,
    Effects,
    EffectState,
    Hold,
    HoldKind,
    Lease,
    LeaseQueue,
    LoadChange,
    Messages,
    Parked,
    RecordPut,
    Records,
    Requests,
    Streams,
    ThreadKey,
    Timer,
)
from reqflow.testing import StoreContract
from reqflow.testing.samples import (
    CHANNEL,
    PROFILE,
    START,
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
    make_request,
    make_text,
    moment,
)

psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")

NewDsn = Callable[..., str]


class TestPostgresStore(StoreContract):
    @pytest.fixture(autouse=True)
    def database(self, new_dsn: NewDsn) -> None:
        self.dsn = new_dsn()

    def make_store(self, tmp_path):
        return PostgresStore(self.dsn)

    def reopen(self, store):
        return PostgresStore(self.dsn)

    def connect(self, store):
        return psycopg.connect(self.dsn)


class TestPartitionedStore(TestPostgresStore):
    """The same with every table in partitions by the workspace."""

    @pytest.fixture(autouse=True)
    def database(self, new_dsn: NewDsn) -> None:
        self.dsn = new_dsn(template="parted")


@pytest.fixture
def dsn(new_dsn: NewDsn) -> str:
    return new_dsn()


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    made = PostgresStore(dsn)
    yield made
    made.close()


def ask(store: PostgresStore, want: Want) -> Any:
    return store.recall(WORKSPACE, [want])[0]


# --- many at once: the same answers and the same guards as one by one ---


def test_many_wants_are_answered_like_few(store: PostgresStore) -> None:
    numbers = range(6)
    store.commit(
        make_batch(
            conversations=tuple(make_conversation(n) for n in numbers),
            requests=tuple(make_request(n, queue="sales", waiting_at=moment(n)) for n in numbers),
            lanes=tuple(make_lane(n, conversation=n) for n in numbers),
            messages=tuple(make_message(n) for n in numbers),
            threads=(ThreadKey(CHANNEL, "posted", "c_0003"),),
            loads=(LoadChange("bob", 2, START), LoadChange("eve", 1)),
            records=tuple(RecordPut(make_note(n, n % 2)) for n in numbers),
            outcomes=tuple(make_outcome(n) for n in numbers),
            desk=DeskDocument(1, "{}", "00"),
        )
    )
    wants: list[Want] = []
    for n in (*numbers, 99):
        wants += [
            WantMessage(CHANNEL, f"n{n}"),
            WantOutcome(f"cmd:{n:04}"),
            WantLane(CHANNEL, f"p_{n:04}"),
            WantThread(CHANNEL, (f"n{n}", "posted")),
            WantThread(CHANNEL, ("posted", f"n{n}")),
            WantConversation(f"c_{n:04}"),
            WantRequest(f"r_{n:04}"),
            WantLastOpen(CHANNEL),
            WantNeighbours(CHANNEL, PROFILE, moment(n), f"m_{n:04}"),
            WantPool(("bob", "eve", "ann"), below=n % 3 or None, top=2, by=("load", "chosen")[n % 2]),
            WantWaiting("sales", top=n),
            WantRecord("note", f"n_{n:04}"),
            WantRecords("note", "conversation", f"c_{n % 2:04}", top=2, newest_first=n % 3 == 0),
            WantDesk(n),
        ]
    assert store.recall(WORKSPACE, wants) == tuple(ask(store, want) for want in wants)


@pytest.mark.parametrize("count", [1, 2])
def test_guards_hold_for_one_row_and_for_many(store: PostgresStore, count: int) -> None:
    """The last of the rows is the one that has moved on."""
    numbers = range(1, count + 1)
    store.commit(
        make_batch(
            conversations=tuple(make_conversation(n) for n in numbers),
            lanes=tuple(make_lane(n) for n in numbers),
            records=tuple(RecordPut(make_note(n)) for n in numbers),
            threads=tuple(ThreadKey(CHANNEL, f"t{n}", f"c_{n:04}") for n in numbers),
            messages=tuple(make_message(n) for n in numbers),
            loads=tuple(LoadChange(f"agent{n}", 1) for n in numbers),
            entries=tuple(make_entry(f"c_{n:04}", 1) for n in numbers),
            armed=tuple(Timer(f"c_{n:04}", START) for n in numbers),
            effects=tuple(make_effect(n) for n in numbers),
            inbox=tuple(make_item(n) for n in numbers),
        )
    )

    def versions(last: int) -> list[tuple[int, int]]:
        return [(n, last if n == count else 1) for n in numbers]

    def stale(queue: LeaseQueue) -> tuple[Lease, ...]:
        held = store.lease(WORKSPACE, queue, now=moment(0), until=moment(9), limit=9)
        return (*held[:-1], changed_fence(held[-1]))

    refused: list[tuple[dict[str, Any], type[ReqflowError], tuple[str, str] | None]] = [
        (
            {"conversations": tuple(make_conversation(n, v + 1) for n, v in versions(2))},
            Conflict,
            ("conversation", f"c_{count:04}"),
        ),
        (
            {"conversations": tuple(make_conversation(100 + n, v) for n, v in versions(2))},
            Conflict,
            ("conversation", f"c_{100 + count:04}"),
        ),
        (
            {"lanes": tuple(make_lane(n, v + 1) for n, v in versions(2))},
            Conflict,
            ("lane", f"{CHANNEL} p_{count:04}"),
        ),
        (
            {
                "holds": tuple(Hold(HoldKind.AGENT, f"agent{n}", v) for n, v in versions(2)),
                "loads": tuple(LoadChange(f"agent{n}", 1) for n in numbers),
            },
            Conflict,
            ("agent", f"agent{count}"),
        ),
        (
            {
                "holds": tuple(Hold(HoldKind.AGENT, f"agent{n}", v - 1) for n, v in versions(1)),
                "loads": tuple(LoadChange(f"agent{n}", 1) for n in numbers),
            },
            Conflict,
            ("agent", "agent1"),
        ),
        (
            {"records": tuple(RecordPut(make_note(n, version=v + 1), v) for n, v in versions(2))},
            Conflict,
            ("record", f"note n_{count:04}"),
        ),
        (
            {"records": tuple(RecordPut(make_note(n if n == count else 90 + n)) for n in numbers)},
            Conflict,
            ("record", f"note n_{count:04}"),
        ),
        (
            {"holds": tuple(Hold(HoldKind.RECORD, f"note n_{n:04}", v) for n, v in versions(2))},
            Conflict,
            ("record", f"note n_{count:04}"),
        ),
        (
            {
                "threads": tuple(
                    ThreadKey(CHANNEL, f"t{n}", f"c_{99 if n == count else n:04}") for n in numbers
                )
            },
            Conflict,
            ("thread", f"{CHANNEL} t{count}"),
        ),
        (
            {"revised": tuple(make_message(99 if n == count else n) for n in numbers)},
            Conflict,
            ("message", "m_0099"),
        ),
        (
            {"entries": tuple(make_entry(f"c_{n:04}", v + 1) for n, v in versions(2))},
            Conflict,
            ("stream", f"c_{count:04}"),
        ),
        ({"consumed": stale(LeaseQueue.INBOX)}, StaleLease, None),
        ({"consumed": stale(LeaseQueue.OUTBOX)}, StaleLease, None),
        ({"consumed": stale(LeaseQueue.AGENDA)}, StaleLease, None),
    ]
    for parts, error, row in refused:
        with pytest.raises(error) as caught:
            store.commit(make_batch(outcomes=(make_outcome(1),), **parts))
        if isinstance(caught.value, Conflict):
            assert row in caught.value.rows
    assert ask(store, WantOutcome("cmd:0001")) is None
    agents = tuple(AgentId(f"agent{n}") for n in numbers)
    assert [each.load for each in ask(store, WantPool(agents))] == [1] * count


def changed_fence(lease: Lease) -> Lease:
    return Lease(
        queue=lease.queue,
        id=lease.id,
        fence=lease.fence - 1,
        attempts=lease.attempts,
        item=lease.item,
    )


def test_one_commit_may_hold_several_entries_of_a_stream(store: PostgresStore) -> None:
    entries = tuple(make_entry("c_0001", seq) for seq in range(1, 6))
    store.commit(make_batch(conversations=(make_conversation(1, 2),), entries=entries[:2]))
    store.commit(
        make_batch(
            conversations=(make_conversation(1, 5), make_conversation(2)),
            entries=(*entries[2:], make_entry("c_0002", 1)),
        )
    )
    assert store.history(WORKSPACE, "c_0001") == entries
    with pytest.raises(Conflict) as caught:
        store.commit(make_batch(entries=(make_entry("c_0001", 6), make_entry("c_0001", 8))))
    assert caught.value.rows == (("stream", "c_0001"),)


def test_an_agent_that_nobody_knew_is_chosen_once(store: PostgresStore) -> None:
    batch = make_batch(holds=(Hold(HoldKind.AGENT, "bob", 0),), loads=(LoadChange(AgentId("bob"), 1),))
    store.commit(batch)
    with pytest.raises(Conflict) as caught:
        store.commit(batch)
    assert caught.value.rows == (("agent", "bob"),)


def test_what_a_commit_does_twice_to_one_row_is_done_once_in_order(store: PostgresStore) -> None:
    """Chains of absorbed conversations, adoptions that overlap, new messages and threads among them."""
    store.commit(
        make_batch(
            messages=(make_message(1), make_message(2), make_message(3), make_message(4, 3, top=False)),
            threads=(ThreadKey(CHANNEL, "old", "c_0001"),),
            conversations=(make_conversation(3),),
        )
    )
    store.commit(
        make_batch(
            messages=(make_message(11, 1), make_message(13, 3)),
            threads=(ThreadKey(CHANNEL, "new", "c_0001"),),
            absorbed=(
                Absorbed("c_0001", "c_0002", "r_0002", moment(1)),
                Absorbed("c_0002", "c_0003", "r_0003", moment(2)),
            ),
            adopted=(
                Adopted("c_0003", "r_late", moment(4)),
                Adopted("c_0003", "r_early", moment(0)),
                Adopted("c_0003", "r_never", moment(2)),
            ),
        )
    )
    found = store.query(WORKSPACE, Messages(conversation_id="c_0003")).items
    assert {each.id: each.request_id for each in found} == {
        "m_0001": "r_0003",
        "m_0002": "r_0003",
        "m_0003": "r_early",
        "m_0004": "r_late",
        "m_0011": "r_0003",
        "m_0013": "r_late",
    }
    assert {each.id for each in found if each.group_at == moment(2)} == {"m_0001", "m_0002", "m_0011"}
    for native in ("old", "new"):
        assert ask(store, WantThread(CHANNEL, (native,))).id == "c_0003"


@pytest.mark.parametrize("count", [1, 3])
def test_timers_that_fire_may_be_armed_or_disarmed_in_the_same_commit(
    store: PostgresStore, count: int
) -> None:
    keys = [f"c_{n:04}" for n in range(count)]
    timers = tuple(Timer(key, moment(0)) for key in keys)
    store.commit(make_batch(armed=timers))

    def fire(at: float) -> tuple[Lease, ...]:
        return tuple(store.lease(WORKSPACE, LeaseQueue.AGENDA, now=moment(at), until=moment(at + 5), limit=9))

    later = tuple(Timer(key, moment(50)) for key in keys)
    store.commit(make_batch(consumed=fire(0), armed=later))
    held = fire(50)
    assert [(each.id, each.attempts) for each in held] == [(key, 1) for key in keys]
    store.commit(make_batch(consumed=held, disarmed=tuple(keys)))
    assert store.next_due(WORKSPACE) is None
    store.commit(make_batch(armed=timers))
    store.commit(make_batch(disarmed=tuple(keys), armed=later))
    assert store.next_due(WORKSPACE) == moment(50)


@given(st.lists(st.tuples(*[st.none() | st.text("ab\x1e\x1f019", max_size=6)] * 3), min_size=2, max_size=6))
def test_columns_are_cut_where_they_were_joined(rows: list[tuple[str | None, ...]]) -> None:
    """As the server's ``string_to_array(text, mark, null)`` does, whatever the cells hold."""
    mark, null, *joined = columns_of([rows])
    cut = [[None if cell == null else cell for cell in text.split(mark)] for text in joined]
    assert cut == [list(column) for column in zip(*rows, strict=True)]


def test_many_rows_may_hold_the_marks_that_cut_them(store: PostgresStore) -> None:
    bodies = ["plain", "\x1f", "\x1e", "\x1f0\x1e\x1e0\x1f", ""]
    texts = tuple(make_text(number, body) for number, body in enumerate(bodies))
    store.commit(make_batch(texts=texts))
    found = store.texts(WORKSPACE, [each.ref.id for each in texts], Audience.CUSTOMER)
    assert [found[each.ref.id] for each in texts] == bodies


def test_a_remembered_value_is_found_by_what_is_stored(store: PostgresStore, dsn: str) -> None:
    """Another process may write at any time: what was decoded before must never hide it."""
    store.commit(make_batch(conversations=(make_conversation(1),)))
    other = PostgresStore(dsn)
    for version in range(2, 5):
        assert ask(store, WantConversation("c_0001")) == make_conversation(1, version - 1)
        other.commit(make_batch(conversations=(make_conversation(1, version),)))
    assert ask(store, WantConversation("c_0001")) == make_conversation(1, 4)
    other.close()


# --- what cannot be stored ---


def test_what_the_server_cannot_keep_is_invalid_input(store: PostgresStore) -> None:
    bad: list[dict[str, Any]] = [
        {"outcomes": (("cmd:a\0b", make_outcome(1)[1]),)},
        {"outcomes": (("cmd:\ud800", make_outcome(1)[1]),)},
        {"outcomes": (("cmd:1", make_outcome(1)[1]), ("cmd:a\0b", make_outcome(1)[1]))},
        {"outcomes": (("cmd:" + "".join(map(chr, range(0x4E00, 0x6E00))), make_outcome(1)[1]),)},
        {"messages": (make_message(1, thread="a\0b"),)},
        {"inbox": (make_item(1, text="\ud800"),)},
        {"texts": (make_text(1, "a\0b"),)},
    ]
    for parts in bad:
        with pytest.raises(InvalidInput):
            store.commit(make_batch(conversations=(make_conversation(1),), **parts))
    with pytest.raises(InvalidInput):
        ask(store, WantMessage(CHANNEL, "a\0b"))
    assert store.query(WORKSPACE, Conversations()).items == ()


def test_a_row_that_cannot_be_decoded_is_named(store: PostgresStore, dsn: str) -> None:
    store.commit(make_batch(conversations=(make_conversation(1),), entries=(make_entry("c_0001", 1),)))
    with psycopg.connect(dsn) as other:
        other.execute("UPDATE reqflow.conversations SET document = '{\"id\": 5'")
        other.execute("UPDATE reqflow.history SET cause_kind = 'moon'")
    with pytest.raises(CorruptRecord, match="conversation c_0001"):
        store.query(WORKSPACE, Conversations())
    with pytest.raises(CorruptRecord):
        ask(store, WantConversation("c_0001"))
    with pytest.raises(CorruptRecord, match="entry 1 of c_0001"):
        store.history(WORKSPACE, "c_0001")


@pytest.mark.parametrize("queue", [LeaseQueue.INBOX, LeaseQueue.OUTBOX])
def test_a_spoilt_item_is_set_aside_and_the_others_go_on(
    store: PostgresStore, dsn: str, queue: LeaseQueue
) -> None:
    for number in range(3):
        store.commit(make_batch(inbox=(make_item(number),), effects=(make_effect(number, "chat:a"),)))
    with psycopg.connect(dsn) as other:
        other.execute(f"UPDATE reqflow.{queue} SET document = '{{' WHERE document NOT LIKE '%%0002%%'")
    assert store.backlog(WORKSPACE, moment(9))[queue is LeaseQueue.OUTBOX].age is None
    (found,) = store.lease(WORKSPACE, queue, now=moment(9), until=moment(60), limit=1)
    assert found.attempts == 1
    store.settle(WORKSPACE, [found])
    parked = store.query(WORKSPACE, Parked(queue=queue)).items
    assert [(each.item, each.note) for each in parked] == [(None, "unreadable")] * 2
    store.requeue(WORKSPACE, queue)
    assert store.lease(WORKSPACE, queue, now=moment(9), until=moment(60), limit=9) == []
    assert len(store.query(WORKSPACE, Parked(queue=queue)).items) == 2


# --- connections ---


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.endswith("commit") or name.startswith("psycopg"):
            raise ImportError("No module named 'psycopg'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"reqflow-sdk\[postgres\]"):
        PostgresStore("dbname=any")


def test_no_error_shows_the_password(dsn: str) -> None:
    for conninfo in (
        "host=/nowhere user=ann password=hunter2 dbname=any",
        "postgresql://ann:hunter2@127.0.0.1:1/any",
        "password=hunter2 what is this",
    ):
        with pytest.raises((StoreUnavailable, InvalidInput)) as caught:
            PostgresStore(conninfo).recall(WORKSPACE, [WantDesk(0)])
        assert "hunter2" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    assert "hunter2" not in repr(PostgresStore(f"{dsn} password=hunter2"))


def test_a_pool_of_none_is_refused() -> None:
    with pytest.raises(UsageError):
        PostgresStore("dbname=any", pool=0)


def test_a_closed_store_says_so(store: PostgresStore) -> None:
    store.commit(make_batch(outcomes=(make_outcome(1),)))
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        ask(store, WantDesk(0))


def end_sessions(dsn: str) -> None:
    """End every other session in the database, as a restart of the server would."""
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def test_connections_that_died_idle_are_replaced_unseen(store: PostgresStore, dsn: str) -> None:
    for number in range(3):
        store.commit(make_batch(outcomes=(make_outcome(number),)))
        end_sessions(dsn)
    assert ask(store, WantOutcome("cmd:0002")) is not None


def test_a_connection_lost_in_a_commit_leaves_the_outcome_open(store: PostgresStore, dsn: str) -> None:
    store.commit(make_batch(conversations=(make_conversation(1),)))
    problems: list[Exception] = []

    def commit() -> None:
        try:
            store.commit(make_batch(conversations=(make_conversation(1, 2),)))
        except StoreUnavailable as problem:
            problems.append(problem)

    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM reqflow.conversations FOR UPDATE")
        committing = threading.Thread(target=commit)
        committing.start()
        with psycopg.connect(dsn, autocommit=True) as admin:
            ended = None
            while not ended:
                ended = admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).fetchone()
        committing.join()
        other.rollback()
    assert len(problems) == 1
    assert ask(store, WantConversation("c_0001")).version == 1
    store.commit(make_batch(conversations=(make_conversation(1, 2),)))


def test_more_threads_than_connections_take_turns(dsn: str) -> None:
    store = PostgresStore(dsn, pool=2)
    seen: list[int] = []

    def work(number: int) -> None:
        for step in range(5):
            store.commit(make_batch(outcomes=(make_outcome(10 * number + step),)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with psycopg.connect(dsn, autocommit=True) as watching:
        for thread in threads:
            thread.start()
        while not seen or any(thread.is_alive() for thread in threads):
            (count,) = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reqflow'"
                " AND datname = current_database()"
            ).fetchone()
            seen.append(count)
    assert max(seen) <= 2
    numbers = [10 * number + step for number in range(8) for step in range(5)]
    assert None not in store.recall(WORKSPACE, [WantOutcome(f"cmd:{number:04}") for number in numbers])
    store.close()


def test_prepared_statements_that_somebody_dropped_are_prepared_again(dsn: str) -> None:
    store = PostgresStore(dsn, pool=1)
    store.commit(make_batch(outcomes=(make_outcome(1),)))
    line = store._connections.take()
    line.pg.exec_(b"DISCARD ALL")
    store._connections.give(line)
    store.commit(make_batch(outcomes=(make_outcome(2),)))
    assert ask(store, WantOutcome("cmd:0002")) is not None
    store.close()


# --- the schema ---


def test_without_a_schema_the_store_says_what_to_do(new_dsn: NewDsn) -> None:
    store = PostgresStore(new_dsn(empty=True))
    with pytest.raises(SchemaMismatch, match="migrate"):
        ask(store, WantDesk(0))
    assert store.migrate() == LATEST
    assert ask(store, WantDesk(0)) is None
    store.close()


def put_row(connection: Any, table: str, **cells: Any) -> None:
    """Store a row as an older reqflow did."""
    marks = ",".join(["%s"] * len(cells))
    connection.execute(
        f"INSERT INTO reqflow.{table} (workspace, {', '.join(cells)}) VALUES ('desk', {marks})",
        tuple(cells.values()),
    )


@pytest.mark.parametrize("version", range(1, LATEST))
def test_an_older_schema_is_refused_until_it_is_migrated(new_dsn: NewDsn, version: int) -> None:
    """Nothing in it is lost, and what it had no place for can be stored."""
    dsn = new_dsn(empty=True)
    with psycopg.connect(dsn) as old:
        for step in range(1, version + 1):
            old.execute(schema._steps()[step])
            old.execute("INSERT INTO reqflow.schema_versions (version) VALUES (%s)", (step,))
        kept, ended = make_message(1), make_conversation(1, state=ConversationState.CLOSED)
        cells: dict[str, Any] = {"id": kept.id, "channel_id": CHANNEL, "native": kept.native}
        cells |= {"conversation_id": kept.conversation_id, "lone_profile_id": PROFILE}
        put_row(old, "messages", **cells, sent_at=kept.sent_at, document=dump(kept))
        if version < 3:  # from then on it says who asked
            cells = {"id": ended.id, "version": 1, "channel_id": CHANNEL, "is_open": False, "is_quiet": True}
            put_row(old, "conversations", **cells, document=dump(ended))
    store = PostgresStore(dsn)
    with pytest.raises(SchemaMismatch, match=rf"version {version}, .* needs {LATEST}: run migrate"):
        ask(store, WantDesk(0))
    assert store.migrate() == LATEST
    assert store.query(WORKSPACE, Messages()).items == (kept,)
    deleted = make_message(1, text=None, deleted_at=moment(9))
    store.commit(make_batch(revised=(deleted,), records=(RecordPut(make_note(1)),)))
    assert store.query(WORKSPACE, Messages()).items == (deleted,)
    assert store.query(WORKSPACE, Records(kind="note")).items == (make_note(1),)
    past = Conversations(open=False, requester=ended.requester)
    assert store.query(WORKSPACE, past).items == ((ended,) if version < 3 else ())
    store.close()


def test_a_newer_schema_is_refused(store: PostgresStore, dsn: str) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("INSERT INTO reqflow.schema_versions (version) VALUES (999)")
    with pytest.raises(SchemaMismatch, match="newer"):
        ask(store, WantDesk(0))
    with pytest.raises(SchemaMismatch, match="newer"):
        store.migrate()


def test_a_schema_that_vanished_is_a_mismatch(store: PostgresStore, dsn: str) -> None:
    store.commit(make_batch(outcomes=(make_outcome(1),)))
    with psycopg.connect(dsn) as other:
        other.execute("DROP SCHEMA reqflow CASCADE")
    with pytest.raises(SchemaMismatch):
        ask(store, WantDesk(0))
    with pytest.raises(SchemaMismatch):
        store.commit(make_batch(outcomes=(make_outcome(2),)))


# --- the cost of an operation does not grow ---

GROWN = 3_000
LATE = 2_000_000


def rows_read(dsn: str, work: Callable[[PostgresStore], object]) -> tuple[int, int]:
    """How many rows were read from whole tables, and how many index entries, by a store of its own."""
    counted = (
        "SELECT (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables),"
        " (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes)"
    )
    with psycopg.connect(dsn, autocommit=True) as watching:
        watching.execute("SET stats_fetch_consistency = 'none'")

        def look() -> tuple[int, int]:
            while watching.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone():
                watching.execute("SELECT pg_sleep(0.005)")
            whole, entries = watching.execute(counted).fetchone() or (0, 0)
            return int(whole), int(entries)

        before = look()
        store = PostgresStore(dsn, pool=1)
        work(store)
        store.close()
        after = look()
    return after[0] - before[0], after[1] - before[1]


def one_of_each(number: int) -> Any:
    """A closed request with everything around it, and its waiting effect, item and timer."""
    closed = {"state": RequestState.CLOSED, "closed_at": moment(number)}
    return make_batch(
        conversations=(make_conversation(number),),
        requests=(make_request(number, **closed),),
        lanes=(make_lane(number, conversation=number),),
        messages=(make_message(number),),
        records=(RecordPut(make_note(number)),),
        threads=(ThreadKey(CHANNEL, f"posted{number}", f"c_{number:04}"),),
        texts=(make_text(number),),
        entries=(make_entry(f"c_{number:04}", 1),),
        effects=(make_effect(number, f"to{number}"),),
        armed=(Timer(f"c_{number:04}", moment(number)),),
        inbox=(make_item(number, f"lane{number}"),),
        outcomes=(make_outcome(number),),
    )


def merged(batches: list[Any]) -> Any:
    names = (
        "conversations requests lanes messages records threads texts entries effects armed inbox outcomes"
    ).split()
    return make_batch(**{name: sum((getattr(each, name) for each in batches), ()) for name in names})


def use_everything(store: PostgresStore, base: int) -> None:
    """Every kind of statement once, for one and for many rows, on things that exist and on new ones."""
    wants: list[Want] = [
        WantMessage(CHANNEL, f"n{base}"),
        WantPlaced(f"m_{base:04}"),
        WantProfile(PROFILE),
        WantOutcome(f"cmd:{base:04}"),
        WantLane(CHANNEL, f"p_{base:04}"),
        WantThread(CHANNEL, (f"n{base}", f"posted{base}")),
        WantConversation(f"c_{base:04}"),
        WantRequest(f"r_{base:04}"),
        WantLastOpen(CHANNEL),
        WantNeighbours(CHANNEL, PROFILE, moment(base), f"m_{base:04}"),
        WantPool(("bob", "eve")),
        WantWaiting("sales"),
        WantRecord("note", f"n_{base:04}"),
        WantRecords("note", "conversation", f"c_{base:04}"),
        WantRecords("note", "conversation", f"c_{base:04}", newest_first=True),
        WantDesk(0),
    ]
    store.recall(WORKSPACE, wants)
    store.recall(WORKSPACE, wants * 2)
    for numbers in ([base + 1], [base + 2, base + 3]):
        store.commit(merged([one_of_each(1_000_000 + n) for n in numbers]))
        store.commit(
            make_batch(
                conversations=tuple(make_conversation(n, 2) for n in numbers),
                requests=tuple(make_request(n) for n in numbers),
                lanes=tuple(make_lane(n, 2) for n in numbers),
                records=tuple(RecordPut(make_note(n, version=2, added_at=START), 1) for n in numbers),
                threads=tuple(ThreadKey(CHANNEL, f"posted{n + 9}", f"c_{n + 9:04}") for n in numbers),
                entries=tuple(make_entry(f"c_{n:04}", 2) for n in numbers),
                holds=tuple(Hold(HoldKind.CONVERSATION, f"c_{n + 9:04}", 1) for n in numbers)
                + tuple(Hold(HoldKind.RECORD, f"note n_{n + 9:04}", 1) for n in numbers),
                loads=tuple(LoadChange(f"agent{n}", 1) for n in numbers),
                cancelled=tuple(f"c_{n:04}" for n in numbers),
                effects=tuple(make_effect(n, f"card{n}", collapse="card") for n in numbers),
                armed=tuple(Timer(f"c_{n:04}", moment(-1)) for n in numbers),
                absorbed=tuple(Absorbed(f"c_{n:04}", f"c_{n + 9:04}", "r_1", START) for n in numbers),
                adopted=tuple(Adopted(f"c_{n + 19:04}", "r_1", START) for n in numbers),
            )
        )
        store.commit(make_batch(disarmed=tuple(f"c_{n:04}" for n in numbers)))
        store.commit(make_batch(revised=tuple(make_message(n + 19) for n in numbers)))
    for queue in LeaseQueue:
        for limit in (1, 4):
            held = store.lease(WORKSPACE, queue, now=moment(LATE), until=moment(LATE + 60), limit=limit)
            assert len(held) == limit
            store.extend(WORKSPACE, held, moment(LATE + 90))
            store.settle(WORKSPACE, held)
        held = store.lease(WORKSPACE, queue, now=moment(LATE), until=moment(LATE + 60), limit=2)
        store.release(WORKSPACE, held[0], ready_at=moment(LATE + 900))
        store.commit(make_batch(consumed=(held[1],)))
        store.query(WORKSPACE, Parked(queue=queue, limit=3))
        store.requeue(WORKSPACE, queue, ["1"])
        store.requeue(WORKSPACE, queue)
    store.commit(make_batch(inbox=(make_item(2_000_000 + base),), inbox_limit=1_000_000))
    store.next_due(WORKSPACE)
    with pytest.raises((Conflict, Duplicate)):
        store.commit(one_of_each(base))
    last = f"c_{base:04}"
    for view in (
        Requests(states=(RequestState.UNASSIGNED,), channel_id=CHANNEL, limit=3),
        Requests(conversation_id=last),
        Requests(limit=3, newest_first=True),
        Conversations(open=True, after=last, limit=3),
        Conversations(open=False, channel_id=CHANNEL, limit=3),
        Conversations(open=False, requester=PROFILE, limit=3, newest_first=True),
        Requests(states=(RequestState.CLOSED,), channel_id=CHANNEL, limit=3),
        Requests(states=(RequestState.CLOSED,), assignee="bob", limit=3, newest_first=True),
        Requests(states=(RequestState.ASSIGNED,), assignee="eve", limit=3),
        Messages(conversation_id=last),
        Messages(after=f"m_{base:04}", limit=3),
        Records(kind="note", after=f"n_{base:04}", limit=3),
        Records(kind="note", name="conversation", content=last),
        Records(kind="note", name="conversation", content=last, after='["", ""]', newest_first=True),
        Effects(conversation_id=last),
        Effects(limit=3),
        Effects(state=EffectState.PARKED),
        Effects(state=EffectState.READY, limit=3),
        Streams(after=last, limit=3),
    ):
        store.query(WORKSPACE, view)
    store.history(WORKSPACE, last)
    store.texts(WORKSPACE, [make_text(base).ref.id], Audience.INTERNAL)


@pytest.mark.parametrize("made", ["template", "parted"])
def test_nothing_reads_more_rows_when_there_are_more(new_dsn: NewDsn, made: str) -> None:
    """Also with plans that were made when the tables were empty, before anybody analysed them."""
    dsn = new_dsn(template=made)
    with psycopg.connect(dsn, autocommit=True) as other:
        for (table,) in other.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'reqflow'::regnamespace AND relkind = 'r'"
        ).fetchall():
            other.execute(f"ALTER TABLE reqflow.{table} SET (autovacuum_enabled = off)")

    def grow(store: PostgresStore, start: int, end: int) -> None:
        for first in range(start, end, 100):
            store.commit(merged([one_of_each(n) for n in range(first, first + 100)]))

    def small(store: PostgresStore) -> None:
        grow(store, 0, 100)
        use_everything(store, 0)

    def growing(store: PostgresStore) -> None:
        use_everything(store, 20)  # makes the plans that the last line uses
        grow(store, 100, GROWN)
        use_everything(store, 40)

    before, twice = rows_read(dsn, small), rows_read(dsn, growing)
    after = rows_read(dsn, lambda store: use_everything(store, 60))
    assert before[0] == twice[0] == after[0] == 0, "a whole table was read"
    assert after[1] <= 2 * before[1] < 2_000
    assert twice[1] <= 4 * before[1]
