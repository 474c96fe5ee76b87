"""``reqflow ingest``: reports that add up, repeated runs, and input of every bad kind."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from reqflow.cli import ingesting

from .conftest import MESSAGES, Run


def dumped(path: Path) -> list[str]:
    """Every row of every table, whatever their order in the file."""
    with sqlite3.connect(path) as connection:
        lines = sorted(connection.iterdump())
    connection.close()
    return lines


def test_it_reports_what_became_of_everything(run: Run, store: Path, messages: Path):
    ran = run("ingest", store, messages)
    assert ran.code == 0
    assert ran.err == ""
    rows = {line.split()[0]: line.split() for line in ran.out.splitlines() if line.strip()}
    assert rows["read"][1] == "3"
    assert rows["placed"][1:3] == ["3", "2"]
    assert rows["ignored"][1] == rows["refused"][1] == "0"
    assert "muted" in ran.out


def test_a_second_run_changes_nothing(run: Run, filled: Path, messages: Path):
    before = dumped(filled)
    report = run("ingest", filled, messages, "--json").json
    assert (report["placed"], report["duplicate"], report["timers"]) == (0, 3, 0)
    assert dumped(filled) == before


def test_the_report_for_programs_adds_up(run: Run, store: Path, messages: Path):
    messages.write_text(
        messages.read_text("utf-8")
        + '{"channel": "irc:lobby", "author": "irc:x", "native": "1", "sent_at": "2026-03-02T11:00:00Z"}\n'
        + '{"channel": "slack:C1", "author": "slack:U9", "native": "9", "sent_at": "2026-03-02T11:00:00"}\n'
        + "no json\n"
        + json.dumps(MESSAGES[0])
        + "\n",
        "utf-8",
    )
    report = run("ingest", store, messages, "--json").json
    assert report["ignored"] == {"unknown_channel": 1}
    assert report["unknown_channels"] == {"irc:lobby": 1}
    assert sum(report["refused"].values()) == 2
    assert report["read"] == 7 == report["placed"] + report["duplicate"] + 1 + 2
    assert len(report["refusals"]) == 2
    assert report["requests_opened"] == 2


def test_unknown_channels_and_refusals_are_told(run: Run, store: Path, messages: Path):
    strange = dict(MESSAGES[0], channel="irc:lobby")
    messages.write_text(json.dumps(strange) + "\nrubbish\n", "utf-8")
    out = run("ingest", store, messages).out
    assert "irc:lobby (1)" in out
    assert "reqflow init" in out
    assert "messages.jsonl" in out


def test_messages_are_taken_by_their_time(run: Run, store: Path, messages: Path):
    messages.write_text("\n".join(json.dumps(each) for each in reversed(MESSAGES)), "utf-8")
    run("ingest", store, messages)
    assigned = run("requests", store, "--state", "assigned", "--json").json
    assert [each["assignee"] for each in assigned] == ["ana"]


def test_unsorted_takes_them_as_they_come(run: Run, store: Path, messages: Path):
    report = run("ingest", store, messages, "--unsorted", "--json").json
    assert report["placed"] == 3


def test_live_effects_wait_for_a_worker(run: Run, store: Path, tmp_path: Path, desk: Path):
    desk.write_text(
        desk.read_text("utf-8").replace('[channels."slack:*"]', '[channels."slack:*"]\nowner = "ana"')
    )
    run("init", store, "--config", desk)
    first = tmp_path / "first.jsonl"
    first.write_text(json.dumps(MESSAGES[0]), "utf-8")
    assert "wait for a worker" in run("ingest", store, first, "--live").out
    served = run("worker", store, "--once", "--console")
    assert "Ana Ruiz" in served.out or "ana: assigned" in served.out


@pytest.mark.parametrize("content", ["", "   \n"], ids=["empty", "blank"])
def test_an_empty_file_is_read_to_its_end(run: Run, store: Path, tmp_path: Path, content: str):
    empty = tmp_path / "empty.jsonl"
    empty.write_text(content, "utf-8")
    report = run("ingest", store, empty, "--json").json
    assert report["placed"] == 0


def test_what_is_not_there_is_one_line(run: Run, store: Path, tmp_path: Path):
    ran = run("ingest", store, tmp_path / "none.mbox")
    assert ran.code == 3
    assert "none.mbox" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_rest_is_read_when_one_path_cannot_be(run: Run, store: Path, messages: Path, tmp_path: Path):
    ran = run("ingest", store, tmp_path / "none.mbox", messages)
    assert ran.code == 3
    assert "none.mbox" in ran.err
    assert "placed" in ran.out
    assert len(run("requests", store, "--json").json) == 2


def test_a_wrong_kind_or_channel_is_wrong_usage(run: Run, store: Path, messages: Path):
    assert run("ingest", store, messages, "--kind", "papyrus").code == 2
    assert run("ingest", store, messages, "--channel", "slack:C1").code == 2


def test_without_a_store_nothing_is_made(run: Run, tmp_path: Path, messages: Path):
    ran = run("ingest", tmp_path / "none.db", messages)
    assert ran.code == 4
    assert "reqflow init" in ran.err
    assert not (tmp_path / "none.db").exists()


def test_without_a_desk_it_says_so(run: Run, store: Path, messages: Path):
    ran = run("ingest", store, messages, "--workspace", "other")
    assert ran.code == 2
    assert "no desk" in ran.err


def test_a_locked_store_stops_it_with_what_was_done(
    run: Run, store: Path, messages: Path, monkeypatch: pytest.MonkeyPatch
):
    from reqflow.errors import StoreUnavailable
    from reqflow.plugins.sqlite import SQLiteStore

    commit, count = SQLiteStore.commit, [0]

    def fail_later(self: SQLiteStore, batch: object) -> None:
        count[0] += 1
        if count[0] > 1:
            raise StoreUnavailable("desk.db is locked by another writer for too long")
        commit(self, batch)

    monkeypatch.setattr(SQLiteStore, "commit", fail_later)
    ran = run("ingest", store, messages)
    assert ran.code == 4
    assert "locked" in ran.err
    assert "placed" in ran.out


def test_ctrl_c_ends_it_after_the_commit_with_a_report(
    run: Run, store: Path, messages: Path, monkeypatch: pytest.MonkeyPatch
):
    from reqflow.plugins.sqlite import SQLiteStore

    commit = SQLiteStore.commit

    def interrupted(self: SQLiteStore, batch: object) -> None:
        signal.raise_signal(signal.SIGINT)
        commit(self, batch)

    monkeypatch.setattr(SQLiteStore, "commit", interrupted)
    ran = run("ingest", store, messages)
    assert ran.code == 130
    assert "placed" in ran.out
    monkeypatch.undo()
    assert run("verify", store).code == 0
    assert run("ingest", store, messages, "--json").json["placed"] == 2


def test_a_second_ctrl_c_ends_it_at_once():
    with ingesting.stopping() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_of_signals_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with ingesting.stopping():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
