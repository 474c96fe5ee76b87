"""Where a message belongs, which request it means, on which side its author stands."""

from __future__ import annotations

import pytest

from reqflow import Audience, Close, CloseConversation, OutcomeKind, Reply, Take, agent
from reqflow.core.events import MessageReceived
from reqflow.core.model import Side
from reqflow.errors import Refused, UnknownId
from reqflow.ports import Conversations, Messages, Streams
from reqflow.testing.desks import Story, desk_with

MANY = desk_with({"requests_per_conversation": "many", "detection": "classifier", "visibility": "channel"})


def two(story):
    return (
        story.say("cara", "One?", channel="dm:1"),
        story.say("cara", "Two?", channel="dm:1", after=60),
    )


def test_a_message_named_for_a_request_means_that_one():
    story = Story(desk=MANY)
    first, second = two(story)
    named = story.say("cara", "about one", channel="dm:1", request_id=first.request_id)
    assert named.request_id == first.request_id
    answered = story.say("ana", "on it", channel="dm:1", request_id=first.request_id)
    assert answered.request_id == first.request_id
    assert story.request(first).assignee == "ana"
    assert story.request(second).assignee is None


def test_else_it_means_the_one_it_replies_to():
    story = Story(desk=MANY)
    first, second = two(story)
    assert story.say("cara", "about one", channel="dm:1", to=first).request_id == first.request_id
    assert story.say("ana", "on it", channel="dm:1", to=first).request_id == first.request_id
    assert (story.request(first).assignee, story.request(second).assignee) == ("ana", None)


def test_else_for_a_customer_the_last_open_one_and_for_an_agent_their_own():
    story = Story(desk=MANY)
    first, second = two(story)
    story.do(Take, "ana", first)
    assert story.say("cara", "well", channel="dm:1").request_id == second.request_id
    assert story.do(Reply, "ana", first, text="yes", request_id=None).request_id == first.request_id
    assert story.do(Reply, "bo", first, text="yes", request_id=None).request_id == second.request_id


def test_a_reply_to_a_closed_request_reopens_that_one_beside_an_open_one():
    story = Story(desk=MANY)
    first, _ = two(story)
    story.do(Close, "ana", first)
    assert story.say("cara", "still", channel="dm:1", to=first).request_id == first.request_id
    assert story.request(first).is_open


def test_a_further_question_beside_an_open_one_opens_another_though_one_was_closed():
    story = Story(desk=MANY)
    first, second = two(story)
    story.do(Close, "ana", first)
    third = story.say("cara", "Three?", channel="dm:1")
    assert third.request_id not in (first.request_id, second.request_id, None)
    assert not story.request(first).is_open


def test_a_reply_that_names_a_request_of_elsewhere_is_refused():
    story = Story(desk=MANY)
    first, _ = two(story)
    elsewhere = story.say("dan", "And I?")
    with pytest.raises(Refused, match="no open request of"):
        story.do(Reply, "ana", first, text="yes", request_id=elsewhere.request_id)
    with pytest.raises(UnknownId, match="no request r_nowhere"):
        story.do(Reply, "ana", first, text="yes", request_id="r_nowhere")


@pytest.mark.row("6")
def test_in_a_direct_channel_an_old_message_answered_belongs_to_the_conversation_of_now():
    story = Story()
    old = story.say("cara", "Hello", channel="dm:1")
    story.do(CloseConversation, "ana", old)
    new = story.say("cara", "Something else", channel="dm:1", after=60)
    assert new.conversation_id != old.conversation_id
    quoting = story.say("cara", "about that", channel="dm:1", to=old, after=60)
    assert quoting.conversation_id == new.conversation_id
    assert [c.id for c in story.all(Conversations(open=True))] == [new.conversation_id]


@pytest.mark.row("38")
class TestInTheChannelNotTheThread:
    """Only the last open request counts."""

    def test_it_assigns_the_last_open_one_and_is_attached_there(self):
        story = Story()
        older = story.say("cara", "One?")
        last = story.say("dan", "Two?", after=5)
        answer = story.say("ana", "on it", after=5)
        assert answer.request_id == last.request_id
        assert (story.request(last).assignee, story.request(older).assignee) == ("ana", None)

    def test_anothers_stays_anothers_and_the_words_are_quiet_talk(self):
        story = Story()
        older = story.say("cara", "One?")
        last = story.say("dan", "Two?", after=5)
        story.do(Take, "bo", last)
        talk = story.say("ana", "on it", after=5)
        assert talk.request_id is None
        assert talk.conversation_id not in (older.conversation_id, last.conversation_id)
        assert story.conversation(talk).is_quiet
        assert story.request(older).assignee is None

    def test_their_own_is_answered(self):
        story = Story()
        asked = story.say("dan", "Two?")
        story.do(Take, "ana", asked)
        assert story.say("ana", "on it", after=5).request_id == asked.request_id

    def test_with_no_open_request_it_is_talk(self):
        story = Story()
        asked = story.say("dan", "Two?")
        story.do(Close, "ana", asked)
        assert story.say("bo", "hello all").request_id is None

    def test_last_is_by_the_time_it_was_sent(self):
        story = Story()
        last = story.say("dan", "Two?")
        story.say("cara", "One?", ago=600)
        assert story.say("ana", "on it").request_id == last.request_id

    def test_it_can_be_off(self):
        story = Story({"assign_first_response": False})
        asked = story.say("dan", "Two?")
        assert story.say("ana", "on it").request_id is None
        assert story.say("ana", "on it", to=asked).request_id == asked.request_id
        assert story.request(asked).assignee is None

    def test_a_note_among_colleagues_answers_nobody(self):
        story = Story()
        asked = story.say("dan", "Two?")
        story.say("ana", "who knows?", audience=Audience.INTERNAL)
        story.say("ana", "who knows?", audience=Audience.INTERNAL, to=asked)
        assert story.request(asked).assignee is None
        assert story.conversation(asked).team_at is None


@pytest.mark.row("67")
def test_sides_are_decided_per_channel():
    channels = {"chat:*": {"kind": "chat"}, "chat:help": {"kind": "chat", "responder_teams": ["support"]}}
    story = Story(desk=desk_with(channels=channels))
    asked = story.say("eva", "How do I file this?", channel="chat:help")
    assert story.request(asked).state == "unassigned"  # a colleague asks colleagues
    assert story.say("eva", "quickly please", channel="chat:help").request_id == asked.request_id
    story.say("ana", "like so", channel="chat:help", to=asked)
    assert story.request(asked).assignee == "ana"
    assert story.say("eva", "How do I file this?").request_id is None  # elsewhere she answers


def test_who_asked_stays_requester_though_they_respond_there():
    channels = {"chat:*": {"kind": "chat"}, "chat:help": {"kind": "chat", "responder_teams": ["sales"]}}
    story = Story(desk=desk_with(channels=channels))
    asked = story.say("ana", "How?", channel="chat:help")
    story.engine.configure(desk_with(channels={**channels, "chat:help": {"kind": "chat"}}))
    later = story.say("ana", "anyone", channel="chat:help", to=asked)
    assert story.message(later, "chat:help").side is Side.REQUESTER
    assert story.request(asked).assignee is None


def test_a_bot_answers_nothing_and_asks_nothing():
    story = Story()
    asked = story.say("cara", "Where?")
    echoed = story.say("robot", "noted", to=asked, bot=True)
    assert story.request(asked).assignee is None
    assert echoed.conversation_id == asked.conversation_id
    ignored = story.say("robot", "What?", bot=True)
    assert (ignored.kind, ignored.code) == (OutcomeKind.IGNORED, "bot")


def test_a_message_that_comes_again_gets_its_first_outcome():
    story = Story()
    letter = story.letter("cara", "Where?")
    first = story.hear(letter)
    story.do(Close, "ana", first)
    before = [story.engine.history(s) for s in story.all(Streams())]
    again = story.hear(letter)
    assert again.duplicate
    assert (again.conversation_id, again.request_id, again.message_id) == (
        first.conversation_id,
        first.request_id,
        first.message_id,
    )
    assert [story.engine.history(s) for s in story.all(Streams())] == before


def test_the_same_native_id_in_another_channel_is_another_message():
    story = Story()
    first = story.say("cara", "Where?", native="7")
    second = story.say("cara", "Where?", native="7", channel="chat:den")
    assert not second.duplicate
    assert first.message_id != second.message_id


def test_an_unknown_channel_is_ignored_and_leaves_nothing():
    story = Story()
    outcome = story.say("cara", "Where?", channel="fax:1")
    assert (outcome.kind, outcome.code) == (OutcomeKind.IGNORED, "unknown_channel")
    assert story.all(Messages()) == []
    assert story.all(Streams()) == ["desk"]


def test_whoever_writes_in_an_internal_conversation_writes_internally():
    story = Story()
    inside = story.say("eva", "psst", channel="dm:staff", audience=Audience.INTERNAL, author="x:eve")
    assert story.conversation(inside).audience is Audience.INTERNAL
    later = story.say("eva", "more", channel="dm:staff", author="x:eve")
    (event,) = [
        each
        for each in story.events(later)
        if isinstance(each, MessageReceived) and each.message.id == later.message_id
    ]
    assert event.message.text is not None
    assert event.message.audience is event.message.text.audience is Audience.INTERNAL
    with pytest.raises(Exception, match="internal"):
        story.do(Reply, "ana", inside, text="hi", request_id=None)


def test_a_question_in_a_thread_whose_beginning_nobody_saw_and_then_did():
    story = Story()
    reply = story.say("cara", "Does it work?", to="root")
    root = story.say("dan", "I built a thing", native="root", ago=60)
    assert root.conversation_id == reply.conversation_id
    assert story.say("cara", "it does", to="root").request_id == reply.request_id


def test_detection_off_opens_nothing_and_always_opens_for_the_first_message():
    off = Story({"detection": "off"})
    assert off.say("cara", "Where?").request_id is None
    always = Story({"detection": "always"})
    assert always.say("cara", "hello").request_id is not None


@pytest.mark.row("1")
def test_a_quiet_conversation_has_no_queue_timer_notice_or_load():
    story = Story({"owner": "ana", "queue": "first"})
    quiet = story.say("cara", "hello all")
    assert story.conversation(quiet).is_quiet
    assert story.requests() == []
    assert story.effects() == []
    assert story.timers() == {}


def test_trying_changes_nothing_and_says_what_would_happen():
    story = Story({"owner": "ana"})
    asked = story.say("cara", "Where?")
    before = (story.engine.history(asked.conversation_id), story.effects(), story.timers())
    rehearsal = story.engine.dry_run(story.letter("dan", "And I?"))
    assert rehearsal.outcome.request_id is not None
    assert rehearsal.batch is not None and rehearsal.batch.effects
    story.engine.dry_run(Close(by=agent("ana"), request_id=asked.request_id))
    assert (story.engine.history(asked.conversation_id), story.effects(), story.timers()) == before
    assert len(story.all(Messages())) == 1
