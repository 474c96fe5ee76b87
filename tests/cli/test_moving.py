"""Commands about where a desk is kept: migrate, export, import."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import sys
from pathlib import Path

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
