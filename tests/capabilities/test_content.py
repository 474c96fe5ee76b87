"""What people leave on work: notes, tags, a subject, a status by name; and quick answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Actor,
    ActorKind,
    AddNote,
    AddTag,
    AsyncEngine,
    Audience,
    Automation,
    Close,
    CloseConversation,
    Command,
    DefineAnswer,
    DefineTag,
    DeleteNote,
    Hold,
    Records,
    RemoveTag,
    Reopen,
    RequestState,
    RetireAnswer,
    RetireTag,
    SendAnswer,
    SetField,
    SetStatus,
    SetSubject,
    Take,
    agent,
)
from reqflow.core import events as e
from reqflow.core.answers import filled, misspelt, placeholders
from reqflow.core.facts import Outcome
from reqflow.core.records import Answer, Note, Tag, Tagged
from reqflow.engine import Engine
from reqflow.errors import Forbidden, InvalidInput, InvalidSettings, Refused, UnknownId
from reqflow.plugins.memory import MemoryStore
from reqflow.testing.desks import DESK, Rules, Story, desk_with

AGENTS = {**DESK["agents"], "ida": {"name": "Ida", "role": "admin", "addresses": ["chat:ida"]}}
HOST = Actor(ActorKind.PLUGIN, "acme")


def staffed(**tables: Any) -> Story:
    """The usual desk with Ida, an administrator."""
    return Story(desk=desk_with(agents=AGENTS, **tables))


@pytest.fixture
def story() -> Story:
    return staffed()


@pytest.fixture
def asked(story: Story) -> Outcome:
    return story.say("cara", "Where is my parcel?")


def lines(story: Story, about: Outcome | str, *tags: str) -> list[tuple[str, str]]:
    """Who did what, of these kinds of events, in words."""
    key = about if isinstance(about, str) else about.conversation_id or ""
    return [(line.who, line.what) for line in story.engine.explain(key) if line.tag in tags]


def refused(code: str, told: str | None = None) -> Any:
    return pytest.raises(Refused, match=told, check=lambda refusal: refusal.code == code)


# --- notes ---


def notes(story: Story, about: Outcome) -> list[Note]:
    return story.all(Records(kind="note", name="conversation", content=about.conversation_id or ""))


@pytest.mark.row("80")
def test_a_note_stays_for_the_next_colleague_and_customers_never_see_it(story: Story, asked: Outcome) -> None:
    story.do(AddNote, "ana", asked, text="Handing over: she called twice.")
    story.wait(minutes=5)
    story.do(AddNote, "bo", asked, text="Mine: ask the depot.", request_id=None)
    first, second = notes(story, asked)
    assert (first.author, first.added_at < second.added_at) == (agent("ana"), True)
    assert (first.request_id, second.request_id) == (asked.request_id, None)
    ids = (first.text.id, second.text.id)
    read = story.store.texts(story.engine.workspace, ids, Audience.INTERNAL)
    assert list(read.values()) == ["Handing over: she called twice.", "Mine: ask the depot."]
    assert not story.store.texts(story.engine.workspace, ids, Audience.CUSTOMER)
    assert story.engine.verify() == []


@pytest.mark.row("80", "87")
def test_history_tells_who_noted_and_deleted_what_and_when(story: Story, asked: Outcome) -> None:
    left = story.do(AddNote, "ana", asked, text="Wrong depot, I think.")
    story.wait(minutes=5)
    story.do(DeleteNote, "bo", asked, note_id=left.record_id)
    assert notes(story, asked) == []
    told = [
        line for line in story.engine.explain(asked.conversation_id or "") if line.tag.startswith("note.")
    ]
    assert [(line.who, line.what) for line in told] == [
        ("Ana", "left the note “Wrong depot, I think.”"),
        ("Bo", "deleted the note “Wrong depot, I think.”"),
    ]
    assert (told[1].at - told[0].at).total_seconds() == 300
    assert story.engine.verify() == []


def test_a_note_is_deleted_once_and_only_from_where_it_hangs(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "And mine?")
    left = story.do(AddNote, "ana", asked, text="Hm.")
    with pytest.raises(UnknownId):
        story.do(DeleteNote, "ana", other, note_id=left.record_id)
    story.do(DeleteNote, "ana", asked, note_id=left.record_id)
    with pytest.raises(UnknownId):
        story.do(DeleteNote, "ana", asked, note_id=left.record_id)


def test_a_note_hangs_on_no_request_of_another_conversation(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "And mine?")
    with refused("not_here", "no request of"):
        story.do(AddNote, "ana", asked, text="Hm.", request_id=other.request_id)
    with refused("empty"):
        story.do(AddNote, "ana", asked, text=" \n")
    story.do(Close, "ana", asked)
    story.do(AddNote, "ana", asked, text="Found it after all.")  # to a closed one, too
    assert [note.request_id for note in notes(story, asked)] == [asked.request_id]


@pytest.mark.parametrize(
    "leave",
    [
        (AddNote, {"text": "Call her."}),
        (AddTag, {"tag": "vip"}),
        (SetSubject, {"subject": "A parcel"}),
        (SetStatus, {"status": "new"}),
    ],
    ids=lambda leave: leave[0].__name__,
)
def test_what_people_left_something_on_is_not_absorbed(leave: tuple[type[Command], dict[str, str]]) -> None:
    story = staffed(tags=["vip"], statuses={"new": "unassigned"})
    younger = story.say("cara", "Hello?")
    story.do(leave[0], "ana", younger, **leave[1])
    late = story.say("cara", "Where is my parcel?", ago=60)
    assert late.conversation_id != younger.conversation_id
    assert "conversation.linked" in story.tags(younger) and story.conversation(younger).is_open


def test_what_rules_left_there_does_not_keep_it_from_being_absorbed() -> None:
    def tag(occasion: Any) -> Iterable[Command]:
        yield AddTag(by=HOST, conversation_id=occasion.conversation.id, tag="vip")

    rule = Automation(name="tagger", on=frozenset({e.RequestOpened}), then=tag)
    story = Story(desk=desk_with(tags=["vip"]), plugins=[Rules(rule)])
    younger = story.say("cara", "Hello?")
    assert story.conversation(younger).tags == ("vip",)
    story.say("cara", "Where is my parcel?", ago=60)
    assert not story.conversation(younger).is_open
    assert story.engine.verify() == []


ACTS: list[tuple[type[Command], dict[str, Any]]] = [
    (AddNote, {"text": "x"}),
    *((change, {"tag": tag}) for change in (AddTag, RemoveTag) for tag in ("vip", "new_one")),
    (SetSubject, {"subject": "x"}),
    *((SetStatus, {"status": status}) for status in ("fresh", "busy", "billed", None)),
    *((SetField, {"field": field, "content": each}) for field in ("order", "cause") for each in ("x", None)),
    (Take, {}),
    (Close, {}),
    (Reopen, {}),
    (CloseConversation, {}),
]


@given(st.booleans(), st.lists(st.tuples(st.booleans(), st.sampled_from(ACTS)), max_size=15))
def test_whatever_is_left_in_whatever_order_history_says_the_same(
    over: bool, acts: list[tuple[bool, tuple[type[Command], dict[str, Any]]]]
) -> None:
    settings = {"inactivity_close_after": 0, "nudge_after": 0}
    statuses = {"fresh": "unassigned", "busy": "assigned", "billed": "closed"}
    fields = {"order": {"filterable": True}, "cause": {"on": "request", "required_on_close": True}}
    story = staffed(settings=settings, tags=["vip"], statuses=statuses, fields=fields)
    first = story.say("cara", "Where is it?", channel="dm:desk")
    story.do(Close, "ida", first, resolution="rejected")
    story.wait(days=8)
    second = story.say("cara", "And the other one?", channel="dm:desk")
    if over:
        story.do(Close, "ida", second, resolution="rejected")
    for older, (command, content) in acts:
        with suppress(Refused):
            story.do(command, "ida", first if older else second, **content)
    assert story.engine.verify() == []
    story.engine.rebuild()
    assert story.engine.verify() == []


# --- tags ---


def tagged(story: Story, tag: str) -> list[str]:
    """The conversations that carry a tag, first tagged first."""
    found: list[Tagged] = story.all(Records(kind="tagged", name="tag", content=tag))
    return [each.conversation_id for each in found]


@pytest.mark.row("79", "89")
def test_a_tag_of_the_desks_is_added_taken_off_and_logged() -> None:
    story = staffed(tags={"vip": "Very important", "late": "Late delivery"})
    asked, other = story.say("cara", "Where is my parcel?"), story.say("dora", "And mine?")
    story.do(AddTag, "ana", asked, tag="VIP")
    story.do(AddTag, "ana", asked, tag="late")
    story.wait(minutes=1)
    story.do(AddTag, "bo", other, tag="late")
    story.do(AddTag, "bo", other, tag="late")  # once more is once
    assert story.conversation(asked).tags == ("vip", "late")
    assert tagged(story, "late") == [asked.conversation_id, other.conversation_id]
    story.do(RemoveTag, "bo", asked, tag="late")
    story.do(RemoveTag, "bo", asked, tag="late")
    assert (story.conversation(asked).tags, tagged(story, "late")) == (("vip",), [other.conversation_id])
    assert lines(story, asked, "tag.added", "tag.removed") == [
        ("Ana", "added tag vip"),
        ("Ana", "added tag late"),
        ("Bo", "removed tag late"),
    ]
    story.wait(minutes=1)
    story.do(AddTag, "ana", asked, tag="late")
    assert tagged(story, "late") == [other.conversation_id, asked.conversation_id]
    assert story.engine.verify() == []


@pytest.mark.row("79")
def test_an_administrator_defines_tags_words_them_anew_and_retires_them(story: Story, asked: Outcome) -> None:
    with refused("unknown_tag", "must define it first"):
        story.do(AddTag, "ana", asked, tag="fragile")
    story.do(DefineTag, "ida", tag="fragile", label="Fragile  goods")
    story.do(AddTag, "ana", asked, tag="fragile")
    story.do(DefineTag, "ida", tag="fragile", label="Fragile goods")  # says nothing new
    story.do(DefineTag, "ida", tag="fragile", label="Handle with care")
    story.do(RetireTag, "ida", tag="fragile")
    with refused("unknown_tag", "retired"):
        story.do(AddTag, "ida", story.say("dora", "And mine?"), tag="fragile")
    assert story.conversation(asked).tags == ("fragile",)
    assert lines(story, "tag:fragile", "tag.defined", "tag.retired") == [
        ("Ida", "defined tag fragile “Fragile goods”"),
        ("Ida", "defined tag fragile “Handle with care”"),
        ("Ida", "retired tag fragile"),
    ]
    with pytest.raises(UnknownId):
        story.do(RetireTag, "ida", tag="fragile")
    assert story.engine.verify() == []


@pytest.mark.row("70")
def test_who_may_define_adds_a_tag_midway_and_everybody_has_it(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "Mine burnt, why?")
    for define in (
        DefineTag(by=agent("ana"), tag="recall", label="Recall"),
        RetireTag(by=agent("ana"), tag="x"),
    ):
        with pytest.raises(Forbidden):
            story.engine.handle(define)
    with refused("unknown_tag"):
        story.do(AddTag, "bo", other, tag="recall")
    story.do(AddTag, "ida", asked, tag="recall")
    story.do(AddTag, "bo", other, tag="recall")
    assert tagged(story, "recall") == [asked.conversation_id, other.conversation_id]
    (defined,) = [tag for tag in story.all(Records(kind="tag")) if isinstance(tag, Tag)]
    assert (defined.id, defined.label) == ("recall", None)
    assert story.engine.history("tag:recall")[0].actor == agent("ida")
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


def test_a_tag_of_the_settings_is_changed_in_the_settings() -> None:
    story = staffed(tags=["vip"])
    for command in (DefineTag(by=agent("ida"), tag="vip", label="V"), RetireTag(by=agent("ida"), tag="vip")):
        with refused("in_settings", "change it there"):
            story.engine.handle(command)
    asked = story.say("cara", "Where is my parcel?")
    story.do(AddTag, "ana", asked, tag="vip")
    story.engine.configure(desk_with(agents=AGENTS))
    assert story.conversation(asked).tags == ("vip",)
    story.do(RemoveTag, "ana", asked, tag="vip")
    with refused("unknown_tag"):
        story.do(AddTag, "ana", asked, tag="vip")


def test_tags_are_words_and_a_conversation_carries_a_bounded_number(story: Story, asked: Outcome) -> None:
    with pytest.raises(InvalidInput, match="must be a word"):
        AddTag(by=agent("ida"), conversation_id=asked.conversation_id, tag="called us twice")
    for number in range(32):
        story.do(AddTag, "ida", asked, tag=f"t{number}")
    with refused("too_many_tags"):
        story.do(AddTag, "ida", asked, tag="one_more")
    assert len(story.conversation(asked).tags) == 32
    assert not [tag for tag in story.all(Records(kind="tag")) if tag.id == "one_more"]


def test_one_commit_may_define_a_tag_and_use_it_twice(story: Story, asked: Outcome) -> None:
    other = story.say("dora", "And mine?")
    makes: list[Command] = [
        AddTag(by=agent("ida"), conversation_id=asked.conversation_id, tag="storm"),
        AddTag(by=agent("ana"), conversation_id=other.conversation_id, tag="storm"),
        RemoveTag(by=agent("ana"), conversation_id=asked.conversation_id, tag="storm"),
        AddTag(by=agent("ana"), conversation_id=asked.conversation_id, tag="storm"),
    ]
    assert all(isinstance(each, Outcome) for each in story.engine.handle_many(makes))
    assert {*tagged(story, "storm")} == {asked.conversation_id, other.conversation_id}
    assert story.engine.verify() == []


# --- a subject ---


def subject(story: Story, about: Outcome) -> str | None:
    ref = story.conversation(about).subject
    return (
        None
        if ref is None
        else story.store.texts(story.engine.workspace, (ref.id,), Audience.INTERNAL)[ref.id]
    )


@pytest.mark.row("79b")
def test_a_mail_names_the_conversation_that_it_begins_and_answers_do_not_rename_it(story: Story) -> None:
    asked = story.say("cara", "It is wrong.", channel="mail:desk", subject="Invoice\n 7")
    story.say("cara", "Well?", channel="mail:desk", subject="Re: Invoice 8", to=asked, after=600)
    assert subject(story, asked) == "Invoice 7"
    assert lines(story, asked, "conversation.opened") == [
        ("mail:cara", "began a conversation about “Invoice 7”")
    ]
    assert lines(story, asked, "message.received")[0][1] == "wrote “It is wrong.”"
    answer = story.say("dora", "As I said.", channel="mail:desk", subject="Re: Rent", to="<unseen@x>")
    assert subject(story, answer) == "Re: Rent"
    assert story.conversation(story.say("cara", "Hi?", channel="mail:desk", subject=" ")).subject is None
    assert story.engine.verify() == []


@pytest.mark.row("79b")
def test_a_conversation_is_marked_with_a_subject_for_the_team(story: Story, asked: Outcome) -> None:
    story.do(SetSubject, "ana", asked, subject="Lost\nparcel 17")
    assert subject(story, asked) == "Lost parcel 17"
    story.do(SetSubject, "bo", asked, subject="Found parcel 17")
    assert lines(story, asked, "subject.set") == [
        ("Ana", "set the subject to “Lost parcel 17”"),
        ("Bo", "set the subject to “Found parcel 17”"),
    ]
    ref = story.conversation(asked).subject
    assert ref is not None and ref.audience is Audience.INTERNAL
    with refused("empty"):
        story.do(SetSubject, "ana", asked, subject="  ")
    with pytest.raises(InvalidInput, match="998"):
        SetSubject(by=agent("ana"), conversation_id=asked.conversation_id, subject="x" * 999)
    assert story.engine.verify() == []


# --- a status by name ---

STATUSES = {  # SentiOne's threads
    "New": "unassigned",
    "In_service": "assigned",
    "Awaiting_review": "assigned",
    "Closed": "closed",
}


@pytest.mark.row("25", "89")
def test_a_status_is_set_and_logged_by_the_name_that_the_desk_gave_it() -> None:
    story = staffed(statuses=STATUSES)
    asked = story.say("cara", "Where is my parcel?")
    story.do(SetStatus, "ana", asked, status="new")
    story.do(Take, "ana", asked)
    assert story.request(asked).status is None  # it left the state that the name was for
    story.do(SetStatus, "ana", asked, status="in_service")
    story.do(SetStatus, "ana", asked, status="awaiting_review")
    found = story.request(asked)
    assert (found.status, found.state) == ("awaiting_review", RequestState.ASSIGNED)
    story.do(Close, "ana", asked)
    story.do(SetStatus, "ana", asked, status="closed")
    assert story.request(asked).status == "closed"
    assert lines(story, asked, "request.status_set") == [
        ("Ana", "set the status to new"),
        ("Ana", "set the status to in_service"),
        ("Ana", "set the status to awaiting_review"),
        ("Ana", "set the status to closed"),
    ]
    assert story.engine.verify() == []


@pytest.mark.row("25")
def test_a_status_moves_nothing_and_belongs_to_one_state() -> None:
    story = staffed(statuses=STATUSES)
    asked = story.say("cara", "Where is my parcel?")
    with refused("wrong_state", "for assigned requests"):
        story.do(SetStatus, "ana", asked, status="in_service")
    with refused("unknown_status", "new, in_service, awaiting_review, closed"):
        story.do(SetStatus, "ana", asked, status="lunch")
    story.do(SetStatus, "ana", asked, status="new")
    story.do(SetStatus, "ana", asked, status="new")
    story.do(SetStatus, "ana", asked, status=None)
    assert story.request(asked).status is None
    assert story.tags(asked).count("request.status_set") == 2
    with pytest.raises(UnknownId):
        story.do(SetStatus, "ana", status="new", request_id="r_none")


def test_a_status_goes_with_every_way_out_of_its_state() -> None:
    story = staffed(statuses={"diagnosing": "assigned", "parked": "on_hold"})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(SetStatus, "ana", asked, status="diagnosing")
    story.do(Hold, "ana", asked, reason="customer")
    story.do(SetStatus, "ana", asked, status="parked")
    story.say("cara", "Here is the number.", to=asked, after=600)
    assert (story.request(asked).state, story.request(asked).status) == (RequestState.ASSIGNED, None)
    assert story.engine.verify() == []


def test_the_status_of_a_request_that_was_closed_long_ago_can_still_be_set() -> None:
    story = staffed(statuses={"billed": "closed"}, settings={"inactivity_close_after": 0})
    first = story.say("cara", "Where is my parcel?", channel="dm:desk")
    story.do(Close, "ana", first)
    story.wait(days=8)
    second = story.say("cara", "And the other one?", channel="dm:desk")
    assert second.conversation_id == first.conversation_id and second.request_id != first.request_id
    story.do(Close, "ana", second)
    story.do(SetStatus, "ana", first, status="billed")
    assert (story.request(first).status, story.request(second).status) == ("billed", None)
    assert story.conversation(first).closed[0].id == second.request_id
    story.do(Reopen, "ana", first)
    assert story.request(first).status is None
    assert story.engine.verify() == []


def test_settings_of_content_tell_all_their_problems() -> None:
    wrong = desk_with(
        tags={"two words": "x", "vip": 3},
        statuses={"new": "nowhere", "a b": "closed"},
        fields={
            "kind": {"type": "choice"},
            "id": {"type": "colour"},
            "vip": {"on": "customer", "required_on_close": True},
        },
    )
    with pytest.raises(InvalidSettings) as problem:
        Engine(MemoryStore(), wrong).desk  # noqa: B018  (asking for it compiles it)
    told = "\n".join(problem.value.problems)
    for path in (
        "tags.two words",
        "tags.vip",
        "statuses.new",
        "statuses.a b",
        "fields.kind.choices",
        "fields.id.type",
    ):
        assert f"{path}:" in told
    assert "fields.vip.required_on_close:" in told


# --- quick answers ---


def answers(story: Story, category: str) -> list[str]:
    """The quick answers of a category that are offered."""
    return [each.id for each in story.all(Records(kind="answer", name="category", content=category))]


def ready(story: Story, name: str = "sent", text: str = "Dear {{name}}, it left on {{ day }}.") -> Outcome:
    return story.do(DefineAnswer, "ida", answer=name, category="parcels", title="It left", text=text)


def posted(story: Story) -> list[str]:
    """What goes out to customers, as the transport gets it."""
    refs = [each.queued.effect.text for each in story.effects() if each.queued.effect.tag == "message.post"]
    read = story.store.texts(story.engine.workspace, [ref.id for ref in refs], Audience.CUSTOMER)
    return [read[ref.id] for ref in refs]


@pytest.mark.row("81")
def test_a_quick_answer_is_filled_in_to_be_edited(story: Story, asked: Outcome) -> None:
    ready(story)
    ready(story, "later", "Tomorrow.")
    assert answers(story, "parcels") == ["later", "sent"]
    assert story.engine.quick_answer("sent", {"name": "Cara", "day": "Monday", "hat": "red"}) == (
        "Dear Cara, it left on Monday."
    )
    assert story.engine.quick_answer("Sent", {"name": "Cara"}, by=agent("ana")) == (
        "Dear Cara, it left on {{ day }}."
    )
    assert posted(story) == []
    with pytest.raises(UnknownId, match="no quick answer"):
        story.engine.quick_answer("nothing")
    with pytest.raises(Forbidden):
        story.engine.quick_answer("sent", by=Actor(ActorKind.CUSTOMER, "p_1"))


@pytest.mark.row("81")
def test_a_quick_answer_is_sent_at_once_and_counts_as_a_reply(story: Story, asked: Outcome) -> None:
    ready(story)
    with refused("missing_values", "needs day"):
        story.do(SendAnswer, "ana", asked, answer="sent", values={"name": "Cara"})
    story.do(SendAnswer, "ana", asked, answer="sent", values={"name": "Cara", "day": "Monday"})
    assert posted(story) == ["Dear Cara, it left on Monday."]
    assert story.request(asked).assignee == "ana"
    assert lines(story, asked, "message.posted") == [
        ("Ana", "replied with quick answer sent “Dear Cara, it left on Monday.”")
    ]
    (sent,) = [event for event in story.events(asked) if isinstance(event, e.MessagePosted)]
    assert sent.answer == "sent"
    assert story.engine.verify() == []


@pytest.mark.row("70", "81")
def test_quick_answers_are_the_administrators_to_define_and_retire(story: Story, asked: Outcome) -> None:
    for command in (
        DefineAnswer(by=agent("ana"), answer="a", category="c", title="T", text="T"),
        RetireAnswer(by=agent("ana"), answer="sent"),
    ):
        with pytest.raises(Forbidden, match="define"):
            story.engine.handle(command)
    ready(story, text="First.")
    ready(story, text="Second.")
    assert story.engine.quick_answer("sent") == "Second."
    story.do(RetireAnswer, "ida", answer="sent")
    assert answers(story, "parcels") == []
    with pytest.raises(UnknownId, match="no quick answer"):
        story.do(SendAnswer, "ana", asked, answer="sent")
    with pytest.raises(UnknownId):
        story.engine.quick_answer("sent")
    assert lines(story, "answer:sent", "answer.defined", "answer.retired") == [
        ("Ida", "defined quick answer sent, “It left”: “First.”"),
        ("Ida", "defined quick answer sent, “It left”: “Second.”"),
        ("Ida", "retired quick answer sent"),
    ]
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


def test_an_answer_that_was_given_once_is_given_once(story: Story, asked: Outcome) -> None:
    ready(story, text="Tomorrow.")
    send = SendAnswer(by=agent("ana"), key="cmd:1", conversation_id=asked.conversation_id, answer="sent")
    first = story.engine.handle(send)
    story.do(RetireAnswer, "ida", answer="sent")
    again = story.engine.handle(send)
    assert (again.duplicate, again.message_id) == (True, first.message_id)
    assert posted(story) == ["Tomorrow."]


def test_an_answer_may_be_defined_and_sent_in_one_commit(story: Story, asked: Outcome) -> None:
    done = story.engine.handle_many(
        [
            DefineAnswer(by=agent("ida"), answer="soon", category="c", title="Soon", text="Soon, {{name}}."),
            SendAnswer(
                by=agent("ana"), conversation_id=asked.conversation_id, answer="soon", values={"name": "Cara"}
            ),
        ]
    )
    assert all(isinstance(each, Outcome) for each in done)
    assert posted(story) == ["Soon, Cara."]


def test_an_async_engine_tells_quick_answers_too(story: Story) -> None:
    ready(story, text="Soon, {{name}}.")
    other = AsyncEngine(story.store, workspace="desk", clock=story.time)
    assert asyncio.run(other.quick_answer("sent", {"name": "Cara"})) == "Soon, Cara."


def test_rules_may_send_quick_answers() -> None:
    def greet(occasion: Any) -> Iterable[Command]:
        yield SendAnswer(by=HOST, conversation_id=occasion.conversation.id, answer="hello")

    rule = Automation(name="greeter", on=frozenset({e.RequestOpened}), then=greet)
    story = Story(desk=desk_with(agents=AGENTS), plugins=[Rules(rule)])
    story.say("dora", "Anybody?")
    ready(story, "hello", "Thank you, we look into it.")
    story.say("cara", "Where is my parcel?")
    assert posted(story) == ["Thank you, we look into it."]
    assert story.engine.verify() == []


def test_an_answer_is_refused_where_a_reply_is(story: Story, asked: Outcome) -> None:
    ready(story, text="Tomorrow.")
    story.do(CloseConversation, "ana", asked)
    with refused("closed"):
        story.do(SendAnswer, "ana", asked, answer="sent")


@pytest.mark.parametrize("text", ["{{customer.name}}", "{{name()}}", "{{}}", "{{a b}}", "{{ x | upper }}"])
def test_nothing_but_a_flat_name_is_a_placeholder(story: Story, text: str) -> None:
    with refused("bad_placeholder", "a placeholder is a name"):
        ready(story, text=f"Dear {text}")
    assert placeholders(text) == () and misspelt(text) == (text,)
    assert filled(text, {"name": "x", "a": "y", "": "z"}) == text


@given(st.text(), st.dictionaries(st.from_regex(r"\A[a-z_]{1,8}\Z"), st.text() | st.just("{{name}}")))
def test_values_stay_what_they_are(between: str, values: dict[str, str]) -> None:
    """What is put in is never looked at again, and nothing else of the text changes. (S17)"""
    between = between.replace("{", "(").replace("}", ")")
    text = between.join(f"{{{{{name}}}}}" for name in values)
    assert filled(text, values) == between.join(values.values())
    assert placeholders(text) == tuple(values)


def test_a_long_hostile_text_is_read_in_no_time() -> None:
    for text in ("{{" * 200_000, "{{a" * 100_000, "{{" + "a" * 400_000 + "}}", "}}{{" * 100_000):
        assert filled(text, {"a": "b"}) == text
        assert placeholders(text) == ()


def test_an_answers_text_is_not_the_customers_until_it_is_sent(story: Story) -> None:
    ready(story)
    (answer,) = [each for each in story.all(Records(kind="answer")) if isinstance(each, Answer)]
    ids = (answer.text.id, answer.title.id)
    assert not story.store.texts(story.engine.workspace, ids, Audience.CUSTOMER)
