"""Which messages become one request: the window, its limit, lateness, and what ends it."""

from __future__ import annotations

import pytest

from reqflow import Close, CloseReason, Reopen, Resolution, Take
from reqflow.core.events import ConversationLinked, RequestClosed
from reqflow.core.model import LinkKind
from reqflow.ports import EffectState
from reqflow.testing.desks import Story, desk_with

OWNED = desk_with(channels={"chat:*": {"kind": "chat", "owner": "ana"}})


@pytest.mark.row("3")
@pytest.mark.parametrize(
    ("gap", "together"), [(119.999999, True), (120, True), (120.000001, False), (0, True)]
)
def test_exactly_at_the_limit_still_joins(gap, together):
    story = Story()
    first = story.say("cara", "Where is it?")
    second = story.say("cara", "the blue one", after=gap)
    assert (second.request_id == first.request_id) is together


@pytest.mark.row("3")
def test_zero_turns_grouping_off():
    story = Story({"grouping_within": 0})
    first = story.say("cara", "Where is it?")
    second = story.say("cara", "the blue one")
    assert first.request_id is not None
    assert second.request_id is None


@pytest.mark.row("4")
def test_a_run_begins_at_its_first_detected_message():
    story = Story()
    loose = story.say("cara", "hello all")
    asked = story.say("cara", "Where is it?", after=10)
    joined = story.say("cara", "the blue one", after=10)
    assert loose.request_id is None
    assert joined.request_id == asked.request_id
    assert story.request(asked).opener == asked.message_id


@pytest.mark.row("4")
def test_sliding_counts_between_neighbours_and_fixed_from_the_first():
    for mode, expected in (("sliding", 1), ("fixed", 2)):
        story = Story({"grouping_mode": mode})
        for text in ("One?", "Two?", "Three?"):
            story.say("cara", text, after=100)
        assert len(story.requests()) == expected, mode


def test_anothers_words_in_between_end_nothing():
    story = Story()
    asked = story.say("cara", "Where is it?")
    story.say("ana", "let me look", after=10)
    story.say("dan", "Me too?", after=10)
    joined = story.say("cara", "the blue one", after=10)
    assert joined.request_id == asked.request_id


def test_groups_keep_to_their_channel_and_author():
    story = Story()
    asked = story.say("cara", "Where is it?")
    assert story.say("cara", "the blue one", channel="chat:den").request_id is None
    assert story.say("dan", "the blue one").request_id is None
    assert story.say("cara", "the blue one").request_id == asked.request_id


def test_joining_a_closed_request_reopens_it_but_thanks_do_not():
    story = Story()
    asked = story.say("cara", "Where is it?")
    story.do(Close, "ana", asked)
    assert story.say("cara", "thanks!", after=5).request_id == asked.request_id
    assert story.request(asked).state == "closed"
    story.say("cara", "it is not there", after=5)
    assert story.request(asked).state == "unassigned"


def test_an_older_question_that_comes_late_absorbs_the_younger_one():
    story = Story(desk=OWNED)
    younger = story.say("cara", "And the red one?")
    (notice,) = story.effects()
    older = story.say("cara", "Where is the blue one?", ago=60)
    assert story.request(younger).resolution is Resolution.MERGED
    assert story.conversation(younger).reason is CloseReason.MERGED
    assert story.conversation(younger).continued_in == older.conversation_id
    assert story.message(younger).request_id == older.request_id
    closed = next(event for event in story.events(younger) if isinstance(event, RequestClosed))
    assert (closed.into, closed.reason.code) == (older.request_id, "late")
    states = {each.queued.id: each.state for each in story.effects()}
    assert states.pop(notice.queued.id) is EffectState.CANCELLED
    assert set(states.values()) == {EffectState.READY}
    assert story.engine.verify() == []


def test_words_for_the_absorbed_reach_the_one_that_absorbed_it():
    story = Story()
    younger = story.say("cara", "And the red one?")
    older = story.say("cara", "Where is the blue one?", ago=60)
    assert story.say("ana", "I look", to=younger).request_id == older.request_id
    assert story.request(older).assignee == "ana"
    again = story.do(Reopen, "ana", younger)  # it leads to what it was merged into, which is open already
    assert again.request_id == older.request_id
    assert story.engine.history(younger.conversation_id)[-1].events[-1].tag == "request.closed"


def test_once_a_person_has_acted_both_stay_and_know_of_each_other():
    story = Story(desk=OWNED)
    younger = story.say("cara", "And the red one?")
    story.do(Take, "bo", younger) if story.request(younger).assignee is None else story.say(
        "ana", "I look", to=younger
    )
    older = story.say("cara", "Where is the blue one?", ago=60)
    assert story.request(younger).is_open
    assert story.request(older).is_open
    for here, there in ((older, younger), (younger, older)):
        links = [each for each in story.events(here) if isinstance(each, ConversationLinked)]
        assert [(each.kind, each.other) for each in links] == [(LinkKind.LATE, there.conversation_id)]


def test_what_is_still_to_be_done_is_never_absorbed_by_what_is_done():
    story = Story()
    first = story.say("cara", "Where is it?")
    story.do(Close, "ana", first)
    second = story.say("cara", "And the red one?", after=200)
    story.say("cara", "thanks!", ago=100)  # between the two: belongs to the first, reopens nothing
    assert story.request(first).state == "closed"
    assert story.request(second).is_open


def test_a_claim_from_the_future_counts_as_received():
    story = Story()
    outcome = story.say("cara", "Where is it?", ago=-3600)
    assert story.message(outcome).sent_at == story.now
    assert story.say("cara", "the blue one", after=60).request_id == outcome.request_id


@pytest.mark.row("6")
def test_direct_channels_follow_the_profile_instead():
    story = Story()
    first = story.say("cara", "Hello", channel="dm:1")
    later = story.say("cara", "more", channel="dm:1", after=10_000)
    other = story.say("dan", "Hello", channel="dm:1")
    assert first.request_id == later.request_id
    assert other.conversation_id != first.conversation_id


@pytest.mark.row("7")
def test_each_first_level_comment_is_a_conversation_and_nested_replies_attach():
    story = Story()
    first = story.say("x:cara", "Nice", channel="wall:post")
    second = story.say("x:cara", "And this", channel="wall:post", after=5)
    nested = story.say("x:dan", "I agree", channel="wall:post", to=first)
    assert first.conversation_id != second.conversation_id
    assert nested.conversation_id == first.conversation_id
    assert len(story.requests()) == 2
