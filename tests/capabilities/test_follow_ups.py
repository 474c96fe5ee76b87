"""Follow-ups: written now, sent in time as their author's answer, unless the customer writes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reqflow import CancelFollowUp, Close, ScheduleFollowUp, Take
from reqflow.core import events as e
from reqflow.core.effects import PostMessage
from reqflow.core.model import MAX_FOLLOW_UPS, Audience
from reqflow.errors import Forbidden, Refused, UnknownId
from reqflow.testing.desks import DESK, Story, desk_with

AGENTS = {**DESK["agents"], "rae": {"name": "Rae", "role": "restricted"}}


def desk(**tables: Any) -> Story:
    return Story(desk=desk_with({"nudge_after": 0}, agents=AGENTS, **tables))


def plan(story: Story, about: Any, who: str = "ana", text: str = "Did it arrive?", **span: float) -> Any:
    return story.do(
        ScheduleFollowUp, who, about, text=text, due_at=story.now + timedelta(**(span or {"days": 2}))
    )


def posted(story: Story) -> list[PostMessage]:
    return [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, PostMessage)]


def why_cancelled(story: Story, about: Any) -> list[str]:
    return [each.reason.code for each in story.events(about) if isinstance(each, e.FollowUpCancelled)]


def test_a_follow_up_is_sent_in_time_as_its_authors_answer() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "bo", asked)
    plan(story, asked, "ana")
    story.wait(days=1, hours=23)
    assert posted(story) == []
    story.wait(hours=1)
    (effect,) = posted(story)
    assert effect.text.audience is Audience.CUSTOMER
    assert story.store.texts("desk", [effect.text.id], Audience.CUSTOMER) == {
        effect.text.id: "Did it arrive?"
    }
    lines = story.engine.explain(asked.conversation_id or "")
    assert [(line.who, line.what) for line in lines][-2:] == [
        ("Ana", "replied “Did it arrive?”"),
        ("Ana", "sent the follow-up"),
    ]
    assert story.request(asked).assignee == "bo"
    story.wait(days=5)
    assert len(posted(story)) == 1
    assert story.conversation(asked).follow_ups == ()
    assert story.engine.verify() == []


def test_a_customers_message_cancels_it() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    plan(story, asked)
    plan(story, asked, text="Anything else?", days=3)
    story.wait(days=1)
    story.say("bo", "I have looked, too.", to=asked)
    assert why_cancelled(story, asked) == []  # a colleague's words are no answer
    story.say("cara", "It came, thank you", to=asked)
    assert why_cancelled(story, asked) == ["customer_wrote"] * 2
    story.wait(days=5)
    assert posted(story) == []
    told = [
        line.why
        for line in story.engine.explain(asked.conversation_id or "")
        if line.tag == "follow_up.cancelled"
    ]
    assert told == ["the customer wrote again"] * 2
    assert story.engine.verify() == []


def test_closing_the_conversation_ends_it() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    plan(story, asked)
    story.do(Close, "ana", asked)
    story.wait(days=5)
    assert posted(story) == []
    assert (story.conversation(asked).follow_ups, story.timers()) == ((), {})
    with pytest.raises(Refused, match="closed"):
        plan(story, asked)


def test_it_outlives_its_request_while_the_conversation_is_open() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?", channel="dm:cara")
    story.engine.configure(desk_with({"nudge_after": 0, "inactivity_close_after": 0}, agents=AGENTS))
    plan(story, asked)
    story.do(Close, "ana", asked)
    story.wait(days=2)
    assert len(posted(story)) == 1


def test_rights_are_checked_when_it_is_sent() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    plan(story, asked, "ana")
    restricted = {**AGENTS, "ana": {**AGENTS["ana"], "role": "restricted"}}
    story.engine.configure(desk_with(agents=restricted))
    story.wait(days=2)
    assert posted(story) == []
    assert why_cancelled(story, asked) == ["needs_review"]
    other = story.say("dan", "And mine?")
    plan(story, other, "bo")
    gone = {name: each for name, each in AGENTS.items() if name != "bo"}
    story.engine.configure(desk_with(agents=gone))
    story.wait(days=2)
    assert why_cancelled(story, other) == ["unknown_agent"]
    assert story.engine.verify() == []


def test_a_restricted_agent_schedules_nothing() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(Forbidden):
        plan(story, asked, "rae")


def test_it_can_be_taken_back() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    planned = plan(story, asked)
    story.do(CancelFollowUp, "bo", asked, follow_up_id=planned.record_id)
    assert why_cancelled(story, asked) == ["asked"]
    with pytest.raises(UnknownId):
        story.do(CancelFollowUp, "bo", asked, follow_up_id=planned.record_id)
    story.wait(days=5)
    assert posted(story) == []


def test_a_follow_up_needs_words_a_later_moment_and_room() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    for fields, code in (({"text": "  "}, "empty"), ({"seconds": 0}, "past_moment")):
        with pytest.raises(Refused) as refusal:
            plan(story, asked, **fields)
        assert refusal.value.code == code
    for _ in range(MAX_FOLLOW_UPS):
        plan(story, asked)
    with pytest.raises(Refused) as refusal:
        plan(story, asked)
    assert refusal.value.code == "too_many"


def test_what_waits_to_be_sent_is_not_for_customers_yet() -> None:
    story = desk()
    asked = story.say("cara", "Where is my parcel?")
    plan(story, asked)
    (waiting,) = story.conversation(asked).follow_ups
    assert story.store.texts("desk", [waiting.text.id], Audience.CUSTOMER) == {}


def test_a_rule_follows_up_under_its_authors_rights() -> None:
    rule = {
        "author": "ana",
        "on": "request.opened",
        "then": {"follow_up": {"text": "Still there?", "after": "3d"}},
    }
    story = desk(rules={"chase": rule})
    asked, other = story.say("cara", "Where is it?"), story.say("dan", "And mine?")
    story.say("dan", "Found it", to=other)
    story.wait(days=3)
    (effect,) = posted(story)
    assert effect.conversation_id == asked.conversation_id
    assert story.engine.history(asked.conversation_id or "")[-1].actor.id == "chase"
    assert story.request(asked).assignee is None
    third = story.say("eve", "And mine?")
    restricted = {**AGENTS, "ana": {**AGENTS["ana"], "role": "restricted"}}
    story.engine.configure(desk_with(agents=restricted, rules={"chase": rule}))
    story.wait(days=3)
    assert why_cancelled(story, third) == ["needs_review"]
