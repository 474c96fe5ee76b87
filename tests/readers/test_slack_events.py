"""Bodies of the Events API: which are messages, and that no body is an exception."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow.core.commands import Inbound
from reqflow.plugins.readers import Ignored, Rejected, parse_event, read_path


def body(**event):
    said = {"type": "message", "channel": "C1", "user": "U1", "ts": "1700000000.000100", "text": "hi"}
    return {"type": "event_callback", "event_id": "Ev1", "event": {**said, **event}}


def inbound(**event) -> Inbound:
    read = parse_event(body(**event))
    assert isinstance(read, Inbound), read
    return read


class TestAMessage:
    def test_becomes_an_inbound(self):
        assert parse_event(body()) == Inbound(
            channel="slack:C1",
            author="slack:U1",
            native="1700000000.000100",
            sent_at=datetime(2023, 11, 14, 22, 13, 20, 100, tzinfo=UTC),
            text="hi",
            level="signed_in",
        )

    @pytest.mark.parametrize("micro", ["000001", "999999", "123456"])
    def test_has_its_microseconds_exactly(self, micro):
        assert inbound(ts=f"1712345678.{micro}").sent_at.microsecond == int(micro)

    @pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message", None, ""])
    def test_may_have_a_subtype_that_people_write(self, subtype):
        assert inbound(subtype=subtype).text == "hi"

    def test_answers_its_thread(self):
        assert inbound(thread_ts="1600000000.000000").replies_to == ("1600000000.000000",)
        assert inbound(thread_ts="1700000000.000100").replies_to == ()
        assert inbound(thread_ts="nonsense").replies_to == ()

    def test_is_the_same_as_its_mention(self):
        assert inbound(type="app_mention") == inbound()

    @pytest.mark.parametrize(
        ("escaped", "text"),
        [("a &lt;b&gt; &amp; c", "a <b> & c"), ("&amp;lt;", "&lt;"), ("&amp;amp;", "&amp;")],
    )
    def test_is_unescaped_once(self, escaped, text):
        assert inbound(text=escaped).text == text

    def test_has_the_name_that_came_with_it(self):
        assert inbound(user_profile={"display_name": "", "real_name": "Ana\u202e B"}).name == "Ana B"

    def test_holds_nothing_that_a_store_refuses(self):
        assert inbound(text="a\0b\ud800c").text == "a\ufffdb\ufffdc"

    def test_may_come_in_a_socket_mode_envelope(self):
        assert isinstance(parse_event({"envelope_id": "1", "type": "events_api", "payload": body()}), Inbound)


class TestWhatIsNoMessage:
    @pytest.mark.parametrize(
        ("event", "code"),
        [
            ({"bot_id": "B1"}, "bot"),
            ({"subtype": "bot_message"}, "bot"),
            ({"user": "USLACKBOT"}, "bot"),
            ({"subtype": "channel_join"}, "channel_join"),
            ({"subtype": "message_changed"}, "message_changed"),
            ({"subtype": "message_deleted"}, "message_deleted"),
            ({"subtype": ["x"]}, "unknown_subtype"),
            ({"subtype": "<script>"}, "unknown_subtype"),
            ({"type": "reaction_added"}, "reaction_added"),
            ({"type": {"a": 1}}, "unknown_type"),
        ],
    )
    def test_is_ignored_by_name(self, event, code):
        read = parse_event(body(**event))
        assert isinstance(read, Ignored)
        assert read.code == code

    def test_is_ignored_when_it_is_no_event(self):
        read = parse_event({"type": "url_verification", "challenge": "x"})
        assert isinstance(read, Ignored)
        assert read.code == "url_verification"

    @pytest.mark.parametrize(
        ("event", "code", "detail"),
        [
            ({"channel": ""}, "missing_keys", "channel"),
            ({"user": None, "ts": ""}, "missing_keys", "user, ts"),
            ({"type": ""}, "missing_keys", "event.type"),
            ({"channel": {"id": "C1"}}, "wrong_types", ""),
            ({"user": 5}, "wrong_types", ""),
            ({"ts": "yesterday"}, "bad_ts", "yesterday"),
            ({"ts": "1e9"}, "bad_ts", ""),
            ({"ts": "٣.٣"}, "bad_ts", ""),
            ({"ts": "99999999999999.0"}, "bad_ts", ""),
            ({"channel": "C1:x"}, "bad_id", ""),
            ({"user": "U" * 65}, "bad_id", ""),
        ],
    )
    def test_is_rejected_when_it_cannot_be_placed(self, event, code, detail):
        read = parse_event(body(**event))
        assert isinstance(read, Rejected)
        assert read.code == code
        assert detail in read.detail

    @pytest.mark.parametrize(
        "given_body", [None, 5, "x", [], {}, {"event": []}, {"payload": {"payload": {}}}]
    )
    def test_is_rejected_when_it_is_no_body(self, given_body):
        assert isinstance(parse_event(given_body), Rejected)


class TestAFileOfBodies:
    def write(self, folder, name, content):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def kinds(self, path):
        return [type(read).__name__ if isinstance(read, Inbound) else read.code for read in read_path(path)]

    def test_may_have_one_in_each_line(self, tmp_path):
        path = self.write(
            tmp_path, "all.jsonl", f"\ufeff{json.dumps(body())}\r\n\r\nbroken\n{json.dumps(body())}"
        )
        assert self.kinds(path) == ["Inbound", "bad_json", "Inbound"]

    def test_may_be_an_array(self, tmp_path):
        path = self.write(
            tmp_path, "all.json", json.dumps([body(), 5, {"name": "x", "payload": body()}], indent=2)
        )
        assert self.kinds(path) == ["Inbound", "no_object", "Inbound"]

    def test_may_be_one_body_over_many_lines(self, tmp_path):
        assert self.kinds(self.write(tmp_path, "one.json", json.dumps(body(), indent=2))) == ["Inbound"]

    def test_may_have_no_telling_name(self, tmp_path):
        assert self.kinds(self.write(tmp_path, "dump", json.dumps(body()))) == ["Inbound"]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (json.dumps([body()])[:-5], "bad_json"),
            ("[" * 100_000, "too_deep"),
            ('{"a":' * 100_000, "too_deep"),
            (b"\xff\xfe\xff", "bad_json"),
            ("[1" + "0" * 5000 + "]", "bad_json"),
        ],
    )
    def test_that_is_broken_is_one_rejection(self, tmp_path, content, code):
        assert self.kinds(self.write(tmp_path, "all.json", content)) == [code]

    def test_that_is_empty_holds_nothing(self, tmp_path):
        assert self.kinds(self.write(tmp_path, "all.jsonl", "")) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_a_value(content):
    assert isinstance(parse_event(content), Inbound | Ignored | Rejected)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: JSON | st.just(sample)
            for key, sample in {
                "type": "message",
                "subtype": "file_share",
                "channel": "C1",
                "user": "U1",
                "ts": "1700000000.1",
                "thread_ts": "1700000000.2",
                "text": "hi",
                "bot_id": "",
                "user_profile": {"name": "x"},
            }.items()
        },
    )
)
def test_any_event_is_a_value(event):
    assert isinstance(parse_event({"event": event}), Inbound | Ignored | Rejected)
