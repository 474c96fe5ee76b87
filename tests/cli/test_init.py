"""``reqflow init``: stores, desks, revisions, and all that can be wrong with a configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from reqflow import compile_desk

from .conftest import DESK, Run


def test_it_makes_a_store_and_says_what_is_in_it(run: Run, desk: Path, tmp_path: Path):
    ran = run("init", tmp_path / "new.db", "--config", desk)
    assert ran.code == 0
    assert "revision 1: 1 agent, 1 queue, 2 channels" in ran.out
    assert "reqflow ingest" in ran.out
    assert (tmp_path / "new.db").exists()


def test_the_same_file_again_changes_nothing(run: Run, store: Path, desk: Path):
    ran = run("init", store, "--config", desk)
    assert ran.code == 0
    assert "Nothing has changed" in ran.out
    assert "revision 1" in ran.out


def test_a_changed_file_is_a_new_revision(run: Run, store: Path, desk: Path):
    desk.write_text(DESK + '[agents.bo]\nname = "Bo"\n', "utf-8")
    assert "has changed, revision 2: 2 agents" in run("init", store, "--config", desk).out
    assert "revision 2" in run("history", store, "desk").out


def test_the_sample_is_written_and_is_a_desk(run: Run, tmp_path: Path):
    sample = tmp_path / "sample.toml"
    assert run("init", "--sample", sample).code == 0
    found = compile_desk(tomllib.loads(sample.read_text("utf-8")))
    assert found.channels["slack:C0123VIP"].owner == "dana"
    assert run("init", tmp_path / "s.db", "--config", sample).code == 0


def test_the_sample_is_never_written_over_a_file(run: Run, desk: Path):
    ran = run("init", "--sample", desk)
    assert ran.code == 2
    assert "there already" in ran.err
    assert desk.read_text("utf-8") == DESK


def test_a_sample_into_nowhere_is_one_line(run: Run, tmp_path: Path):
    ran = run("init", "--sample", tmp_path / "no" / "such" / "folder.toml")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1


def test_it_needs_a_store_and_a_config(run: Run, tmp_path: Path):
    assert "reqflow init STORE --config" in run("init").err
    ran = run("init", tmp_path / "new.db")
    assert ran.code == 2
    assert "--sample" in ran.err
    assert not (tmp_path / "new.db").exists()


def test_every_problem_of_a_desk_is_listed_and_no_store_is_made(run: Run, tmp_path: Path, desk: Path):
    desk.write_text(
        '[agents.ana]\nteams = "support"\n[queues.q]\nteams = ["nobody"]\npolicy = "magic"\n'
        '[channels.slack]\nowner = "zoe"\nnudge_after = "soon"\n[colour]\n',
        "utf-8",
    )
    ran = run("init", tmp_path / "new.db", "--config", desk)
    assert ran.code == 2
    for path in (
        "colour",
        "agents.ana.teams",
        "queues.q.teams",
        "queues.q.policy",
        "channels.slack.owner",
        "channels.slack.nudge_after",
    ):
        assert path in ran.err
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[agents", "no TOML"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a = " + b"[" * 5000, "no TOML"),
        (b"#" * (2**20 + 1), "bytes"),
    ],
    ids=["broken", "not_text", "too_deep", "too_long"],
)
def test_an_unreadable_desk_is_one_line(run: Run, tmp_path: Path, content: bytes, told: str):
    config = tmp_path / "bad.toml"
    config.write_bytes(content)
    ran = run("init", tmp_path / "new.db", "--config", config)
    assert ran.code == 3
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_missing_desk_file_is_one_line(run: Run, tmp_path: Path):
    ran = run("init", tmp_path / "new.db", "--config", tmp_path / "none.toml")
    assert ran.code == 3
    assert "none.toml" in ran.err


def test_a_desk_of_another_workspace_is_kept_apart(run: Run, store: Path, desk: Path):
    desk.write_text('workspace = "acme"\n' + DESK, "utf-8")
    assert run("init", store, "--config", desk).code == 0
    assert run("board", store, "--workspace", "acme").code == 0
    ran = run("init", store, "--config", desk, "--workspace", "other")
    assert ran.code == 2
    assert "'acme'" in ran.err


def test_a_folder_is_no_store(run: Run, desk: Path, tmp_path: Path):
    ran = run("init", tmp_path, "--config", desk)
    assert ran.code == 4
    assert len(ran.err.splitlines()) == 1


def test_a_store_in_no_folder_is_one_line(run: Run, desk: Path, tmp_path: Path):
    ran = run("init", tmp_path / "no" / "folder" / "x.db", "--config", desk)
    assert ran.code == 4
    assert "folder" in ran.err


def test_another_programs_file_is_left_alone(run: Run, desk: Path, tmp_path: Path):
    other = tmp_path / "notes.txt"
    other.write_text("dear diary " * 1000, "utf-8")
    ran = run("init", other, "--config", desk)
    assert ran.code == 4
    assert other.read_text("utf-8").startswith("dear diary")
