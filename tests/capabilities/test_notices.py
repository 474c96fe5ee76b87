"""Who is told of what: assignees and followers, the triage room, the customer; and by which means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Accept,
    Actor,
    ActorKind,
    AddNote,
    Assign,
    Close,
    Follow,
    Hold,
    Mention,
    MessageDeletion,
    Notify,
    Release,
    Reopen,
    Reply,
    Route,
    StartConversation,
    Take,
    Unassign,
    Unfollow,
    Wake,
    agent,
    compile_desk,
    hookimpl,
)
from reqflow.core import events as e
from reqflow.core.effects import (
    AnnounceRequest,
    NotifyAgent,
    NotifyAgentOfMany,
    NotifyTeam,
    OfferActions,
    PostMessage,
    React,
)
from reqflow.core.facts import Outcome
from reqflow.core.notices import TABLE, Notice, NoticeRule, Telling, Who
from reqflow.core.settings import NOTICE_CODES, OWN_MEANS
from reqflow.errors import Forbidden, InvalidSettings, Refused
from reqflow.ports import EffectState, Receipt, ReceiptKind
from reqflow.testing.desks import DESK, Story, desk_with
from tests.capabilities.carriers import Post

ROOM = "chat:triage"


def loud(settings: Mapping[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    """A desk with all notices as they are by default."""
    return {**DESK, "settings": dict(settings or {}), "notices": {}, **tables}


def agents(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """The roster of `DESK`, with these fields of some changed."""
    return {name: {**agent, **changes.get(name, {})} for name, agent in DESK["agents"].items()}


def told(story: Story, agent: str | None = None) -> list[str]:
    """The codes of what agents, or one of them, were told so far."""
    effects = [each.queued.effect for each in story.effects()]
    notices = [each for each in effects if isinstance(each, NotifyAgent)]
    return [each.code for each in notices if agent in (None, each.agent)]


def shown(story: Story, kind: type[Any]) -> list[Any]:
    """The effects of a kind so far."""
    return [each.queued.effect for each in story.effects() if isinstance(each.queued.effect, kind)]


def asked_of(story: Story, **how: Any) -> Outcome:
    return story.say("cara", "Where is my parcel?", **how)


# --- the triage room ---


@pytest.mark.row("52")
def test_each_request_is_announced_in_the_triage_room_with_its_words() -> None:
    post = Post()
    story = Story({"triage": ROOM}, plugins=[post])
    story.say("cara", "Good morning")
    asked = asked_of(story, after=200)
    story.engine.work()
    (taken,) = post.all(AnnounceRequest)
    card = taken.effect
    assert isinstance(card, AnnounceRequest)
    assert (card.request_id, card.conversation_id) == (asked.request_id, asked.conversation_id)
    assert (card.code, card.state, card.channel_id, card.card) == ("opened", "unassigned", "chat:lobby", None)
    assert taken.words == ["Where is my parcel?"]
    assert [each.queued.destination for each in story.effects()] == [ROOM]


@pytest.mark.row("52")
def test_the_triage_room_can_differ_from_channel_to_channel() -> None:
    channels = {"chat:*": {"kind": "chat"}, "chat:vip": {"kind": "chat", "triage": "chat:vip-triage"}}
    story = Story(desk=desk_with({"triage": ROOM}, channels=channels))
    asked_of(story)
    asked_of(story, channel="chat:vip")
    assert [each.queued.destination for each in story.effects()] == [ROOM, "chat:vip-triage"]
    with pytest.raises(InvalidSettings, match="its own triage room"):
        compile_desk({"channels": {ROOM: {"kind": "chat", "triage": ROOM}}})


@pytest.mark.row("18", "52")
def test_looking_into_it_tells_the_team_on_the_same_card() -> None:
    post = Post()
    story = Story({"triage": ROOM}, plugins=[post])
    asked = asked_of(story)
    story.engine.work()
    story.do(Take, "ana", asked)
    story.engine.work()
    story.do(Close, "ana", asked)
    story.engine.work()
    cards = post.of(AnnounceRequest)
    assert [(each.code, each.state, each.assignee) for each in cards] == [
        ("opened", "unassigned", None),
        ("looking_into_it", "assigned", "ana"),
        ("closed", "closed", "ana"),
    ]
    assert [each.card for each in cards] == [None, "n1", "n1"]  # the transport's own id of the first
    assert cards[-1].resolution == "done"
    assert story.engine.verify() == []


@pytest.mark.row("52")
def test_of_what_was_not_shown_yet_only_the_newest_state_is() -> None:
    post = Post()
    story = Story({"triage": ROOM}, plugins=[post])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Hold, "bo", asked, reason="third_party")
    story.do(Wake, "bo", asked)
    story.do(Unassign, "bo", asked)
    story.engine.work()
    assert [each.code for each in post.of(AnnounceRequest)] == ["unassigned"]
    states = [each.state for each in story.effects() if isinstance(each.queued.effect, AnnounceRequest)]
    assert states == [EffectState.CANCELLED] * 4 + [EffectState.DONE]


def test_a_request_that_was_absorbed_before_anybody_saw_it_gets_no_card() -> None:
    post = Post()
    story = Story({"triage": ROOM}, plugins=[post])
    story.say("cara", "And the red one?")
    older = story.say("cara", "Where is the blue one?", ago=60)
    story.engine.work()
    assert [each.request_id for each in post.of(AnnounceRequest)] == [older.request_id]


# --- assignees ---


@pytest.mark.row("40")
def test_the_assignee_is_told_in_both_automatic_cases() -> None:
    """Thena: who gets a request by answering, and who owns the channel, have a notice of it."""
    channels = {"chat:*": {"kind": "chat"}, "chat:own": {"kind": "chat", "owner": "eva"}}
    story = Story(desk=loud(channels=channels))
    asked = asked_of(story)
    story.say("ana", "On its way.", to=asked)
    asked_of(story, channel="chat:own")
    assert (told(story, "ana"), told(story, "eva")) == (["assigned_by_answer"], ["assigned"])


@pytest.mark.row("40")
def test_the_assignees_notice_is_a_switch() -> None:
    channels = {"chat:*": {"kind": "chat", "owner": "eva"}}
    story = Story(desk=loud({"notify_assignee": False}, channels=channels))
    asked = asked_of(story)
    story.do(Assign, "eva", asked, assignee="bo")
    assert told(story) == []
    other = Story(desk={**loud(), "notices": {"assigned_by_answer": False}})
    asked = asked_of(other)
    other.say("ana", "On its way.", to=asked)
    assert told(other) == []
    other.do(Assign, "ana", asked, assignee="bo")
    assert told(other, "bo") == ["assigned"]


@pytest.mark.row("40")
def test_nobody_is_told_of_their_own_act() -> None:
    story = Story(desk=loud())
    asked = asked_of(story)
    for command in (Take, Unassign, Accept, Release, Take, Close, Reopen, Close):
        story.do(command, "ana", asked)
    assert told(story) == []


def test_who_loses_a_request_is_told_and_afterwards_no_more() -> None:
    """chatwoot#12368: the old assignee went on to be told."""
    story = Story({"assignees_follow": True})
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Assign, "eva", asked, assignee="bo")
    assert told(story, "ana") == ["taken_over"]
    story.say("cara", "Hello?", to=asked)
    story.do(Unassign, "eva", asked)
    story.say("cara", "Anybody?", to=asked)
    assert told(story, "ana") == ["taken_over"]
    assert told(story, "bo") == ["assigned", "customer_wrote", "unassigned"]


def test_an_assignee_hears_what_others_and_time_do_to_their_request() -> None:
    story = Story({"nudge_after": 0})
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Hold, "eva", asked, reason="customer")
    story.say("cara", "Here it is", to=asked)
    story.wait(days=30)
    assert told(story) == ["on_hold", "woken", "closed"]


def test_the_holder_hears_that_an_answer_could_not_be_delivered() -> None:
    story = Story(plugins=[Post(Receipt(kind=ReceiptKind.PERMANENT))])
    asked = asked_of(story)
    story.do(Reply, "ana", asked, text="On its way.")
    story.engine.work()
    assert told(story, "ana") == ["undelivered"]


# --- who follows, who is called in ---


def test_followers_hear_of_messages_and_of_the_end() -> None:
    story = Story()
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Follow, "bo", asked)
    story.do(Follow, "bo", asked)
    story.say("cara", "Hello?", to=asked)
    story.say("bo", "Me too", to=asked)
    story.do(Reply, "ana", asked, text="Soon.")
    story.do(Reply, "ana", asked, text="She is angry.", audience="internal")
    story.do(Close, "ana", asked)
    assert told(story, "bo") == ["customer_wrote", "colleague_replied", "internal_message", "closed"]
    assert told(story, "ana") == []
    assert story.tags(asked).count("conversation.followed") == 1
    assert story.engine.verify() == []


def test_who_ceases_to_follow_is_told_no_more() -> None:
    story = Story()
    asked = asked_of(story)
    story.do(Follow, "bo", asked)
    story.do(Unfollow, "bo", asked)
    story.do(Unfollow, "bo", asked)
    story.say("cara", "Hello?", to=asked)
    assert told(story) == [] and story.conversation(asked).followers == ()


def test_a_mention_tells_the_colleague_lets_them_see_it_and_has_them_follow() -> None:
    roster = agents(eva={"channels": ["mail:*"]})
    story = Story(desk=desk_with({"visibility": "holder"}, agents=roster))
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    with pytest.raises(Refused, match="eva"):
        story.engine.handle(
            Follow(by=Actor(ActorKind.PLUGIN, "host"), conversation_id=asked.conversation_id, agent="eva")
        )
    story.do(Mention, "ana", asked, agents=["eva", "eva"])
    story.say("cara", "Hello?", to=asked)
    assert told(story, "eva") == ["mentioned", "customer_wrote"]
    assert story.conversation(asked).mentioned == story.conversation(asked).followers == ("eva",)
    story.do(Follow, "eva", asked)  # sees it now
    with pytest.raises(Refused, match="no agent 'nemo'"):
        story.do(Mention, "ana", asked, agents=["nemo"])


def test_agents_follow_for_themselves() -> None:
    story = Story()
    asked = asked_of(story)
    with pytest.raises(Forbidden, match="mention bo"):
        story.do(Follow, "ana", asked, agent="bo")
    with pytest.raises(Refused, match="must name the agent"):
        story.engine.handle(
            Unfollow(by=Actor(ActorKind.PLUGIN, "host"), conversation_id=asked.conversation_id)
        )


def test_a_follower_whose_grant_ended_is_told_nothing_more() -> None:
    story = Story()
    asked = asked_of(story)
    story.do(Follow, "bo", asked)
    story.engine.configure(desk_with(agents=agents(bo={"channels": ["mail:*"]})))
    story.say("cara", "Hello?", to=asked)
    assert told(story) == []


def test_a_notice_carries_the_words_it_is_about() -> None:
    post = Post()
    story = Story(plugins=[post])
    asked = asked_of(story)
    story.do(Follow, "bo", asked)
    said = story.say("cara", "Hello?", to=asked)
    story.engine.work()
    (taken,) = post.all(NotifyAgent)
    assert taken.words == ["Hello?"]
    assert isinstance(taken.effect, NotifyAgent) and taken.effect.message_id == said.message_id


# --- buttons, emoji, words ---


@pytest.mark.row("41")
def test_the_actions_are_shown_privately_to_whom_answered_first() -> None:
    story = Story(desk=loud())
    asked = asked_of(story)
    story.say("bo", "On its way.", to=asked)
    (offer,) = shown(story, OfferActions)
    assert (offer.agent, offer.request_id, offer.answers) == ("bo", asked.request_id, "1")
    assert offer.channel_id == "chat:lobby"
    story.say("bo", "And there it is.", to=asked)
    other = story.say("dan", "Where is mine?", after=500)
    story.do(Take, "ana", other)
    assert len(shown(story, OfferActions)) == 1


@pytest.mark.row("41")
def test_where_there_are_no_buttons_none_are_shown() -> None:
    story = Story(desk=loud())
    asked = asked_of(story, channel="mail:help")
    story.do(Reply, "ana", asked, text="On its way.")
    quiet = Story(desk=loud({"offer_actions": False}))
    quiet.say("bo", "On its way.", to=asked_of(quiet))
    assert shown(story, OfferActions) == shown(quiet, OfferActions) == []


@pytest.mark.row("59")
def test_the_opening_message_wears_the_emoji_of_its_status() -> None:
    post = Post()
    story = Story(desk=loud(), plugins=[post])
    asked = asked_of(story)
    story.say("cara", "It is urgent", to=asked)
    story.do(Take, "ana", asked)
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Close, "bo", asked)
    story.engine.work()
    put = [(each.emoji, each.remove, each.native, each.message_id) for each in post.of(React)]
    assert put == [
        ("eyes", False, "1", asked.message_id),
        ("white_check_mark", False, "1", asked.message_id),
    ]


@pytest.mark.row("59")
def test_there_is_no_emoji_on_what_was_taken_back_or_is_our_own() -> None:
    post = Post()
    story = Story(desk=loud(), plugins=[post])
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    gone = MessageDeletion(
        channel="chat:lobby",
        native="1",
        author="chat:cara",
        deleted_at=story.now,
    )
    story.engine.handle(gone)
    own = story.do(StartConversation, "ana", channel="chat:lobby", to="chat:dan", text="Hello Dan")
    story.engine.handle(Take(by=agent("ana"), request_id=own.request_id))
    story.engine.work()
    assert post.of(React) == []
    assert {each.state for each in story.effects()} == {EffectState.DONE}


@pytest.mark.row("59")
def test_an_emoji_that_is_no_longer_true_goes() -> None:
    story = Story(desk=loud({"emoji_assigned": "hourglass", "emoji_done": "tada"}))
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Unassign, "ana", asked)
    story.do(Take, "bo", asked)
    story.do(Close, "bo", asked)
    story.do(Reopen, "bo", asked)
    assert [(each.emoji, each.remove) for each in shown(story, React)] == [
        ("hourglass", False),
        ("hourglass", True),
        ("hourglass", False),
        ("tada", False),
        ("tada", True),
        ("hourglass", False),
    ]


@pytest.mark.row("59")
@pytest.mark.parametrize(
    ("settings", "channel", "resolution", "count"),
    [
        ({}, "chat:lobby", "done", 2),
        ({}, "chat:lobby", "duplicate", 1),
        ({"status_emoji": False}, "chat:lobby", "done", 0),
        ({}, "mail:help", "done", 0),
        ({"status_emoji": True}, "dm:line", "done", 2),
    ],
)
def test_emoji_are_for_channels_that_have_them_and_can_be_off(
    settings: dict[str, Any], channel: str, resolution: str, count: int
) -> None:
    story = Story(desk=loud(settings))
    asked = asked_of(story, channel=channel)
    story.do(Take, "ana", asked)
    story.do(Close, "ana", asked, resolution=resolution)
    assert len(shown(story, React)) == count


@pytest.mark.row("60")
def test_customers_can_be_told_of_their_requests_status_in_words() -> None:
    post = Post()
    words = {"assigned": "{agent} schaut es sich an.", "closed": "Erledigt."}
    story = Story({"status_text": True, "status_texts": words}, plugins=[post])
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Hold, "ana", asked, reason="third_party")
    story.do(Wake, "ana", asked)
    story.do(Close, "ana", asked)
    story.engine.work()
    posts = post.all(PostMessage)
    assert [taken.words for taken in posts] == [
        ["Ana schaut es sich an."],
        ["This is on hold for now."],
        ["We are working on this again."],
        ["Erledigt."],
    ]
    assert all(isinstance(taken.effect, PostMessage) and taken.effect.answers == "1" for taken in posts)
    assert story.conversation(asked).team_at is None and story.request(asked).touched
    authors = {event.message.author for event in story.events(asked) if isinstance(event, e.MessagePosted)}
    assert authors == {Actor(ActorKind.BOT, "status_text")}
    assert story.engine.verify() == []


@pytest.mark.row("60")
def test_by_default_no_words_are_said_about_status() -> None:
    story = Story(desk=loud())
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(Close, "ana", asked)
    assert shown(story, PostMessage) == []


@pytest.mark.row("60")
def test_two_requests_that_end_at_once_are_told_apart() -> None:
    story = Story({"status_text": True, "detection": "always"})
    asked = asked_of(story)
    story.do(Close, "ana", asked, resolution="ignored")
    assert shown(story, PostMessage) == []  # nobody is told that they were ignored
    story.do(Reopen, "ana", asked)
    story.do(Close, "ana", asked)
    assert len(shown(story, PostMessage)) == 2
    assert story.engine.verify() == []


# --- new items ---


@pytest.mark.row("53")
def test_a_new_item_is_shown_to_the_team_whose_it_is() -> None:
    story = Story({"responder_teams": ["support"]})
    asked = asked_of(story)
    (new,) = shown(story, NotifyTeam)
    assert (new.team, new.code, new.request_id) == ("support", "new", asked.request_id)
    story.do(Route, "ana", asked, team="sales")
    assert [(each.team, each.code) for each in shown(story, NotifyTeam)][1:] == [("sales", "routed")]
    assert [each.queued.destination for each in story.effects()] == ["team:support", "team:sales"]


@pytest.mark.row("53")
def test_a_queue_tells_its_teams_unless_it_hands_out_by_itself() -> None:
    channels = {"chat:*": {"kind": "chat", "queue": "first"}, "line:*": DESK["channels"]["line:*"]}
    story = Story(desk=desk_with(channels=channels))
    asked_of(story)
    asked_of(story, channel="line:1")
    assert [(each.team, each.queue) for each in shown(story, NotifyTeam)] == [("support", "first")]


@pytest.mark.row("53")
def test_notices_of_new_items_can_be_off() -> None:
    story = Story({"responder_teams": ["support"], "notify_team": False})
    asked_of(story)
    assert story.effects() == []


# --- preferences ---


@pytest.mark.row("57")
@pytest.mark.parametrize(
    ("off", "left"),
    [
        ((), ["customer_wrote", "colleague_replied", "internal_message"]),
        (("customer_wrote",), ["colleague_replied", "internal_message"]),
        (("colleague_replied",), ["customer_wrote", "internal_message"]),
        (("customer_wrote", "colleague_replied"), ["internal_message"]),
        (("internal_message",), ["customer_wrote", "colleague_replied"]),
    ],
)
def test_an_agent_chooses_whose_messages_they_are_told_of(off: tuple[str, ...], left: list[str]) -> None:
    """OneDesk: customer-facing replies by source (customers, users, both), internal messages."""
    roster = agents(bo={"notices": dict.fromkeys(off, False)})
    story = Story(desk=desk_with(agents=roster))
    asked = asked_of(story)
    story.do(Follow, "bo", asked)
    story.say("cara", "Hello?", to=asked)
    story.do(Reply, "ana", asked, text="Soon.")
    story.do(Reply, "ana", asked, text="She is angry.", audience="internal")
    assert told(story, "bo") == left


@pytest.mark.row("57")
def test_an_agent_chooses_by_which_means_they_are_told() -> None:
    post = Post()
    roster = agents(bo={"notices": {"assigned": "mail", "mentioned": False}})
    desk = {**desk_with(agents=roster), "notices": {"mentioned": True, "unassigned": False}}
    story = Story(desk=desk, plugins=[post])
    asked = asked_of(story)
    story.do(Mention, "ana", asked, agents=["bo", "eva"])
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Unassign, "ana", asked)
    assert [each.queued.destination for each in story.effects()] == ["agent:eva", "mail:bo"]
    story.engine.work()
    assert [taken.address for taken in post.all(NotifyAgent)] == [None, "mail:bo"]


@pytest.mark.row("57")
def test_the_section_from_customers_can_be_hidden() -> None:
    desk = compile_desk({"agents": {"ana": {"notices": {"hides_customers": True}}, "bo": {}}})
    assert [each.notices.hides_customers for each in desk.agents.values()] == [True, False]


def test_preferences_are_read_with_all_their_problems() -> None:
    with pytest.raises(InvalidSettings) as found:
        compile_desk(
            {
                "notices": {"asigned": True, "acme.shipped": False, "bundle_within": "soon"},
                "agents": {"ana": {"notices": {"assigned": "mail", "closed": 3}}},
            }
        )
    paths = [problem.partition(":")[0] for problem in found.value.problems]
    assert paths == [
        "notices.asigned",
        "notices.bundle_within",
        "agents.ana.notices.closed",
        "agents.ana.notices.assigned",
    ]


def test_every_code_of_the_table_is_explained_and_can_be_switched() -> None:
    of_agents = {Who.REPLIER, Who.TRIAGE, Who.OPENER, Who.CUSTOMER}
    codes = {line.code for lines in TABLE.values() for line in lines if line.who not in of_agents}
    assert codes - {None} | {"unseen"} == set(NOTICE_CODES)
    assert compile_desk({}).agents == {} and OWN_MEANS == "agent"


# --- rules for notices ---


class Rules:
    """A plugin with rules for notices."""

    def __init__(self, *rules: NoticeRule) -> None:
        self.rules = rules

    @hookimpl
    def reqflow_notices(self) -> Iterable[NoticeRule]:
        return self.rules


def rule(name: str, on: type[e.Event], then: Any) -> Rules:
    return Rules(NoticeRule(name=name, on=frozenset({on}), then=then))


@pytest.mark.row("58")
def test_a_rule_removes_notices() -> None:
    def nothing(telling: Telling) -> Iterable[Notice]:
        return [each for each in telling.notices if each.agent != "bo"]

    story = Story(plugins=[rule("hush", e.RequestAssigned, nothing)])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Assign, "ana", asked, assignee="eva")
    assert (told(story, "bo"), told(story, "eva")) == ([], ["assigned"])


@pytest.mark.row("58")
def test_a_rule_tells_customers_on_close() -> None:
    """OneDesk's own example; the conversation is closed by then, and the customer hears of it all the same."""

    def closing(telling: Telling) -> Iterable[Notice]:
        yield from telling.notices
        yield Notice(code="acme.closed", who=Who.CUSTOMER, text="Bye.")
        yield Notice(code="acme.closed", who=Who.NAMED, agent="eva")

    post = Post()
    story = Story(plugins=[rule("bye", e.RequestClosed, closing), post])
    asked = asked_of(story)
    story.do(Close, "ana", asked)
    story.engine.work()
    assert [taken.words for taken in post.all(PostMessage)] == [["Bye."]]
    assert told(story, "eva") == ["acme.closed"]
    assert not story.conversation(asked).is_open
    assert story.engine.verify() == []


@pytest.mark.row("58")
def test_a_rule_reminds_of_what_has_no_notice_of_its_own() -> None:
    def remind(telling: Telling) -> Iterable[Notice]:
        assert telling.notices == ()
        return [Notice(code="acme.noted", who=Who.NAMED, agent=telling.conversation.holder)]

    story = Story(plugins=[rule("noted", e.NoteAdded, remind)])
    asked = asked_of(story)
    story.do(Take, "ana", asked)
    story.do(AddNote, "bo", asked, text="Look here")
    assert told(story) == ["acme.noted"]


def test_a_failing_rule_for_notices_leaves_all_of_them_and_a_trace() -> None:
    def choke(telling: Telling) -> Iterable[Notice]:
        raise ZeroDivisionError("a text that must not leak")

    both = Rules(
        NoticeRule(name="choke", on=frozenset({e.RequestAssigned, e.RuleRefused}), then=choke),
        NoticeRule(name="odd", on=frozenset({e.RequestAssigned}), then=lambda telling: cast(Any, ["eva"])),
    )
    story = Story(plugins=[both])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    assert told(story) == ["assigned"]
    traces = [(each.rule, each.code) for each in story.events(asked) if isinstance(each, e.RuleRefused)]
    assert traces == [("choke", "ZeroDivisionError"), ("odd", "TypeError")]


@pytest.mark.row("58")
def test_anybody_can_have_an_agent_told_something() -> None:
    story = Story()
    asked = asked_of(story)
    story.do(Notify, "ana", asked, agent="bo", code="please_close")
    story.do(Notify, "ana", asked, agent="bo", code="acme.overdue")
    story.do(Notify, "bo", asked, agent="bo", code="acme.overdue")
    assert told(story, "bo") == ["please_close", "acme.overdue"]
    with pytest.raises(Refused, match="no notice"):
        story.do(Notify, "ana", asked, agent="bo", code="hurry")
    with pytest.raises(Refused, match="no agent"):
        story.do(Notify, "ana", asked, agent="nemo", code="acme.overdue")


# --- bundles ---


def bundling(**more: Any) -> dict[str, Any]:
    return desk_with(agents=agents(bo={"notices": {"bundle_within": "2m", **more}}))


def test_notices_within_a_span_of_the_first_leave_as_one_in_their_order() -> None:
    post = Post()
    story = Story(desk=bundling(), plugins=[post])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    story.engine.work()
    assert post.taken == []
    story.wait(seconds=60)
    story.do(Unassign, "ana", asked)
    story.do(Mention, "ana", asked, agents=["bo", "eva"])
    story.engine.work()
    assert [each.agent for each in post.of(NotifyAgent)] == ["eva"]  # who did not ask for it does not wait
    story.wait(seconds=60)
    story.engine.work()
    (many,) = post.of(NotifyAgentOfMany)
    assert (many.agent, [each.code for each in many.notices]) == (
        "bo",
        ["assigned", "unassigned", "mentioned"],
    )
    assert {each.state for each in story.effects()} == {EffectState.DONE}
    story.do(Assign, "ana", asked, assignee="bo")
    story.wait(minutes=2)
    story.engine.work()
    assert [each.code for each in post.of(NotifyAgent)][1:] == ["assigned"]  # one alone is no bundle


def test_a_bundle_that_fails_is_tried_again_with_what_came_meanwhile_and_loses_nothing() -> None:
    post = Post(RuntimeError("lost"), Receipt(kind=ReceiptKind.RETRY, retry_after=30.0))
    story = Story(desk=bundling(), plugins=[post])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Unassign, "ana", asked)
    story.wait(minutes=2)
    story.engine.work()
    story.do(Mention, "ana", asked, agents=["bo"])
    for _ in range(4):
        story.wait(seconds=60)
        story.engine.work()
    (many,) = post.of(NotifyAgentOfMany)
    assert [each.code for each in many.notices] == ["assigned", "unassigned", "mentioned"]
    assert {each.state for each in story.effects()} == {EffectState.DONE}


def test_a_bundle_that_nobody_takes_is_parked_as_a_whole() -> None:
    post = Post(Receipt(kind=ReceiptKind.PERMANENT, code="gone"))
    story = Story(desk=bundling(), plugins=[post])
    asked = asked_of(story)
    story.do(Assign, "ana", asked, assignee="bo")
    story.do(Unassign, "ana", asked)
    story.wait(minutes=2)
    story.engine.work()
    assert [(each.state, each.note) for each in story.effects()] == [(EffectState.PARKED, "gone")] * 2


@given(
    acts=st.lists(st.sampled_from(["assign", "unassign", "mention", "wait", "work"]), max_size=25),
    failures=st.lists(st.integers(0, 3), max_size=4),  # the fifth in a row parks
)
def test_bundling_loses_nothing_and_keeps_the_order(acts: list[str], failures: list[int]) -> None:
    receipts: list[Receipt | Exception] = []
    for gap in failures:
        receipts += [Receipt(kind=ReceiptKind.DELIVERED)] * gap + [RuntimeError("lost")]
    post = Post(*receipts)
    story = Story(desk=bundling(), plugins=[post])
    asked = asked_of(story)
    for act in acts:
        if act == "wait":
            story.wait(seconds=50)
        elif act == "work":
            story.engine.work()
        elif act == "mention":
            story.do(Mention, "ana", asked, agents=["bo"])
        elif (story.request(asked).assignee is None) is (act == "assign"):
            story.do(*((Assign, "ana", asked) if act == "assign" else (Unassign, "ana", asked)), **_whom(act))
    for _ in range(20):
        story.wait(minutes=6)
        story.engine.work()
    delivered = [
        notice.code
        for taken in post.taken
        for notice in (
            taken.effect.notices if isinstance(taken.effect, NotifyAgentOfMany) else (taken.effect,)
        )
        if isinstance(notice, NotifyAgent)
    ]
    assert delivered == told(story, "bo")
    assert {each.state for each in story.effects()} <= {EffectState.DONE}


def _whom(act: str) -> dict[str, str]:
    return {"assignee": "bo"} if act == "assign" else {}


def test_bundles_show_what_each_of_their_notices_is_about() -> None:
    post = Post()
    story = Story(desk=bundling(), plugins=[post])
    asked = asked_of(story)
    story.do(Follow, "bo", asked)
    story.say("cara", "One", to=asked)
    story.say("cara", "Two", to=asked)
    story.wait(minutes=2)
    story.engine.work()
    (taken,) = post.all(NotifyAgentOfMany)
    assert taken.words == ["One", "Two"]
