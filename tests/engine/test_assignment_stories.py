"""Who gets a request, and how it changes hands."""

from __future__ import annotations

import pytest

from reqflow import (
    Accept,
    Assign,
    Close,
    CloseConversation,
    Enqueue,
    Release,
    Reply,
    Route,
    Take,
    Unassign,
)
from reqflow.core.couplings import REQUEST_TO_CONVERSATION
from reqflow.core.model import CloseReason, ConversationState, RequestState
from reqflow.errors import Forbidden, Refused, UnknownId
from reqflow.testing.desks import Story, desk_with


def held_by(story: Story, about: object) -> tuple[str | None, str]:
    conversation = story.conversation(about)
    return conversation.holder, conversation.state


@pytest.mark.row("17")
def test_a_request_starts_unassigned_in_a_pending_conversation() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).state is RequestState.UNASSIGNED
    assert held_by(story, asked) == (None, ConversationState.PENDING)


@pytest.mark.row("37")
def test_the_first_to_answer_in_the_thread_gets_the_request() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    answer = story.say("ana", "On its way.", to=asked)
    request = story.request(asked)
    assert (request.assignee, request.state) == ("ana", RequestState.ASSIGNED)
    (assigned,) = [x for x in story.events(asked) if x.tag == "request.assigned"]
    assert assigned.reason.code == "first_response" and assigned.reason.message_id == answer.message_id
    assert held_by(story, asked) == ("ana", ConversationState.ACTIVE)


def test_a_second_answer_changes_nothing() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.say("ana", "On its way.", to=asked)
    story.say("bo", "I saw it leave.", to=asked)
    assert story.request(asked).assignee == "ana"


@pytest.mark.row("5")
def test_answering_any_message_of_a_group_answers_the_request() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    more = story.say("cara", "It is a red one.", after=30)
    story.say("ana", "On its way.", to=more)
    assert story.request(asked).assignee == "ana"


@pytest.mark.row("38")
def test_an_answer_in_the_channel_takes_the_last_open_request() -> None:
    story = Story()
    first = story.say("cara", "Where is my parcel?")
    last = story.say("dan", "Can I pay by card?", after=10)
    story.say("ana", "Yes, Dan.", after=10)
    assert story.request(last).assignee == "ana"
    assert story.request(first).assignee is None


@pytest.mark.row("38")
def test_if_the_last_one_has_an_owner_nothing_happens() -> None:
    story = Story()
    first = story.say("cara", "Where is my parcel?")
    last = story.say("dan", "Can I pay by card?", after=10)
    story.do(Assign, "eva", last, assignee="bo")
    talk = story.say("ana", "Good morning.", after=10)
    assert story.request(last).assignee == "bo"
    assert story.request(first).assignee is None
    assert talk.request_id is None and talk.conversation_id not in (
        first.conversation_id,
        last.conversation_id,
    )


@pytest.mark.row("38")
def test_the_owner_of_the_last_one_answers_it_from_the_channel() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    answer = story.say("ana", "On its way.", after=10)
    assert answer.request_id == asked.request_id


@pytest.mark.row("39")
def test_the_owner_of_a_channel_gets_its_requests() -> None:
    channels = {"chat:*": {"kind": "chat", "owner": "eva"}}
    story = Story(desk=desk_with(channels=channels))
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).assignee == "eva"
    assert [each.queued.destination for each in story.effects()] == ["agent:eva"]


@pytest.mark.row("67")
def test_a_colleague_outside_the_responder_teams_is_a_requester() -> None:
    channels = {"chat:*": {"kind": "chat", "responder_teams": ["support"]}}
    story = Story(desk=desk_with(channels=channels))
    asked = story.say("eva", "Can support help me?")
    assert story.request(asked).state is RequestState.UNASSIGNED
    story.say("ana", "Sure.", to=asked)
    assert story.request(asked).assignee == "ana"


def test_who_asked_stays_requester_even_as_a_responder() -> None:
    channels = {"chat:*": {"kind": "chat", "responder_teams": ["sales"]}}
    before = desk_with(channels=channels)
    story = Story(desk=before)
    asked = story.say("ana", "Who can help me?")
    story.engine.configure(desk_with(channels={"chat:*": {"kind": "chat", "responder_teams": ["support"]}}))
    story.say("ana", "Anybody there?", to=asked)
    assert story.request(asked).assignee is None


@pytest.mark.row("18")
def test_taking_fails_when_another_owns_it_and_assigning_overrides() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    with pytest.raises(Refused, match="ana's already") as refusal:
        story.do(Take, "bo", asked)
    assert refusal.value.code == "already_assigned"
    story.do(Assign, "eva", asked, assignee="bo")
    assert story.request(asked).assignee == "bo"
    assert held_by(story, asked) == ("bo", ConversationState.ACTIVE)


@pytest.mark.row("40")
def test_an_assignee_is_told_but_never_of_their_own_act() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    assert story.effects() == []
    story.do(Assign, "ana", asked, assignee="bo")
    (told,) = story.effects()
    assert told.queued.destination == "agent:bo"


@pytest.mark.row("20")
def test_unassigning_gives_the_conversation_back_too() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Unassign, "ana", asked)
    assert story.request(asked).state is RequestState.UNASSIGNED
    assert held_by(story, asked) == (None, ConversationState.PENDING)
    with pytest.raises(Refused):
        story.do(Unassign, "ana", asked)


@pytest.mark.row("28")
def test_accepting_a_conversation_takes_its_requests() -> None:
    story = Story()
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.do(Accept, "ana", asked)
    assert story.request(asked).assignee == "ana"
    with pytest.raises(UnknownId):  # it is hers, and no longer there for others
        story.do(Accept, "bo", asked)


@pytest.mark.row("30")
def test_releasing_puts_it_back_where_it_was_queued() -> None:
    story = Story()
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.do(Enqueue, "ana", asked, queue="first")
    story.do(Accept, "ana", asked)
    story.do(Release, "ana", asked)
    conversation = story.conversation(asked)
    assert (conversation.state, conversation.holder, conversation.queue) == ("pending", None, "first")
    assert story.request(asked).state is RequestState.UNASSIGNED


@pytest.mark.row("31")
def test_queueing_releases_and_routes() -> None:
    story = Story()
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.do(Accept, "ana", asked)
    story.do(Enqueue, "ana", asked, queue="first")
    request = story.request(asked)
    assert (request.queue, request.assignee) == ("first", None)
    with pytest.raises(Refused):
        story.do(Enqueue, "ana", asked, queue="nowhere")


@pytest.mark.row("43")
def test_routing_assigns_nobody() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Route, "ana", asked, queue="first", team="sales")
    request = story.request(asked)
    assert (request.queue, request.team, request.state) == ("first", "sales", RequestState.UNASSIGNED)
    for wrong in ({"queue": "nowhere"}, {"team": "nobody"}, {}):
        with pytest.raises(Refused):
            story.do(Route, "ana", asked, **wrong)


@pytest.mark.row("44")
def test_a_queue_with_a_policy_hands_out_the_oldest_within_capacity() -> None:
    story = Story()
    asked = [story.say(f"p{n}", "Help", channel=f"line:{n}", after=1) for n in range(4)]
    story.engine.tick()
    owners = [story.request(each).assignee for each in asked]
    assert owners == ["ana", "bo", None, None]  # one each: the capacity of this queue
    story.do(Close, "bo", asked[1])
    story.engine.tick()
    assert [story.request(each).assignee for each in asked] == ["ana", "bo", "bo", None]
    (chosen,) = [x for x in story.events(asked[2]) if x.tag == "request.assigned"]
    assert chosen.reason.policy == "fewest_open" and chosen.reason.candidates == ("bo",)


def test_a_conversation_follows_the_holders_last_request_to_another() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Assign, "eva", asked, assignee="bo")
    assert [t for t in story.tags(asked) if t.startswith("conversation.")] == [
        "conversation.opened",
        "conversation.accepted",
        "conversation.handed_over",
    ]


@pytest.mark.row("29")
def test_rejecting_a_pending_conversation_closes_its_request() -> None:
    story = Story()
    asked = story.say("cara", "Hello", channel="dm:cara")
    story.do(CloseConversation, "ana", asked, reason=CloseReason.REJECTED)
    assert story.request(asked).resolution == "rejected"
    assert story.conversation(asked).reason == "rejected"


@pytest.mark.row("26")
def test_ignoring_keeps_who_and_when() -> None:
    story = Story()
    asked = story.say("cara", "Buy my watches?")
    story.do(CloseConversation, "ana", asked, reason=CloseReason.IGNORED)
    entry = story.engine.history(asked.conversation_id or "")[-1]
    assert entry.actor.id == "ana" and entry.at == story.now
    assert story.request(asked).resolution == "ignored"


def test_closing_over_anothers_open_request_needs_the_grant() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    before = story.conversation(asked)
    with pytest.raises(Forbidden, match=rf"{asked.request_id} \(ana\)"):
        story.do(CloseConversation, "bo", asked)
    assert story.conversation(asked) == before
    story.do(CloseConversation, "eva", asked)  # Eva may
    assert story.request(asked).resolution == "done"


@pytest.mark.row("21")
def test_closing_the_last_request_closes_a_threaded_conversation_but_not_a_direct_one() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    assert story.conversation(asked).state is ConversationState.CLOSED
    direct = story.say("cara", "Hello", channel="dm:cara")
    story.do(Close, "ana", direct)
    assert story.conversation(direct).state is ConversationState.PENDING


@pytest.mark.parametrize("command", [Take, Close, Unassign])
def test_a_closed_request_takes_no_commands(command: type) -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    with pytest.raises(Refused) as refusal:
        story.do(command, "ana", asked)
    assert refusal.value.code == "closed"


def test_unknown_ids_and_strangers_get_a_typed_error() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(UnknownId, match="r_nowhere"):
        story.do(Take, "ana", request_id="r_nowhere")
    with pytest.raises(UnknownId):
        story.do(Accept, "ana", conversation_id="c_nowhere")
    with pytest.raises(Refused, match="no agent"):
        story.do(Take, "mallory", asked)
    with pytest.raises(Refused, match="mallory"):
        story.do(Assign, "ana", asked, assignee="mallory")


@pytest.mark.row("88")
def test_a_reply_through_reqflow_is_a_first_response_and_goes_to_the_thread() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="On its way.")
    assert story.request(asked).assignee == "ana"
    (post,) = story.effects()
    assert post.queued.effect.answers == "1" and post.queued.destination == "chat:lobby"
    for wrong in ("", "   "):
        with pytest.raises(Refused):
            story.do(Reply, "ana", asked, text=wrong)


@pytest.mark.row("11")
def test_an_internal_reply_leaves_nothing_in_the_outbox() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="She is angry.", audience="internal")
    assert story.effects() == []
    assert story.request(asked).assignee is None


def test_every_coupling_cell_that_can_happen_was_declared() -> None:
    assert len(REQUEST_TO_CONVERSATION) == 40
