"""What nobody saw: automatic answers, mail about what was not seen, and the answers to that. (OneDesk)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Actor,
    ActorKind,
    AddNote,
    Assign,
    Close,
    CloseConversation,
    CreateCustomer,
    Follow,
    Hold,
    MarkSeen,
    Mention,
    Reply,
    Take,
    Unassign,
    agent,
)
from reqflow.core import events as e
from reqflow.core.effects import AnnounceRequest, MailAgent, MailCustomer, PostMessage
from reqflow.core.facts import Outcome
from reqflow.core.model import Audience
from reqflow.core.timers import QuestionKind
from reqflow.errors import InvalidInput
from reqflow.ports import Receipt, ReceiptKind
from reqflow.testing.desks import DESK, Story, desk_with
from tests.capabilities.carriers import Post, Taken

BOX = "mail:help"
CHANNELS = {**DESK["channels"], BOX: {"kind": "mail"}}
MAILED = {
    "unseen_through": BOX,
    "nudge_after": 0,
    "auto_close_after": 0,
    "inactivity_close_after": 0,
    "visibility": "channel",
}


def mailed(settings: Mapping[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    """A desk whose messages go by mail to those who have not seen them."""
    return desk_with({**MAILED, **(settings or {})}, **{"channels": CHANNELS, **tables})


def agents(**changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {**agent, **changes.get(name, {})} for name, agent in DESK["agents"].items()}


def asked_of(story: Story, **how: Any) -> Outcome:
    return story.say("cara", "Where is my parcel?", **{"channel": "dm:shop", **how})


def taken_by(story: Story, who: str = "ana") -> Outcome:
    """A customer's conversation that an agent works on; nothing of it is unseen."""
    asked = asked_of(story)
    story.do(Take, who, asked)
    story.now += timedelta(seconds=1)  # what comes at the same moment counts as seen
    return asked


def follows(story: Story, who: str, about: Outcome) -> None:
    """Let an agent follow it from now on; nothing of it is unseen."""
    story.do(Follow, who, about)
    story.now += timedelta(seconds=1)


def known(story: Story, about: Outcome, email: str = "cara@home.example") -> None:
    """Put the customer on record."""
    story.do(
        CreateCustomer,
        "ana",
        first_name="Cara",
        last_name="Moon",
        email=email,
        profile_id=story.conversation(about).requester,
    )


def seen(story: Story, who: str, about: Outcome, **fields: Any) -> Outcome:
    assert about.conversation_id is not None
    outcome = story.engine.handle(MarkSeen(by=agent(who), conversation_id=about.conversation_id, **fields))
    story.now += timedelta(seconds=1)
    return outcome


def seen_by_customer(story: Story, about: Outcome) -> Outcome:
    assert about.conversation_id is not None
    by = Actor(ActorKind.CUSTOMER, story.conversation(about).requester)
    return story.engine.handle(MarkSeen(by=by, conversation_id=about.conversation_id))


def passes(story: Story, **span: float) -> None:
    story.wait(**span)
    story.engine.work()


def unseen_timers(story: Story) -> list[str]:
    return sorted(key.split(":", 2)[2] for key in story.timers() if key.startswith("unseen:"))


# --- agents ---


@pytest.mark.row("36", "54")
def test_what_an_agent_has_not_seen_for_a_minute_comes_by_mail_with_its_content() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    first = story.say("cara", "Hello?", channel="dm:shop")
    story.say("cara", "It is urgent.", channel="dm:shop", after=30)
    passes(story, seconds=29.999999)
    assert post.taken == []
    passes(story, seconds=0.000001)
    (mail,) = post.all(MailAgent)
    assert isinstance(mail.effect, MailAgent)
    assert (mail.words, mail.address) == (["Hello?", "It is urgent."], "mail:ana")
    assert (mail.effect.channel_id, mail.effect.messages[0]) == (BOX, first.message_id)
    assert mail.effect.audience is Audience.CUSTOMER
    passes(story, hours=1)
    assert len(post.taken) == 1 and unseen_timers(story) == []
    (forwarded,) = [each for each in story.events(asked) if isinstance(each, e.MessageForwarded)]
    assert (forwarded.agent, forwarded.reason.code) == ("ana", "unseen")
    assert story.engine.verify() == []


@pytest.mark.row("36")
def test_the_timer_is_one_for_a_recipient_and_counts_from_the_earliest_that_was_not_seen() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    passes(story, minutes=5)
    story.say("cara", "One", channel="dm:shop")
    seen(story, "ana", asked)
    story.say("cara", "Two", channel="dm:shop", after=40)
    assert unseen_timers(story) == ["agent:ana"]
    passes(story, seconds=20)
    assert post.taken == [] and unseen_timers(story) == ["agent:ana"]
    passes(story, seconds=40)
    assert [mail.words for mail in post.all(MailAgent)] == [["Two"]]


@pytest.mark.row("54")
def test_what_was_seen_up_to_a_message_leaves_the_rest() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    one = story.say("cara", "One", channel="dm:shop", after=1)
    story.say("cara", "Two", channel="dm:shop", after=1)
    assert seen(story, "ana", asked, up_to=one.message_id).kind == "done"
    passes(story, minutes=2)
    assert [mail.words for mail in post.all(MailAgent)] == [["Two"]]


@pytest.mark.row("54")
def test_a_message_that_came_late_was_not_seen_though_later_ones_were() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    story.say("cara", "Two", channel="dm:shop", after=60)
    seen(story, "ana", asked)
    story.say("cara", "One", channel="dm:shop", ago=30, after=10)
    passes(story, minutes=2)
    assert [mail.words for mail in post.all(MailAgent)] == [["One"]]


@pytest.mark.row("54")
def test_an_agents_answer_by_mail_reaches_the_customer_where_they_are() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = asked_of(story)
    follows(story, "bo", asked)
    story.say("cara", "Hello?", channel="dm:shop")
    passes(story, minutes=1)
    native = _native(post, post.all(MailAgent)[0])
    answer = story.say("bo", "On its way.", channel=BOX, to=native)
    assert answer.conversation_id == asked.conversation_id
    assert story.request(asked).assignee == "bo"  # the first to answer, by whatever means
    assert story.conversation(asked).team_at == story.now
    story.engine.work()
    (reply,) = post.all(PostMessage)
    assert isinstance(reply.effect, PostMessage)
    assert (reply.words, reply.effect.channel_id) == (["On its way."], "dm:shop")
    assert reply.effect.answers is None or reply.effect.answers != native
    story.say("cara", "Thank you so much, when?", channel="dm:shop", after=1)
    passes(story, minutes=1)
    again = post.of(MailAgent)[-1]
    assert again.answers == native  # one thread of mail for one conversation
    assert story.engine.verify() == []


@pytest.mark.row("11", "54")
def test_who_answers_mail_about_internal_words_answers_internally() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    follows(story, "bo", asked)
    story.do(Reply, "ana", asked, text="She is angry.", audience="internal")
    passes(story, minutes=1)
    (mail,) = post.all(MailAgent)
    assert (mail.words, mail.effect.audience) == (["She is angry."], "internal")
    said = story.say("bo", "Then be nice.", channel=BOX, to=_native(post, mail))
    assert story.message(said, BOX).audience is Audience.INTERNAL
    story.engine.work()
    assert post.all(PostMessage) == []


@pytest.mark.row("11", "54")
def test_words_for_both_audiences_leave_as_two_mails() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    follows(story, "bo", asked)
    story.do(Reply, "ana", asked, text="Soon.")
    story.do(Reply, "ana", asked, text="She is angry.", audience="internal")
    passes(story, minutes=1)
    mails = [(mail.effect.audience, mail.words) for mail in post.all(MailAgent)]
    assert mails == [("customer", ["Soon."]), ("internal", ["She is angry."])]


@pytest.mark.row("54")
@pytest.mark.parametrize(
    ("settings", "notices"),
    [
        ({"unseen_through": None}, {}),
        ({"unseen_after": 0}, {}),
        ({"unseen_by": ["customers"]}, {}),
        ({}, {"unseen": False}),
        ({}, {"customer_wrote": False}),
    ],
)
def test_mail_to_agents_can_be_off(settings: dict[str, Any], notices: dict[str, bool]) -> None:
    merged = {name: told for name, told in {**MAILED, **settings}.items() if told is not None}
    desk = desk_with(merged, channels=CHANNELS, agents=agents(ana={"notices": notices}))
    post = Post()
    story = Story(desk=desk, plugins=[post])
    taken_by(story)
    story.say("cara", "Hello?", channel="dm:shop")
    passes(story, hours=1)
    assert post.all(MailAgent) == [] and unseen_timers(story) == []


def test_whoever_is_no_longer_concerned_gets_no_mail() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    story.say("cara", "Hello?", channel="dm:shop")
    story.do(Assign, "ana", asked, assignee="bo")
    passes(story, hours=1)
    assert post.all(MailAgent) == []  # ana has it no more; bo was told that it is theirs
    story.say("cara", "Anybody?", channel="dm:shop")
    story.engine.configure(mailed(agents=agents(bo={"channels": ["chat:*"]})))
    story.do(Unassign, "eva", asked)
    passes(story, hours=1)
    assert post.all(MailAgent) == []


@pytest.mark.row("36")
def test_a_closed_conversation_keeps_no_timer_of_a_colleague() -> None:
    story = Story(desk=mailed())
    asked = taken_by(story)
    follows(story, "bo", asked)
    follows(story, "eva", asked)
    story.say("cara", "Hello?", channel="dm:shop")
    assert unseen_timers(story) == ["agent:ana", "agent:bo", "agent:eva"]
    story.do(CloseConversation, "ana", asked)
    assert unseen_timers(story) == []


# --- customers ---


@pytest.mark.row("36", "56")
def test_an_answer_that_a_known_customer_has_not_seen_comes_by_mail() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    known(story, asked)
    story.do(Reply, "ana", asked, text="On its way.")
    passes(story, seconds=59.999999)
    assert post.all(MailCustomer) == []
    passes(story, seconds=0.000001)
    (mail,) = post.all(MailCustomer)
    assert (mail.words, mail.address) == (["On its way."], "cara@home.example")
    said = story.say("mail:cara@home.example", "Thank you, but when?", channel=BOX, to=_native(post, mail))
    assert said.conversation_id == asked.conversation_id and said.request_id == asked.request_id
    assert story.conversation(asked).customer_at == story.now
    assert story.engine.verify() == []


def _native(post: Post, mail: Taken) -> str:
    return f"n{post.taken.index(mail) + 1}"


@pytest.mark.row("56")
def test_who_saw_the_answer_or_is_unknown_gets_no_mail() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    story.do(Reply, "ana", asked, text="On its way.")
    passes(story, minutes=2)
    assert post.all(MailCustomer) == []
    known(story, asked)
    story.do(Reply, "ana", asked, text="Tomorrow.")
    assert seen_by_customer(story, asked).kind == "done"
    passes(story, minutes=2)
    assert post.all(MailCustomer) == []


@pytest.mark.row("56")
def test_an_answer_that_closes_still_reaches_the_customer() -> None:
    """Answering and closing at once is what happens most; the customer has not seen the answer all the same."""
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    known(story, asked)
    story.do(Reply, "ana", asked, text="Solved.")
    story.do(CloseConversation, "ana", asked)
    passes(story, minutes=1)
    assert [mail.words for mail in post.all(MailCustomer)] == [["Solved."]]
    assert unseen_timers(story) == []
    late = story.say(
        "mail:cara@home.example", "It is not!", channel=BOX, to=_native(post, post.all(MailCustomer)[0])
    )
    assert late.conversation_id != asked.conversation_id and late.request_id is not None
    assert story.conversation(asked).continued_in == late.conversation_id


@pytest.mark.row("56")
@pytest.mark.parametrize("reason", ["rejected", "ignored", "barred"])
def test_who_was_turned_away_gets_no_mail(reason: str) -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    known(story, asked)
    story.do(Reply, "ana", asked, text="Solved.")
    story.do(CloseConversation, "ana", asked, reason=reason)
    passes(story, minutes=2)
    assert post.all(MailCustomer) == []


@pytest.mark.row("56")
def test_colleagues_have_answers_by_mail_if_their_settings_say_so() -> None:
    post = Post()
    roster = agents(eva={"notices": {"colleague_replied": False}, "addresses": ["mail:eva"]})
    story = Story(desk=mailed(agents=roster), plugins=[post])
    asked = taken_by(story)
    follows(story, "bo", asked)
    follows(story, "eva", asked)
    story.do(Reply, "ana", asked, text="On its way.")
    passes(story, minutes=1)
    assert [(each.agent, each.texts[0].owner) for each in post.of(MailAgent)] == [("bo", "ana")]


@pytest.mark.row("56")
def test_on_a_mail_channel_the_answer_is_the_mail() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = story.say("cara", "Where is my parcel?", channel=BOX)
    story.do(Reply, "ana", asked, text="On its way.")
    known(story, asked)
    passes(story, minutes=5)
    assert post.all(MailCustomer) == [] and len(post.all(PostMessage)) == 1


def test_many_messages_leave_in_several_mails_and_none_is_lost() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    taken_by(story)
    said = [f"line {number}" for number in range(120)]
    for line in said:
        story.say("cara", line, channel="dm:shop", after=0.01)
    for _ in range(4):
        passes(story, seconds=61)
    assert [word for mail in post.all(MailAgent) for word in mail.words] == said
    assert story.engine.verify() == []


def test_a_mail_that_was_answered_before_its_receipt_came_keeps_its_thread() -> None:
    class Slow(Post):
        def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
            receipt = super().deliver(key, effect, texts)
            if isinstance(effect, MailAgent):
                story.say("cara", "a stray answer", channel=BOX, to=str(receipt.native))
            return receipt

    post = Slow()
    story = Story(desk=mailed(), plugins=[post])
    taken_by(story)
    story.say("cara", "Hello?", channel="dm:shop")
    passes(story, minutes=1)
    assert [each.state for each in story.effects() if isinstance(each.queued.effect, MailAgent)] == ["done"]
    assert story.engine.verify() == []


# --- what was seen ---


def test_seeing_leaves_no_history_and_nobody_sees_what_is_not_theirs() -> None:
    story = Story(desk=mailed({"visibility": "holder"}))
    asked = taken_by(story)
    before = len(story.engine.history(asked.conversation_id or ""))
    assert seen(story, "ana", asked).kind == "done"
    assert len(story.engine.history(asked.conversation_id or "")) == before
    assert seen(story, "eva", asked).code == "unknown_conversation"
    assert seen(story, "nemo", asked).code == "unknown_conversation"
    nowhere = MarkSeen(by=agent("ana"), conversation_id="c_nowhere")
    assert story.engine.handle(nowhere).code == "unknown_conversation"
    stranger = Actor(ActorKind.CUSTOMER, "p_stranger")
    assert story.engine.handle(MarkSeen(by=stranger, conversation_id=asked.conversation_id)).kind == "ignored"
    with pytest.raises(InvalidInput, match="an agent or a customer"):
        MarkSeen(by=Actor(ActorKind.TIMER, "t"), conversation_id="c_1")
    assert story.engine.verify() == []


# --- the automatic answer ---

GREETING = {"auto_reply": "We have your message.", "nudge_after": 0, "auto_close_after": 0}


def greetings(story: Story) -> int:
    return len([each for each in story.effects() if isinstance(each.queued.effect, PostMessage)])


@pytest.mark.row("55")
def test_a_bot_answers_the_customer_at_once() -> None:
    post = Post()
    story = Story(GREETING, plugins=[post])
    asked = asked_of(story)
    story.engine.work()
    (reply,) = post.all(PostMessage)
    assert reply.words == ["We have your message."]
    (posted,) = [each for each in story.events(asked) if isinstance(each, e.MessagePosted)]
    assert posted.message.author == Actor(ActorKind.BOT, "auto_reply")
    assert story.engine.verify() == []


@pytest.mark.row("32", "55")
def test_the_automatic_answer_answers_but_stops_no_clock_and_assigns_nobody() -> None:
    story = Story({"auto_reply": "We have your message.", "nudge_after": "1h"})
    asked = asked_of(story)
    conversation, request = story.conversation(asked), story.request(asked)
    assert (conversation.greeted_at, conversation.team_at) == (story.now, None)
    assert request.assignee is None and not request.touched
    story.do(Assign, "eva", asked, assignee="ana")
    story.wait(hours=1)
    assert QuestionKind.NUDGE and "request.nudged" in story.tags(asked)


@pytest.mark.row("55")
def test_the_automatic_answer_has_conditions() -> None:
    def count(story: Story) -> int:
        asked = asked_of(story, channel="chat:lobby")
        story.say("dan", "And mine?", to=asked, after=300)
        story.do(Close, "ana", asked)
        story.say("cara", "Where is the other one?", channel="chat:lobby", after=300)
        return greetings(story)

    every = {**GREETING, "auto_reply_every": 0, "close_with_last_request": False}
    assert count(Story(every)) == 2
    assert count(Story({**every, "auto_reply_on": "each_request"})) >= 2
    assert count(Story({**every, "auto_reply_on": "off"})) == 0
    assert count(Story(desk=desk_with({}))) == 0


@pytest.mark.row("55")
def test_first_means_once_in_a_conversation_and_each_request_each() -> None:
    def count(mode: str) -> int:
        story = Story({**GREETING, "auto_reply_every": 0, "auto_reply_on": mode, "reopen_within": 0})
        asked = asked_of(story)
        story.do(Close, "ana", asked)
        again = asked_of(story, after=300)
        assert again.conversation_id == asked.conversation_id and again.request_id != asked.request_id
        return greetings(story)

    assert (count("first"), count("each_request")) == (1, 2)


@pytest.mark.row("55")
def test_a_profile_gets_no_second_one_within_a_day_anywhere() -> None:
    story = Story({**GREETING, "detection": "always"})
    for _ in range(5):
        story.say("dm:cara", "Where is it?", channel="chat:lobby", after=1000)
    asked_of(story)
    assert greetings(story) == 1
    story.wait(days=1)
    story.say("dm:cara", "Where is it?", channel="chat:lobby")
    assert greetings(story) == 2


@pytest.mark.row("55")
def test_a_channel_gives_so_many_in_an_hour() -> None:
    """Ten thousand forged senders would else make the desk write to ten thousand victims."""
    story = Story({**GREETING, "auto_reply_most": 16})
    for number in range(100):
        story.say(f"victim{number}", "Where is it?", channel=BOX)
    assert greetings(story) <= 16
    before = greetings(story)
    story.wait(hours=1)
    story.say("another", "Where is it?", channel=BOX)
    assert greetings(story) == before + 1


@pytest.mark.row("55")
def test_machines_get_no_answer() -> None:
    story = Story({**GREETING, "detection": "always"})
    story.say("robot", "I am away.", channel=BOX, bot=True)
    assert greetings(story) == 0
    internal = story.say("cara", "Where is it?", channel=BOX, audience="internal")
    assert internal.request_id and greetings(story) == 0


@pytest.mark.row("55")
@pytest.mark.parametrize("marked", [True, False])
def test_two_desks_that_mail_each_other_say_two_things_at_most(marked: bool) -> None:
    """Though neither recognises the other as a machine, when the mark is lost on the way."""
    here, there = Story({**GREETING}), Story({**GREETING})
    here.say("there", "Where is it?", channel=BOX)
    mails, sent = 0, {id(here): 0, id(there): 0}
    for _ in range(20):
        for desk, other, name in ((here, there, "here"), (there, here, "there")):
            new = greetings(desk) - sent[id(desk)]
            sent[id(desk)] += new
            for _ in range(new):
                mails += 1
                other.say(name, "We have your message.", channel=BOX, after=1, bot=marked)
    assert mails <= 2


@pytest.mark.row("36", "55")
def test_an_automatic_answer_that_was_not_seen_comes_by_mail_if_the_customer_is_known() -> None:
    post = Post()
    story = Story(desk=mailed({**GREETING, "auto_reply_every": 0}), plugins=[post])
    asked = asked_of(story)
    passes(story, minutes=1)
    assert post.all(MailCustomer) == []
    known(story, asked)
    story.do(CloseConversation, "ana", asked)
    asked_of(story)
    passes(story, minutes=1)
    assert [mail.words for mail in post.all(MailCustomer)] == [["We have your message."]]
    assert [mail.words for mail in post.all(MailAgent)] == []


# --- nothing internal ever leaves for a customer ---

MARK = "XYZZY"

ACTS = (
    "say", "internal", "note", "reply", "hold", "assign", "mention", "answer_by_mail", "wait", "close", "unassign",
)  # fmt: skip


@pytest.mark.row("11")
@given(acts=st.lists(st.sampled_from(ACTS), min_size=3, max_size=14))
def test_no_effect_for_a_customer_ever_holds_an_internal_word(acts: list[str]) -> None:
    post = Post()
    settings = {
        **MAILED,
        **GREETING,
        "status_text": True,
        "status_emoji": True,
        "offer_actions": True,
        "assignees_follow": True,
        "triage": "chat:triage",
        "responder_teams": ["support"],
    }
    story = Story(desk=desk_with(settings, channels=CHANNELS), plugins=[post])
    asked = asked_of(story)
    known(story, asked)
    follows(story, "bo", asked)
    for act in acts:
        _do(story, post, asked, act)
    for _ in range(3):
        passes(story, minutes=2)
    for taken in post.taken:
        if taken.effect.eyes() is Audience.CUSTOMER:
            assert MARK not in " ".join(taken.texts.values())
    assert story.engine.verify() == []


def _do(story: Story, post: Post, asked: Outcome, act: str) -> None:
    is_open = story.conversation(asked).is_open
    if act == "wait":
        passes(story, seconds=61)
    elif act == "say":
        asked_of(story, after=1)
    elif act == "note":
        story.do(AddNote, "ana", asked, text=MARK)
    elif act == "answer_by_mail":
        internal = [t for t in post.all(MailAgent) if t.effect.audience is Audience.INTERNAL]
        if internal:
            story.say("bo", MARK, channel=BOX, to=_native(post, internal[-1]))
    elif not is_open:
        return
    elif act == "internal":
        story.do(Reply, "ana", asked, text=MARK, audience="internal")
    elif act == "reply":
        story.do(Reply, "ana", asked, text="Soon.")
    elif act == "mention":
        story.do(Mention, "ana", asked, agents=["eva"])
    elif act == "close":
        story.do(CloseConversation, "eva", asked)  # she may close what others work on
    elif story.request(asked).is_open:
        if act == "hold":
            story.do(Hold, "eva", asked, reason="third_party")
        elif act == "assign":
            story.do(Assign, "eva", asked, assignee="bo")
        elif story.request(asked).assignee:
            story.do(Unassign, "eva", asked)


def test_an_effect_is_read_with_its_own_eyes() -> None:
    """Even a customer's effect that refers to an internal text leaves without it."""
    from reqflow.core.effects import EFFECTS

    customers = {kind.tag for kind in EFFECTS if kind.eyes.__qualname__.startswith("Effect.")}
    assert customers == {"message.post", "message.react", "customer.mail"}


def test_receipts_without_an_id_are_enough() -> None:
    post = Post(*[Receipt(kind=ReceiptKind.DELIVERED)] * 9)
    story = Story(desk=mailed({"triage": "chat:triage"}), plugins=[post])
    asked = taken_by(story)
    story.say("cara", "Hello?", channel="dm:shop")
    passes(story, minutes=1)
    story.do(Close, "ana", asked)
    story.engine.work()
    assert {each.state for each in story.effects()} <= {"done", "cancelled"}


def test_many_at_once_see_and_write_in_one_commit() -> None:
    post = Post()
    story = Story(desk=mailed(), plugins=[post])
    asked = taken_by(story)
    assert asked.conversation_id is not None
    ana = MarkSeen(by=agent("ana"), conversation_id=asked.conversation_id)
    done = story.engine.handle_many(
        [
            ana,
            story.letter("cara", "One", channel="dm:shop"),
            ana,
            ana,
            story.letter("bo", "Hm", channel="dm:shop"),
        ]
    )
    assert [getattr(each, "kind", each) for each in done] == ["done", "placed", "done", "done", "placed"]
    story.say("cara", "Two", channel="dm:shop", after=1)
    passes(story, minutes=1)
    assert [mail.words for mail in post.all(MailAgent)] == [["Two"]]
    assert story.engine.verify() == []


def test_the_state_written_anew_from_history_keeps_what_was_seen() -> None:
    post = Post()
    story = Story(desk=mailed({"triage": "chat:triage"}), plugins=[post])
    asked = taken_by(story)
    story.do(Mention, "ana", asked, agents=["bo"])
    story.say("cara", "Hello?", channel="dm:shop", after=1)
    seen(story, "bo", asked)
    story.engine.work()
    assert story.engine.rebuild() > 0 and story.engine.verify() == []
    assert story.conversation(asked).followers == ("bo",)
    passes(story, minutes=2)
    assert [each.agent for each in post.of(MailAgent)] == ["ana"]
    story.do(Close, "ana", asked)
    story.engine.work()
    assert post.of(AnnounceRequest)[-1].card is not None
