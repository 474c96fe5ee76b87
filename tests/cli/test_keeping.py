"""Commands that keep a store in order or let time pass, those about plugins, and the command as such."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reqflow import Engine, __version__
from reqflow.plugins.sqlite import SQLiteStore

from .conftest import Run
from .test_ingest import dumped


def test_a_clean_store_verifies(run: Run, filled: Path):
    assert run("verify", filled).code == 0
    assert run("verify", filled, "--json").json == {"ok": True, "problems": []}


def test_a_damaged_row_is_found_and_mended(run: Run, filled: Path):
    before = dumped(filled)
    with sqlite3.connect(filled) as connection:
        connection.execute(
            "UPDATE request SET document = replace(document, 'ana', 'eve') WHERE assignee = 'ana'"
        )
    connection.close()
    ran = run("verify", filled)
    assert ran.code == 1
    assert "'eve'" in ran.out
    assert "`reqflow rebuild`" in ran.out
    assert "backup" not in ran.out
    assert run("verify", filled, "--json").json["ok"] is False
    assert run("rebuild", filled).code == 0
    assert run("verify", filled).code == 0
    assert dumped(filled) == before


def test_history_that_was_changed_is_found_and_not_built_on(run: Run, filled: Path):
    with sqlite3.connect(filled) as connection:
        stream, seq = connection.execute("SELECT stream, seq FROM history WHERE seq = 2").fetchone()
        key = (stream, seq)
        connection.execute("UPDATE history SET actor_id = 'eve' WHERE stream = ? AND seq = ?", key)
    connection.close()
    ran = run("verify", filled, "--json")
    assert ran.code == 1
    assert any(each.startswith(f"history {stream}/{seq}: ") for each in ran.json["problems"])
    said = run("verify", filled).out
    assert "restore a backup" in said
    assert "reqflow rebuild" not in said
    before = dumped(filled)
    assert run("rebuild", filled).code == 4
    assert dumped(filled) == before


def test_heads_that_were_kept_show_what_was_cut_off(run: Run, filled: Path, tmp_path: Path):
    heads = tmp_path / "heads.json"
    heads.write_text(run("heads", filled).out)
    assert run("verify", filled, "--heads", heads).code == 0
    with sqlite3.connect(filled) as connection:
        connection.execute("DELETE FROM history WHERE stream = 'desk'")
    connection.close()
    assert run("verify", filled).code == 0
    ran = run("verify", filled, "--heads", heads)
    assert ran.code == 1
    assert "history desk/1: is missing" in ran.out
    heads.write_text('{"stream": 1}')
    assert run("verify", filled, "--heads", heads).code == 3
    assert run("verify", filled, "--heads", tmp_path / "none.json").code == 3


def test_a_person_is_erased_by_their_address(run: Run, filled: Path):
    with sqlite3.connect(filled) as connection:
        (address,) = connection.execute(
            "SELECT t.body FROM text t JOIN message m ON m.profile_id = t.owner"
            " WHERE t.id LIKE '%.address' AND m.side = 'requester' LIMIT 1"
        ).fetchone()
        words = [
            body
            for (body,) in connection.execute(
                "SELECT b.body FROM text t JOIN text b ON b.owner = t.owner WHERE t.body = ?", (address,)
            )
            if " " in body
        ]
    connection.close()
    assert words
    ran = run("erase", filled, address)
    assert (ran.code, "Erased p_" in ran.out) == (0, True)
    for word in (address, *words):
        assert word.encode() not in b"".join(each.read_bytes() for each in filled.parent.glob("*.db*"))
    assert run("verify", filled).code == 0
    assert run("erase", filled, address).code == 0
    assert run("erase", filled, "nobody").code == 2
    assert run("erase", filled, "k_none").code == 2


def test_what_could_not_be_compacted_is_no_success(run: Run, filled: Path):
    """While somebody reads, the words are still in the file."""
    with closing(sqlite3.connect(filled, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM text").fetchone()
        ran = run("erase", filled, "slack:U1")
        assert ran.code == 4
        assert "still in the file" in ran.err
        assert "repeat" in ran.err
    assert run("erase", filled, "slack:U1").code == 0


def test_an_erasure_that_others_finish_is_no_success_yet(
    run: Run, filled: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Engine, "tick", lambda self: 0)
    ran = run("erase", filled, "slack:U1")
    assert ran.code == 4
    assert "repeat" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("backlog",),
        ("parked",),
        ("verify",),
        ("heads",),
        ("rebuild",),
        ("list", "tags"),
        ("requeue", "inbox", "--all"),
        ("worker", "--once"),
        ("tick",),
        ("board",),
        ("ingest", "messages.jsonl", "--kind", "json_lines"),
    ],
)
def test_a_desk_that_is_not_there_is_no_clean_one(run: Run, filled: Path, messages: Path, words: Any):
    arguments = [messages if each == "messages.jsonl" else each for each in words[1:]]
    ran = run(words[0], filled, *arguments, "--workspace", "acmee")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "workspace 'acmee' has no desk in this store yet" in ran.err


def test_a_desk_that_cannot_be_read_does_not_keep_history_from_being_checked(run: Run, filled: Path):
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("UPDATE desk SET content = '{'")
    assert run("verify", filled).code == 0


def test_differences_are_told_in_plain_values(run: Run, filled: Path):
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute(
            "UPDATE request SET document = replace(document, '\"assigned\"', '\"on_hold\"'), state = 'on_hold'"
            " WHERE assignee = 'ana'"
        )
    (problem,) = run("verify", filled, "--json").json["problems"]
    assert "state is stored as 'on_hold'; history says 'assigned'" in problem


def test_no_address_is_said_sensibly(run: Run):
    for address in ("", "sqlite:"):
        ran = run("backlog", address)
        assert ran.code == 2
        assert "say which store" in ran.err


def test_rebuild_gives_the_same_rows(run: Run, filled: Path):
    before = dumped(filled)
    assert "2 conversations" in run("rebuild", filled).out
    assert dumped(filled) == before


def test_migrate_says_the_version(run: Run, filled: Path):
    version = SQLiteStore(filled).migrate()
    assert f"version {version}" in run("migrate", filled).out


def test_a_newer_schema_is_refused(run: Run, filled: Path):
    with sqlite3.connect(filled) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    for command in ("board", "migrate", "verify"):
        ran = run(command, filled)
        assert ran.code == 4
        assert "999" in ran.err


def test_tick_answers_timers_by_a_moment(run: Run, filled: Path):
    ran = run("tick", filled, "--now", "2026-03-03T12:00:00+01:00")
    assert ran.code == 0
    assert "Answered 1 timer; the next is due at" in ran.out
    assert (
        "reminded the assignee"
        in run("history", filled, run("requests", filled, "--assignee", "ana", "--json").json[0]["id"]).out
    )


def test_tick_defaults_to_now(run: Run, filled: Path):
    assert run("tick", filled).code == 0


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-03-03T12:00:00", "2026-13-45", "", "0001-01-01T00:00:00+14:00"]
)
def test_a_bad_moment_is_wrong_usage(run: Run, filled: Path, moment: str):
    ran = run("tick", filled, "--now", moment)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


def test_worker_once_serves_what_is_due(run: Run, filled: Path):
    ran = run("worker", filled, "--once")
    assert ran.code == 0
    assert "No transport" in ran.out
    assert "Served" in ran.out


def test_diagrams_are_mermaid(run: Run):
    assert run("diagram").out.startswith("stateDiagram-v2")
    assert "in_review" in run("diagram", "conversation").out
    assert "withdrawn" in run("diagram", "draft").out
    assert run("diagram", "weather").code == 2


def test_plugins_are_listed(run: Run):
    listed = {each["name"]: each for each in run("plugins", "--json").json}
    assert listed["sqlite"]["objects"]["stores"] == ["sqlite"]
    assert listed["detector"]["objects"]["classifiers"] == ["rules"]
    assert listed["postgres"]["hooks"] == ["reqflow_stores"]
    assert listed["memory"]["version"] == __version__
    assert "rules" in run("plugins").out


def test_the_environment_chooses_plugins(run: Run, filled: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REQFLOW_DISABLED_PLUGINS", "postgres, memory")
    assert [each["name"] for each in run("plugins", "--json").json] == ["detector", "sqlite"]
    monkeypatch.setenv("REQFLOW_LOAD_PLUGINS", "sqlite")
    assert [each["name"] for each in run("plugins", "--json").json] == ["sqlite"]
    monkeypatch.setenv("REQFLOW_LOAD_PLUGINS", "")
    assert run("plugins", "--json").json == []
    assert run("board", filled).code == 2
    monkeypatch.setenv("REQFLOW_LOAD_PLUGINS", "sqlite,nonesuch")
    ran = run("plugins")
    assert ran.code == 2
    assert "nonesuch" in ran.err


def test_a_plugin_that_breaks_is_named(run: Run, monkeypatch: pytest.MonkeyPatch):
    from types import MappingProxyType

    from reqflow.cli import opening

    monkeypatch.setattr(opening, "BUILT_IN", MappingProxyType({"sick": "reqflow.plugins.sick"}))
    ran = run("plugins")
    assert ran.code == 2
    assert "sick" in ran.err
    assert "REQFLOW_DISABLED_PLUGINS" in ran.err


def test_the_version_is_told(run: Run):
    assert run("--version").out == f"reqflow {__version__}\n"


def test_help_has_the_exit_codes(run: Run):
    ran = run("--help")
    assert ran.code == 0
    for word in ("exit codes", "130", "REQFLOW_LOAD_PLUGINS", "ingest"):
        assert word in ran.out


@pytest.mark.parametrize("arguments", [(), ("dance",), ("board",), ("--nonsense",)])
def test_wrong_usage_is_two(run: Run, arguments: tuple[str, ...]):
    ran = run(*arguments)
    assert ran.code == 2
    assert "usage" in ran.err


def test_a_closed_pipe_is_silent(filled: Path):
    program = f"{sys.executable} -m reqflow history {filled} desk"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(program.split(), stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 0


def test_an_encoding_without_the_characters_ends_nothing(filled: Path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "reqflow", "demo", "--fast"],
        capture_output=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""


def test_ctrl_c_while_it_starts_gives_no_traceback(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'reqflow.cli.parser':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "reqflow", "plugins"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "reqflow: stopped by hand\n")
