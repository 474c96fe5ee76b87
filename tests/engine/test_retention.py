"""Closed conversations are purged after a while: figures stay, what comes again is known, and the chain holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from reqflow import (
    AddNote,
    AddTag,
    Close,
    CloseConversation,
    Engine,
    Escalate,
    Follow,
    Hold,
    Link,
    MarkSeen,
    Merge,
    MessageDeletion,
    MessageEdit,
    Promote,
    Reacted,
    Reopen,
    SetField,
    SubmitDraft,
    Take,
    Touch,
    agent,
    export_desk,
    import_desk,
)
from reqflow.core.model import Code
from reqflow.core.records import PastRequest
from reqflow.errors import Forbidden, StoreUnavailable, UnknownId
from reqflow.flow import purging
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Conversations, Effects, Entries, Head, Messages, Records, Requests, Streams
from reqflow.testing.desks import DESK, Story, desk_with

CANARY = "Zanzibar"


def keeping_desk(**settings: Any) -> dict[str, Any]:
    return desk_with(
        {"purge_closed_after": "30d", "searchable": True, "auto_close_after": 0, **settings},
        agents={**DESK["agents"], "rae": {"name": "Rae", "role": "restricted", "addresses": ["chat:rae"]}},
        channels={**DESK["channels"], "chat:*": {"kind": "chat", "escalate_emoji": {"fire": "money"}}},
        fields={"size": {"on": "request", "type": "number"}, "order": {"filterable": True}},
        tags={"vip": "Very important"},
        themes={"money": {"queue": "first"}},
    )


def story(store: Any = None, **settings: Any) -> Story:
    return Story(desk=keeping_desk(**settings), store=store)


def past(on: Story) -> dict[str, PastRequest]:
    return {each.id: each for each in on.all(Records(kind=PastRequest.tag))}


def wait(on: Story, **span: float) -> None:
    """Let time pass, and the desk do what is due then, and what is due by that."""
    on.now += timedelta(**span)
    on.engine.work()


def live(on: Story) -> Any:
    """A request with all that may hang on one, closed in the end, and told to whoever looks."""
    asked = on.say("cara", f"Where is {CANARY}?", subject=f"About {CANARY}", name="Cara")
    on.do(Take, "ana", asked)
    on.do(AddNote, "bo", asked, text=f"{CANARY}!")
    on.do(AddTag, "bo", asked, tag="vip")
    on.do(SetField, "bo", asked, field="size", content=3, request_id=asked.request_id)
    on.do(SetField, "bo", asked, field="order", content=CANARY)
    on.do(Follow, "eva", asked)
    on.do(Link, "bo", asked, kind="issue", target="X-1")
    on.do(Touch, "bo", asked, tool="admin")
    on.now += timedelta(minutes=2)
    on.say("ana", f"Is it {CANARY}?", to=asked)
    on.engine.handle(MarkSeen(by=agent("bo"), conversation_id=asked.conversation_id))
    on.do(SubmitDraft, "rae", asked, text=f"{CANARY} it is.")
    on.do(Hold, "ana", asked, reason="third_party")
    on.now += timedelta(hours=1)
    on.do(Escalate, "ana", asked, theme="money", how="transfer")
    on.do(Close, "ana", asked, note=f"{CANARY} was found.")
    on.engine.work()
    return asked


# --- what goes, and what stays -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_all_of_it_goes_but_figures_and_keys(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store: Any = MemoryStore()
    if kind == "sqlite":
        store = SQLiteStore(tmp_path / "desk.db", create=True)
    elif kind == "postgres":
        pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
        from reqflow.plugins.postgres import PostgresStore

        store = PostgresStore(request.getfixturevalue("new_dsn")())
    on = story(store)
    asked = live(on)
    told = {
        "share": on.engine.escalation_share(),
        "effort": on.engine.effort(asked.request_id or ""),
        "trends": [each.count for each in on.engine.trends()],
        "loads": [(each.agent, each.load) for each in on.engine.loads()],
    }
    request_before = on.request(asked)
    heads, rows = on.engine.heads(), len(on.all(Messages()))
    wait(on, days=29)
    assert on.conversation(asked) is not None
    assert on.engine.verify(heads) == []
    wait(on, days=2)
    assert on.all(Conversations()) == on.all(Requests()) == on.all(Effects()) == []
    for record_kind in (
        "note",
        "draft",
        "tagged",
        "field_value",
        "following",
        "link",
        "attention",
        "search_card",
    ):
        assert on.all(Records(kind=record_kind)) == [], record_kind
    assert told == {
        "share": on.engine.escalation_share(),
        "effort": on.engine.effort(asked.request_id or ""),
        "trends": [each.count for each in on.engine.trends()],
        "loads": [(each.agent, each.load) for each in on.engine.loads()],
    }
    figures = past(on)[asked.request_id or ""]
    for name in ("channel_id", "resolution", "opened_at", "closed_at", "assignee", "theme", "level", "queue"):
        assert getattr(figures, name) == getattr(request_before, name), name
    assert (figures.tags, figures.tools, figures.escalations) == (("vip",), ("admin",), 1)
    assert figures.answered_at == figures.opened_at + timedelta(minutes=2)
    assert figures.held_seconds == 3600
    assert len(on.all(Messages())) == rows
    assert {(each.text, each.profile_id, each.author.id) for each in on.all(Messages())} == {
        (None, None, "purged")
    }
    (stream,) = [each for each in on.all(Streams()) if each.startswith("c_")]
    (entry,) = store.history("desk", stream)
    assert [event.tag for event in entry.events] == ["conversation.purged", "request.purged"]
    assert on.engine.verify(heads) == on.engine.verify(on.engine.heads()) == []
    assert on.timers() == {}
    assert CANARY not in repr(list(store.dump("desk")))
    on.engine.rebuild()
    assert on.engine.verify(heads) == []
    assert past(on)[asked.request_id or ""] == figures
    store.close()


def test_what_is_left_can_be_carried_to_another_store(tmp_path: Path) -> None:
    on = story()
    asked = live(on)
    heads = on.engine.heads()
    wait(on, days=31)
    lines = list(export_desk(on.store, "desk"))
    assert not any(CANARY.encode() in line for line in lines)
    other = SQLiteStore(tmp_path / "other.db", create=True)
    import_desk(other, lines)
    engine = Engine(other, workspace="desk", clock=on.time)
    assert engine.verify(heads) == []
    assert engine.effort(asked.request_id or "") == on.engine.effort(asked.request_id or "")
    other.close()


def test_figures_are_for_who_may_look_at_them() -> None:
    on = story()
    asked = live(on)
    wait(on, days=31)
    with pytest.raises(Forbidden):
        on.engine.read(Records(kind=PastRequest.tag), agent("rae"))
    with pytest.raises(UnknownId):
        on.engine.effort(asked.request_id or "", by=agent("rae"))
    assert on.engine.effort(asked.request_id or "", by=agent("ana")).tools == ("admin",)
    found = on.engine.read(Records(kind=PastRequest.tag, name="channel", content="chat:lobby"), agent("ana"))
    assert [each.id for each in found.items] == [asked.request_id]


def test_what_comes_again_is_known_for_ever() -> None:
    on = story()
    letter = on.letter("cara", "Where is it?")
    asked = on.hear(letter)
    on.do(Close, "ana", asked)
    wait(on, days=31)
    again = on.engine.handle(letter)
    assert again.duplicate and again.message_id == asked.message_id
    assert on.engine.accept(letter)
    on.engine.work()
    assert on.all(Requests()) == on.all(Conversations()) == []
    assert on.engine.verify() == []


def test_what_is_said_about_it_later_finds_nothing() -> None:
    on = story()
    letter = on.letter("cara", "Where is it?")
    asked = on.hear(letter)
    on.do(Close, "ana", asked)
    wait(on, days=31)
    place = {"channel": letter.channel, "native": letter.native}
    edit = MessageEdit(**place, author=letter.author, edited_at=on.now, text="Where is she?")
    deletion = MessageDeletion(**place, author=letter.author, deleted_at=on.now)
    fire = Reacted(**place, author="chat:ana", emoji="fire")
    assert [on.engine.handle(each).code for each in (edit, deletion, fire)] == ["unknown_message"] * 3
    for command, fields in (
        (Reopen, {"request_id": asked.request_id}),
        (AddNote, {"conversation_id": asked.conversation_id, "text": "Hm."}),
        (Promote, {"message_id": asked.message_id}),
        (Promote, place),
    ):
        with pytest.raises(UnknownId):
            on.engine.handle(command(by=agent("ana"), **fields))
    later = on.say("cara", "Is anybody there?", to=asked)
    assert later.conversation_id != asked.conversation_id
    assert on.request(later).is_open
    assert on.engine.verify() == []


def test_the_past_of_a_direct_channel_is_not_gone_on_with() -> None:
    on = story()
    asked = on.say("cara", "Where is it?", channel="dm:cara")
    on.do(CloseConversation, "ana", asked)
    wait(on, days=31)
    assert on.engine.verify() == []
    again = on.say("cara", "And now?", channel="dm:cara")
    assert on.conversation(again).is_open
    assert on.engine.verify() == []
    on.engine.rebuild()
    assert on.engine.verify() == []


def test_a_lane_that_leads_to_what_was_purged_leads_nowhere() -> None:
    """The younger of two conversations goes first, since somebody wrote in the older one again."""
    on = story()
    older = on.say("cara", "Where is it?", channel="dm:cara")
    on.do(CloseConversation, "ana", older)
    wait(on, days=1)
    on.do(CloseConversation, "ana", on.say("cara", "And this?", channel="dm:cara"))
    wait(on, days=19)
    on.say("ana", "It was blue.", channel="dm:cara", to=older)
    wait(on, days=15)
    assert [each.id for each in on.all(Conversations())] == [older.conversation_id]
    assert on.engine.verify() == []
    on.engine.rebuild()
    assert on.engine.verify() == []


# --- when -----------------------------------------------------------------------------------------------


def test_nothing_open_goes_and_what_was_opened_again_waits_anew() -> None:
    on = story()
    still = on.say("dan", "Still?")
    asked = on.say("cara", "Where is it?", after=600)
    on.do(Close, "ana", asked)
    wait(on, days=29)
    on.do(Reopen, "ana", asked)
    wait(on, days=2)
    on.do(Close, "ana", asked)
    wait(on, days=29)
    assert {each.id for each in on.all(Conversations())} == {still.conversation_id, asked.conversation_id}
    wait(on, days=2)
    assert [each.id for each in on.all(Conversations())] == [still.conversation_id]
    wait(on, days=1000)
    assert on.request(still).is_open


def test_words_in_a_closed_conversation_keep_it() -> None:
    on = story(reopen_within=0)
    asked = on.say("cara", "Where is it?")
    on.do(Close, "ana", asked)
    wait(on, days=20)
    on.say("ana", "By the way, it was blue.", to=asked)
    wait(on, days=20)
    assert on.conversation(asked) is not None
    wait(on, days=11)
    assert on.all(Conversations()) == []


def test_settings_count_from_when_they_are_made() -> None:
    on = story(purge_closed_after=0)
    for who in ("cara", "dan"):
        on.do(Close, "ana", on.say(who, "Where is it?", after=600))
    wait(on, days=100)
    assert len(on.all(Conversations())) == 2
    on.engine.configure(keeping_desk())
    on.engine.work()
    assert on.all(Conversations()) == []
    asked = on.say("eve", "And this?")
    on.do(Close, "ana", asked)
    on.engine.configure(keeping_desk(purge_closed_after=0))
    wait(on, days=100)
    assert len(on.all(Conversations())) == 1
    on.engine.configure(keeping_desk(purge_closed_after="200d"))
    wait(on, days=50)
    assert len(on.all(Conversations())) == 1
    wait(on, days=51)
    assert on.all(Conversations()) == []


def test_each_channel_has_its_own_span() -> None:
    desk = keeping_desk()
    desk["channels"] = {**desk["channels"], "mail:*": {"kind": "mail", "purge_closed_after": "300d"}}
    on = Story(desk=desk)
    for channel in ("chat:lobby", "mail:desk"):
        on.do(Close, "ana", on.say("cara", "Where is it?", channel=channel))
    wait(on, days=31)
    assert [each.channel_id for each in on.all(Conversations())] == ["mail:desk"]
    wait(on, days=300)
    assert on.all(Conversations()) == []


def test_a_transport_that_tells_times_to_come_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "AT_ONCE", 1)
    on = story()
    far = on.hear(attrs.evolve(on.letter("cara", "When?"), sent_at=on.now + timedelta(days=9000)))
    on.do(Close, "ana", far)
    for number in range(3):
        wait(on, days=15)
        on.do(Close, "ana", on.say(f"d{number}", "And this?"))
    wait(on, days=1)
    assert far.conversation_id not in {each.id for each in on.all(Conversations())}
    assert len(on.all(Conversations())) == 2


# --- what belongs together -----------------------------------------------------------------------------


def test_what_was_taken_in_goes_with_what_took_it_in() -> None:
    on = story()
    late = on.letter("cara", "Is it this one?", native="first")
    on.now += timedelta(seconds=200)
    younger = on.say("cara", "Or that one?")
    on.now += timedelta(seconds=5)
    between = on.hear(attrs.evolve(late, sent_at=on.now - timedelta(seconds=105)))  # closes the gap: absorbed
    assert on.conversation(younger).continued_in == between.conversation_id
    on.do(Close, "ana", between)
    wait(on, days=31)
    assert on.all(Conversations()) == []
    assert on.engine.verify() == []
    tombs = [each for each in on.all(Streams()) if each.startswith("c_")]
    assert set(tombs) == {younger.conversation_id, between.conversation_id}
    again = on.engine.handle(late)
    assert again.duplicate


def test_what_was_merged_stays_as_long_as_what_it_was_merged_into() -> None:
    on = story()
    one, two = on.say("cara", "One?"), on.say("dan", "Two?", after=600)
    on.do(Merge, "ana", one, into=two.request_id)
    wait(on, days=40)
    assert on.conversation(one) is not None
    on.do(Close, "ana", two)
    on.do(Reopen, "ana", one)  # opens the other
    assert on.request(two).is_open
    on.do(Close, "ana", two)
    wait(on, days=31)
    wait(on, days=2)
    assert on.all(Conversations()) == []
    assert on.engine.verify() == []


def test_what_specialists_were_asked_counts_in_the_end() -> None:
    on = story()
    asked = on.say("cara", "Why?")
    on.do(Take, "ana", asked)
    consulted = on.do(Escalate, "ana", asked, theme="money", how="consult")
    (child,) = [each for each in on.requests() if each.parent is not None]
    on.engine.handle(Take(by=agent("bo"), request_id=child.id))
    on.engine.handle(Close(by=agent("bo"), request_id=child.id))
    before = on.engine.effort(asked.request_id or "")
    assert "bo" in before.contacted
    wait(on, days=40)
    assert {each.id for each in on.requests()} == {asked.request_id, child.id}  # it is needed
    on.do(Close, "ana", asked)
    for _ in range(3):
        wait(on, days=31)
    assert on.requests() == []
    assert on.engine.effort(asked.request_id or "").contacted == before.contacted
    assert past(on)[child.id].parent == asked.request_id
    assert consulted is not None
    assert on.engine.escalation_share().closed == 1


# --- the chain ------------------------------------------------------------------------------------------


def test_a_forged_end_is_found_by_a_head() -> None:
    """Whoever replaces a history by an entry that says it was purged must know the digest that was published."""
    on = story()
    asked = on.say("cara", "Where is it?")
    on.do(Close, "ana", asked)
    heads = on.engine.heads()
    wait(on, days=31)
    assert on.engine.verify(heads) == []
    stream = asked.conversation_id or ""
    (head,) = [each for each in heads if each.stream == stream]
    other = Head(stream=head.stream, seq=head.seq, digest=Code("00" * 32))
    assert "was purged, and is not the entry" in on.engine.verify([other])[0]
    later = Head(stream=head.stream, seq=head.seq + 2, digest=head.digest)
    assert "is missing" in on.engine.verify([later])[0]


def test_what_is_left_of_it_is_checked() -> None:
    on = story()
    asked = live(on)
    wait(on, days=31)
    space = on.store._spaces["desk"]
    kept = on.all(Messages())[0]
    space.messages[kept.id] = attrs.evolve(kept, author=attrs.evolve(kept.author, id="cara"))
    assert on.engine.verify() == [f"message {kept.id}: was purged, and is not empty"]
    space.drop_message(kept.id)
    assert "history says that 2 are left" in on.engine.verify()[0]
    space.put_message(kept)
    assert on.engine.verify() == []
    (entry,) = on.all(Entries(stream=asked.conversation_id))
    assert entry.seq > 1


# --- much of it -----------------------------------------------------------------------------------------


class Failing:
    """A store whose commits fail now and then, as if the process had died."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.count = 0
        self.gone: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, batch: Any) -> None:
        self.count += 1
        if self.count % 3 == 0:
            raise StoreUnavailable("it died")
        self.store.commit(batch)
        if batch.gone is not None:
            self.gone.append(len(batch.gone.conversations))


@pytest.mark.parametrize("limit", ["AT_ONCE", "MOST"])
def test_it_goes_on_where_it_died_a_few_conversations_a_commit(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, limit, 4)
    store = Failing(MemoryStore())
    on = story(store)
    for number in range(30):
        letter = on.letter("cara", f"Number {number}?")
        asked = retried(partial(on.engine.handle, letter))
        if number % 10:
            close = Close(by=agent("ana"), request_id=asked.request_id)
            retried(partial(on.engine.handle, close))
        on.now += timedelta(minutes=10)
    on.now += timedelta(days=31)
    for _ in range(40):
        on.now += timedelta(minutes=2)  # leases run out
        retried(on.engine.tick)
    assert (max(store.gone), sum(store.gone)) == (4, 27)
    assert len(on.all(Conversations())) == 3
    assert on.engine.verify() == []


def retried(work: Callable[[], Any]) -> Any:
    while True:
        try:
            return work()
        except StoreUnavailable:
            continue
