"""Where work stands: what a new request waits for, who takes it up, and who puts it where it belongs."""

from __future__ import annotations

import pytest

from reqflow import (
    Accept,
    Assign,
    Close,
    CloseConversation,
    Conversations,
    ConversationState,
    CreateTicket,
    FromCustomers,
    Hold,
    Release,
    Reply,
    Requests,
    RequestState,
    Route,
    Take,
    Wake,
    agent,
)
from reqflow.core.effects import AnnounceRequest, PostMessage
from reqflow.errors import Forbidden, Refused
from reqflow.testing.desks import DESK, Story, desk_with
from reqflow.testing.machines import broken_laws

ANA, BO = agent("ana"), agent("bo")


@pytest.mark.row("17")
@pytest.mark.parametrize("channel", ["chat:lobby", "dm:cara", "mail:desk", "wall:us", "form:us"])
def test_a_request_starts_unassigned_and_offers_its_four_ways_on(channel: str) -> None:
    channels = {name: {**table, "tickets": "mail:tool@x.example"} for name, table in DESK["channels"].items()}
    eva = {**DESK["agents"]["eva"], "grants": ["see_all", "work"]}
    story = Story(desk=desk_with(channels=channels, agents={**DESK["agents"], "eva": eva}))
    asked = story.say("cara", "Where is it?", channel=channel)
    request = story.request(asked)
    assert (request.state, request.assignee) == (RequestState.UNASSIGNED, None)
    assert {Take, Assign, CreateTicket, Close} <= set(story.engine.actions(request.id, by=ANA))
    for who, command, fields, state in (
        ("ana", Take, {}, RequestState.ASSIGNED),
        ("ana", Assign, {"assignee": "bo"}, RequestState.ASSIGNED),
        ("bo", CreateTicket, {}, RequestState.ASSIGNED),
        ("bo", Close, {}, RequestState.CLOSED),
    ):
        story.do(command, who, asked, **fields)
        assert story.request(asked).state is state
    assert Take not in story.engine.actions(request.id, by=agent("eva"))


@pytest.mark.row("18")
def test_looking_into_it_takes_it_and_tells_the_team() -> None:
    story = Story({"triage": "chat:triage"})
    asked = story.say("cara", "Where is it?")
    story.do(Take, "ana", asked)
    assert (story.request(asked).assignee, story.conversation(asked).holder) == ("ana", "ana")
    cards = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, AnnounceRequest)]
    assert [(x.code, x.assignee) for x in cards][-1] == ("looking_into_it", "ana")
    with pytest.raises(Refused, match="ana's already"):
        story.do(Take, "bo", asked)
    story.do(Take, "ana", asked)  # again: nothing
    assert story.tags(asked).count("request.assigned") == 1


@pytest.mark.row("19")
def test_agents_see_queued_requests_claim_one_and_follow_up_in_place() -> None:
    channels = {"chat:*": {"kind": "chat", "queue": "first"}}
    agents = {**DESK["agents"], "eva": {"name": "Eva", "teams": ["sales"], "channels": ["mail:*"]}}
    story = Story(desk=desk_with(channels=channels, agents=agents))
    first = story.say("cara", "Where is it?")
    second = story.say("dan", "And mine?", after=60)
    waiting = Requests(queue="first", states=(RequestState.UNASSIGNED,))
    listed = story.engine.read(waiting, by=ANA)
    assert [x.id for x in listed.items] == [first.request_id, second.request_id]
    assert story.engine.read(waiting, by=agent("eva")).items == ()  # her teams do not serve it
    story.do(Take, "ana", first)
    assert [x.id for x in story.engine.read(waiting, by=BO).items] == [second.request_id]
    with pytest.raises(Refused):
        story.do(Take, "bo", first)
    story.do(Reply, "ana", first, text="In the shed.")
    (posted,) = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, PostMessage)]
    assert (posted.channel_id, posted.answers) == ("chat:lobby", story.message(first).native)


@pytest.mark.row("24")
def test_work_on_hold_waits_for_the_customer_or_a_third_party_and_leaves_the_queue() -> None:
    story = Story(desk=desk_with(channels={"line:*": {"kind": "direct", "queue": "shared"}}))
    asked = story.say("cara", "Where is it?", channel="line:1")
    story.do(Hold, "ana", asked, reason="third_party")
    story.wait(hours=1)
    assert (story.request(asked).state, story.request(asked).assignee) == (RequestState.ON_HOLD, None)
    story.do(Wake, "ana", asked)
    story.wait(seconds=1)
    held = story.request(asked)
    assert held.state is RequestState.ASSIGNED  # the queue hands it out again
    story.do(Hold, held.assignee or "", asked, reason="customer")
    story.say("cara", "Here I am", channel="line:1")
    assert story.request(asked).state is RequestState.ASSIGNED
    assert broken_laws(story) == []


@pytest.mark.row("27")
def test_pending_is_nobodys_active_is_somebodys_and_closed_is_done() -> None:
    story = Story()
    about = {who: story.say(who, "Hello", channel=f"dm:{who}") for who in ("cara", "dan", "eve")}
    story.do(Accept, "ana", about["dan"])
    story.do(Accept, "ana", about["eve"])
    story.do(CloseConversation, "ana", about["eve"])
    found = {
        state: [x.id for x in story.all(Conversations(states=(state,)))]
        for state in (ConversationState.PENDING, ConversationState.ACTIVE, ConversationState.CLOSED)
    }
    assert found == {
        ConversationState.PENDING: [about["cara"].conversation_id],
        ConversationState.ACTIVE: [about["dan"].conversation_id],
        ConversationState.CLOSED: [about["eve"].conversation_id],
    }
    story.do(Release, "ana", about["dan"])
    assert story.conversation(about["dan"]).state is ConversationState.PENDING


@pytest.mark.row("32")
def test_an_open_item_is_unanswered_until_the_first_reply() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?", channel="mail:desk")
    story.say("cara", "hello?", channel="mail:desk", to=asked, after=600)

    def shelved(shelf: str) -> list[str]:
        return [x.id for x in story.engine.read(FromCustomers(shelf=shelf), by=ANA).items]

    assert shelved("unanswered") == [asked.conversation_id]
    story.do(Reply, "ana", asked, text="among us", audience="internal")
    assert shelved("unanswered") == [asked.conversation_id]
    story.do(Reply, "ana", asked, text="In the shed.")
    assert (shelved("unanswered"), shelved("open")) == ([], [asked.conversation_id])


@pytest.mark.row("42")
@pytest.mark.row("25")
def test_a_reviewer_walks_what_is_new_assigns_or_ignores_and_the_assignee_goes_on() -> None:
    agents = {**DESK["agents"], "rae": {"name": "Rae", "teams": ["support"], "role": "reviewer"}}
    story = Story(desk=desk_with(agents=agents))
    new = Requests(states=(RequestState.UNASSIGNED,))
    rae = agent("rae")
    for who in ("cara", "dan", "eve"):
        story.say(f"mail:{who}", "Where is it?", channel="mail:desk", after=60)
    walked = list(story.engine.read(new, by=rae).items)
    assert len(walked) == 3
    for request, what in zip(walked, ("assign", "ignore", "assign"), strict=True):
        if what == "assign":
            story.engine.handle(Assign(by=rae, request_id=request.id, assignee="bo"))
        else:
            story.engine.handle(Close(by=rae, request_id=request.id, resolution="ignored"))
    assert story.engine.read(new, by=rae).items == ()
    in_service = Requests(assignee="bo", states=(RequestState.ASSIGNED,))
    assert [x.id for x in story.engine.read(in_service, by=BO).items] == [walked[0].id, walked[2].id]
    story.engine.handle(Reply(by=BO, conversation_id=walked[0].conversation_id, text="On it."))
    story.engine.handle(Close(by=BO, request_id=walked[0].id))
    (ignored,) = [x for x in story.requests() if x.resolution == "ignored"]
    (line,) = [x for x in story.engine.explain(ignored.id) if x.tag == "request.closed"]
    assert (line.who, line.what) == ("Rae", "closed the request: ignored")


@pytest.mark.row("43")
def test_it_works_without_any_routing_and_with_it() -> None:
    plain = Story(desk=desk_with(queues={}, channels={"chat:*": {"kind": "chat"}}))
    routed = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "queue": "shared"}}))
    for story, assignee in ((plain, None), (routed, "ana")):
        asked = story.say("cara", "Where is it?")
        story.wait(seconds=1)
        assert story.request(asked).assignee == assignee
        story.do(Take, "ana", asked)
        story.do(Reply, "ana", asked, text="In the shed.")
        story.do(Close, "ana", asked)
        assert story.request(asked).resolution == "done" and broken_laws(story) == []
    with pytest.raises(Refused, match="no queue"):
        plain.do(Route, "ana", plain.say("dan", "Where is it?"), queue="shared")


@pytest.mark.row("21")
def test_closing_ends_the_work_and_only_whose_it_is_may() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?")
    story.do(Take, "bo", asked)
    with pytest.raises(Forbidden):
        story.do(Close, "ana", asked)
    story.do(Close, "bo", asked)
    assert (story.request(asked).state, story.conversation(asked).state) == ("closed", "closed")
    assert asked.conversation_id not in story.timers()
