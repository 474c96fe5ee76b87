"""The example that turns chat logs into lines of JSON: what it makes is what the reader takes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reqflow.core.commands import Inbound
from reqflow.plugins.readers import read_path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("REQFLOW_DATA") or ROOT / ".." / "shared" / "data")


def convert(*inputs: Path, to: Path) -> tuple[list[Inbound], str]:
    """The messages read back from what the example writes, and what it said on stderr."""
    command = [sys.executable, str(ROOT / "examples/convert_chat.py"), *map(str, inputs), "-o", str(to)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    reads = list(read_path(to, kind="json_lines"))
    assert all(isinstance(read, Inbound) for read in reads)
    return [read for read in reads if isinstance(read, Inbound)], done.stderr


def log(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder / name


def test_an_irc_log_keeps_its_order_and_its_day(tmp_path):
    path = log(
        tmp_path,
        "2011-05-29_19.ascii.txt",
        "[23:59] <ana> one",
        "=== bob has joined",
        "[23:59] <bob> two",
        "[00:01] <ana> three",
        "[00:01] * ana waves",
    )
    found, told = convert(path, to=tmp_path / "out.jsonl")
    assert [(read.text, read.sent_at) for read in found] == [
        ("one", datetime(2011, 5, 29, 23, 59, tzinfo=UTC)),
        ("two", datetime(2011, 5, 29, 23, 59, 0, 1, tzinfo=UTC)),
        ("three", datetime(2011, 5, 30, 0, 1, tzinfo=UTC)),
    ]
    assert (found[0].channel, found[0].author, found[0].native) == ("irc:2011-05-29_19", "irc:ana", "1")
    assert told.strip() == "3 messages, 2 notices"


def test_whole_dates_are_taken_as_they_are(tmp_path):
    path = log(
        tmp_path,
        "angular.txt",
        "[2017-06-23 11:08:13] <ana> a",
        "------",
        "1 [2016-11-22T03:22:47] <b.c> d",
        "2 [2016-11-22T03:22:47] <b> e",
    )
    found, _ = convert(path, to=tmp_path / "out.jsonl")
    assert [read.sent_at.isoformat() for read in found] == [
        "2017-06-23T11:08:13+00:00",
        "2016-11-22T03:22:47+00:00",
        "2016-11-22T03:22:47.000001+00:00",
    ]
    assert found[0].channel == "gitter:angular"


def test_a_day_may_stand_in_front(tmp_path):
    path = log(tmp_path, "rust.txt", "rust 2018-05-29 [21:20:37] <t> hi", "rust 2018-05-30 [01:00:00] <t> ho")
    found, _ = convert(path, to=tmp_path / "out.jsonl")
    assert [read.sent_at.day for read in found] == [29, 30]


def test_bad_lines_are_told_and_the_rest_goes_on(tmp_path):
    path = log(tmp_path, "a.txt", "what", "[99:99] <ana> no such time", "[10:00] <ana> yes", "")
    found, told = convert(path, tmp_path / "gone.txt", to=tmp_path / "out.jsonl")
    assert [read.text for read in found] == ["yes"]
    assert f"{path}:1: not understood" in told
    assert f"{path}:2:" in told
    assert told.strip().endswith("2 bad, 1 messages, 1 unreadable")


@pytest.mark.parametrize(("folder", "least"), [("chat-irc", 23_000), ("chat-gitter", 2_200)])
def test_real_logs_are_read_nearly_whole(tmp_path, folder, least):
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not there; REQFLOW_DATA says where the data are")
    found, told = convert(DATA / folder, to=tmp_path / "out.jsonl")
    assert len(found) >= least
    assert told.count("not understood") <= 80
