"""Mails and event bodies that nobody here wrote: every one is a value, and most are what they should be."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from reqflow.core.commands import Inbound
from reqflow.plugins.readers import Ignored, Read, read_path

DATA = Path(os.environ.get("REQFLOW_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")


def reads(folder: str) -> list[Read]:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not there; REQFLOW_DATA says where the data are")
    return list(read_path(DATA / folder))


def outcomes(folder: str) -> Counter[str]:
    return Counter("inbound" if isinstance(read, Inbound) else read.code for read in reads(folder))


@pytest.mark.parametrize(
    ("folder", "least"), [("mail-chatwoot", 28), ("mail-ruby", 78), ("reply-talon", 11), ("slack-bolt", 28)]
)
def test_messages_are_found(folder, least):
    assert outcomes(folder)["inbound"] >= least


def test_bounces_start_no_loop():
    found = outcomes("bounces-sisimai")
    assert found["inbound"] <= 4
    assert found["bounce"] >= 150


def test_bounces_are_the_same_with_any_line_ends():
    by_variant: dict[str, list[str]] = {"dos": [], "mac": []}
    for read in reads("bounces-sisimai"):
        if isinstance(read, Inbound):
            continue
        path = Path(read.where)
        if path.parent.name in by_variant:
            by_variant[path.parent.name].append(f"{path.name} {read.code} {read.detail}")
    assert by_variant["dos"] == by_variant["mac"]
    assert len(by_variant["dos"]) >= 75


def test_event_bodies_are_what_their_collector_took_them_for():
    json = pytest.importorskip("json")
    if not (DATA / "slack-bolt/events.json").is_file():
        pytest.skip("slack-bolt is not there; REQFLOW_DATA says where the data are")
    listed = json.loads((DATA / "slack-bolt/events.json").read_bytes())
    for each, read in zip(listed, read_path(DATA / "slack-bolt/events.json"), strict=True):
        if each["kind"] == "new" and isinstance(read, Inbound):
            continue
        if each["kind"] in ("edit", "delete"):
            assert isinstance(read, Ignored), each["name"]
        elif each["kind"] == "ignore":
            assert not isinstance(read, Inbound), each["name"]


def test_blank_events_are_no_messages():
    assert outcomes("slack-events")["inbound"] == 0


def test_mails_without_a_sender_are_told_one_by_one():
    assert outcomes("threads-imaptest")["ambiguous_sender"] == 46
