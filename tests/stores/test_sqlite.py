"""The store in an SQLite file keeps the contract; its file is made, refused and mended as it says."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest

from reqflow.codec import dump
from reqflow.core.facts import WantConversation, WantOutcome
from reqflow.core.model import CommandKey, ConversationId, ConversationState, RequestState
from reqflow.errors import (
    Conflict,
    CorruptRecord,
    InvalidInput,
    SchemaMismatch,
    StoreError,
    StoreUnavailable,
)
from reqflow.plugins.sqlite import SQLiteStore, database, queues, reading, records, store, views, writing
from reqflow.ports import (
    Conversations,
    Effects,
    LeaseQueue,
    Messages,
    Parked,
    RecordPut,
    Records,
    Requests,
    Streams,
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
    make_message,
    make_note,
    make_outcome,
    make_text,
    moment,
)
from reqflow.testing.store_laws.guards import first
from reqflow.testing.store_laws.laws import ask, picture

SCRIPTS = database._migrations()
LATEST = len(SCRIPTS)


class TestSQLiteStore(StoreContract):
    def make_store(self, tmp_path):
        return SQLiteStore(tmp_path / "desk.db", create=True)

    def reopen(self, store):
        return SQLiteStore(store.path)

    def connect(self, store):
        return sqlite3.connect(store.path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "desk.db"


@pytest.fixture
def opened(path):
    made = SQLiteStore(path, create=True, timeout=0.05)
    yield made
    made.close()


def change(path, *statements):
    """Change the file behind the store's back."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


CLOSED = make_conversation(1, state=ConversationState.CLOSED)


def old_rows(path):
    """What a desk of the first schema held: rows as that wrote them."""
    at = [int((START + timedelta(seconds=n)).timestamp() * 1_000_000) for n in (1, 2)]
    message: list[object] = [
        "desk",
        "m_0001",
        CHANNEL,
        "n1",
        "c_0001",
        None,
        "customer",
        PROFILE,
        PROFILE,
        "requester",
    ]
    message += ["customer", *at, *[None] * 5, False, True, None]
    outcome = ["desk", "cmd:0001", "done", None, "c_0001", None, None, False]
    conversation = ["desk", "c_0001", 1, False, True, CHANNEL, dump(CLOSED)]
    with sqlite3.connect(path) as connection:
        for table, row in (("message", message), ("outcome", outcome), ("conversation", conversation)):
            named = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
            columns = ",".join(name for (name,) in named[: len(row)])  # later ones came later
            marks = ",".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)
            if "requester" in [name for (name,) in named]:  # of a schema that says who asked
                connection.execute(f"UPDATE {table} SET requester=?", (CLOSED.requester,))
    connection.close()


class TestOpening:
    def test_a_missing_file_is_not_made_unasked(self, path):
        for use in (
            lambda store: store.recall(WORKSPACE, ()),
            lambda store: store.commit(make_batch()),
            lambda store: store.query(WORKSPACE, Requests()),
        ):
            with pytest.raises(SchemaMismatch, match="migrate"):
                use(SQLiteStore(path))
        assert not path.exists()

    def test_migrate_makes_the_file(self, path):
        store = SQLiteStore(path)
        assert store.migrate() == LATEST
        store.commit(first())
        store.close()

    def test_an_empty_file_has_no_schema_yet(self, path):
        path.touch()
        store = SQLiteStore(path)
        with pytest.raises(SchemaMismatch, match="no schema"):
            store.commit(make_batch())
        assert store.migrate() == LATEST
        store.commit(make_batch())
        store.close()

    @pytest.mark.parametrize("version", range(1, LATEST))
    def test_an_older_file_is_refused_until_it_is_migrated(self, path, monkeypatch, version):
        """Nothing in it is lost, and what its schema had no place for can be stored."""
        with monkeypatch.context() as past:
            past.setattr(database, "_migrations", lambda: SCRIPTS[:version])
            SQLiteStore(path, create=True).close()
        old_rows(path)
        with pytest.raises(SchemaMismatch, match=rf"schema {version}, this reqflow needs {LATEST}.*migrate"):
            SQLiteStore(path).recall(WORKSPACE, ())
        store = SQLiteStore(path)
        assert store.migrate() == LATEST
        assert store.query(WORKSPACE, Messages()).items == (make_message(1),)
        assert ask(store, WantOutcome(CommandKey("cmd:0001"))) == make_outcome(1)[1]
        edited = make_message(1, text=None, deleted_at=moment(9))
        found = make_outcome(2)[0], attrs.evolve(make_outcome(2)[1], record_id="n_0001")
        store.commit(make_batch(revised=(edited,), records=(RecordPut(make_note(1)),), outcomes=(found,)))
        assert store.query(WORKSPACE, Messages()).items == (edited,)
        assert store.query(WORKSPACE, Records(kind="note")).items == (make_note(1),)
        assert ask(store, WantOutcome(found[0])) == found[1]
        past = Conversations(open=False, requester=CLOSED.requester)
        assert store.query(WORKSPACE, past).items == (CLOSED,)
        store.close()

    def test_a_newer_schema_is_refused(self, path, opened):
        change(path, "PRAGMA user_version = 99")
        for refused in (
            lambda: SQLiteStore(path).commit(make_batch()),
            lambda: SQLiteStore(path).migrate(),
            lambda: SQLiteStore(path, create=True),
        ):
            with pytest.raises(SchemaMismatch, match="update reqflow"):
                refused()

    def test_the_database_of_another_program_is_left_alone(self, path):
        change(path, "CREATE TABLE theirs (id)")
        with pytest.raises(SchemaMismatch, match="another program"):
            SQLiteStore(path, create=True)
        with pytest.raises(SchemaMismatch, match="another program"):
            SQLiteStore(path).commit(make_batch())
        tables = sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall()
        assert tables == [("theirs",)]

    def test_what_is_no_database_is_named(self, path):
        path.write_bytes(b"Dear diary, this is a letter and no database at all. " * 40)
        with pytest.raises(StoreError, match=r"desk\.db is no SQLite database"):
            SQLiteStore(path, create=True)

    def test_a_folder_that_does_not_exist_is_named(self, tmp_path):
        with pytest.raises(StoreUnavailable, match="no such folder"):
            SQLiteStore(tmp_path / "none" / "desk.db", create=True)
        with pytest.raises(StoreError, match="is a folder"):
            SQLiteStore(tmp_path, create=True)

    def test_files_are_readable_for_their_owner_only(self, path, opened):
        opened.commit(first())
        for name in ("desk.db", "desk.db-wal", "desk.db-shm"):
            assert stat.S_IMODE(os.stat(path.with_name(name)).st_mode) == 0o600, name

    def test_commits_are_on_the_disk_unless_less_is_asked_for(self, path, opened):
        def level(store):
            return store._database.ready().execute("PRAGMA synchronous").fetchone()[0]

        assert level(opened) == 2
        assert level(SQLiteStore(path, synchronous="NORMAL")) == 1
        with pytest.raises(InvalidInput, match="OFF"):
            SQLiteStore(path, synchronous="OFF")

    def test_a_desk_may_live_in_memory(self):
        store = SQLiteStore(":memory:", create=True)
        store.commit(first())
        assert len(picture(store)["messages"]) == 1

    def test_a_closed_store_says_so(self, opened):
        opened.close()
        opened.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            opened.commit(make_batch())

    def test_many_may_make_the_same_file_at_once(self, path):
        def make(_):
            store = SQLiteStore(path, create=True)
            version = store.migrate()
            store.commit(make_batch(effects=(make_effect(1),)))
            store.close()
            return version

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(make, range(6))) == [LATEST] * 6
        assert len(SQLiteStore(path).query(WORKSPACE, Effects()).items) == 6


class Interrupted:
    """Makes SQLite stop at the n-th step of its machine, wherever that is."""

    def __init__(self, connection, step):
        self.left = step
        connection.set_progress_handler(self.count, 1)
        self.connection = connection

    def count(self):
        self.left -= 1
        return self.left == 0

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.connection.set_progress_handler(None, 1)


class TestFaults:
    def test_a_commit_stopped_anywhere_leaves_no_trace(self, opened):
        """Or all of it, where it is stopped when it is on the disk and only the word of it is lost."""
        before = picture(opened)
        connection = opened._database.ready()
        stops = 0
        for step in range(3, 100_000, 10):
            with Interrupted(connection, step) as stopping:
                try:
                    opened.commit(first())
                except StoreUnavailable:
                    stops += 1
            if picture(opened) != before:
                break
            assert stopping.left <= 0
        assert stops > 20
        whole = SQLiteStore(":memory:", create=True)
        whole.commit(first())
        assert picture(opened) == picture(whole)

    def test_a_migration_stopped_anywhere_goes_on_where_it_was(self, tmp_path):
        stops = 0
        for step in range(1, 100_000, 97):
            path = tmp_path / f"{step}.db"
            store = SQLiteStore(path)
            path.touch()
            with Interrupted(store._database._opened(make=True), step) as stopping:
                try:
                    store.migrate()
                except StoreError:
                    stops += 1
            store.close()
            again = SQLiteStore(path, create=True)
            again.commit(first())
            again.close()
            if stopping.left > 0:
                break
        assert stops > 10

    def test_a_full_disk_is_a_typed_error_and_no_trace(self, opened):
        opened.commit(first())
        before = picture(opened)
        connection = opened._database.ready()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnavailable, match="full"):
            opened.commit(make_batch(messages=(make_message(2),), texts=(make_text(2, "x" * 200_000),)))
        assert picture(opened) == before
        connection.execute("PRAGMA max_page_count = 1000000")
        opened.commit(make_batch(messages=(make_message(2),), texts=(make_text(2, "x" * 200_000),)))

    def test_a_locked_file_is_a_typed_error(self, path, opened):
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            opened.commit(first())
        assert picture(opened)["messages"] == []
        other.execute("ROLLBACK")
        other.close()
        opened.commit(first())

    def test_what_cannot_be_encoded_is_refused(self, opened):
        with pytest.raises(InvalidInput):
            opened.commit(make_batch(inbox=(make_item(1, text="\ud800"),)))
        with pytest.raises(InvalidInput):
            opened.commit(make_batch(messages=(make_message(1, native="\ud800"),)))
        assert picture(opened)["messages"] == []

    @pytest.mark.parametrize(
        ("table", "column", "read"),
        [
            ("conversation", "document", lambda s: s.query(WORKSPACE, Conversations())),
            ("request", "document", lambda s: s.query(WORKSPACE, Requests())),
            ("message", "side", lambda s: s.query(WORKSPACE, Messages())),
            ("message", "more", lambda s: s.query(WORKSPACE, Messages())),
            ("record", "document", lambda s: s.query(WORKSPACE, Records(kind="note"))),
            ("record", "keys", lambda s: s.commit(make_batch(records=(RecordPut(make_note(1), 1),)))),
            ("outbox", "document", lambda s: s.query(WORKSPACE, Effects())),
            ("outbox", "state", lambda s: s.query(WORKSPACE, Effects())),
            ("history", "events", lambda s: s.history(WORKSPACE, "c_0001")),
            ("history", "actor_kind", lambda s: s.history(WORKSPACE, "c_0001")),
        ],
    )
    @pytest.mark.parametrize("content", ["{", "nonsense", "[1]", "[" * 10_000])
    def test_a_spoilt_row_is_named(self, path, opened, table, column, read, content):
        opened.commit(first())
        change(path, f"UPDATE {table} SET {column} = '{content}'")
        with pytest.raises(CorruptRecord):
            read(opened)

    @pytest.mark.parametrize("content", ["{", "1", "[" * 10_000])
    def test_spoilt_names_of_automations_are_named(self, path, opened, content):
        opened.commit(first())
        change(path, f"UPDATE history SET rules = '{content}'")
        with pytest.raises(CorruptRecord, match="c_0001/1"):
            opened.history(WORKSPACE, "c_0001")

    @pytest.mark.parametrize("queue", [LeaseQueue.INBOX, LeaseQueue.OUTBOX])
    def test_a_spoilt_item_is_set_aside_and_the_others_go_on(self, path, opened, queue):
        for number in range(3):
            opened.commit(make_batch(inbox=(make_item(number),), effects=(make_effect(number, "chat:a"),)))
        change(path, f"UPDATE {queue} SET document = '{{' WHERE number < 3")
        assert opened.backlog(WORKSPACE, moment(9))[queue is LeaseQueue.OUTBOX].age is None
        (found,) = opened.lease(WORKSPACE, queue, now=moment(9), until=moment(60), limit=1)
        assert found.attempts == 1
        opened.settle(WORKSPACE, [found])
        parked = opened.query(WORKSPACE, Parked(queue=queue)).items
        assert [(each.item, each.note) for each in parked] == [(None, "unreadable")] * 2
        opened.requeue(WORKSPACE, queue)
        assert opened.lease(WORKSPACE, queue, now=moment(9), until=moment(60), limit=9) == []
        assert len(opened.query(WORKSPACE, Parked(queue=queue)).items) == 2

    def test_a_spoilt_conversation_is_not_hidden_by_what_was_read_before(self, path, opened):
        opened.commit(first())
        want = WantConversation(ConversationId("c_0001"))
        assert ask(opened, want).version == 1
        change(path, "UPDATE conversation SET document = '{}'")
        with pytest.raises(CorruptRecord):
            opened.recall(WORKSPACE, [want])


COMMIT_LOOP = """
import sys
from reqflow.errors import Conflict, Duplicate
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.testing.store_laws.durability import add_one
store = SQLiteStore(sys.argv[1], timeout=30)
for _ in range(int(sys.argv[2])):
    while not add_one(store):
        pass
    print("acked", flush=True)
"""


class TestProcesses:
    def start(self, path, rounds):
        return subprocess.Popen(
            [sys.executable, "-c", COMMIT_LOOP, str(path), str(rounds)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def begin(self, opened):
        opened.commit(make_batch(conversations=(make_conversation(1),), entries=(make_entry("c_0001", 1),)))

    def counted(self, path):
        store = SQLiteStore(path)
        found = ask(store, WantConversation(ConversationId("c_0001")))
        assert [each.seq for each in store.history(WORKSPACE, "c_0001")] == list(range(1, found.version + 1))
        store.close()
        return found.messages

    def test_no_update_is_lost_between_processes(self, path, opened):
        self.begin(opened)
        workers = [self.start(path, 50) for _ in range(2)]
        assert [worker.communicate()[0].count("acked") for worker in workers] == [50, 50]
        assert self.counted(path) == 100

    @pytest.mark.skipif(not hasattr(os, "kill"), reason="needs signals")
    def test_whatever_was_acknowledged_survives_a_kill(self, path, opened):
        self.begin(opened)
        acked = 0
        for kill in range(3):
            worker = self.start(path, 100_000)
            lines = [worker.stdout.readline() for _ in range(20 + 7 * kill)]
            worker.kill()
            rest = worker.communicate()[0]
            acked += sum("acked" in line for line in [*lines, *rest.splitlines()])
            # the last commit may have been made and its acknowledgement lost
            assert acked <= self.counted(path) <= acked + 1
            acked = self.counted(path)


class TestPlans:
    """Everything that a decision needs is found by an index, however much is stored."""

    WANTS = tuple(
        value
        for module in (reading, records, store)
        for name, value in vars(module).items()
        if name[0].isupper() and isinstance(value, str) and value.startswith("SELECT")
    )
    WRITES = tuple(
        value
        for module in (writing, records, queues)
        for name, value in vars(module).items()
        if name[0].isupper() and isinstance(value, str) and value.startswith(("UPDATE", "DELETE"))
    )

    def plan(self, store, statement):
        marks = len(re.findall(r"\?(?!\d)", statement)) or max(map(int, re.findall(r"\?(\d+)", statement)))
        rows = store._database.ready().execute(f"EXPLAIN QUERY PLAN {statement}", [None] * marks)
        return [row[3] for row in rows]

    @pytest.mark.parametrize(
        "statement", [*WANTS, *WRITES, *queues.FINISH.values(), *queues.RELEASE.values()]
    )
    def test_no_statement_of_an_operation_scans_or_sorts(self, opened, statement):
        steps = self.plan(opened, statement)
        assert steps
        assert [step for step in steps if "SCAN" in step and "json_each" not in step] == []
        assert [step for step in steps if "TEMP B-TREE" in step] == []

    def test_open_requests_of_a_channel_are_found_by_their_own_index(self, opened):
        assert any("request_open" in step for step in self.plan(opened, reading.LAST_OPEN))
        assert any("request_waiting" in step for step in self.plan(opened, reading.WAITING))

    @pytest.mark.parametrize(
        ("view", "index"),
        [
            (Conversations(open=True), "conversation_open"),
            (Conversations(states=(ConversationState.PENDING,), quiet=False), "conversation_open"),
            (Conversations(holder="bob"), "conversation_open"),
            (Conversations(open=False, channel_id=CHANNEL), "conversation_past_in"),
            (
                Conversations(open=False, requester=PROFILE, newest_first=True, after="c_2"),
                "conversation_past_of",
            ),
            (Requests(conversation_id="c_1"), "request_conversation"),
            (Requests(states=(RequestState.ASSIGNED,)), "request_open"),
            (Requests(states=(RequestState.ASSIGNED,), assignee="bob"), "request_assigned"),
            (Requests(states=(RequestState.CLOSED,), assignee="bob", newest_first=True), "request_closed_of"),
            (Requests(states=(RequestState.CLOSED,), channel_id=CHANNEL), "request_closed_in"),
        ],
    )
    def test_views_are_answered_by_their_indexes(self, opened, view, index):
        asked = []

        def execute(statement, values):
            asked.append((statement, values))
            return opened._database.ready().execute(statement, values)

        views.read_page(execute, WORKSPACE, view)
        ((statement, values),) = asked
        rows = opened._database.ready().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        steps = [row[3] for row in rows]
        assert index in steps[0], steps
        assert any("TEMP B-TREE" in step for step in steps) is (index == "request_open"), steps

    def test_a_long_lane_that_rests_does_not_keep_others_waiting(self, opened):
        opened.commit(make_batch(effects=tuple(make_effect(n, "stuck") for n in range(20_000))))
        (held,) = opened.lease(WORKSPACE, LeaseQueue.OUTBOX, now=moment(0), until=moment(1), limit=1)
        opened.release(WORKSPACE, held, ready_at=moment(900))
        opened.commit(make_batch(effects=(make_effect(1, "free"),)))
        begun = time.perf_counter()
        (found,) = opened.lease(WORKSPACE, LeaseQueue.OUTBOX, now=moment(0), until=moment(1), limit=1)
        assert found.item.destination == "free"
        assert time.perf_counter() - begun < 1

    def test_streams_are_named_without_reading_history(self, opened):
        opened.commit(make_batch(entries=tuple(make_entry("c_1", seq) for seq in range(1, 3_000))))
        opened.commit(make_batch(entries=(make_entry("desk", 1),)))
        assert opened.query(WORKSPACE, Streams()).items == ("c_1", "desk")


def test_a_conflict_does_not_hold_the_file(path, opened):
    other = SQLiteStore(path, timeout=0.05)
    with pytest.raises(Conflict):
        opened.commit(make_batch(conversations=(make_conversation(1, 5),)))
    other.commit(first())
    other.close()
