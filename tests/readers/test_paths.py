"""From a path to its reader: what is recognised, what is refused at once, what is passed over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reqflow.core.commands import Inbound
from reqflow.errors import InvalidInput, UnreadableInput
from reqflow.plugins.readers import KINDS, Ignored, Rejected, read_path

MAIL = "From: ana@x.test\nTo: desk@y.test\nDate: Mon, 06 May 2024 07:08:07 +0000\n\nhi\n"
LINE = json.dumps({"channel": "a:b", "author": "a:c", "native": "1", "sent_at": "2024-05-06T07:08:07Z"})
EVENT = json.dumps({"event": {"type": "message", "channel": "C1", "user": "U1", "ts": "1.1", "text": ""}})


def channels(path: Path, **options: str) -> list[str]:
    return [read.channel if isinstance(read, Inbound) else read.code for read in read_path(path, **options)]


@pytest.mark.parametrize(
    ("name", "content", "channel"),
    [
        ("a.eml", MAIL, "mail:desk@y.test"),
        ("a.EML", MAIL, "mail:desk@y.test"),
        ("a.txt", MAIL, "mail:desk@y.test"),
        ("a.mbox", f"From a@b Fri Feb 22 17:06:23 2008\n{MAIL}", "mail:desk@y.test"),
        ("inbox", f"From a@b Fri Feb 22 17:06:23 2008\n{MAIL}", "mail:desk@y.test"),
        ("a.jsonl", LINE, "a:b"),
        ("a.ndjson", f"\n{LINE}", "a:b"),
        ("a.jsonl", EVENT, "slack:C1"),
        ("a.json", EVENT, "slack:C1"),
        ("a.log", f"[{EVENT}]", "slack:C1"),
    ],
)
def test_the_kind_is_seen_in_name_and_content(tmp_path, name, content, channel):
    (tmp_path / name).write_text(content)
    assert channels(tmp_path / name) == [channel]


def test_the_kind_may_be_said(tmp_path):
    (tmp_path / "a.txt").write_text(LINE)
    assert channels(tmp_path / "a.txt", kind="json_lines") == ["a:b"]
    assert channels(tmp_path / "a.txt", kind="mail") == ["ambiguous_sender"]


def test_a_folder_is_read_in_the_order_of_names_and_all_its_files_are_told(tmp_path):
    for name, content in {
        "b/2.eml": MAIL,
        "b/1.jsonl": LINE,
        "a.eml": MAIL,
        "c.txt": "x",
        "d.json": EVENT,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    found = ["mail:desk@y.test", "a:b", "mail:desk@y.test", "unknown_file", "slack:C1"]
    assert channels(tmp_path) == found
    assert channels(tmp_path, kind="mail") == [
        found[0],
        "unknown_file",
        found[0],
        "unknown_file",
        "unknown_file",
    ]


def test_the_desks_channel_is_for_mail(tmp_path):
    (tmp_path / "a.eml").write_text(MAIL)
    assert channels(tmp_path, channel="mail:us@y.test") == ["mail:us@y.test"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "pigeon"}, "kind must be one of"),
        ({"kind": "json_lines", "channel": "mail:a@b.test"}, "for mail only"),
        ({"channel": "slack:C1"}, "mail:"),
    ],
)
def test_wrong_arguments_are_refused_at_once(tmp_path, options, told):
    with pytest.raises(InvalidInput, match=told):
        read_path(tmp_path, **options)


def test_what_cannot_be_read_is_refused_at_once_with_what_to_do(tmp_path):
    with pytest.raises(UnreadableInput, match="check the path"):
        read_path(tmp_path / "nothing")
    with pytest.raises(UnreadableInput, match="no file of a known kind"):
        read_path(tmp_path)
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(UnreadableInput, match="say which kind"):
        read_path(tmp_path / "a.bin")
    with pytest.raises(UnreadableInput, match="neither a file nor a folder"):
        read_path(Path(os.devnull))


def test_a_file_that_breaks_off_is_told_and_the_rest_goes_on(tmp_path):
    (tmp_path / "a.eml").symlink_to(tmp_path / "gone")
    (tmp_path / "b.zip").write_bytes(b"none")
    (tmp_path / "c.eml").write_text(MAIL)
    os.mkfifo(tmp_path / "d.eml")
    assert channels(tmp_path) == ["unknown_file", "unreadable", "mail:desk@y.test", "unknown_file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_text(MAIL)
    (tmp_path / "a.eml").chmod(0)
    assert channels(tmp_path) == ["unreadable", "mail:desk@y.test"]
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        read_path(tmp_path / "a.eml", kind=None)


def test_a_name_that_is_no_text_can_still_be_told(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"\xff.eml")).write_text("nothing")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (read,) = read_path(tmp_path)
    assert isinstance(read, Rejected | Ignored)
    read.where.encode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"\xff" * 5000, b"{" * 5000, b"\n" * 5000, b"From " * 900]
)
def test_any_content_is_values_for_any_kind(tmp_path, kind, content):
    path = tmp_path / "a.x"
    path.write_bytes(content)
    try:
        reads = list(read_path(path, kind=kind))
    except UnreadableInput:
        assert kind == "slack_export"
        return
    assert all(isinstance(read, Rejected | Ignored) for read in reads)
