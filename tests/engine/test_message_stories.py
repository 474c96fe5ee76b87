"""Where messages go: grouping, detection, late arrivals, redelivery, and whom the desk does not know."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from reqflow import Close, Inbound, OutcomeKind, Take
from reqflow.core.model import CloseReason, ConversationState, Detection, Label, Resolution
from reqflow.errors import InvalidInput
from reqflow.testing.desks import START, Story, desk_with


@pytest.mark.row("3")
@pytest.mark.parametrize(("gap", "joins"), [(119.9, True), (120, True), (120.000001, False)])
def test_follow_ups_join_up_to_the_limit(gap: float, joins: bool) -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    more = story.say("cara", "Number 17", after=gap)
    assert (more.request_id == asked.request_id) is joins


def test_the_window_slides_from_neighbour_to_neighbour_unless_fixed() -> None:
    for mode, joins in (("sliding", True), ("fixed", False)):
        story = Story({"grouping_mode": mode})
        asked = story.say("cara", "Where is my parcel?")
        story.say("cara", "Number 17", after=100)
        last = story.say("cara", "A red one", after=100)
        assert (last.request_id == asked.request_id) is joins


@pytest.mark.row("3")
def test_zero_turns_grouping_off() -> None:
    story = Story({"grouping_within": 0})
    asked = story.say("cara", "Where is my parcel?")
    assert story.say("cara", "Number 17", after=1).conversation_id != asked.conversation_id


@pytest.mark.row("4")
def test_a_run_starts_at_its_first_detected_message() -> None:
    story = Story()
    hello = story.say("cara", "Hello everybody")
    asked = story.say("cara", "Where is my parcel?", after=10)
    more = story.say("cara", "Number 17", after=10)
    assert hello.request_id is None and more.request_id == asked.request_id


def test_others_words_in_between_end_nothing() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.say("ana", "Which one?", after=5)
    story.say("dan", "Nice weather", after=5)
    assert story.say("cara", "Number 17", after=5).request_id == asked.request_id


def test_groups_never_cross_authors_or_channels() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    assert story.say("dan", "Number 17", after=5).request_id is None
    assert story.say("cara", "Number 17", after=5, channel="chat:garden").request_id is None
    assert asked.request_id is not None


def test_a_late_older_message_takes_its_followers_in() -> None:
    story = Story()
    story.now = START + timedelta(seconds=100)
    more = story.say("cara", "Number 17")
    again = story.say("cara", "Is it red?", after=30)
    asked = story.say("cara", "Where is my parcel?", ago=130)
    assert set(story.partition().values()) == {asked.request_id}
    assert story.request(again).resolution is Resolution.MERGED
    for absorbed in (more, again):
        assert story.conversation(absorbed).reason is CloseReason.MERGED
        assert story.conversation(absorbed).continued_in == asked.conversation_id
    answer = story.say("ana", "Here it is", to=again)
    assert answer.request_id == asked.request_id


def test_once_a_person_has_acted_both_stay_and_know_of_each_other() -> None:
    story = Story()
    story.now = START + timedelta(seconds=100)
    younger = story.say("cara", "Is it red?")
    story.do(Take, "ana", younger)
    asked = story.say("cara", "Where is my parcel?", ago=60)
    assert story.request(younger).is_open and story.request(asked).is_open
    (link,) = [x for x in story.events(asked) if x.tag == "conversation.linked"]
    assert (link.kind, link.other) == ("late", younger.conversation_id)


def test_an_automatic_assignment_is_not_touching() -> None:
    story = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "owner": "eva"}}))
    story.now = START + timedelta(seconds=100)
    younger = story.say("cara", "Is it red?")
    asked = story.say("cara", "Where is my parcel?", ago=60)
    assert story.request(younger).resolution is Resolution.MERGED
    assert story.request(asked).assignee == "eva"


def test_an_answer_may_come_before_what_it_answers() -> None:
    story = Story()
    early = story.say("dan", "Me too", to="root")
    asked = story.say("cara", "Where is my parcel?", native="root", ago=60)
    assert early.conversation_id == asked.conversation_id
    assert story.partition() == {"1": asked.request_id, "root": asked.request_id}


@pytest.mark.row("6")
def test_a_direct_channel_keeps_one_conversation_per_profile() -> None:
    story = Story()
    first = story.say("cara", "Hello", channel="dm:cara")
    later = story.say("cara", "Are you there", channel="dm:cara", after=7200)
    assert later.conversation_id == first.conversation_id and later.request_id == first.request_id


@pytest.mark.row("7")
def test_a_public_channel_begins_one_per_first_level_comment() -> None:
    story = Story()
    first = story.say("cara", "Bad service", channel="wall:post")
    second = story.say("cara", "Really bad", channel="wall:post", after=5)
    nested = story.say("dan", "I agree", channel="wall:post", to=first)
    assert second.conversation_id != first.conversation_id
    assert nested.conversation_id == first.conversation_id


@pytest.mark.row("1")
def test_detection_may_be_always_off_or_the_classifiers() -> None:
    for mode, opens in (("always", True), ("off", False), ("classifier", False)):
        story = Story({"detection": mode})
        assert (story.say("cara", "Hello").request_id is not None) is opens


def test_an_undetected_message_is_quiet() -> None:
    story = Story()
    hello = story.say("cara", "Good morning")
    assert story.conversation(hello).is_quiet and story.effects() == [] and story.timers() == {}


# --- classifiers that misbehave ---


class Raising:
    name = "raising"

    def classify(self, inbound: Inbound) -> Detection:
        raise RuntimeError("secret text: " + inbound.text)


class Slow:
    name = "slow"

    def __init__(self) -> None:
        self.stop = False

    def classify(self, inbound: Inbound) -> Detection:
        while not self.stop:
            time.sleep(0.005)
        return Detection(Label.TALK, "slow")


@pytest.mark.parametrize("opens", [True, False])
def test_a_failing_classifier_loses_no_message(opens: bool) -> None:
    story = Story({"unknown_opens": opens}, classifier=Raising())
    asked = story.say("cara", "Where is my parcel?")
    assert (asked.request_id is not None) is opens
    (heard,) = [x for x in story.events(asked) if x.tag == "message.received"]
    assert heard.detection.label is Label.UNKNOWN and heard.detection.reasons == ("RuntimeError",)


def test_a_slow_classifier_is_not_waited_for() -> None:
    slow = Slow()
    story = Story(classifier=slow, consult_within=0.02)
    try:
        asked = story.say("cara", "Where is my parcel?")
    finally:
        slow.stop = True
    (heard,) = [x for x in story.events(asked) if x.tag == "message.received"]
    assert (heard.detection.label, heard.detection.by) == (Label.UNKNOWN, "timed_out")


def test_without_a_classifier_nobody_could_tell() -> None:
    story = Story(classifier=None)
    assert story.say("cara", "Hello").request_id is not None


def test_a_follow_up_in_the_window_asks_no_classifier() -> None:
    story = Story()
    story.say("cara", "Where is my parcel?")
    more = story.say("cara", "Number 17", after=5)
    heard = [x for x in story.events(more) if x.tag == "message.received"]
    assert [x.detection is None for x in heard] == [False, True]


# --- again, and from strangers ---


@pytest.mark.row("9")
def test_redelivery_gets_the_first_outcome_and_changes_nothing() -> None:
    story = Story()
    letter = story.letter("cara", "Where is my parcel?")
    first = story.hear(letter)
    story.do(Close, "ana", first)
    before = story.engine.history(first.conversation_id or "")
    story.wait(days=1)
    again = story.hear(letter)
    assert again.duplicate and (again.request_id, again.message_id) == (first.request_id, first.message_id)
    assert story.engine.history(first.conversation_id or "") == before


def test_the_same_native_id_in_another_channel_is_another_message() -> None:
    story = Story()
    first = story.say("cara", "Where is it?", native="1")
    second = story.say("cara", "Where is it?", native="1", channel="chat:garden")
    assert not second.duplicate and second.message_id != first.message_id


def test_a_command_key_makes_a_retry_harmless() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    first = story.do(Close, "ana", asked, key="close-1")
    again = story.do(Close, "ana", asked, key="close-1")
    assert again.duplicate and not first.duplicate
    assert story.tags(asked).count("request.closed") == 1


def test_an_unknown_channel_is_ignored_with_a_reason() -> None:
    story = Story()
    outcome = story.say("cara", "Hello?", channel="pager:7")
    assert (outcome.kind, outcome.code) == (OutcomeKind.IGNORED, "unknown_channel")
    assert story.partition() == {}


def test_a_bot_opens_nothing_answers_nobody_but_is_kept_in_its_thread() -> None:
    story = Story()
    assert story.say("robot", "Build failed?", bot=True).code == "bot"
    asked = story.say("cara", "Where is my parcel?")
    note = story.say("robot", "Parcel 17 left", to=asked, bot=True)
    assert note.request_id == asked.request_id and story.request(asked).assignee is None


def test_a_claim_from_the_future_counts_as_received() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?", sent_at=START + timedelta(days=400))
    assert story.request(asked).opened_at == START
    assert story.hear(
        story.letter("cara", "Where is my parcel?", native="1", sent_at=START + timedelta(days=400))
    ).duplicate


@pytest.mark.parametrize(
    ("field", "content", "says"),
    [
        ("sent_at", datetime(2024, 1, 1), "time zone"),
        ("sent_at", "yesterday", "time zone"),
        ("received_at", datetime(2024, 1, 1), "time zone"),
        ("channel", "lobby", "transport:name"),
        ("author", "", "1 to 512"),
        ("author", "chat:a\nb", "printable"),
        ("native", "x" * 513, "1 to 512"),
        ("native", 7, "must be text"),
        ("text", None, "must be text"),
        ("replies_to", ("a", ""), "1 to 512"),
    ],
)
def test_what_cannot_be_used_says_what_and_why(field: str, content: object, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as problem:
        Story().letter("cara", **{"text": "Hello", field: content})
    assert field in str(problem.value)


def test_texts_that_no_database_takes_are_mended() -> None:
    story = Story()
    asked = story.say("cara", "nul \0 and \ud800?")
    lines = [line.what for line in story.engine.explain(asked.request_id or "")]
    assert "wrote “nul � and �?”" in lines


def test_dry_run_tells_and_changes_nothing() -> None:
    story = Story()
    letter = story.letter("cara", "Where is my parcel?")
    rehearsal = story.engine.dry_run(letter)
    assert rehearsal.batch is not None and rehearsal.outcome.request_id
    assert story.partition() == {} and story.timers() == {}
    assert story.hear(letter) == rehearsal.outcome


def test_a_spam_of_ids_is_cut_to_its_ends() -> None:
    letter = Story().letter("cara", "Hello", replies_to=tuple(str(n) for n in range(500)))
    assert len(letter.replies_to) == 24 and letter.replies_to[0] == "0" and letter.replies_to[-1] == "499"


def test_an_agent_may_be_the_one_who_asks_quietly() -> None:
    story = Story()
    talk = story.say("ana", "Lunch?")
    assert talk.request_id is None
    asked = story.say("cara", "Can I come?", to=talk)
    assert story.conversation(asked).requester == story.message(asked).profile_id
    story.say("ana", "Of course", to=talk)
    assert story.request(asked).assignee == "ana"
    assert story.conversation(talk).state is ConversationState.ACTIVE


def test_replies_stay_in_the_thread_where_the_talk_goes_on() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.say("cara", "Number 17", after=30)
    assert story.conversation(asked).thread == "1"
    story.say("cara", "Hello?", to="2", after=600)
    assert story.conversation(asked).thread == "2"


def test_words_of_a_closed_vocabulary_may_be_plain_and_must_be_right() -> None:
    from reqflow import Hold, HoldReason, agent

    assert Hold(by=agent("ana"), request_id="r", reason="customer").reason is HoldReason.CUSTOMER
    with pytest.raises(InvalidInput, match=r"HoldReason must be one of customer.*lunch"):
        Hold(by=agent("ana"), request_id="r", reason="lunch")
    with pytest.raises(InvalidInput, match="Audience"):
        Story().letter("cara", "Hello", audience="everybody")


def test_a_second_subject_is_the_first_line_of_what_stands_by_itself() -> None:
    """The first one is what the conversation is called; of what joins it, nothing that was said is lost."""
    story = Story()
    asked = story.say("cara", "It is wrong.", channel="mail:desk", subject="Invoice 7")
    story.say("cara", "So is this.", channel="mail:desk", subject="Invoice 8", after=60)
    story.say("cara", "Well?", channel="mail:desk", subject="Re: Invoice 7", to=asked, after=600)
    wrote = [
        line.what for line in story.engine.explain(asked.request_id or "") if line.tag == "message.received"
    ]
    assert wrote == ["wrote “It is wrong.”", "wrote “Invoice 8 So is this.”", "wrote “Well?”"]
