"""``board``, ``requests``, ``history`` and ``explain``: for people, for programs, against hostile texts."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from .conftest import MESSAGES, Run


@pytest.fixture
def reset(filled: Path, run: Run) -> str:
    """The id of the request about the password."""
    rows = run("requests", filled, "--state", "assigned", "--json").json
    assert len(rows) == 1
    return str(rows[0]["id"])


def test_the_board_shows_open_requests_by_state(run: Run, filled: Path):
    out = run("board", filled).out
    assert "Unassigned (1)" in out
    assert "Assigned (1)" in out
    assert "Mia Torres" in out
    assert "queue mail" in out
    assert "Ana Ruiz" in out
    assert "How do I reset my password?" in out


def test_an_empty_board_says_so(run: Run, store: Path):
    assert "No request yet" in run("board", store).out
    assert run("board", store, "--json").json == []


def test_requests_are_filtered(run: Run, filled: Path):
    def found(*options: str) -> list[str]:
        return [each["first_words"] for each in run("requests", filled, "--json", *options).json]

    assert found("--assignee", "ana") == ["How do I reset my password?"]
    assert found("--queue", "mail") == ["The invoice is wrong"]
    assert found("--channel", "mail:help@x.test") == ["The invoice is wrong"]
    assert found("--state", "closed") == []
    assert len(found("--state", "assigned", "--state", "unassigned")) == 2
    assert found("--limit", "1") == ["The invoice is wrong"]


def test_more_than_the_limit_is_said(run: Run, filled: Path):
    out = run("requests", filled, "--limit", "1").out
    assert "there are more" in out
    assert "1 request, newest first" in out


def test_a_request_for_programs_has_every_key(run: Run, filled: Path):
    row = run("requests", filled, "--assignee", "ana", "--json").json[0]
    assert row["state"] == "assigned"
    assert row["opened_at"] == "2026-03-02T09:00:00+00:00"
    assert row["requester_name"] == "Mia Torres"
    assert row["closed_at"] is None


@pytest.mark.parametrize(
    "options", [("--state", "sleeping"), ("--limit", "0"), ("--limit", "many"), ("--nonsense",)]
)
def test_wrong_options_are_wrong_usage(run: Run, filled: Path, options: tuple[str, ...]):
    assert run("requests", filled, *options).code == 2


def test_history_says_who_did_what_when(run: Run, filled: Path, reset: str):
    out = run("history", filled, reset).out
    assert "2026-03-02 09:00:00" in out
    assert "Mia Torres" in out
    assert "wrote “How do I reset my password?”" in out
    assert "assigned the request to Ana Ruiz" in out
    assert "first to answer" not in out


def test_explain_says_why(run: Run, filled: Path, reset: str):
    out = run("explain", filled, reset).out
    assert "first to answer" in out
    assert "question mark" in out


def test_history_for_programs_is_the_entries(run: Run, filled: Path, reset: str):
    entries = run("history", filled, reset, "--json").json
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["actor"]["kind"] == "customer"
    assert entries[0]["events"][0][0] == "conversation.opened/1"
    assert entries[0]["cause"]["kind"] == "inbound"


def test_explain_for_programs_has_reasons(run: Run, filled: Path, reset: str):
    lines = run("explain", filled, reset, "--json").json
    assert {"at", "who", "what", "why", "tag", "request"} == set(lines[0])
    assert "first to answer" in [line["why"] for line in lines]


@pytest.mark.parametrize("shorten", [lambda key: key, lambda key: key[-6:], lambda key: key[-8:], str.upper])
def test_an_id_may_be_given_by_its_end(run: Run, filled: Path, reset: str, shorten):
    assert "first to answer" in run("explain", filled, shorten(reset)).out


def test_a_conversation_is_meant_when_c_comes_first(run: Run, filled: Path, reset: str):
    row = run("requests", filled, "--assignee", "ana", "--json").json[0]
    assert "began a conversation" in run("history", filled, row["conversation"]).out
    assert run("history", filled, f"c_{reset[-6:]}").code == 0


def test_an_unknown_id_is_one_line(run: Run, filled: Path):
    for command in ("history", "explain"):
        ran = run(command, filled, "ffffff")
        assert ran.code == 2
        assert "no request or conversation ends in ffffff" in ran.err
        assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("given", ["xyz", "abc", "", "r_", "%%%%%%", "../../etc", "\x1b[31mabcdef"])
def test_what_can_be_no_id_is_wrong_usage(run: Run, filled: Path, given: str):
    ran = run("explain", filled, given)
    assert ran.code == 2
    assert "no id" in ran.err
    assert "\x1b" not in ran.err


def test_an_ambiguous_id_lists_the_candidates(
    run: Run, filled: Path, reset: str, monkeypatch: pytest.MonkeyPatch
):
    from reqflow import Requests
    from reqflow.cli import viewing

    everything = viewing.everything

    def doubled(engine, view):
        for item in everything(engine, view):
            yield item
            if isinstance(view, Requests) and item.id == reset:
                yield attrs.evolve(item, id="r_" + "0" * 24 + item.id[-8:])

    monkeypatch.setattr(viewing, "everything", doubled)
    ran = run("explain", filled, reset[-6:])
    assert ran.code == 2
    assert reset in ran.err
    assert "r_000000" in ran.err
    assert "more digits" in ran.err


@pytest.mark.parametrize(
    "command", [("board",), ("requests",), ("verify",), ("rebuild",), ("migrate",), ("tick",)]
)
def test_a_store_that_is_not_there_is_not_made(run: Run, tmp_path: Path, command: tuple[str, ...]):
    ran = run(command[0], tmp_path / "none.db")
    assert ran.code == 4
    assert "reqflow init" in ran.err
    assert not (tmp_path / "none.db").exists()


def test_what_is_no_database_is_one_line(run: Run, tmp_path: Path):
    text = tmp_path / "notes.db"
    text.write_text("dear diary " * 1000, "utf-8")
    ran = run("board", text)
    assert ran.code == 4
    assert "no SQLite database" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_another_programs_database_is_refused(run: Run, tmp_path: Path):
    import sqlite3

    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    ran = run("board", other)
    assert ran.code == 4
    assert "another program" in ran.err


def test_an_unknown_scheme_is_named(run: Run):
    ran = run("board", "mongodb://localhost/x")
    assert ran.code == 2
    assert "mongodb" in ran.err
    assert "sqlite" in ran.err


# --- hostile texts ---

ESC = "\x1b"
HOSTILE = (
    f"{ESC}]0;owned{chr(7)}{ESC}[2J{ESC}[31mred [bold]not bold[/bold] \u202eabc\u200b\r\nover{chr(0x9B)}31m?"
)


@pytest.fixture
def attacked(store: Path, run: Run, tmp_path: Path) -> Path:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({**MESSAGES[0], "text": HOSTILE, "name": HOSTILE}), "utf-8")
    assert run("ingest", store, bad).code == 0
    return store


@pytest.mark.parametrize("command", ["board", "requests", "history", "explain"])
def test_no_text_controls_the_terminal(run: Run, attacked: Path, command: str):
    identity = (
        [run("requests", attacked, "--json").json[0]["id"]] if command in ("history", "explain") else []
    )
    out = run(command, attacked, *identity).out
    assert not {each for each in out if not each.isprintable() and each != "\n"}
    assert "[bold]not bold" in out or "[bold]" not in HOSTILE


def test_json_is_plain_ascii(run: Run, attacked: Path):
    out = run("requests", attacked, "--json").out
    assert out.isascii()
    assert ESC not in out


def test_refusals_do_not_control_the_terminal_either(run: Run, store: Path, tmp_path: Path):
    bad = tmp_path / f"{ESC}[31mbad.jsonl"
    bad.write_text(json.dumps({**MESSAGES[0], f"{ESC}[2J": 1}) + "\n", "utf-8")
    ran = run("ingest", store, bad)
    assert ESC not in ran.out + ran.err
