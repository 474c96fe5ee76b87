"""Generic lines of JSON: every field by its name, every fault by its line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow.core.commands import Inbound
from reqflow.core.model import Audience
from reqflow.plugins.readers import Rejected, parse_record, read_path

LEAST = {"channel": "chat:lobby", "author": "chat:ana", "native": "1", "sent_at": "2024-05-06T09:08:07+02:00"}


def lines(folder, *content: str | dict):
    path = folder / "all.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in content))
    return path


def test_a_line_may_say_all_that_an_inbound_can(tmp_path):
    record = {
        **LEAST,
        "text": "hi",
        "replies_to": ["0"],
        "name": "Ana",
        "subject": "S",
        "bot": True,
        "audience": "internal",
    }
    assert list(read_path(lines(tmp_path, record))) == [
        Inbound(
            channel="chat:lobby",
            author="chat:ana",
            native="1",
            text="hi",
            replies_to=("0",),
            name="Ana",
            subject="S",
            sent_at=datetime(2024, 5, 6, 7, 8, 7, tzinfo=UTC),
            bot=True,
            audience=Audience.INTERNAL,
        )
    ]


def test_bad_lines_are_told_and_the_rest_goes_on(tmp_path):
    path = lines(tmp_path, "{", LEAST, "", "5", {**LEAST, "colour": "red"}, "x" * 2**20 + "yy", LEAST)
    reads = list(read_path(path))
    assert [(r.where.rpartition(":")[2], r.code) for r in reads if isinstance(r, Rejected)] == [
        ("1", "bad_json"),
        ("4", "no_object"),
        ("5", "bad_fields"),
        ("6", "too_long"),
    ]
    assert [type(read) for read in reads].count(Inbound) == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sent_at": "2024-05-06T09:08:07"}, "time zone"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, "no moment in UTC"),
        ({"sent_at": 5}, "sent_at"),
        ({"channel": "lobby"}, "transport:name"),
        ({"native": ""}, "1 to 512"),
        ({"native": "x" * 513}, "1 to 512"),
        ({"native": 7}, "native"),
        ({"text": None}, "text"),
        ({"bot": "false"}, "bot"),
        ({"replies_to": "abc"}, "replies_to"),
        ({"replies_to": [1]}, "replies_to"),
        ({"name": ["Ana"]}, "name"),
        ({"audience": "everyone"}, "audience"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(change, named):
    read = parse_record({**LEAST, **change})
    assert isinstance(read, Rejected)
    assert named in read.detail


@pytest.mark.parametrize("key", LEAST)
def test_a_missing_field_is_named(key):
    read = parse_record({name: content for name, content in LEAST.items() if name != key})
    assert isinstance(read, Rejected)
    assert key in read.detail


def test_texts_are_made_fit_to_be_stored():
    record = {**LEAST, "text": "a\0b\ud800", "subject": "a\nb", "name": "A\u202ena", "replies_to": ["\0"]}
    read = parse_record(record)
    assert isinstance(read, Inbound)
    assert (read.text, read.subject, read.name, read.replies_to) == (
        "a\ufffdb\ufffd",
        "a b",
        "Ana",
        ("\ufffd",),
    )


def test_what_is_nested_too_deep_is_told(tmp_path):
    (read,) = read_path(lines(tmp_path, '{"a":' * 50_000))
    assert isinstance(read, Rejected)
    assert read.code == "too_deep"


@given(
    st.dictionaries(
        st.sampled_from([*LEAST, "text", "name", "bot"]) | st.text(max_size=5), st.text() | st.none()
    )
)
def test_any_object_is_a_value(record):
    assert isinstance(parse_record({**LEAST, **record}), Inbound | Rejected)
