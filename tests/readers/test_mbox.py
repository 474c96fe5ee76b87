"""Mailbox files: where mails begin and end in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from reqflow.core.commands import Inbound
from reqflow.plugins.readers import Rejected, mbox, read_path

FIELDS = "From: ana@x.test\nTo: desk@y.test\n"


def mailbox(folder: Path, *mails: str) -> Path:
    path = folder / "all.mbox"
    path.write_text("".join(f"From ana@x.test Fri Feb 22 17:06:23 2008\n{each}\n" for each in mails))
    return path


def texts(path: Path) -> list[str]:
    return [read.text if isinstance(read, Inbound) else read.code for read in read_path(path)]


def test_each_mail_is_read(tmp_path):
    path = mailbox(tmp_path, f"{FIELDS}\none\n", f"{FIELDS}\ntwo\n")
    assert texts(path) == ["one", "two"]


def test_a_mail_without_a_date_came_when_the_envelope_says(tmp_path):
    (read,) = read_path(mailbox(tmp_path, f"{FIELDS}\none\n"))
    assert isinstance(read, Inbound)
    assert read.sent_at == datetime(2008, 2, 22, 17, 6, 23, tzinfo=UTC)


def test_quoted_from_lines_lose_one_sign(tmp_path):
    path = mailbox(tmp_path, f"{FIELDS}\n>From here\n>>From there\n> From far\n")
    assert texts(path) == ["From here\n>From there\n> From far"]


def test_a_sentence_that_begins_with_from_begins_no_mail(tmp_path):
    path = mailbox(
        tmp_path, f"{FIELDS}\nHello\n\nFrom now on all is well.\nFrom a b 10:00 no blank line before\n"
    )
    assert texts(path) == ["Hello\n\nFrom now on all is well.\nFrom a b 10:00 no blank line before"]


def test_a_bad_mail_is_told_with_its_place_and_the_rest_goes_on(tmp_path):
    path = mailbox(tmp_path, "To: desk@y.test\n\nnobody\n", f"{FIELDS}\ntwo\n")
    bad, good = read_path(path)
    assert isinstance(bad, Rejected)
    assert (bad.code, bad.where) == ("ambiguous_sender", f"{path}#1")
    assert isinstance(good, Inbound)


def test_a_mail_without_end_is_not_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(mbox, "MAX_MAIL", 1000)
    path = mailbox(tmp_path, FIELDS + "\n" + "x" * 500_000 + "\n", f"{FIELDS}\ntwo\n")
    assert texts(path) == ["too_big", "two"]


def test_line_ends_may_be_crlf(tmp_path):
    path = mailbox(tmp_path, f"{FIELDS}\none\n", f"{FIELDS}\ntwo\n")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert texts(path) == ["one", "two"]


def test_an_empty_mailbox_holds_nothing(tmp_path):
    path = tmp_path / "all.mbox"
    path.write_bytes(b"\n\n")
    assert texts(path) == []
