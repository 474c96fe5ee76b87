"""Commands about where a desk is kept: migrate, export, import."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import stat
import sys
from pathlib import Path
from threading import Thread

import pytest

from reqflow.plugins.sqlite import SQLiteStore, database

from .conftest import Run
from .test_ingest import dumped

LATEST = SQLiteStore(":memory:", create=True).schema().needed


def made(path: Path, version: int) -> Path:
    """A file with an older schema."""
    with sqlite3.connect(path) as file:
        for script in database._migrations()[:version]:
            file.executescript(script)
        file.execute(f"PRAGMA user_version = {version}")
        file.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    file.close()
    return path


# --- migrate ---


def test_migrate_says_what_it_did(run: Run, tmp_path: Path):
    path = made(tmp_path / "old.db", 2)
    assert run("migrate", path).out == f"The schema is up to date: version {LATEST} (it was 2).\n"
    assert run("migrate", path).out == f"The schema is up to date: version {LATEST}.\n"


def test_migrate_can_only_look(run: Run, tmp_path: Path, filled: Path):
    path = made(tmp_path / "old.db", 2)
    before = path.read_bytes()
    ran = run("migrate", path, "--check")
    assert (ran.code, ran.out) == (1, f"The schema has version 2; this reqflow needs {LATEST}.\n")
    assert path.read_bytes() == before
    assert run("migrate", filled, "--check").code == 0
    (tmp_path / "empty.db").touch()
    ran = run("migrate", tmp_path / "empty.db", "--check")
    assert (ran.code, "is not there yet" in ran.out) == (1, True)


def test_a_newer_schema_is_refused_by_all(run: Run, filled: Path, tmp_path: Path):
    with sqlite3.connect(filled) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    for arguments in (
        ("migrate", filled),
        ("migrate", filled, "--check"),
        ("export", filled, tmp_path / "f"),
    ):
        ran = run(*arguments)
        assert ran.code == 4
        assert "999" in ran.err
        assert "update reqflow" in ran.err


def test_only_postgresql_has_partitions(run: Run, filled: Path):
    ran = run("migrate", filled, "--partitions", 8)
    assert ran.code == 2
    assert "only PostgreSQL" in ran.err
    assert run("migrate", filled, "--partitions", "many").code == 2


# --- export and import ---


def test_a_desk_is_moved_by_a_file(run: Run, filled: Path, tmp_path: Path):
    file, other = tmp_path / "desk.jsonl", tmp_path / "other.db"
    ran = run("export", filled, file)
    assert ran.code == 0
    assert "Exported main to" in ran.out
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    ran = run("import", other, file)
    assert ran.code == 0
    assert "2 conversations, 2 requests, 3 messages" in ran.out
    assert "reqflow verify" in ran.out
    assert run("verify", other).code == 0
    assert run("board", other).out == run("board", filled).out
    again = tmp_path / "again.jsonl"
    run("export", other, again)
    assert again.read_bytes() == file.read_bytes()
    assert {*os.listdir(tmp_path)} >= {"desk.jsonl", "again.jsonl"}
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


def test_it_goes_through_a_pipe(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def exported(store: Path) -> bytes:
        out = io.TextIOWrapper(io.BytesIO())
        with monkeypatch.context() as piped:
            piped.setattr(sys, "stdout", out)
            assert main("export", store, "-") == 0
        return out.detach().getvalue()

    whole = exported(filled)
    assert whole.startswith(b'["reqflow.desk",')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(whole)))
    assert main("import", tmp_path / "other.db", "-") == 0
    assert exported(tmp_path / "other.db") == whole


def main(*arguments: object) -> int:
    from reqflow.cli import main

    return main([str(argument) for argument in arguments])


def test_an_export_that_fails_leaves_no_file(run: Run, filled: Path, tmp_path: Path):
    file = tmp_path / "desk.jsonl"
    ran = run("export", filled, file, "--workspace", "nobody")
    assert ran.code == 2
    assert "no desk called 'nobody'" in ran.err
    assert not list(tmp_path.glob("desk.jsonl*"))
    file.write_text("what was there before")
    assert run("export", filled, file, "--workspace", "nobody").code == 2
    assert file.read_text() == "what was there before"
    assert run("export", filled, tmp_path / "none" / "desk.jsonl").code == 2
    assert run("export", tmp_path / "nowhere.db", file).code == 4


def test_an_import_of_what_is_there_is_refused(run: Run, filled: Path, tmp_path: Path):
    file = tmp_path / "desk.jsonl"
    run("export", filled, file)
    before = dumped(filled)
    ran = run("import", filled, file)
    assert ran.code == 4
    assert "has a desk called main already; nothing was stored" in ran.err
    assert dumped(filled) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no file of a desk"),
        (b"Dear diary\n", "no file of a desk"),
        (b'["reqflow.desk",{"format":7,"workspace":"main"}]\n', "has format 7"),
    ],
)
def test_rubbish_makes_no_store(run: Run, tmp_path: Path, content: bytes, told: str):
    file, store = tmp_path / "desk.jsonl", tmp_path / "other.db"
    file.write_bytes(content)
    ran = run("import", store, file)
    assert ran.code == 3
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not store.exists()
    assert run("import", store, tmp_path / "nothing").code == 3


def test_a_file_that_was_cut_off_stores_nothing(run: Run, filled: Path, tmp_path: Path):
    file, store = tmp_path / "desk.jsonl", tmp_path / "other.db"
    run("export", filled, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    ran = run("import", store, file)
    assert ran.code == 3
    file.write_bytes(whole)
    assert run("import", store, file).code == 0


# --- where an export is written ---


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_store_is_not_exported_into_itself(run: Run, filled: Path, tmp_path: Path, suffix: str):
    before = dumped(filled)
    link = tmp_path / "link"
    link.symlink_to(f"{filled}{suffix}")
    for file in (f"{filled}{suffix}", link):
        for address in (filled, f"sqlite:{filled}"):
            ran = run("export", address, file)
            assert (ran.code, len(ran.err.splitlines())) == (2, 1)
            assert "the store itself" in ran.err
    assert dumped(filled) == before


def test_a_hard_link_to_the_store_is_the_store(run: Run, filled: Path, tmp_path: Path):
    os.link(filled, tmp_path / "link")
    assert run("export", filled, tmp_path / "link").code == 2


def test_what_a_link_leads_to_is_written(run: Run, filled: Path, tmp_path: Path):
    file, link = tmp_path / "desk.jsonl", tmp_path / "link"
    link.symlink_to(file)
    assert run("export", filled, link).code == 0
    assert link.is_symlink()
    assert file.read_bytes().startswith(b'["reqflow.desk",')


@pytest.mark.skipif(os.name == "nt", reason="no fifos")
def test_a_pipe_or_device_is_written_into(run: Run, filled: Path, tmp_path: Path):
    whole, pipe = tmp_path / "desk.jsonl", tmp_path / "pipe"
    run("export", filled, whole)
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    assert run("export", filled, pipe).code == 0
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)
    reader.join(30)
    assert got == [whole.read_bytes()]
    link = tmp_path / "null"  # not the device itself, which a defect would replace for everybody
    link.symlink_to(os.devnull)
    assert run("export", filled, link).code == 0
    assert link.is_symlink()


def test_a_folder_is_no_file(run: Run, filled: Path, tmp_path: Path):
    (tmp_path / "folder").mkdir()
    ran = run("export", filled, tmp_path / "folder")
    assert ran.code == 2
    assert "is a folder" in ran.err
    assert not list(tmp_path.glob("folder?*"))


def test_an_old_part_is_not_written_into(run: Run, filled: Path, tmp_path: Path):
    """It may be another export's that is under way, or readable for everybody."""
    part = tmp_path / "desk.jsonl.part"
    part.write_text("of another")
    part.chmod(0o666)
    assert run("export", filled, tmp_path / "desk.jsonl").code == 0
    assert part.read_text() == "of another"
    assert stat.S_IMODE(os.stat(tmp_path / "desk.jsonl").st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_export_that_is_told_to_stop_leaves_no_file(
    run: Run, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from reqflow.cli import moving

    lines = moving.export_desk

    def stopped(*arguments: object):
        for number, line in enumerate(lines(*arguments)):
            if number == 1:
                signal.raise_signal(signal.SIGTERM)
            yield line

    monkeypatch.setattr(moving, "export_desk", stopped)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert run("export", filled, tmp_path / "desk.jsonl").code == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not list(tmp_path.glob("desk.jsonl*"))


# --- what a failed import leaves ---


def test_an_import_that_fails_leaves_no_new_store(run: Run, filled: Path, tmp_path: Path):
    file, store = tmp_path / "desk.jsonl", tmp_path / "other.db"
    run("export", filled, file)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    before = {*os.listdir(tmp_path)}
    for address in (store, f"sqlite:{store}"):
        assert run("import", address, file).code == 3
        assert {*os.listdir(tmp_path)} == before
    store.touch()
    assert run("import", store, file).code == 3
    assert store.exists(), "it was there before"


def test_a_store_that_is_made_meanwhile_is_not_lost(
    run: Run, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from reqflow.cli import moving

    file, store = tmp_path / "desk.jsonl", tmp_path / "other.db"
    run("export", filled, file)
    load = moving.import_desk

    def overtaken(*arguments: object):
        store.write_bytes(b"somebody else's")
        return load(*arguments)

    monkeypatch.setattr(moving, "import_desk", overtaken)
    ran = run("import", store, file)
    assert ran.code == 4
    assert "import it again" in ran.err
    assert store.read_bytes() == b"somebody else's"


# --- addresses ---


def test_what_is_to_be_pasted_is_quoted(run: Run, filled: Path, desk: Path, tmp_path: Path):
    file = tmp_path / "desk.jsonl"
    run("export", filled, file)
    name = f"{tmp_path / 'my desk'}.db"
    assert f"reqflow ingest '{name}' MESSAGES" in run("init", name, "--config", desk).out
    Path(name).unlink()
    assert f"`reqflow init '{name}' --config" in run("board", name).err
    assert f"`reqflow verify '{name}' --workspace main`" in run("import", name, file).out


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://eve:s3cr3t@db.example/desks", "postgresql://eve@db.example/desks"),
        ("postgresql://eve:s3cr3t:@/s3cr3t@db/d", "postgresql://eve@db/d"),
        ("postgresql://db/d?user=eve&password=s3cr3t", "postgresql://db/d?user=eve&password="),
        ("host=db password='s3cr3t s3cr3t' user=eve", "host=db password= user=eve"),
        ("postgresql://eve@db/desks", "postgresql://eve@db/desks"),
        ("/srv/a:b@c.db", "/srv/a:b@c.db"),
    ],
)
def test_no_password_is_shown(run: Run, address: str, shown: str):
    from reqflow.cli.words import without_password

    assert without_password(address) == shown
    for arguments in (("board", f"nothing/{address}"), (address, "board"), ("board", "x", address)):
        ran = run(*arguments)
        assert ran.code in (2, 4)
        assert "s3cr3t" not in ran.out + ran.err


def test_no_password_is_shown_on_postgresql(
    run: Run, desk: Path, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With a store in place of the database, which would let everybody in."""
    from contextlib import contextmanager

    from reqflow.cli import moving, setting_up

    def opened(address: str, *_: object, **how: object) -> SQLiteStore:
        assert "s3cr3t" in address
        return SQLiteStore(tmp_path / "instead.db", create=True)

    @contextmanager
    def lent(address: str, **how: object):
        yield SQLiteStore(tmp_path / "other.db", create=True)

    address = "postgresql://eve:s3cr3t@db/d"
    monkeypatch.setattr(setting_up, "open_store", opened)
    made = run("init", address, "--config", desk)
    assert "reqflow ingest postgresql://eve@db/d MESSAGES" in made.out
    run("export", filled, tmp_path / "desk.jsonl")
    monkeypatch.setattr(moving, "_store", lent)
    brought = run("import", address, tmp_path / "desk.jsonl")
    assert "reqflow verify postgresql://eve@db/d --workspace" in brought.out
    assert "s3cr3t" not in made.out + made.err + brought.out + brought.err
