"""A person is erased: nothing that they said or were called is left, while history and counts are what they were."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reqflow import (
    AddNote,
    Assign,
    BarCustomer,
    Close,
    CreateCustomer,
    Enclosure,
    Erase,
    Hold,
    LinkProfile,
    MergeCustomers,
    MessageEdit,
    Reopen,
    Reply,
    SetCustomerField,
    SetSubject,
    StartConversation,
    SubmitDraft,
    UpdateCustomer,
    agent,
)
from reqflow.core.ids import profile_texts
from reqflow.core.model import Audience, Badge, Code, ConversationId, ErasureScope
from reqflow.core.records import Bar, Erasure, SearchCard
from reqflow.errors import Forbidden, InvalidInput, Refused, StoreUnavailable, UnknownId
from reqflow.flow import erasing
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import (
    Conversations,
    LeaseQueue,
    Messages,
    Records,
    Requests,
    Streams,
    Texts,
)
from reqflow.testing.desks import DESK, Story, desk_with

CANARY = "Zanzibar"  # said, written, called and attached by whoever is erased, and by nobody else


def erasing_desk(**settings: Any) -> dict[str, Any]:
    agents = {
        **DESK["agents"],
        "root": {"name": "Root", "role": "admin", "addresses": ["chat:root"]},
        "rae": {"name": "Rae", "role": "restricted", "addresses": ["chat:rae"]},
    }
    fields = {"about": {"on": "customer"}, "size": {"on": "customer", "type": "number"}}
    return desk_with({"searchable": True, **settings}, agents=agents, fields=fields)


def story(store: Any = None, **settings: Any) -> Story:
    return Story(desk=erasing_desk(**settings), store=store)


def profile(on: Story, address: str) -> Any:
    return on.engine.desk.author(address).profile


def make(on: Story, *addresses: str, **fields: Any) -> Any:
    told = {"first_name": "Cara", "last_name": CANARY, "email": f"{CANARY}@x.example", **fields}
    made = on.do(CreateCustomer, "ana", **told).record_id
    for each in addresses:
        on.do(LinkProfile, "ana", profile_id=profile(on, each), customer_id=made)
    return made


def erase(on: Story, who: str = "root", **whom: Any) -> Any:
    outcome = on.do(Erase, who, **whom)
    on.engine.work()
    return outcome


def texts(on: Story) -> dict[str, str]:
    """All texts, by their ids."""
    ids = [*on.store._spaces[on.engine.workspace].texts] if isinstance(on.store, MemoryStore) else []
    return dict(on.store.texts("desk", ids, Audience.INTERNAL))


# --- nothing is left -----------------------------------------------------------------------------------


class Told(Story):
    """A story in which messages are edited."""

    def hear_edit(self, about: Any, text: str) -> None:
        message = self.message(about)
        self.engine.handle(
            MessageEdit(
                channel=message.channel_id,
                author=f"chat:{CANARY}",
                native=message.native,
                edited_at=self.now,
                text=text,
            )
        )


def live(on: Told) -> tuple[Any, Any]:
    """A life on a desk, with the canary wherever a text may stand; whom to erase, and what somebody else asked."""
    address = f"chat:{CANARY}"
    asked = on.say(
        address,
        f"Where is {CANARY}'s parcel?",
        name=f"Cara {CANARY}",
        email=f"cara@{CANARY}.example",
        subject=f"About {CANARY}",
        attachments=(Enclosure(kind="image", name=f"{CANARY}.png", address=f"https://x.example/{CANARY}"),),
    )
    on.say("ana", f"Dear {CANARY}, it is on its way.", to=asked)
    on.do(AddNote, "bo", asked, text=f"{CANARY} sounds angry.")
    on.do(SubmitDraft, "rae", asked, text=f"{CANARY}, please wait.")
    on.do(SetSubject, "ana", asked, subject=f"{CANARY} again")
    on.hear_edit(asked, f"Where is {CANARY}'s second parcel?")
    closed = on.say(address, f"Is {CANARY} on file?", after=600)
    on.do(Close, "ana", closed, note=f"{CANARY} was told.")
    other = on.say("dan", "How does it work?", after=600)
    on.say(address, f"{CANARY} would like to know, too.", to=other, after=5)
    customer = make(on, address)
    on.do(SetCustomerField, "ana", customer_id=customer, field="about", content=f"{CANARY} is a friend")
    on.engine.work()
    on.do(Reply, "ana", asked, text=f"Still there, {CANARY}?")  # waits in the outbox
    for each in range(2):  # one of them is parked, and one waits
        on.engine.accept(on.letter(address, f"{CANARY} writes again"))
        (leased,) = on.store.lease(
            on.engine.workspace, LeaseQueue.INBOX, now=on.now, until=on.now, limit=1
        ) or (None,)
        if not each:
            on.store.release(on.engine.workspace, leased, ready_at=on.now, note="failed", park=True)
    return customer, other


def found_in_tables(connection: Any, tables: list[str], text: str) -> list[str]:
    return [table for table in tables if text.encode() in _content(connection, table).encode()]


def _content(connection: Any, table: str) -> str:
    return "\n".join(map(str, connection.execute(f"SELECT * FROM {table}").fetchall()))


def counts(on: Story) -> dict[str, Any]:
    """What managers count."""
    return {
        "conversations": len(on.all(Conversations())),
        "messages": len(on.all(Messages())),
        "requests": [each.id for each in on.requests()],
        "share": on.engine.escalation_share().closed,
        "effort": [on.engine.effort(each.id).contacted for each in on.requests()],
    }


def erase_and_look(on: Told) -> Any:
    """Erase the person of a life; all laws hold, and counts but for the open request, which is closed by it."""
    customer, other = live(on)
    heads, before = on.engine.heads(), counts(on)
    assert on.engine.verify() == []
    erase(on, customer_id=customer)
    (erasure,) = on.all(Records(kind=Erasure.tag))
    assert erasure.finished_at == on.now
    assert (erasure.conversations, erasure.texts > 5) == (2, True)
    assert on.engine.verify(heads) == []
    after = counts(on)
    assert after == {**before, "share": before["share"] + 1}
    assert all(not each.load for each in on.engine.loads())
    assert on.engine.texts(on.message(other)) == {
        on.message(other).text.id: "How does it work?"  # type: ignore[union-attr]
    }
    assert [x for x in on.effects() if x.state == "ready" and x.queued.effect.tag == "message.post"] == []
    card = on.engine.customer(customer)
    assert (card.name, card.email, card.profiles) == ("", None, ())
    return customer


def test_nothing_of_a_person_is_left_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = SQLiteStore(tmp_path / "desk.db", create=True)
    store._database.prepared()("PRAGMA secure_delete = OFF")  # as most builds of SQLite have it
    on = Told(desk=erasing_desk(), store=store)

    def files() -> bytes:
        return b"".join(each.read_bytes() for each in sorted(tmp_path.iterdir()))

    live(Told(desk=erasing_desk(), store=store))  # whose clock is ahead of the one that erases
    for number in range(40):  # long ones, which leave free pages behind when they are worked off
        written = f"{CANARY} " * 500
        on.engine.accept(on.letter(f"chat:{CANARY}", written, native=f"n{number}", ago=number * 1000))
    on.engine.work()
    assert CANARY.encode() in files()  # it would be found
    erase_all(on)
    store.compact()
    assert CANARY.encode() not in files()
    assert CANARY.lower().encode() not in files().lower()
    assert CANARY not in caplog.text
    assert CANARY not in "".join(map(repr, store.dump("desk")))
    store.close()


def erase_all(on: Told) -> None:
    customer = next(iter(on.all(Records(kind="customer")))).id
    erase(on, customer_id=customer)
    assert on.engine.verify() == []


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_history_verifies_and_counts_count_afterwards(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "memory":
        on = Told(desk=erasing_desk())
        erase_and_look(on)
        assert not [body for body in texts(on).values() if CANARY in body]
        return
    if kind == "sqlite":
        store: Any = SQLiteStore(tmp_path / "desk.db", create=True)
        erase_and_look(Told(desk=erasing_desk(), store=store))
        with sqlite3.connect(store.path) as connection:
            tables = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            assert found_in_tables(connection, tables, CANARY) == []
            assert found_in_tables(connection, tables, "How does it work") == ["text"]
        store.close()
        return
    psycopg = pytest.importorskip("psycopg", reason="extra 'postgres' is not installed")
    from reqflow.plugins.postgres import PostgresStore

    dsn = request.getfixturevalue("new_dsn")()
    store = PostgresStore(dsn)
    erase_and_look(Told(desk=erasing_desk(), store=store))
    with psycopg.connect(dsn) as connection:
        named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'reqflow'").fetchall()
        tables = [f"reqflow.{name}" for (name,) in named]
        assert found_in_tables(connection, tables, CANARY) == []
        assert found_in_tables(connection, tables, "How does it work") == ["reqflow.texts"]
    store.close()


def test_a_file_that_others_read_cannot_be_compacted_now(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "desk.db", create=True, timeout=0.05)
    Told(desk=erasing_desk(), store=store).say("cara", "Hello?")
    with sqlite3.connect(store.path, isolation_level=None) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM text").fetchone()
        with pytest.raises(StoreUnavailable):
            store.compact()
        reading.execute("COMMIT")
    store.compact()
    store.close()


# --- what goes, and what stays -------------------------------------------------------------------------


def test_own_words_go_and_what_colleagues_wrote_stays() -> None:
    on = story()
    asked = on.say("cara", "Where is it?", subject="My parcel")
    on.say("ana", "On its way, Cara.", to=asked)
    on.do(AddNote, "bo", asked, text="She called twice.")
    erase(on, profile_id=profile(on, "chat:cara"), scope="own_words")
    assert sorted(body for body in texts(on).values() if " " in body) == [
        "On its way, Cara.",
        "She called twice.",
    ]
    assert on.conversation(asked).erased is ErasureScope.OWN_WORDS
    assert on.engine.verify() == []
    erase(on, profile_id=profile(on, "chat:cara"))  # and all the rest, when somebody asks for that
    assert [body for body in texts(on).values() if " " in body] == []
    assert on.conversation(asked).erased is ErasureScope.CONVERSATIONS


def test_what_was_said_in_conversations_of_others_is_searched_for_no_more() -> None:
    on = story()
    asked = on.say("dan", "Which one?")
    on.say("cara", "The marmalade one.", to=asked)
    on.do(Close, "ana", asked)
    on.engine.work()
    before = on.all(Records(kind=SearchCard.tag))[0].words
    erase(on, profile_id=profile(on, "chat:cara"))
    after = on.all(Records(kind=SearchCard.tag))[0].words
    assert set(after) < set(before)
    assert on.conversation(asked).erased is None


def test_open_requests_end_without_a_word_to_anybody() -> None:
    on = story(status_text=True, notify_team=True)
    asked = on.say("cara", "Where is it?")
    on.do(Assign, "ana", asked, assignee="bo")
    on.do(Hold, "bo", asked, reason="customer")
    told = len(on.effects())
    erase(on, profile_id=profile(on, "chat:cara"))
    assert not on.request(asked).is_open
    assert len(on.effects()) == told
    assert "conversation.erased" in on.tags(asked)
    assert asked.conversation_id not in on.timers()
    assert any(
        "whoever asked was erased" in line.why for line in on.engine.explain(asked.conversation_id or "")
    )


@pytest.mark.parametrize("channel", ["chat:lobby", "dm:cara", "mail:desk"])
def test_whoever_writes_again_begins_anew(channel: str) -> None:
    on = story()
    address = f"{channel.partition(':')[0]}:cara"
    asked = on.say("cara", "Where is it?", channel=channel, name="Cara")
    closed_reply = on.say("ana", "Here.", channel=channel, to=asked, after=5)
    customer = make(on, address)
    erase(on, customer_id=customer)
    again = on.say("cara", "Do you know me?", channel=channel, to=closed_reply, after=5, name="C.")
    assert again.conversation_id != asked.conversation_id
    card = on.engine.customer(profile(on, address))
    assert (card.badge, card.customer_id, card.name) == (Badge.ANONYMOUS, None, "C.")
    assert on.engine.texts(on.message(again, channel)) == {
        on.message(again, channel).text.id: "Do you know me?"  # type: ignore[union-attr]
    }
    on.engine.work()
    assert on.conversation(again).is_open
    assert on.engine.verify() == []
    on.engine.rebuild()
    assert on.engine.verify() == []


def test_what_comes_while_it_goes_on_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that arrives after the command, before the timer has gone through everything."""
    on = story()
    on.say("cara", "Where is it?", channel="dm:cara")
    on.now += timedelta(seconds=1)
    on.do(Erase, "root", profile_id=profile(on, "dm:cara"))
    again = on.say("cara", "And now?", channel="dm:cara", after=1, name="Cara again")
    on.engine.work()
    assert on.engine.texts(on.message(again, "dm:cara"))
    assert on.engine.customer(profile(on, "dm:cara")).name == "Cara again"
    assert on.conversation(again).is_open
    assert on.engine.verify() == []


def test_what_somebody_else_opens_again_while_it_goes_on_is_erased_all_the_same() -> None:
    """Open conversations are gone through before closed ones: one must not slip from the latter to the former."""
    on = story()
    asked = on.say("cara", "Where is it?")
    on.do(Close, "ana", asked)
    on.engine.work()
    on.do(Erase, "root", profile_id=profile(on, "chat:cara"))
    on.now += timedelta(seconds=1)
    on.engine.serve()  # the open ones
    on.do(Reopen, "ana", asked)
    on.now += timedelta(seconds=1)
    on.engine.work()
    assert on.conversation(asked).erased is ErasureScope.CONVERSATIONS
    assert not on.conversation(asked).is_open


def test_an_address_that_the_desk_wrote_to_is_told_anew() -> None:
    """It stands in the conversation that the desk began; that is not where it belongs."""
    on = story()
    on.do(StartConversation, "ana", channel="dm:cara", to="dm:cara", text="Hello Cara.")
    cara = profile(on, "dm:cara")
    on.do(Erase, "root", profile_id=cara)
    on.say("cara", "Who is it?", channel="dm:cara", after=1)
    on.engine.work()
    address = profile_texts(cara)[0]
    assert on.store.texts("desk", [address], Audience.INTERNAL) == {address: "dm:cara"}


def test_a_card_of_a_channel_that_is_searched_no_more_goes_too() -> None:
    on = story()
    asked = on.say("cara", "Where is it?")
    on.do(Close, "ana", asked)
    on.engine.work()
    assert len(on.all(Records(kind=SearchCard.tag))) == 1
    on.engine.configure(erasing_desk(searchable=False))
    erase(on, profile_id=profile(on, "chat:cara"))
    assert on.all(Records(kind=SearchCard.tag)) == []


def test_nothing_goes_on_in_what_was_erased() -> None:
    on = story()
    letter = on.letter("cara", "Where is it?")
    asked = on.hear(letter)
    on.do(Close, "ana", asked)
    erase(on, profile_id=profile(on, "chat:cara"))
    for command, fields in (
        (Reopen, {}),
        (AddNote, {"text": "It was Cara."}),
        (SetSubject, {"subject": "Cara"}),
        (Reply, {"text": "Cara?"}),
    ):
        with pytest.raises(Refused, match="erased"):
            on.do(command, "ana", asked, **fields)
    edit = MessageEdit(
        channel=letter.channel, author=letter.author, native=letter.native, edited_at=on.now, text="I am Cara"
    )
    assert on.engine.handle(edit).code == "erased"
    assert on.engine.handle(letter).duplicate
    assert not any("Cara" in body or "Where" in body for body in texts(on).values())


def test_erasing_again_changes_nothing() -> None:
    on = story()
    on.say("cara", "Where is it?")
    customer = make(on, "chat:cara")
    on.say("dan", "Hello?")
    erase(on, customer_id=customer)
    erase(on, profile_id=profile(on, "chat:dan"))
    before = (
        {stream: on.store.history("desk", stream) for stream in on.all(Streams())},
        texts(on),
        on.timers(),
    )
    erase(on, customer_id=customer)
    erase(on, customer_id=customer, scope="own_words")
    erase(on, profile_id=profile(on, "chat:dan"))
    after = {stream: on.store.history("desk", stream) for stream in on.all(Streams())}, texts(on), on.timers()
    assert after == before


# --- customers -----------------------------------------------------------------------------------------


def test_all_that_turned_out_to_be_the_person_are_erased() -> None:
    on = story()
    on.say("cara", "One?")
    on.say("carla", "Two?")
    one, two = make(on, "chat:cara"), make(on, "chat:carla", first_name="Carla")
    three = make(on, first_name="C.")
    on.do(MergeCustomers, "ana", into=two, other=three)
    on.do(MergeCustomers, "ana", into=one, other=two)
    with pytest.raises(Refused, match="merged"):
        on.do(Erase, "root", customer_id=two)
    erase(on, customer_id=one)
    assert not any(CANARY in body or "?" in body for body in texts(on).values())
    assert on.engine.read(Records(kind="customer", name="email")).items == ()
    for each in (one, two, three):
        with pytest.raises(Refused):
            on.do(UpdateCustomer, "ana", customer_id=each, first_name="Back")
    assert on.engine.verify() == []


def test_who_was_barred_stays_barred() -> None:
    on = story()
    on.say("cara", "Mine?")
    customer = make(on, "chat:cara")
    on.do(BarCustomer, "ana", customer_id=customer)
    erase(on, customer_id=customer)
    (bar,) = on.all(Records(kind=Bar.tag))
    assert bar.barred_at is not None and not bar.with_customer
    assert on.say("cara", "Let me in?", after=1).code == "barred"
    assert on.engine.verify() == []


# --- who may -------------------------------------------------------------------------------------------


def test_it_needs_a_right_of_its_own() -> None:
    on = story()
    on.say("cara", "Mine?")
    cara = profile(on, "chat:cara")
    for who in ("ana", "eva", "rae"):
        with pytest.raises(Forbidden, match="erase"):
            on.do(Erase, who, profile_id=cara)
    with pytest.raises(Forbidden):
        on.engine.read(Records(kind=Erasure.tag), agent("ana"))
    with pytest.raises(Forbidden):
        on.engine.read(Texts(owners=(Code(cara),)), agent("ana"))
    erase(on, profile_id=cara)
    assert len(on.engine.read(Records(kind=Erasure.tag), agent("root")).items) == 1


def test_whom_it_cannot_be() -> None:
    on = story()
    on.say("cara", "Mine?")
    cara = profile(on, "chat:cara")
    customer = make(on, "chat:cara")
    for fields, problem in (
        ({"profile_id": profile(on, "chat:ana")}, "colleague"),
        ({"profile_id": cara}, "belongs to customer"),
    ):
        with pytest.raises(Refused, match=problem):
            on.do(Erase, "root", **fields)
    for fields in ({"profile_id": "cara"}, {"customer_id": "k_none"}):
        with pytest.raises(UnknownId):
            on.do(Erase, "root", **fields)
    for fields in ({}, {"profile_id": cara, "customer_id": customer}, {"profile_id": cara, "scope": "all"}):
        with pytest.raises(InvalidInput):
            on.do(Erase, "root", **fields)


# --- much of it ----------------------------------------------------------------------------------------


class Failing:
    """A store whose commits fail now and then, as if the process had died."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.count = 0
        self.ended: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, batch: Any) -> None:
        self.count += 1
        if self.count % 3 == 0:
            raise StoreUnavailable("it died")
        self.store.commit(batch)
        if batch.gone is not None:
            self.ended.append(len(batch.conversations))


def test_it_goes_on_where_it_died_a_few_conversations_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 4)
    store = Failing(MemoryStore())
    on = story(store)
    asked: list[ConversationId] = []
    for number in range(30):
        letter = on.letter("cara", f"{CANARY} {number}?")
        asked.append(handled(on, letter).conversation_id)
        on.now += timedelta(minutes=10)
    for each in asked[::2]:
        request = on.all(Requests(conversation_id=each))[0]
        retried(partial(on.engine.handle, Close(by=agent("ana"), request_id=request.id)))
    retried(lambda: on.do(Erase, "root", profile_id=profile(on, "chat:cara")))
    store.ended.clear()
    while not on.all(Records(kind=Erasure.tag))[0].finished_at:
        on.now += timedelta(minutes=2)  # leases run out
        retried(on.engine.tick)
    assert max(store.ended) == 4
    assert sum(store.ended) == 30
    assert not any(CANARY in text.body for text in store.store._spaces["desk"].texts.values())
    assert on.engine.verify() == []


def handled(on: Story, letter: Any) -> Any:
    return retried(lambda: on.engine.handle(letter))


def retried(work: Callable[[], Any]) -> Any:
    while True:
        try:
            return work()
        except StoreUnavailable:
            continue
