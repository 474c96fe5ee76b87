"""``list`` and ``settings``: what there is beside requests, and what decides a setting."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reqflow import (
    AddNote,
    AddTag,
    ApproveDraft,
    BarProfile,
    CreateCustomer,
    DefineAnswer,
    Engine,
    Escalate,
    Inbound,
    RejectDraft,
    Requests,
    SubmitDraft,
    agent,
)
from reqflow.plugins.sqlite import SQLiteStore

from .conftest import Run

SETTINGS = {
    "agents": {
        "ana": {"name": "Ana Ruiz", "teams": ["support"], "role": "admin"},
        "rita": {"name": "Rita Park", "teams": ["support"], "role": "restricted"},
    },
    "settings": {"nudge_after": "36h"},
    "queues": {"money": {"teams": ["support"]}},
    "themes": {"billing": {"title": "Billing", "queue": "money"}},
    "tags": {"vip": "Very important"},
    "rules": {
        "hurry": {"author": "ana", "on": "tag.added", "if": {"tag": "vip"}, "then": {"set_priority": 1}}
    },
    "channels": {"chat:*": {"kind": "direct", "reopen_within": "90m"}},
}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    """A desk on which a bit of everything has happened."""
    path = tmp_path / "lived.db"
    store = SQLiteStore(path, create=True)
    engine = Engine(store, SETTINGS, clock=lambda: NOW)
    ana, rita = agent("ana"), agent("rita")
    asked = engine.handle(
        Inbound(channel="chat:web", author="chat:cara", native="1", sent_at=NOW, text="Refund \x1b[31m?")
    )
    conversation = asked.conversation_id
    engine.handle(AddNote(by=ana, conversation_id=conversation, text="called twice"))
    engine.handle(AddTag(by=ana, conversation_id=conversation, tag="vip"))
    engine.handle(AddTag(by=ana, conversation_id=conversation, tag="storm"))
    engine.handle(DefineAnswer(by=ana, answer="hi", category="small", title="Hi", text="Hi {{name}}"))
    engine.handle(Escalate(by=ana, request_id=asked.request_id, theme="billing"))
    requester = engine.read(Requests()).items[0].requester
    engine.handle(
        CreateCustomer(by=ana, first_name="Cara", last_name="Li", email="cara@x.test", profile_id=requester)
    )
    engine.handle(BarProfile(by=ana, profile_id=requester))
    other = Inbound(channel="chat:web", author="chat:dan", native="2", sent_at=NOW, text="And mine?")
    conversation = engine.handle(other).conversation_id
    drafts = [
        engine.handle(SubmitDraft(by=rita, conversation_id=conversation, text=text)).record_id
        for text in ("Never!", "Hello", "You get it back")
    ]
    engine.handle(RejectDraft(by=ana, draft_id=drafts[0], reason="be nice"))
    engine.handle(ApproveDraft(by=ana, draft_id=drafts[1]))
    assert engine.verify() == []
    store.close()
    return path


def test_drafts_that_wait_come_first_and_finished_ones_not_at_all(run: Run, lived: Path):
    rows = run("list", lived, "drafts", "--json").json
    assert [(row["text"], row["state"]) for row in rows] == [
        ("You get it back", "waiting"),
        ("Never!", "rejected"),
    ]
    out = run("list", lived, "drafts").out
    assert "Rita Park" in out
    assert "be nice" in out


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("notes", ("called twice", "Ana Ruiz")),
        ("tags", ("vip", "Very important", "settings", "storm", "colleagues")),
        ("answers", ("hi", "small", "Hi {{name}}")),
        ("customers", ("Cara Li", "cara@x.test", "barred")),
        ("trends", ("billing",)),
        ("rules", ("hurry", "active", "tag.added", "Ana Ruiz")),
        ("fired", ("rule hurry", "set the priority to 1")),
        ("outbox", ("ready", "message.post", "chat:")),
    ],
)
def test_a_list_shows_what_there_is(run: Run, lived: Path, what: str, words: tuple[str, ...]):
    out = run("list", lived, what).out
    for word in words:
        assert word in out
    assert "\x1b" not in out
    rows = run("list", lived, what, "--json").json
    assert rows
    assert len(run("list", lived, what, "--limit", "1", "--json").json) == 1


def test_an_empty_list_says_so_and_a_long_one_that_there_is_more(run: Run, lived: Path, store: Path):
    assert "Nothing to list in notes." in run("list", store, "notes").out
    assert run("list", store, "notes", "--json").json == []
    assert "there are more: --limit 2" in run("list", lived, "tags", "--limit", "1").out
    assert run("list", lived, "nonsense").code == 2


def test_what_is_listed_has_a_history(run: Run, lived: Path):
    (customer,) = run("list", lived, "customers", "--json").json
    assert "put customer “Cara” “Li” on record" in run("history", lived, customer["id"]).out
    assert "defined tag storm" in run("explain", lived, "tag:storm").out
    assert run("history", lived, "tag:none").code == 2


def test_settings_are_printed_as_they_were_given(run: Run, lived: Path):
    assert json.loads(run("settings", lived).out) == SETTINGS


def test_every_setting_of_a_channel_says_where_it_comes_from(run: Run, lived: Path):
    rows = {row["setting"]: row for row in run("settings", lived, "--channel", "chat:web", "--json").json}
    assert rows["reopen_within"]["value"] == "90m"
    assert rows["reopen_within"]["layer"] == "channel"
    assert rows["nudge_after"]["layer"] == "workspace"
    assert rows["visibility"]["layer"] == "kind"
    assert rows["thanks_reopen"] == {
        "setting": "thanks_reopen",
        "value": False,
        "layer": "default",
        "from": "default",
        "overridden": [],
    }
    out = run("settings", lived, "--channel", "chat:web").out
    assert "channels.chat:*.reopen_within" in out


def test_one_setting_says_what_it_overrides(run: Run, lived: Path):
    out = run("settings", lived, "--channel", "chat:web", "--setting", "nudge_after").out
    assert "nudge_after is 36h, decided by settings.nudge_after." in out
    assert "Without that, default would say 1d." in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--setting", "kind"), "say of which channel"),
        (("--channel", "fax:1"), "no channel 'fax:1' on this desk; known are chat:*"),
        (("--channel", "chat:1", "--setting", "nudge"), "did you mean nudge_after?"),
    ],
)
def test_wrong_usage_is_explained(run: Run, lived: Path, options: tuple[str, ...], words: str):
    ran = run("settings", lived, *options)
    assert ran.code == 2
    assert words in ran.err
