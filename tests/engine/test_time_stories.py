"""What happens when nobody does anything: timers, windows, holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reqflow import Assign, Close, Hold, HoldReason, Reopen, Take, Wake
from reqflow.core.model import ConversationState, RequestState
from reqflow.errors import Refused, UnknownId
from reqflow.testing.desks import START, Story

MICROSECOND = 1e-6


def of(story: Story, about: object, tag: str) -> list[object]:
    return [event for event in story.events(about) if event.tag == tag]


@pytest.mark.row("33")
def test_an_open_request_expires_thirty_days_after_the_last_words() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.say("cara", "Hello?", to=asked, after=60)
    story.wait(days=30, microseconds=-1)
    assert story.request(asked).is_open
    story.wait(microseconds=1)
    assert story.request(asked).resolution == "expired"
    assert story.conversation(asked).reason == "expired"
    assert story.timers() == {}


def test_the_switch_narrows_expiry_to_assigned_ones() -> None:
    story = Story({"auto_close_assigned_only": True, "nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(days=40)
    assert story.request(asked).is_open
    story.do(Take, "ana", asked)
    story.wait(days=30)
    assert story.request(asked).resolution == "expired"


def test_zero_turns_a_timer_off() -> None:
    story = Story({"auto_close_after": 0, "nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    assert story.timers() == {}
    story.wait(days=400)
    assert story.request(asked).is_open


@pytest.mark.row("34")
def test_the_assignee_is_asked_to_close_once_a_day() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.wait(days=1, microseconds=-1)
    assert of(story, asked, "request.nudged") == []
    story.wait(microseconds=1)
    story.wait(days=1)
    assert len(of(story, asked, "request.nudged")) == 2
    assert [each.queued.effect.code for each in story.effects()] == ["please_close"] * 2


def test_nudges_missed_in_downtime_come_once_with_their_count() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.wait(days=5, hours=3)
    (nudge,) = of(story, asked, "request.nudged")
    assert nudge.missed == 4


def test_nobody_is_nudged_about_a_request_on_hold() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Hold, "ana", asked, reason=HoldReason.THIRD_PARTY)
    story.wait(days=3)
    assert of(story, asked, "request.nudged") == []


@pytest.mark.row("35")
def test_a_direct_conversation_ends_a_day_after_the_customers_last_words() -> None:
    story = Story()
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.do(Take, "ana", asked)
    story.wait(hours=24, microseconds=-1)
    assert story.conversation(asked).is_open
    story.wait(microseconds=1)
    assert story.conversation(asked).state is ConversationState.CLOSED
    assert story.request(asked).resolution == "expired"


def test_inactivity_may_count_only_while_the_last_word_is_ours() -> None:
    story = Story({"inactivity_only_when_answered": True, "inactivity_close_after": "24h"})
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.wait(days=2)
    assert story.conversation(asked).is_open
    story.say("ana", "Hello Cara", channel="dm:cara")
    story.wait(hours=1)
    assert not story.conversation(asked).is_open


def test_a_quiet_conversation_has_no_timers() -> None:
    story = Story()
    story.say("cara", "Good morning")
    assert story.timers() == {}


@pytest.mark.row("24")
def test_a_request_that_waits_for_the_customer_wakes_with_their_words() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Hold, "ana", asked, reason=HoldReason.CUSTOMER)
    assert story.request(asked).state is RequestState.ON_HOLD
    story.say("cara", "Number 17", to=asked, after=60)
    assert (story.request(asked).state, story.request(asked).assignee) == (RequestState.ASSIGNED, "ana")


def test_a_third_party_hold_is_not_ended_by_the_customer() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Hold, "ana", asked, reason=HoldReason.THIRD_PARTY)
    story.say("cara", "Hello?", to=asked, after=60)
    assert story.request(asked).state is RequestState.ON_HOLD
    story.do(Wake, "ana", asked)
    assert story.request(asked).state is RequestState.UNASSIGNED  # nobody had it


def test_a_snooze_ends_at_its_moment_and_never_expires_before() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    until = START + timedelta(days=45)
    story.do(Hold, "ana", asked, reason=HoldReason.SNOOZED, until_at=until)
    story.say("cara", "Still waiting", to=asked, after=60)
    assert story.request(asked).state is RequestState.ON_HOLD
    story.wait(days=44)
    assert story.request(asked).state is RequestState.ON_HOLD
    story.wait(days=1)
    assert story.request(asked).state is RequestState.ASSIGNED


def test_waking_may_requeue() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Hold, "ana", asked, reason=HoldReason.THIRD_PARTY)
    story.do(Wake, "ana", asked, requeue=True)
    assert story.request(asked).assignee is None
    assert story.conversation(asked).holder is None
    with pytest.raises(Refused, match="not on hold"):
        story.do(Wake, "ana", asked)


def test_a_snooze_needs_a_moment_to_come() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(Refused, match="needs the moment"):
        story.do(Hold, "ana", asked, reason=HoldReason.SNOOZED)
    with pytest.raises(Refused, match="has passed"):
        story.do(Hold, "ana", asked, reason=HoldReason.SNOOZED, until_at=START)


def test_held_work_may_change_hands_and_stays_on_hold() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Hold, "ana", asked, reason=HoldReason.THIRD_PARTY)
    story.do(Assign, "ana", asked, assignee="bo")
    assert (story.request(asked).state, story.request(asked).assignee) == (RequestState.ON_HOLD, "bo")


# --- closed, and then ---


def test_inside_the_window_a_customer_reopens_and_the_assignee_follows() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Close, "ana", asked)
    story.wait(days=7)
    again = story.say("cara", "It never came", to=asked)
    assert again.request_id == asked.request_id
    assert (story.request(asked).state, story.request(asked).assignee) == (RequestState.ASSIGNED, "ana")
    assert story.conversation(asked).holder == "ana"


def test_after_the_window_a_linked_follow_up_begins_and_the_thread_leads_there() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    story.wait(days=7, microseconds=1)
    later = story.say("cara", "Why did it never come?", to=asked)
    assert later.conversation_id != asked.conversation_id
    assert not story.request(asked).is_open and story.request(later).is_open
    assert story.conversation(asked).continued_in == later.conversation_id
    more = story.say("cara", "Hello?", to=asked, after=600)
    assert more.request_id == later.request_id


def test_a_direct_channel_begins_anew_after_closing() -> None:
    story = Story({"inactivity_close_after": 0})
    asked = story.say("cara", "Hello", channel="dm:cara")
    more = story.say("cara", "Me again", channel="dm:cara", after=7200)
    assert more.conversation_id == asked.conversation_id
    story.do(Close, "ana", asked)
    from reqflow import CloseConversation

    story.do(CloseConversation, "ana", asked)
    new = story.say("cara", "Another thing", channel="dm:cara", after=60)
    assert new.conversation_id != asked.conversation_id and new.request_id != asked.request_id


@pytest.mark.parametrize("thanks", ["Thanks!", "ok great, thank you so much", "Danke"])
def test_thanks_alone_reopen_nothing(thanks: str) -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    story.say("cara", thanks, to=asked, after=600)
    assert not story.request(asked).is_open
    assert story.conversation(asked).messages == 2  # kept all the same


@pytest.mark.parametrize("words", ["Thanks, but it still fails", "thank you, when?", "Thanks for 2 of 3"])
def test_thanks_with_more_to_say_reopen(words: str) -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    story.say("cara", words, to=asked, after=600)
    assert story.request(asked).is_open


def test_a_channel_may_let_thanks_reopen() -> None:
    story = Story({"thanks_reopen": True})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    story.say("cara", "Thanks!", to=asked, after=600)
    assert story.request(asked).is_open


def test_reopening_by_hand_and_twice() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    story.do(Reopen, "ana", asked)
    assert story.request(asked).state is RequestState.UNASSIGNED
    with pytest.raises(Refused, match="not closed"):
        story.do(Reopen, "ana", asked)


def test_a_request_closed_long_before_others_can_be_reopened() -> None:
    story = Story({"detection": "always", "requests_per_conversation": "many", "reopen_within": 0})
    first = story.say("cara", "One", channel="dm:cara")
    story.do(Close, "ana", first)
    second = story.say("cara", "Two", channel="dm:cara", after=60)
    story.do(Close, "ana", second)
    third = story.say("cara", "Three", channel="dm:cara", after=60)
    assert len({first.request_id, second.request_id, third.request_id}) == 3
    story.do(Close, "ana", third)
    story.do(Reopen, "ana", first)
    assert story.request(first).is_open and not story.request(third).is_open
    assert story.engine.verify() == []


def test_a_shorter_setting_reaches_what_is_open_already() -> None:
    from reqflow.testing.desks import desk_with

    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.engine.configure(desk_with({"auto_close_after": "1h"}))
    story.wait(hours=2)
    assert story.request(asked).resolution == "expired"


def test_a_timer_set_off_early_by_an_old_moment_waits_for_the_new_one() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.wait(days=29)
    story.say("cara", "Hello?", to=asked)
    story.wait(days=2)  # the agenda still held the first deadline
    assert story.request(asked).is_open
    assert list(story.timers().values()) == [START + timedelta(days=59)]


def test_reopening_a_duplicate_reopens_what_it_points_at() -> None:
    story = Story()
    first = story.say("cara", "Where is my parcel?")
    second = story.say("dan", "Where is our parcel?")
    story.do(Close, "ana", second, resolution="duplicate", into=first.request_id)
    story.do(Close, "ana", first)
    again = story.do(Reopen, "ana", second)
    assert again.request_id == first.request_id
    assert story.request(first).is_open and not story.request(second).is_open
    assert story.engine.verify() == []


def test_a_duplicate_must_point_at_something() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(UnknownId, match="r_nowhere"):
        story.do(Close, "ana", asked, resolution="duplicate", into="r_nowhere")
    with pytest.raises(Refused, match="itself"):
        story.do(Close, "ana", asked, resolution="duplicate", into=asked.request_id)
    assert story.request(asked).is_open
