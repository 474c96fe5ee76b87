"""A desk moves between any two stores by a file, whole; rubbish, cut and changed files leave nothing behind."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import archive
from reqflow.archive import export_desk, import_desk
from reqflow.core.commands import AddNote, Close, Reply, Take
from reqflow.core.model import Audience
from reqflow.errors import Conflict, InvalidInput, StoreError, StoreUnavailable, UnknownId, UnreadableInput
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Messages, Receipt, ReceiptKind, Store
from reqflow.testing.desks import Story
from reqflow.testing.machines.desk import Post
from reqflow.testing.samples import (
    WORKSPACE,
    make_batch,
    make_message,
    make_outcome,
    make_text,
)
from reqflow.testing.store_laws.archives import fill
from reqflow.testing.store_laws.laws import picture

SECRET = "a word that nobody else may read"

Make = Callable[[str], Any]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes an empty store of a kind."""
    made: list[Any] = []

    def make(kind: str) -> Any:
        if kind == "memory":
            made.append(MemoryStore())
        elif kind == "sqlite":
            made.append(SQLiteStore(tmp_path / f"{len(made)}.db", create=True))
        else:
            pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
            from reqflow.plugins.postgres import PostgresStore

            made.append(PostgresStore(request.getfixturevalue("new_dsn")(template=kind)))
        return made[-1]

    yield make
    for store in made:
        store.close()


KINDS = ("memory", "sqlite", "template", "parted")
"""The stores, the last two PostgreSQL's, with whole tables and with tables in partitions."""


SETTINGS = {"status_emoji": True, "auto_close_after": "1d"}


def tell(store: Store) -> Story:
    """A desk in the middle of its work: some done, some waiting, some of it in vain so far."""
    post = Post()
    story = Story(SETTINGS, store=store, plugins=[post])
    asked = story.say("cara", f"Where is {SECRET}?")
    story.say("cara", "It should have come by Monday.", after=20)
    story.say("ana", "On its way.", to=asked, after=60)
    mailed = story.say("dan", "Can I pay by invoice? Grüße, 丹", channel="mail:desk", after=60)
    story.do(Take, "bo", mailed)
    story.do(AddNote, "bo", mailed, text="a regular")
    story.say("finn", "Hello, anybody?", channel="line:1", after=5)
    story.say("gus", "And me?", channel="line:2", after=5)
    post.answers = [Receipt(kind=ReceiptKind.RETRY, retry_after=3600.0), Receipt(kind=ReceiptKind.UNKNOWN)]
    story.engine.work()
    story.do(Close, "ana", asked)
    story.engine.accept(story.letter("ivy", "Is this thing on?", native="late"))
    return story


def go_on(store: Store, since: datetime) -> None:
    """What happens next; the same on every store."""
    words = (f"{number:032x}" for number in count(1))  # the same commands have the same keys
    story = Story(SETTINGS, store=store, plugins=[Post()], chance=lambda: next(words))
    story.now = since
    assert story.say("cara", f"Where is {SECRET}?", native="1").duplicate
    story.engine.work()
    story.wait(minutes=5)
    mailed = story.say("dan", "Well?", channel="mail:desk", native="more")
    story.do(Reply, "bo", mailed, text="Yes, you can.", audience=Audience.CUSTOMER)
    story.wait(days=2)
    story.engine.work()
    assert story.engine.verify() == []


def exported(store: Store, workspace: str = WORKSPACE) -> bytes:
    return b"".join(export_desk(store, workspace))


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_a_desk_moves_between_any_two_stores(make: Make, source: str, target: str) -> None:
    """It is the same there, and goes on the same."""
    here, there = make(source), make(target)
    story = tell(here)
    file = exported(here)
    done = import_desk(there, file.splitlines(keepends=True))
    assert done.workspace == WORKSPACE
    assert sum(done.rows.values()) == file.count(b"\n") - 2 > 50
    assert exported(there) == file
    assert picture(there) == picture(here)
    moved = Story(SETTINGS, store=there, plugins=[Post()]).engine
    assert moved.verify() == []
    assert moved.heads() == story.engine.heads()
    messages = story.all(Messages())
    assert moved.texts(*messages) == story.engine.texts(*messages)
    assert moved.next_due() == story.engine.next_due()
    for store in (here, there):
        go_on(store, story.now)
    assert exported(there) == exported(here) != file


def test_every_store_makes_the_same_file(make: Make) -> None:
    files = []
    for kind in KINDS:
        store = make(kind)
        fill(store)
        files.append(exported(store))
    assert files[0].startswith(b'["reqflow.desk",{"format":1,"workspace":"desk"}]\n')
    assert set(files) == {files[0]}


def test_a_desk_that_is_not_there_is_not_exported(make: Make) -> None:
    with pytest.raises(UnknownId, match="no desk called 'nobody'"):
        exported(make("sqlite"), "nobody")


def test_a_desk_that_is_there_stays_as_it_is(make: Make) -> None:
    store = make("sqlite")
    tell(store)
    file = exported(store)
    with pytest.raises(Conflict, match="has a desk called desk already"):
        import_desk(store, file.splitlines(keepends=True))
    assert exported(store) == file


# --- what is no desk --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    store = MemoryStore()
    tell(store)
    return list(export_desk(store, WORKSPACE))


def refused(lines: list[bytes], why: str, store: Any = None) -> None:
    store = MemoryStore() if store is None else store
    with pytest.raises(UnreadableInput, match=why) as told:
        import_desk(store, lines)
    assert SECRET not in str(told.value)
    assert told.value.__cause__ is None
    assert list(store.dump(WORKSPACE)) == []


def test_a_file_that_was_cut_off_is_refused_wherever_it_was(lines: list[bytes]) -> None:
    for end in range(1, len(lines)):
        refused(lines[:end], "cut off")
        refused([*lines[:end], lines[end][:-9]], "line|digest")


def test_a_line_that_is_missing_twice_or_elsewhere_is_noticed(lines: list[bytes]) -> None:
    for at in range(1, len(lines) - 1):
        refused(lines[:at] + lines[at + 1 :], "digest does not fit")
        if b'["inbox"' not in lines[at] and b'["outbox"' not in lines[at]:
            refused([*lines[: at + 1], *lines[at:]], "not in its place, or twice")
            refused([*lines[:at], lines[-2], *lines[at:]], "not in its place|digest") if at < len(
                lines
            ) - 2 else None


@given(st.data())
def test_no_changed_byte_goes_unnoticed(lines: list[bytes], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(lines) - 1), "line")
    line = bytearray(lines[number])
    line[data.draw(st.integers(0, len(line) - 1), "byte")] ^= data.draw(st.integers(1, 255), "change")
    store = MemoryStore()
    told = ""
    try:
        import_desk(store, [*lines[:number], bytes(line), *lines[number + 1 :]])
    except UnreadableInput as problem:
        told = str(problem)
    if told:
        assert SECRET not in told
        assert list(store.dump(WORKSPACE)) == []
    else:  # only where it says the same: a blank in the last line, say
        assert number == len(lines) - 1
        assert exported(store) == b"".join(lines)


@pytest.mark.parametrize(
    ("rubbish", "why"),
    [
        (b"", "no file of a desk"),
        (b"\n", "no file of a desk"),
        (b"{}\n", "no file of a desk"),
        (b'["end",{"rows":{},"sha256":""}]\n', "no file of a desk"),
        (b'["reqflow.desk",{"format":2,"workspace":"desk"}]\n', "has format 2, this reqflow reads 1"),
        (b'["reqflow.desk",{"format":1,"workspace":""}]\n', "has no name"),
        (b'["reqflow.desk",{"format":1}]\n', "no header"),
        (b'["reqflow.desk",{"format":1,"workspace":"desk"}]\n', "cut off after line 1"),
        (pickle.dumps({"a": [1]}), "no file of a desk"),
        (b"[" * 100_000 + b"\n", "no file of a desk"),
        (b"SQLite format 3\0" + bytes(range(256)), "no file of a desk"),
        (b"\xff\xfe[\0", "no file of a desk"),
    ],
)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_rubbish_is_refused(make: Make, kind: str, rubbish: bytes, why: str) -> None:
    refused(rubbish.splitlines(keepends=True), why, make(kind))


@pytest.mark.parametrize(
    "line",
    [
        b'["a word that nobody else may read",{}]\n',
        b'["conversation",{}]\n',
        b'["conversation",' + b"[" * 50_000 + b"]" * 50_000 + b"]\n",
        b'["text",{"id":1}]\n',
        b'["entry",{"stream":"c_1","seq":1}]\n',
        b'["outbox",[{},{}]]\n',
        b'["record",["note/1",{}]]\n',
        b'["record",["nobody/1",{}]]\n',
        b'["timer",7]\n',
        b"null\n",
        b'["reqflow.desk",{"format":1,"workspace":"other"}]\n',
    ],
    ids=lambda line: line[:24].decode(),
)
@pytest.mark.parametrize("kind", ["memory", "sqlite", "template"])
def test_a_line_of_rubbish_is_named_and_nothing_is_stored(
    make: Make, lines: list[bytes], kind: str, line: bytes
) -> None:
    refused([*lines[:-1], line, lines[-1]], rf"line {len(lines)}:", make(kind))


def test_a_line_without_end_is_not_read_to_its_end(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LONGEST", 20_000)
    refused([*lines[:3], b'["text",{"id":"' + b"x" * 20_000, *lines[3:]], "longer than 20000 bytes")


def test_two_desks_are_not_one_file(lines: list[bytes]) -> None:
    refused([*lines, *lines], "more behind the last line")


def test_what_no_store_can_keep_is_refused(lines: list[bytes], make: Make) -> None:
    for kind in ("memory", "sqlite", "template"):
        store = make(kind)
        at = next(at for at, line in enumerate(lines) if SECRET.encode() in line)
        spoilt = lines[at].replace(SECRET.encode(), rb"a\u0000b")
        with pytest.raises(Exception, match=r"NUL|digest"):
            import_desk(store, [*lines[:at], spoilt, *lines[at + 1 :]])
        assert list(store.dump(WORKSPACE)) == []


# --- bad days ---------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from reqflow.archive import import_desk
from reqflow.plugins.sqlite import SQLiteStore
path, file, after = sys.argv[1:]
def lines():
    with open(file, "rb") as opened:
        for number, line in enumerate(opened):
            if number == int(after):
                os.kill(os.getpid(), signal.SIGKILL)
            yield line
import_desk(SQLiteStore(path), lines())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
@pytest.mark.parametrize("part", [0.1, 0.6, 1.0])
def test_an_import_that_is_killed_leaves_no_half_of_a_desk(
    make: Make, tmp_path: Path, lines: list[bytes], part: float
) -> None:
    store = make("sqlite")
    many = bigger(lines)
    file = tmp_path / "desk.jsonl"
    file.write_bytes(b"".join(many))
    after = str(int(part * (len(many) - 1)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, store.path, str(file), after], env=environment, check=False
    )
    assert done.returncode == -9
    assert list(store.dump(WORKSPACE)) == []
    import_desk(store, many)
    assert exported(store) == b"".join(many)


def bigger(lines: list[bytes]) -> list[bytes]:
    """The desk with many more texts, so that it is stored in several goes."""
    store = MemoryStore()
    import_desk(store, lines)
    store.commit(make_batch(texts=tuple(make_text(n, "x" * 500) for n in range(1000))))
    return list(export_desk(store, WORKSPACE))


@pytest.mark.parametrize("after", [3, 500])
def test_an_import_whose_connection_dies_leaves_no_half_of_a_desk(
    make: Make, lines: list[bytes], after: int
) -> None:
    import psycopg

    store = make("template")
    many = bigger(lines)
    dsn = store._connections._conninfo

    def dying() -> Iterator[bytes]:
        for number, line in enumerate(many):
            if number == after:
                with psycopg.connect(dsn, autocommit=True) as other:
                    other.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
            yield line

    with pytest.raises(StoreUnavailable):
        import_desk(store, dying())
    assert list(store.dump(WORKSPACE)) == []
    import_desk(store, many)
    assert exported(store) == b"".join(many)


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_who_import_one_desk_at_once_one_does(make: Make, lines: list[bytes], kind: str) -> None:
    """The other is told so, or waits in vain."""
    store = make(kind)
    told: list[Exception] = []

    def meanwhile() -> Iterator[bytes]:
        yield from lines[:5]
        if kind == "memory":
            import_desk(store, lines)
        yield from lines[5:]

    if kind == "memory":
        with pytest.raises(Conflict):
            import_desk(store, meanwhile())
    else:
        from threading import Barrier, Thread

        start = Barrier(2)

        def bring() -> None:
            start.wait()
            try:
                import_desk(store, lines)
            except StoreError as problem:
                told.append(problem)

        threads = [Thread(target=bring) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [type(each) for each in told] == [Conflict]
    assert exported(store) == b"".join(lines)


@pytest.mark.parametrize("kind", ["sqlite", "template"])
def test_a_large_desk_is_never_in_memory_as_a_whole(make: Make, kind: str) -> None:
    store = make(kind)
    for first in range(0, 4_000, 500):
        numbers = range(first, first + 500)
        store.commit(
            make_batch(
                texts=tuple(make_text(n, "x" * 2_000) for n in numbers),
                messages=tuple(make_message(n) for n in numbers),
                outcomes=tuple(make_outcome(n) for n in numbers),
            )
        )
    other = make(kind)
    tracemalloc.start()
    try:
        size = sum(map(len, export_desk(store, WORKSPACE)))
        import_desk(other, export_desk(store, WORKSPACE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 9_000_000
    assert peak < size / 2


def test_lines_of_text_are_told_how_to_be_opened(make: Make):
    with pytest.raises(InvalidInput, match="'rb'"):
        import_desk(make("memory"), ['["reqflow.desk",{}]\n'])  # type: ignore[list-item]
