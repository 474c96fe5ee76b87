"""The coupling table is total, and every cell means what it says when an engine is driven into it."""

from __future__ import annotations

import pytest

from reqflow import (
    Accept,
    Assign,
    Close,
    CloseConversation,
    Enqueue,
    Hold,
    HoldReason,
    Release,
    Reopen,
    Route,
    SubmitDraft,
    Take,
    Unassign,
    Wake,
)
from reqflow import ConversationState as C
from reqflow.core.automations import Automation
from reqflow.core.couplings import REQUEST_TO_CONVERSATION, RESOLVES_AS, Coupling
from reqflow.core.events import REQUEST_EVENTS, RequestAssigned
from reqflow.core.lifecycle import CONVERSATION
from reqflow.core.model import CloseReason
from reqflow.errors import Refused
from reqflow.testing.desks import Rules, Story, desk_with

MANY = desk_with(
    {
        "requests_per_conversation": "many",
        "detection": "classifier",
        "reopen_within": 0,
        "visibility": "channel",  # colleagues act on what others hold: it is couplings that are shown here
    },
)


def test_what_a_coupling_makes_happen_is_an_arrow_of_the_conversation():
    leads = {
        Coupling.ACCEPT: ("conversation.accepted",),
        Coupling.FOLLOW: ("conversation.handed_over", "conversation.released"),
        Coupling.CLOSE_IF_LAST: ("conversation.closed",),
    }
    for (_, state), coupling in REQUEST_TO_CONVERSATION.items():
        for event in leads.get(coupling, ()):
            assert (state, event) in CONVERSATION.table


@pytest.fixture
def story() -> Story:
    return Story(desk=MANY)


def two_requests(story: Story):
    first = story.say("cara", "One?", channel="dm:cara")
    second = story.say("cara", "Two?", channel="dm:cara")
    assert first.conversation_id == second.conversation_id
    assert first.request_id != second.request_id
    return first, second


def held(story: Story, about):
    conversation = story.conversation(about)
    return conversation.state, conversation.holder


def test_assigning_in_a_pending_conversation_makes_the_assignee_its_holder(story):
    first, _ = two_requests(story)
    story.do(Assign, "bo", first, assignee="ana")
    assert held(story, first) == (C.ACTIVE, "ana")


def test_assigning_a_second_request_leaves_the_holder(story):
    first, second = two_requests(story)
    story.do(Take, "ana", first)
    story.do(Take, "bo", second)
    assert held(story, first) == (C.ACTIVE, "ana")


def test_the_holder_follows_their_last_open_request(story):
    first, second = two_requests(story)
    story.do(Take, "ana", first)
    story.do(Take, "ana", second)
    story.do(Assign, "ana", first, assignee="bo")
    assert held(story, first) == (C.ACTIVE, "ana")
    story.do(Assign, "ana", second, assignee="bo")
    assert held(story, first) == (C.ACTIVE, "bo")
    assert "conversation.handed_over" in story.tags(first)


def test_a_last_request_that_goes_to_nobody_leaves_the_conversation_pending(story):
    first, _ = two_requests(story)
    story.do(Take, "ana", first)
    story.do(Unassign, "ana", first)
    assert held(story, first) == (C.PENDING, None)


def test_a_last_request_that_goes_to_nobody_leaves_it_to_another_agent_with_work_there(story):
    first, second = two_requests(story)
    story.do(Take, "ana", first)
    story.do(Take, "bo", second)
    story.do(Unassign, "ana", first)
    assert held(story, first) == (C.ACTIVE, "bo")


def test_requeueing_the_holders_last_request_leaves_the_conversation_pending(story):
    first, _ = two_requests(story)
    story.do(Take, "ana", first)
    story.do(Hold, "ana", first, reason=HoldReason.THIRD_PARTY)
    assert held(story, first) == (C.ACTIVE, "ana")
    story.do(Wake, "ana", first, requeue=True)
    assert held(story, first) == (C.PENDING, None)


def test_waking_in_a_pending_conversation_makes_it_active(story):
    first, _ = two_requests(story)
    story.do(Hold, "ana", first, reason=HoldReason.THIRD_PARTY)
    story.do(Assign, "ana", first, assignee="bo")
    assert held(story, first) == (C.PENDING, None)  # what rests calls nobody
    story.do(Wake, "bo", first)
    assert held(story, first) == (C.ACTIVE, "bo")


@pytest.mark.parametrize("command", [Route, Hold])
def test_routing_and_holding_leave_the_conversation_as_it_is(story, command):
    first, _ = two_requests(story)
    fields = {"queue": "first"} if command is Route else {"reason": HoldReason.CUSTOMER}
    for expected in ((C.PENDING, None), (C.ACTIVE, "ana")):
        story.do(command, "ana", first, **fields)
        assert held(story, first) == expected
        if expected[0] is C.PENDING:
            story.do(Wake, "ana", first) if command is Hold else None
            story.do(Take, "ana", first)


@pytest.mark.parametrize("taken", [False, True])
def test_the_last_request_closes_the_conversation_where_that_is_set(taken):
    story = Story()
    asked = story.say("cara", "Why?")
    if taken:
        story.do(Take, "ana", asked)
    story.do(Close, "ana", asked)
    assert held(story, asked) == (C.CLOSED, None)
    assert story.conversation(asked).reason is CloseReason.HANDLED


def test_it_stays_open_where_that_is_off_or_another_request_is_open(story):
    first, second = two_requests(story)
    story.do(Close, "ana", first)
    story.do(Close, "ana", second)
    assert held(story, first) == (C.PENDING, None)  # direct channels
    threaded = Story(
        desk=desk_with(
            {"close_with_last_request": True, "detection": "classifier", "requests_per_conversation": "many"}
        )
    )
    first, second = two_requests(threaded)
    threaded.do(Close, "ana", first)
    assert held(threaded, first) == (C.PENDING, None)
    threaded.do(Close, "ana", second)
    assert held(threaded, first) == (C.CLOSED, None)


@pytest.mark.row("28")
def test_accepting_assigns_what_nobody_has(story):
    first, second = two_requests(story)
    story.do(Hold, "bo", second, reason=HoldReason.THIRD_PARTY)
    story.do(Accept, "ana", first)
    assert held(story, first) == (C.ACTIVE, "ana")
    assert {story.request(each).assignee for each in (first, second)} == {"ana"}
    with pytest.raises(Refused, match="already"):
        story.do(Accept, "bo", first)


@pytest.mark.row("30")
def test_releasing_gives_the_holders_requests_back_and_keeps_the_queue(story):
    first, second = two_requests(story)
    story.do(Enqueue, "ana", first, queue="first")
    story.do(Accept, "ana", first)
    story.do(Release, "ana", first)
    assert held(story, first) == (C.PENDING, None)
    assert {story.request(each).assignee for each in (first, second)} == {None}
    assert story.conversation(first).queue == "first"


@pytest.mark.row("31")
def test_putting_a_held_conversation_in_a_queue_releases_it_and_routes_its_requests(story):
    first, second = two_requests(story)
    story.do(Accept, "ana", first)
    story.do(Enqueue, "ana", first, queue="first")
    assert held(story, first) == (C.PENDING, None)
    assert {story.request(each).queue for each in (first, second)} == {"first"}


def test_in_review_the_couplings_are_those_of_active(story):
    first, second = two_requests(story)
    story.do(SubmitDraft, "ana", first, text="Soon.")
    assert held(story, first) == (C.IN_REVIEW, "ana")
    story.do(Assign, "ana", first, assignee="bo")
    assert held(story, first) == (C.IN_REVIEW, "ana")
    story.do(Assign, "ana", second, assignee="bo")
    assert held(story, first) == (C.IN_REVIEW, "bo")
    assert [REQUEST_TO_CONVERSATION[cls.tag, C.IN_REVIEW] for cls in REQUEST_EVENTS] == [
        REQUEST_TO_CONVERSATION[cls.tag, C.ACTIVE] for cls in REQUEST_EVENTS
    ]


@pytest.mark.row("29")
@pytest.mark.parametrize("reason", [r for r in CloseReason if r is not CloseReason.MERGED])
def test_closing_a_conversation_ends_its_requests_with_the_matching_resolution(story, reason):
    first, second = two_requests(story)
    story.do(CloseConversation, "ana", first, reason=reason)
    assert story.conversation(first).reason is reason
    assert {story.request(each).resolution for each in (first, second)} == {RESOLVES_AS[reason]}


def test_over_anothers_open_request_closing_needs_the_grant(story):
    first, second = two_requests(story)
    story.do(Take, "ana", first)
    before = story.conversation(first)
    with pytest.raises(Refused) as refused:
        story.do(CloseConversation, "bo", first)
    assert first.request_id in str(refused.value)
    assert second.request_id not in str(refused.value)
    assert story.conversation(first) == before
    story.do(CloseConversation, "eva", first)  # she holds close_any
    assert held(story, first) == (C.CLOSED, None)


def test_a_reopened_request_wakes_its_conversation_and_goes_back_to_who_had_it(story):
    first, second = two_requests(story)
    story.do(Take, "ana", first)
    story.do(CloseConversation, "ana", first)
    story.do(Reopen, "bo", first)
    assert held(story, first) == (C.ACTIVE, "ana")
    assert story.request(second).state == "closed"


def test_a_rule_sees_an_event_together_with_what_it_coupled_to():
    seen = []

    def watch(it):
        seen.append((it.conversation.state, it.conversation.holder))
        return ()

    rule = Automation(name="watch", on=frozenset({RequestAssigned}), then=watch)
    watched = Story(desk=MANY, plugins=[Rules(rule)])
    first, _ = two_requests(watched)
    watched.do(Take, "ana", first)
    assert seen == [(C.ACTIVE, "ana")]
