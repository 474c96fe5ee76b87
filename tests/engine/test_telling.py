"""History in people's words: who did it, and why only where it is not plain from that."""

from __future__ import annotations

from datetime import timedelta

from reqflow import (
    Actor,
    ActorKind,
    Assign,
    Close,
    Engine,
    MarkSeen,
    Messages,
    Reply,
    Unassign,
    agent,
    customer,
)
from reqflow.core.facts import Outcome
from reqflow.testing.desks import DESK, Story, desk_with
from tests.capabilities.carriers import Post


def told(story: Story, about: Outcome, word: str) -> list[tuple[str, str, str]]:
    """Who, what and why, of the lines that say this."""
    lines = story.engine.explain(about.conversation_id or "")
    return [(line.who, line.what, line.why) for line in lines if word in line.what]


def test_what_somebody_did_by_hand_needs_no_reason_but_their_own() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?")
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Unassign, "ana", asked)
    story.do(Close, "ana", asked, note="It was the fuse.")
    assert told(story, asked, "assigned") == [("Ana", "assigned the request to Bo", "")]
    assert told(story, asked, "closed the request") == [
        ("Ana", "closed the request: done", "“It was the fuse.”")
    ]


def test_what_a_machine_asked_for_says_so() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?")
    by = Actor(ActorKind.PLUGIN, "acme")
    story.engine.handle(Assign(by=by, request_id=asked.request_id, assignee="bo"))
    assert told(story, asked, "assigned") == [
        ("plugin acme", "assigned the request to Bo", "asked for by hand")
    ]


def test_the_queue_hands_out_the_channel_delivers_and_time_closes() -> None:
    story = Story(plugins=[Post()])
    asked = story.say("cara", "Where is it?", channel="line:1")
    story.engine.work()
    story.do(Reply, story.request(asked).assignee or "", asked, text="Here.")
    story.engine.work()
    story.wait(days=31)
    ((who, _, why),) = told(story, asked, "assigned the request")
    assert who == "the queue" and why.startswith("policy ")
    assert [who for who, *_ in told(story, asked, "delivered")] == ["the channel"]
    assert {who for who, *_ in told(story, asked, "closed")} == {"time"}


def test_what_follows_from_a_customers_words_is_the_desks_doing() -> None:
    story = Story(desk=desk_with(channels={**DESK["channels"], "chat:own": {"kind": "chat", "owner": "bo"}}))
    asked = story.say("cara", "Where is it?", channel="chat:own")
    assert [who for who, *_ in told(story, asked, "assigned")] == ["the desk"]
    assert {who for who, *_ in told(story, asked, "opened a request")} != {"the desk"}


def test_what_depends_on_the_clock_can_be_asked_for_another_moment() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?", channel="dm:1")
    here = asked.conversation_id or ""
    now, later = (story.engine.facts(here, at=at) for at in (None, story.now + timedelta(hours=1)))
    assert now.remaining is not None and now.remaining - (later.remaining or now.remaining) == timedelta(
        hours=1
    )


def test_a_customer_is_an_actor_who_reads_and_has_seen() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?", channel="dm:1")
    story.do(Reply, "ana", asked, text="Third one today.", audience="internal")
    engine: Engine = story.engine
    cara = customer(story.conversation(asked).requester)
    found = engine.read(Messages(conversation_id=asked.conversation_id), by=cara).items
    assert list(engine.texts(*found, by=cara).values()) == ["Where is it?"]
    assert len(engine.read(Messages(conversation_id=asked.conversation_id), by=agent("ana")).items) == 2
    assert engine.handle(MarkSeen(by=cara, conversation_id=asked.conversation_id)).kind == "done"
