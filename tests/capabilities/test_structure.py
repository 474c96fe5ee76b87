"""What belongs together: promoted messages, the desk that speaks first, merged and split requests, links, tickets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from reqflow import (
    Accept,
    AddNote,
    Assign,
    AttachmentKind,
    Close,
    CloseConversation,
    CreateTicket,
    Enclosure,
    Hold,
    Link,
    Merge,
    Promote,
    Release,
    Reopen,
    Reply,
    Route,
    Split,
    StartConversation,
    Take,
    Undo,
    Unlink,
    agent,
)
from reqflow.core.effects import OpenTicket, PostMessage
from reqflow.core.facts import Outcome
from reqflow.errors import Forbidden, InvalidInput, Refused, UnknownId
from reqflow.ports import Conversations, EffectState, Messages, Receipt, ReceiptKind, Records
from reqflow.testing.desks import DESK, Story, desk_with
from reqflow.testing.machines import Post, broken_laws

ANA, BO = agent("ana"), agent("bo")


def handle(story: Story, command: Any) -> Outcome:
    return story.engine.handle(command)


def last_seq(story: Story, about: Outcome) -> int:
    return story.engine.history(about.conversation_id or "")[-1].seq


def assert_sound(story: Story) -> None:
    assert broken_laws(story) == []


# --- promote ---


@pytest.mark.row("2")
class TestPromote:
    def test_any_message_of_a_customer_becomes_a_request_of_the_teammate_who_is_told(self) -> None:
        story = Story()
        said = story.say("cara", "my parcel is not here")
        assert said.request_id is None
        made = handle(story, Promote(by=ANA, message_id=said.message_id, assignee="bo"))
        request = story.request(made)
        assert (request.state, request.assignee, request.opener) == ("assigned", "bo", said.message_id)
        assert story.message(said).request_id == made.request_id
        (opened,) = [x for x in story.events(said) if x.tag == "request.opened"]
        assert opened.reason.code == "promoted"
        told = [x.queued.effect for x in story.effects() if x.queued.effect.tag == "agent.notify"]
        assert [(x.agent, x.code) for x in told] == [("bo", "assigned")]
        assert_sound(story)

    @pytest.mark.parametrize("way", ["id", "native", "whole"])
    def test_it_is_named_by_id_by_native_id_or_given_whole(self, way: str) -> None:
        story = Story()
        letter = story.letter("cara", "my parcel is not here")
        said = story.hear(letter)
        named = {
            "id": {"message_id": said.message_id},
            "native": {"channel": letter.channel, "native": letter.native},
            "whole": {"inbound": letter},
        }[way]
        made = handle(story, Promote(by=ANA, **named))
        assert made.message_id == said.message_id and story.request(made).opener == said.message_id
        assert_sound(story)

    @pytest.mark.parametrize("channel", ["chat:lobby", "dm:cara", "mail:desk"])
    def test_one_that_was_never_seen_is_placed_first(self, channel: str) -> None:
        story = Story()
        letter = story.letter("cara", "my parcel is not here", channel=channel)
        made = handle(story, Promote(by=ANA, inbound=letter, assignee="ana"))
        assert story.request(made).assignee == "ana"
        (message,) = story.all(Messages())
        assert (message.native, message.request_id) == (letter.native, made.request_id)
        again = story.hear(letter)
        assert again.duplicate and len(story.requests()) == 1
        assert_sound(story)

    def test_no_classifier_is_asked_about_it(self) -> None:
        class Never:
            name = "never"

            def classify(self, inbound: Any) -> Any:
                raise AssertionError("asked")

        story = Story(classifier=Never())
        made = handle(story, Promote(by=ANA, inbound=story.letter("cara", "hm")))
        assert story.request(made).is_open

    def test_what_was_written_soon_after_comes_along(self) -> None:
        story = Story()
        first = story.say("cara", "my parcel is not here")
        second = story.say("cara", "it is blue", after=60)
        third = story.say("cara", "and this is another matter", after=600)
        made = handle(story, Promote(by=ANA, message_id=first.message_id))
        assert story.message(second).request_id == made.request_id
        assert story.conversation(second).continued_in == made.conversation_id
        assert story.message(third).request_id is None
        later = story.say("cara", "as I said", after=60, to=first)
        assert later.request_id == made.request_id
        assert_sound(story)

    def test_a_thread_comes_along_from_there_on(self) -> None:
        story = Story()
        begun = story.say("cara", "good morning")
        meant = story.say("cara", "nothing works", to=begun, after=600)
        after = story.say("dan", "same here", to=begun, after=600)
        made = handle(story, Promote(by=ANA, message_id=meant.message_id))
        assert [story.message(x).request_id for x in (begun, meant, after)] == [None, *[made.request_id] * 2]
        assert_sound(story)

    def test_what_belongs_to_an_open_request_is_only_given_to_somebody(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is my parcel?")
        again = handle(story, Promote(by=ANA, message_id=asked.message_id))
        assert again.request_id == asked.request_id and "request.assigned" not in story.tags(asked)
        handle(story, Promote(by=ANA, message_id=asked.message_id, assignee="bo"))
        handle(story, Promote(by=ANA, message_id=asked.message_id, assignee="bo"))
        assert story.request(asked).assignee == "bo"
        assert story.tags(asked).count("request.opened") == story.tags(asked).count("request.assigned") == 1

    def test_what_was_no_request_after_all_may_be_one_again(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is everybody?")
        story.do(Close, "ana", asked, resolution="not_a_request")
        made = handle(story, Promote(by=ANA, message_id=asked.message_id, assignee="bo"))
        assert made.request_id == asked.request_id and story.request(asked).assignee == "bo"
        assert_sound(story)

    def test_the_channels_owner_gets_it_where_nobody_is_named(self) -> None:
        story = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "owner": "eva"}}))
        said = story.say("cara", "my parcel is not here")
        assert story.request(handle(story, Promote(by=ANA, message_id=said.message_id))).assignee == "eva"

    def test_the_teams_words_and_what_is_not_there_cannot_be(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        answered = story.say("ana", "Here", to=asked)
        for named, error in (
            ({"message_id": answered.message_id}, Refused),
            ({"message_id": "m_nowhere"}, UnknownId),
            ({"channel": "chat:lobby", "native": "nothing"}, UnknownId),
            ({"inbound": story.letter("cara", "x", channel="no:where")}, UnknownId),
        ):
            with pytest.raises(error):
                handle(story, Promote(by=ANA, **named))
        for wrong in ({}, {"native": "1"}, {"message_id": "m", "channel": "chat:lobby", "native": "1"}):
            with pytest.raises(InvalidInput):
                Promote(by=ANA, **wrong)

    def test_a_refused_one_does_not_even_place_the_message(self) -> None:
        story = Story()
        letter = story.letter("cara", "my parcel is not here")
        for _ in range(2):
            (refused,) = story.engine.handle_many([Promote(by=ANA, inbound=letter, assignee="nobody")])
            assert isinstance(refused, Refused)
        assert story.all(Messages()) == []

    def test_who_may_assign_nothing_promotes_nothing(self) -> None:
        agents = {**DESK["agents"], "ria": {"name": "Ria", "teams": ["support"], "role": "restricted"}}
        story = Story(desk=desk_with(agents=agents))
        said = story.say("cara", "hm")
        with pytest.raises(Forbidden):
            handle(story, Promote(by=agent("ria"), message_id=said.message_id))


@pytest.mark.row("1")
class TestNotARequest:
    def test_it_leaves_quiet_talk_that_nobody_holds(self) -> None:
        story = Story()
        asked = story.say("cara", "How are you all?")
        story.do(Take, "ana", asked)
        story.do(Close, "ana", asked, resolution="not_a_request")
        conversation = story.conversation(asked)
        assert (conversation.state, conversation.holder, conversation.is_quiet) == ("pending", None, True)
        assert asked.conversation_id not in story.timers()
        assert [x.id for x in story.all(Conversations(quiet=False))] == []
        assert_sound(story)

    def test_words_after_it_stay_talk_and_a_question_asks_anew(self) -> None:
        story = Story()
        asked = story.say("cara", "How are you all?")
        story.do(Close, "ana", asked, resolution="not_a_request")
        talk = story.say("cara", "just asking", to=asked, after=600)
        assert (talk.conversation_id, talk.request_id) == (asked.conversation_id, None)
        real = story.say("cara", "Where is my parcel?", to=asked, after=600)
        assert real.conversation_id == asked.conversation_id
        assert real.request_id not in (None, asked.request_id)
        assert_sound(story)


# --- the desk speaks first ---


class TestStart:
    def start(self, story: Story, **fields: Any) -> Outcome:
        given = {"channel": "dm:out", "to": "dm:cara", "text": "Your parcel is here.", **fields}
        return handle(story, StartConversation(by=ANA, **given))

    @pytest.mark.parametrize("request_too", [True, False])
    def test_in_a_direct_channel_the_answer_comes_back_to_it(self, request_too: bool) -> None:
        story = Story()
        begun = self.start(story, request=request_too)
        answer = story.say("dm:cara", "Thank you! When can I get it?", channel="dm:out", after=60)
        assert answer.conversation_id == begun.conversation_id
        conversation = story.conversation(begun)
        assert conversation.requester == story.engine.desk.author("dm:cara").profile
        if request_too:
            assert answer.request_id == begun.request_id
            assert story.request(begun).assignee == "ana" and conversation.holder == "ana"
        assert_sound(story)

    def test_in_a_channel_with_threads_what_the_transport_calls_it_leads_back(self) -> None:
        post = Post()
        post.answers = [Receipt(kind=ReceiptKind.DELIVERED, native="mail-77")]
        story = Story(plugins=[post])
        begun = self.start(story, channel="mail:desk", to="mail:cara@x.example")
        story.engine.work()
        ((_, effect),) = post.sent
        assert isinstance(effect, PostMessage) and effect.to is not None
        assert "mail:cara@x.example" in post.texts
        assert story.conversation(begun).thread == "mail-77"
        answer = story.say("mail:cara@x.example", "Thanks", channel="mail:desk", to="mail-77", after=60)
        assert (answer.conversation_id, answer.request_id) == (begun.conversation_id, begun.request_id)
        story.do(Reply, "ana", begun, text="Welcome")
        assert story.effects()[-1].queued.effect.answers == "mail-77"
        assert_sound(story)

    def test_the_address_stands_in_no_text_that_customers_read(self) -> None:
        story = Story()
        self.start(story, to="dm:a-very-personal-address")
        refs = [x.text.id for x in story.all(Messages())]
        (effect,) = [x.queued.effect for x in story.effects()]
        ids = [*refs, effect.to.id]
        read = story.store.texts(story.engine.workspace, ids, "customer")
        assert not any("personal" in each for each in read.values())

    def test_somebody_with_an_open_conversation_is_answered_there(self) -> None:
        story = Story()
        open_one = story.say("cara", "Hello", channel="dm:out")
        with pytest.raises(Refused, match=open_one.conversation_id):
            self.start(story)
        story.do(CloseConversation, "ana", open_one)
        begun = self.start(story)
        assert story.say("cara", "Hello again", channel="dm:out").conversation_id == begun.conversation_id
        assert_sound(story)

    def test_a_profile_on_record_is_enough(self) -> None:
        story = Story()
        known = story.say("cara", "Hello", channel="mail:desk")
        profile = story.conversation(known).requester
        begun = self.start(story, channel="mail:desk", to=None, profile_id=profile)
        assert story.conversation(begun).requester == profile
        with pytest.raises(UnknownId):
            self.start(story, to=None, profile_id="p_nobody")
        with pytest.raises(InvalidInput):
            self.start(story, profile_id=profile)

    @pytest.mark.row("10", "32")
    def test_an_item_without_words_is_a_conversation_with_no_messages(self) -> None:
        story = Story()
        item = self.start(story, channel="mail:desk", to="mail:cara", text="")
        story.do(Link, "ana", item, kind="item", target="ORDER-17")
        conversation = story.conversation(item)
        assert (conversation.messages, conversation.is_open, conversation.team_at) == (0, True, None)
        story.do(Reply, "ana", item, text="Your order is on its way.")
        assert story.conversation(item).team_at is not None
        assert_sound(story)

    def test_it_needs_a_channel_the_right_and_what_the_channel_can_carry(self) -> None:
        agents = {**DESK["agents"], "ria": {"name": "Ria", "teams": ["support"], "role": "restricted"}}
        agents["tom"] = {"name": "Tom", "teams": ["support"], "channels": ["mail:*"]}
        story = Story(desk=desk_with(agents=agents))
        with pytest.raises(Refused, match="no channel"):
            self.start(story, channel="no:where")
        for who in ("ria", "tom"):
            with pytest.raises(Forbidden):
                handle(story, StartConversation(by=agent(who), channel="dm:out", to="dm:cara", text="Hi"))
        with pytest.raises(Refused, match="cannot carry document"):
            self.start(story, channel="wall:us", attachments=(Enclosure(kind=AttachmentKind.DOCUMENT),))
        assert story.all(Conversations()) == [] and story.effects() == []

    def test_given_again_it_begins_nothing_new(self) -> None:
        story = Story()
        command = StartConversation(by=ANA, key="cmd:1", channel="mail:desk", to="mail:cara", text="Hi")
        first, second = handle(story, command), handle(story, command)
        assert second.duplicate and len(story.all(Conversations())) == len(story.effects()) == 1
        assert first.conversation_id == second.conversation_id


# --- merge ---


class TestMerge:
    def test_what_is_merged_stands_for_its_target_and_messages_stay(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel?")
        two = story.say("cara", "Where is my parcel now?", after=3600)
        merged = handle(story, Merge(by=ANA, request_id=two.request_id, into=one.request_id))
        assert merged.request_id == one.request_id
        ended = story.request(two)
        assert (ended.resolution, ended.into) == ("merged", one.request_id)
        assert story.message(two).request_id == two.request_id
        assert story.conversation(two).reason == "merged"
        again = story.say("cara", "Any news?", to=two, after=600)
        assert (again.conversation_id, again.request_id) == (one.conversation_id, one.request_id)
        story.do(Close, "ana", one)
        reopened = story.do(Reopen, "ana", two)
        assert reopened.request_id == one.request_id and story.request(one).is_open
        assert_sound(story)

    def test_customers_see_nothing_of_each_other(self) -> None:
        story = Story()
        one = story.say("cara", "Is the shop down?")
        two = story.say("dan", "Is the shop down?", after=600)
        handle(story, Merge(by=ANA, request_id=two.request_id, into=one.request_id))
        story.do(Reply, "ana", one, text="It is up again, Cara.")
        posted = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, PostMessage)]
        assert [x.conversation_id for x in posted] == [one.conversation_id]
        answer = story.say("dan", "Thanks, I can see that", to=two, after=60)
        assert answer.conversation_id != one.conversation_id
        assert_sound(story)

    def test_within_one_conversation_replies_follow(self) -> None:
        story = Story({"close_with_last_request": False})
        one = story.say("cara", "Where is my parcel?")
        two = story.say("cara", "And the other one?", to=one, after=600)
        other = story.do(Split, "ana", one, message_ids=[two.message_id])
        handle(story, Merge(by=ANA, request_id=one.request_id, into=other.request_id))
        again = story.say("cara", "hello?", to=one, after=60)
        assert again.request_id == other.request_id
        assert_sound(story)

    def test_never_in_a_circle_whoever_is_first(self) -> None:
        story = Story()
        a, b, c = (story.say(who, "Is the shop down?", after=600) for who in ("cara", "dan", "eve"))
        handle(story, Merge(by=ANA, request_id=a.request_id, into=b.request_id))
        for source, into in ((b, a), (a, b), (b, b)):
            with pytest.raises(Refused):
                handle(story, Merge(by=ANA, request_id=source.request_id, into=into.request_id))
        led = handle(story, Merge(by=ANA, request_id=c.request_id, into=a.request_id))
        assert led.request_id == b.request_id  # what was merged stands for its target
        story.do(Close, "ana", b)
        d = story.say("fay", "Is the shop down?", after=600)
        with pytest.raises(Refused, match="reopen it first"):
            handle(story, Merge(by=ANA, request_id=d.request_id, into=b.request_id))
        with pytest.raises(UnknownId):
            handle(story, Merge(by=ANA, request_id=d.request_id, into="r_nowhere"))
        with pytest.raises(Refused, match="Merge"):
            story.do(Close, "ana", d, resolution="merged", into=c.request_id)
        assert_sound(story)

    def test_both_ways_at_once_closes_one(self) -> None:
        story = Story()
        a, b = (story.say(who, "Is the shop down?", after=600) for who in ("cara", "dan"))
        done = story.engine.handle_many(
            [
                Merge(by=ANA, request_id=a.request_id, into=b.request_id),
                Merge(by=BO, request_id=b.request_id, into=a.request_id),
            ]
        )
        assert [type(each).__name__ for each in done] == ["Outcome", "Refused"]
        assert [story.request(each).is_open for each in (a, b)] == [False, True]
        assert_sound(story)

    def test_a_merge_relies_on_both_conversations(self) -> None:
        """Two processes that merge both ways at once must conflict: so each writes both streams."""
        story = Story()
        a, b = (story.say(who, "Is the shop down?", after=600) for who in ("cara", "dan"))
        batch = story.engine.dry_run(Merge(by=ANA, request_id=a.request_id, into=b.request_id)).batch
        assert batch is not None
        assert {each.id for each in batch.conversations} == {a.conversation_id, b.conversation_id}

    def test_a_long_way_of_merges_is_followed_and_a_very_long_one_harms_nobody(self) -> None:
        story = Story()
        asked = [story.say("cara", "Where is it?", after=600) for _ in range(14)]
        for source, into in pairwise(asked):
            handle(story, Merge(by=ANA, request_id=source.request_id, into=into.request_id))
        for about in (asked[6], asked[0]):
            assert story.say("cara", "hello?", to=about, after=600).conversation_id is not None
        assert story.do(Reopen, "ana", asked[6]).request_id == asked[-1].request_id
        assert_sound(story)

    def test_duplicates_lead_on_and_never_in_a_circle(self) -> None:
        story = Story()
        a, b = (story.say(who, "Is the shop down?", after=600) for who in ("cara", "dan"))
        story.do(Close, "ana", a, resolution="duplicate", into=b.request_id)
        with pytest.raises(Refused, match="leads to it"):
            story.do(Close, "ana", b, resolution="duplicate", into=a.request_id)


# --- split ---


class TestSplit:
    def test_some_messages_become_a_request_of_their_own_and_no_text_is_copied(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel?")
        two = story.say("cara", "My bill is wrong, too.", to=one, after=600)
        three = story.say("cara", "It says 17.", to=one, after=60)
        story.do(Take, "ana", one)
        made = story.do(Split, "ana", one, message_ids=[three.message_id, two.message_id], assignee="bo")
        new, old = story.request(made), story.request(one)
        assert (new.opener, new.assignee, new.opened_at) == (two.message_id, "bo", story.message(two).sent_at)
        assert (new.conversation_id, old.assignee, old.opener) == (one.conversation_id, "ana", one.message_id)
        assert [story.message(x).request_id for x in (one, two, three)] == [
            one.request_id,
            made.request_id,
            made.request_id,
        ]
        (opened,) = [x for x in story.events(one) if getattr(x, "origin", None)]
        assert opened.origin == one.request_id
        assert_sound(story)

    def test_one_message_that_asks_two_things_opens_two(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel? And who pays?")
        made = story.do(Split, "ana", one, message_ids=[one.message_id])
        again = story.do(Split, "ana", one, message_ids=[one.message_id])
        assert len({one.request_id, made.request_id, again.request_id}) == 3
        assert {story.request(x).opener for x in (one, made, again)} == {one.message_id}
        assert story.message(one).request_id == one.request_id
        assert_sound(story)

    def test_however_many_messages_and_however_often(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel?")
        many = [story.say("cara", f"and {n}", to=one, after=60) for n in range(60)]
        made = story.do(Split, "ana", one, message_ids=[x.message_id for x in many])
        assert {story.message(x).request_id for x in many} == {made.request_id}
        undone(story, one)
        assert {story.message(x).request_id for x in many} == {one.request_id}
        for _ in range(19):
            story.do(Split, "ana", one, message_ids=[one.message_id])
        with pytest.raises(Refused, match="opened 20 requests"):
            story.do(Split, "ana", one, message_ids=[one.message_id])
        assert_sound(story)

    def test_what_comes_next_joins_what_it_follows(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel?")
        two = story.say("cara", "My bill is wrong, too.", after=100)
        made = story.do(Split, "ana", one, message_ids=[two.message_id])
        three = story.say("cara", "It says 17.", after=100)
        assert three.request_id == made.request_id
        assert_sound(story)

    def test_only_who_asks_opens_and_only_what_is_there_is_split(self) -> None:
        story = Story()
        one = story.say("cara", "Where is my parcel?")
        ours = story.say("ana", "On its way", to=one)
        other = story.say("dan", "Where is mine?")
        for message, error in ((ours, Refused), (other, UnknownId)):
            with pytest.raises(error):
                story.do(Split, "ana", one, message_ids=[message.message_id])
        with pytest.raises(UnknownId):
            story.do(Split, "ana", one, message_ids=["m_nowhere"])
        story.do(Close, "ana", one)
        with pytest.raises(Refused):
            story.do(Split, "ana", one, message_ids=[one.message_id])
        with pytest.raises(InvalidInput):
            Split(by=ANA, request_id=one.request_id, message_ids=())


# --- undo ---


def undone(story: Story, about: Outcome, seq: int | None = None, who: str = "ana") -> None:
    seq = last_seq(story, about) if seq is None else seq
    handle(story, Undo(by=agent(who), conversation_id=about.conversation_id, seq=seq))


class TestUndo:
    def test_an_assignment(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        story.do(Take, "ana", asked)
        story.do(Assign, "ana", asked, assignee="bo")
        undone(story, asked)
        assert (story.request(asked).assignee, story.conversation(asked).holder) == ("ana", "ana")
        assert story.engine.history(asked.conversation_id or "")[-1].actor == ANA
        assert_sound(story)

    def test_a_take_gives_the_conversation_back_too(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        story.do(Take, "ana", asked)
        undone(story, asked)
        request, conversation = story.request(asked), story.conversation(asked)
        assert (request.state, request.assignee, conversation.state, conversation.holder) == (
            "unassigned",
            None,
            "pending",
            None,
        )
        assert_sound(story)

    @pytest.mark.parametrize("channel", ["chat:lobby", "dm:cara"])
    @pytest.mark.parametrize("held", [False, True])
    def test_a_close_however_it_stood_before(self, channel: str, held: bool) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?", channel=channel)
        story.do(Take, "ana", asked)
        if held:
            story.do(Hold, "ana", asked, reason="third_party")
        before = story.request(asked)
        story.do(CloseConversation, "ana", asked)
        undone(story, asked)
        after = story.request(asked)
        assert (after.state, after.assignee, after.hold_reason) == (
            before.state,
            before.assignee,
            before.hold_reason,
        )
        assert story.conversation(asked).holder == "ana"
        again = story.say("cara", "hello?", channel=channel, after=60, **_answering(asked, channel))
        assert again.conversation_id == asked.conversation_id
        assert_sound(story)

    def test_a_close_of_long_ago(self) -> None:
        story = Story({"close_with_last_request": False})
        one = story.say("cara", "Where is it?")
        two = story.say("cara", "My bill is wrong, too.", to=one, after=600)
        other = story.do(Split, "ana", one, message_ids=[two.message_id])
        story.do(Close, "ana", one)
        seq = last_seq(story, one)
        story.do(Close, "ana", other)
        undone(story, one, seq)
        assert story.request(one).is_open and not story.request(other).is_open
        assert_sound(story)

    def test_a_merge(self) -> None:
        story = Story()
        one = story.say("cara", "Where is it?")
        two = story.say("cara", "Where is it now?", after=3600)
        story.do(Take, "ana", two)
        handle(story, Merge(by=ANA, request_id=two.request_id, into=one.request_id))
        undone(story, two)
        request = story.request(two)
        assert (request.state, request.assignee, request.into) == ("assigned", "ana", None)
        again = story.say("cara", "hello?", to=two, after=60)
        assert again.request_id == two.request_id
        assert_sound(story)

    def test_a_split(self) -> None:
        story = Story()
        one = story.say("cara", "Where is it?")
        two = story.say("cara", "My bill is wrong, too.", to=one, after=600)
        made = story.do(Split, "ana", one, message_ids=[two.message_id])
        undone(story, one)
        assert story.message(two).request_id == one.request_id
        ended = story.request(made)
        assert (ended.resolution, ended.into) == ("merged", one.request_id)
        assert_sound(story)

    def test_a_promotion(self) -> None:
        story = Story()
        said = story.say("cara", "so it goes")
        made = handle(story, Promote(by=ANA, message_id=said.message_id))
        undone(story, said)
        assert story.request(made).resolution == "not_a_request" and story.conversation(said).is_quiet
        assert_sound(story)

    def test_a_reopening_a_routing_a_release_and_an_undoing(self) -> None:
        queues = {**DESK["queues"], "second": {"teams": ["sales"]}}
        channels = {"chat:*": {"kind": "chat", "queue": "first"}}
        story = Story(desk=desk_with(queues=queues, channels=channels))
        asked = story.say("cara", "Where is it?")
        story.do(Route, "ana", asked, queue="second")
        undone(story, asked)
        assert story.request(asked).queue == "first"
        story.do(Accept, "ana", asked)
        story.do(Release, "ana", asked)
        undone(story, asked)
        assert (story.conversation(asked).holder, story.request(asked).assignee) == ("ana", "ana")
        undone(story, asked)  # and that again
        assert story.conversation(asked).holder is None
        story.do(Close, "ana", asked)
        story.do(Reopen, "ana", asked)
        undone(story, asked)
        assert story.request(asked).resolution == "done" and not story.conversation(asked).is_open
        assert_sound(story)

    def test_a_timers_doing(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        story.wait(days=31)
        assert story.request(asked).resolution == "expired"
        undone(story, asked)
        assert story.request(asked).is_open
        assert_sound(story)

    def test_not_while_a_later_entry_depends_on_it_which_is_named(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        story.do(Assign, "ana", asked, assignee="bo")
        seq = last_seq(story, asked)
        story.do(AddNote, "ana", asked, text="they are in a hurry")  # depends on nothing
        story.do(Hold, "bo", asked, reason="third_party")
        with pytest.raises(Refused, match=rf"entry {seq + 2} \(request.held\)"):
            undone(story, asked, seq)
        undone(story, asked)  # the hold: then nothing depends on the assignment any more
        undone(story, asked, seq)
        assert story.request(asked).assignee is None
        for twice in (seq, seq + 2):
            with pytest.raises(Refused, match="it was undone"):
                undone(story, asked, twice)
        assert_sound(story)

    def test_a_split_that_was_written_to_stays(self) -> None:
        story = Story()
        one = story.say("cara", "Where is it?")
        two = story.say("cara", "My bill is wrong, too.", after=100)
        story.do(Split, "ana", one, message_ids=[two.message_id])
        seq = last_seq(story, one)
        story.say("cara", "It says 17.", after=100)
        with pytest.raises(Refused, match=r"message\.received"):
            undone(story, one, seq)

    def test_what_has_left_the_desk_cannot_be_taken_back(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        story.do(Reply, "ana", asked, text="Here")
        for seq, says in ((1, "conversation.opened"), (2, "message.posted")):
            with pytest.raises(Refused, match=says):
                undone(story, asked, seq)
        story.do(AddNote, "ana", asked, text="x")
        with pytest.raises(Refused, match=r"note\.added"):
            undone(story, asked)
        with pytest.raises(UnknownId):
            undone(story, asked, 99)
        unrouted = story.say("dan", "And mine?")
        story.do(Route, "ana", unrouted, queue="first")
        with pytest.raises(Refused, match="routed nowhere before"):
            undone(story, unrouted)

    def test_in_one_commit_with_what_it_undoes(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        done = story.engine.handle_many(
            [
                Take(by=ANA, request_id=asked.request_id),
                Undo(by=BO, conversation_id=asked.conversation_id, seq=2),
            ]
        )
        assert [type(each).__name__ for each in done] == ["Outcome", "Outcome"]
        assert story.request(asked).assignee is None
        assert_sound(story)


def _answering(asked: Outcome, channel: str) -> dict[str, Any]:
    return {"to": asked} if channel.startswith("chat:") else {}


# --- links ---


@pytest.mark.row("10")
class TestLinks:
    def test_conversations_hang_on_items_or_stand_alone(self) -> None:
        story = Story()
        one, two = story.say("cara", "Where is it?"), story.say("dan", "And mine?")
        for about in (one, two):
            story.do(Link, "ana", about, kind="item", target="ORDER-17")
            story.wait(seconds=1)
        story.do(Link, "ana", one, kind="issue", target="BUG-1")
        found = story.all(Records(kind="link", name="target", content="item:ORDER-17"))
        assert [x.conversation_id for x in found] == [one.conversation_id, two.conversation_id]
        hung = story.all(Records(kind="link", name="conversation", content=one.conversation_id))
        assert [(x.kind, x.target) for x in hung] == [("item", "ORDER-17"), ("issue", "BUG-1")]
        story.do(Unlink, "ana", one, kind="item", target="ORDER-17")
        found = story.all(Records(kind="link", name="target", content="item:ORDER-17"))
        assert [x.conversation_id for x in found] == [two.conversation_id]
        assert_sound(story)

    def test_again_changes_nothing_and_after_it_was_taken_off_it_may_be_hung_on_again(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?")
        for _ in range(2):
            story.do(Link, "ana", asked, kind="item", target="ORDER-17")
        assert story.tags(asked).count("link.added") == 1
        story.do(Unlink, "ana", asked, kind="item", target="ORDER-17")
        with pytest.raises(UnknownId):
            story.do(Unlink, "ana", asked, kind="item", target="ORDER-17")
        story.do(Link, "ana", asked, kind="item", target="ORDER-17")
        (link,) = story.all(Records(kind="link", name="conversation", content=asked.conversation_id))
        assert link.version == 3
        assert_sound(story)

    def test_parents_are_conversations_and_never_in_a_circle(self) -> None:
        story = Story()
        a, b, c = (story.say(who, "Is it down?", after=600).conversation_id for who in ("cara", "dan", "eve"))
        for child, parent in ((a, b), (b, c)):
            handle(story, Link(by=ANA, conversation_id=child, kind="parent", target=parent))
        for child, parent in ((c, a), (a, a), (b, a)):
            with pytest.raises(Refused, match="serves it"):
                handle(story, Link(by=ANA, conversation_id=child, kind="parent", target=parent))
        with pytest.raises(UnknownId):
            handle(story, Link(by=ANA, conversation_id=a, kind="parent", target="c_nowhere"))
        assert_sound(story)

    def test_only_words_can_be_what_something_is_called(self) -> None:
        with pytest.raises(InvalidInput):
            Link(by=ANA, conversation_id="c", kind="item", target="two\nlines")
        with pytest.raises(InvalidInput):
            Link(by=ANA, conversation_id="c", kind="tree", target="x")


TICKETS = desk_with(channels={"chat:*": {"kind": "chat", "tickets": "mail:tickets@tool.example"}})


@pytest.mark.row("22")
class TestTickets:
    def test_a_request_goes_to_the_tool_and_its_number_becomes_a_link(self) -> None:
        post = Post()
        post.answers = [Receipt(kind=ReceiptKind.DELIVERED, native="T-4711")]
        story = Story(desk=TICKETS, plugins=[post])
        asked = story.say("cara", "Where is my parcel?")
        story.do(CreateTicket, "ana", asked, text="It is urgent.")
        (queued,) = [x.queued for x in story.effects() if isinstance(x.queued.effect, OpenTicket)]
        assert queued.destination == "mail:tickets@tool.example"
        story.engine.work()
        assert sorted(post.texts)[-2:] == ["It is urgent.", "Where is my parcel?"]
        (link,) = story.all(Records(kind="link", name="target", content="ticket:T-4711"))
        assert (link.conversation_id, link.request_id) == (asked.conversation_id, asked.request_id)
        assert story.request(asked).is_open  # a ticket is no state
        with pytest.raises(Refused, match="T-4711"):
            story.do(CreateTicket, "ana", asked)
        assert_sound(story)

    def test_where_no_tool_is_configured_it_is_refused_and_no_action(self) -> None:
        with_tool, without = Story(desk=TICKETS), Story()
        for story in (with_tool, without):
            asked = story.say("cara", "Where is my parcel?")
            offered = CreateTicket in story.engine.actions(asked.request_id or "", by=ANA)
            assert offered is (story is with_tool)
        with pytest.raises(Refused) as refused:
            without.do(CreateTicket, "ana", asked)
        assert refused.value.code == "no_tickets" and without.effects() == []

    def test_what_the_tool_refused_may_be_sent_again(self) -> None:
        post = Post()
        post.answers = [Receipt(kind=ReceiptKind.PERMANENT, code="mailbox_full")]
        story = Story(desk=TICKETS, plugins=[post])
        asked = story.say("cara", "Where is my parcel?")
        story.do(CreateTicket, "ana", asked)
        story.engine.work()
        assert story.tags(asked)[-1] == "ticket.failed"
        story.do(CreateTicket, "ana", asked)
        story.engine.work()
        assert story.tags(asked)[-1] == "ticket.created"
        assert all(x.state is not EffectState.READY for x in story.effects())
        assert_sound(story)
