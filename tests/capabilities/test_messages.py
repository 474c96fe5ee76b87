"""What becomes of messages: attached files, edits and deletions, how a delivery went, what history keeps of a reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reqflow import (
    Assign,
    Audience,
    BarProfile,
    Close,
    Delivery,
    Enclosure,
    MessageDeletion,
    MessageEdit,
    Promote,
    Reply,
    StartConversation,
    Take,
    agent,
)
from reqflow.codec import load_strict
from reqflow.core import events as e
from reqflow.core.effects import PostMessage
from reqflow.core.facts import Outcome
from reqflow.core.model import AttachmentKind, Message
from reqflow.errors import InvalidInput, Refused
from reqflow.ports import EffectState, Messages, Receipt, ReceiptKind
from reqflow.testing.desks import Rules, Story, desk_with
from reqflow.testing.machines import Post, broken_laws

KINDS = list(AttachmentKind)


def said(story: Story, message: Message) -> str:
    assert message.text is not None
    read = story.store.texts(story.engine.workspace, [message.text.id], Audience.CUSTOMER)
    return str(read[message.text.id])


def assert_sound(story: Story) -> None:
    assert broken_laws(story) == []
    before = story.all(Messages())
    story.engine.rebuild()
    assert story.all(Messages()) == before


# --- what is attached ---


def files(*kinds: str) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(kind=kind, name=f"{kind}.bin", address=f"https://files.example/{kind}", size=17)
        for kind in kinds
    )


@pytest.mark.row("82")
class TestAttachments:
    def test_customers_send_every_kind_with_words_or_without(self) -> None:
        story = Story()
        asked = story.say("cara", "", channel="dm:cara", attachments=files(*KINDS))
        (message,) = story.all(Messages())
        assert [x.kind for x in message.attachments] == KINDS
        refs = [ref for x in message.attachments for ref in (x.name, x.address)]
        texts = story.store.texts(story.engine.workspace, [x.id for x in refs], Audience.CUSTOMER)
        assert "audio.bin" in texts.values() and "https://files.example/location" in texts.values()
        assert story.request(asked).is_open
        assert_sound(story)

    def test_colleagues_answer_with_every_kind_and_no_words_are_needed(self) -> None:
        post = Post()
        story = Story(plugins=[post])
        asked = story.say("cara", "Hello", channel="dm:cara")
        story.do(Reply, "ana", asked, attachments=files(*KINDS))
        story.engine.work()
        effect = next(x for _, x in post.sent if isinstance(x, PostMessage))
        assert [x.kind for x in effect.attachments] == KINDS
        assert {f"{kind}.bin" for kind in KINDS} <= set(post.texts)
        assert story.request(asked).assignee == "ana"  # it is an answer as any other
        with pytest.raises(Refused, match="attached"):
            story.do(Reply, "ana", asked)
        assert_sound(story)

    def test_internal_files_never_leave_the_desk(self) -> None:
        story = Story()
        asked = story.say("cara", "Hello", channel="dm:cara")
        story.wait(seconds=1)
        story.do(Reply, "ana", asked, audience="internal", attachments=files("document"))
        assert [x for x in story.effects() if isinstance(x.queued.effect, PostMessage)] == []
        (_, note) = story.all(Messages())
        read = story.store.texts(story.engine.workspace, [note.attachments[0].name.id], Audience.CUSTOMER)
        assert read == {}

    def test_what_is_no_attachment_is_named(self) -> None:
        for wrong in (
            {"kind": "hologram"},
            {"kind": "image", "size": -1},
            {"kind": "image", "name": 17},
            {"kind": "image", "media_type": "two\nlines"},
            {"kind": "image", "address": "x" * 5000},
        ):
            with pytest.raises(InvalidInput):
                Enclosure(**wrong)
        story = Story()
        with pytest.raises(InvalidInput, match="at most 50"):
            story.letter("cara", "x", attachments=files(*["image"] * 51))
        with pytest.raises(InvalidInput, match="Enclosures"):
            story.letter("cara", "x", attachments=["a.png"])

    def test_they_come_in_as_plain_data_too(self) -> None:
        given = {
            "channel": "dm:cara",
            "author": "dm:cara",
            "native": "1",
            "sent_at": "2024-03-01T09:00:00+00:00",
            "attachments": [{"kind": "image", "name": "a.png", "size": 3}],
        }
        assert load_strict(given, "line 1").attachments == (Enclosure(kind="image", name="a.png", size=3),)
        for wrong in ({"kind": "image", "colour": "red"}, {"kind": "image", "size": "3"}, "a.png"):
            with pytest.raises(InvalidInput):
                load_strict({**given, "attachments": [wrong]}, "line 1")

    def test_they_survive_the_inbox(self) -> None:
        story = Story()
        story.engine.accept(story.letter("cara", "Hello", channel="dm:cara", attachments=files("image")))
        story.engine.work()
        (message,) = story.all(Messages())
        assert message.attachments[0].size == 17


@pytest.mark.row("83")
class TestWhatChannelsCarry:
    def test_what_a_channel_cannot_carry_is_refused_before_anything_is_queued(self) -> None:
        story = Story()
        asked = story.say("cara", "Hello?", channel="wall:us")
        before = story.tags(asked)
        with pytest.raises(
            Refused, match="wall:us cannot carry document; it carries emoticon, image, video"
        ) as no:
            story.do(Reply, "ana", asked, text="Here", attachments=files("image", "document"))
        assert no.value.code == "cannot_carry"
        assert story.tags(asked) == before and story.effects(EffectState.READY) == []
        story.do(Reply, "ana", asked, text="Here", attachments=files("image"))
        assert_sound(story)

    def test_it_is_a_setting_per_channel(self) -> None:
        channels = {
            "chat:*": {"kind": "chat", "carries": []},
            "dm:*": {"kind": "direct", "carries": ["audio"]},
        }
        story = Story(desk=desk_with(channels=channels))
        for channel, kind, able in (
            ("chat:lobby", "image", False),
            ("dm:cara", "audio", True),
            ("dm:cara", "image", False),
        ):
            asked = story.say("cara", "Hello?", channel=channel, after=3600)
            try:
                story.do(Reply, "ana", asked, attachments=files(kind))
                assert able
            except Refused:
                assert not able

    def test_colleagues_may_attach_anything_among_themselves(self) -> None:
        story = Story()
        asked = story.say("cara", "Hello?", channel="wall:us")
        story.do(Reply, "ana", asked, audience="internal", attachments=files("document"))
        assert len(story.all(Messages())) == 2


# --- edits and deletions ---


def edit(story: Story, native: str, text: str, who: str = "chat:cara", **span: float) -> Outcome:
    at = story.now + timedelta(**span)
    change = MessageEdit(channel="chat:lobby", native=native, author=who, edited_at=at, text=text)
    return story.engine.handle(change)


def delete(story: Story, native: str, who: str = "chat:cara") -> Outcome:
    gone = MessageDeletion(channel="chat:lobby", native=native, author=who, deleted_at=story.now)
    return story.engine.handle(gone)


class TestEdits:
    def test_a_message_says_what_it_says_now_and_history_what_it_said(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is my blue parcel?", native="1")
        story.now += timedelta(minutes=5)
        outcome = edit(story, "1", "Where is my red parcel?")
        assert outcome.request_id == asked.request_id
        message = story.message(asked)
        assert said(story, message) == "Where is my red parcel?"
        assert message.edited_at == story.now
        told = [line.what for line in story.engine.explain(asked.conversation_id or "")]
        assert "wrote “Where is my blue parcel?”" in told
        assert any("“Where is my blue parcel?”" in x and "“Where is my red parcel?”" in x for x in told[1:])
        assert_sound(story)

    def test_again_or_late_it_changes_nothing(self) -> None:
        story = Story()
        asked = story.say("cara", "one?", native="1")
        story.now += timedelta(minutes=5)
        edit(story, "1", "three?")
        for text, seconds, code in (("three?", 0, "same"), ("two?", -60, "older"), ("three?", 60, "same")):
            ignored = edit(story, "1", text, seconds=seconds)
            assert (ignored.kind, ignored.code) == ("ignored", code)
        assert story.tags(asked).count("message.edited") == 1
        edit(story, "1", "one?")  # back to what it was, at the same moment
        assert said(story, story.message(asked)) == "one?"
        assert_sound(story)

    def test_nothing_is_detected_anew(self) -> None:
        story = Story()
        talk = story.say("cara", "so it goes", native="1")
        edit(story, "1", "Where is my parcel?")
        assert story.message(talk).request_id is None and story.requests() == []
        asked = story.say("dan", "Where is mine?", native="2", after=600)
        edit(story, "2", "never mind", "chat:dan")
        assert story.request(asked).is_open

    def test_what_nobody_knows_is_ignored_with_a_reason(self) -> None:
        story = Story()
        assert edit(story, "nothing", "x").code == "unknown_message"
        change = MessageEdit(channel="no:where", native="1", author="no:one", edited_at=story.now, text="x")
        assert story.engine.handle(change).code == "unknown_channel"
        with pytest.raises(InvalidInput):
            MessageEdit(channel="chat:lobby", native="", author="chat:cara", edited_at=story.now, text="x")

    def test_it_may_be_accepted_first_and_then_comes_after_its_message(self) -> None:
        story = Story()
        letter = story.letter("cara", "one?", native="1")
        change = MessageEdit(
            channel="chat:lobby", native="1", author="chat:cara", edited_at=story.now, text="two?"
        )
        assert [story.engine.accept(x) for x in (letter, change, change)] == [True, True, False]
        story.engine.work()
        (message,) = story.all(Messages())
        assert said(story, message) == "two?"
        assert_sound(story)

    def test_a_moderators_edit_is_theirs_and_the_text_stays_its_authors(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is my ******* parcel?", native="1")
        edit(story, "1", "Where is my parcel?", "chat:eva")
        entry = story.engine.history(asked.conversation_id or "")[-1]
        (edited,) = entry.events
        assert entry.actor == agent("eva")
        assert edited.text.owner == story.message(asked).author.id

    def test_a_barred_author_changes_nothing(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?", native="1")
        profile = story.conversation(asked).requester
        story.engine.handle(BarProfile(by=agent("ana"), profile_id=profile))
        assert edit(story, "1", "rude words").code == "barred"
        assert said(story, story.message(asked)) == "Where is it?"

    def test_rules_see_edits(self) -> None:
        from reqflow import Automation

        def answer(occasion: Any) -> Any:
            yield Reply(by=occasion.by, conversation_id=occasion.conversation.id, text="Seen.")

        rule = Automation(name="seen", on=frozenset({e.MessageEdited}), then=answer)
        story = Story(plugins=[Rules(rule)])
        asked = story.say("cara", "one?", native="1")
        for text in ("two?", "three?"):  # at one moment, as some transports tell it
            edit(story, "1", text)
        assert story.tags(asked).count("message.posted") == 2
        assert_sound(story)

    def test_an_edited_message_that_was_taken_in_elsewhere_is_edited_there(self) -> None:
        story = Story()
        follower = story.say("cara", "it is blue", native="2")
        story.say("cara", "Where is my parcel?", native="1", ago=60)
        story.now += timedelta(minutes=1)
        edit(story, "2", "it is red")
        assert said(story, story.message(follower)) == "it is red"
        assert_sound(story)

    def test_beside_what_takes_its_conversation_in(self) -> None:
        one, many = Story(), Story()
        for story in (one, many):
            story.say("cara", "it is blue", native="2")
            items = [
                story.letter("cara", "Where is my parcel?", native="1", ago=60),
                MessageEdit(
                    channel="chat:lobby", native="2", author="chat:cara", edited_at=story.now, text="red"
                ),
                Promote(by=agent("ana"), channel="chat:lobby", native="2", assignee="bo"),
            ]
            if story is one:
                done = [story.engine.handle(each) for each in items]
            else:
                done = [x for x in story.engine.handle_many(items) if isinstance(x, Outcome)]
            assert [x.request_id for x in done] == [story.requests()[0].id] * 3
            assert {x.assignee for x in story.requests(states=("assigned",))} == {"bo"}
            assert_sound(story)

    def test_in_one_commit_with_the_message(self) -> None:
        story = Story()
        letter = story.letter("cara", "one?", native="1")
        change = MessageEdit(
            channel="chat:lobby", native="1", author="chat:cara", edited_at=story.now, text="two?"
        )
        done = story.engine.handle_many([letter, change, story.letter("cara", "and three", native="2")])
        assert [isinstance(x, Outcome) and x.kind for x in done] == ["placed", "done", "placed"]
        assert {x.native: said(story, x) for x in story.all(Messages())} == {"1": "two?", "2": "and three"}
        assert_sound(story)


class TestDeletions:
    def test_the_only_words_of_an_untouched_request_withdraw_it(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?", native="1")
        delete(story, "1")
        message, request = story.message(asked), story.request(asked)
        assert (message.text, message.deleted_at, message.attachments) == (None, story.now, ())
        assert request.resolution == "withdrawn"
        assert "deleted" in story.tags(asked)[-3]
        assert_sound(story)

    def test_not_while_others_are_left_or_somebody_has_worked_on_it(self) -> None:
        story = Story()
        with_more = story.say("cara", "Where is it?", native="1")
        story.say("cara", "it is blue", native="2", after=60)
        taken = story.say("dan", "Where is mine?", native="3", after=600)
        story.do(Take, "ana", taken)
        for native, about in (("1", with_more), ("3", taken)):
            delete(story, native, "chat:dan")
            assert story.request(about).is_open
        delete(story, "2")
        assert story.request(with_more).is_open  # the follower's deletion is not the opener's
        assert_sound(story)

    def test_an_automatic_assignment_is_no_work(self) -> None:
        story = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "owner": "eva"}}))
        asked = story.say("cara", "Where is it?", native="1")
        delete(story, "1")
        assert story.request(asked).resolution == "withdrawn"
        assert_sound(story)

    def test_what_is_gone_stays_gone(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?", native="1")
        delete(story, "1")
        assert [delete(story, "1").code, edit(story, "1", "back").code] == ["deleted", "deleted"]
        told = [line.what for line in story.engine.explain(asked.conversation_id or "")]
        assert "wrote “Where is it?”" in told  # history keeps it until somebody has it erased
        assert story.hear(story.letter("cara", "Where is it?", native="1")).duplicate

    def test_what_was_taken_in_keeps_its_request(self) -> None:
        story = Story()
        story.say("cara", "it is blue", native="2")
        asked = story.say("cara", "Where is my parcel?", native="1", ago=60)
        delete(story, "1")
        assert story.request(asked).is_open
        assert_sound(story)


# --- deliveries ---


class TestDeliveries:
    def test_each_reply_says_how_its_delivery_went(self) -> None:
        post = Post()
        post.answers = [
            Receipt(kind=ReceiptKind.DELIVERED, native="posted-1"),
            Receipt(kind=ReceiptKind.PERMANENT, code="channel_gone"),
        ]
        story = Story({"notify_assignee": False, "status_emoji": False}, plugins=[post])
        asked = story.say("cara", "Where is it?")
        for text in ("One", "Two", "Three"):
            story.wait(seconds=1)
            story.do(Reply, "ana", asked, text=text)
        waiting = [(x.delivery, x.delivery_code) for x in story.all(Messages())[1:]]
        assert waiting == [(None, None)] * 3
        story.engine.work()
        (asked_row, *ours) = story.all(Messages())
        assert asked_row.delivery is None
        assert [(x.delivery, x.delivery_code) for x in ours] == [
            (Delivery.DELIVERED, None),
            (Delivery.UNDELIVERED, "channel_gone"),
            (Delivery.DELIVERED, None),
        ]
        assert_sound(story)

    def test_in_a_thread_that_the_desk_began_the_next_words_follow_it(self) -> None:
        story = Story(plugins=[Post()])
        begun = story.engine.handle(
            StartConversation(by=agent("ana"), channel="chat:lobby", to="chat:cara", text="News for you")
        )
        story.engine.work()
        story.do(Reply, "ana", begun, text="And more")
        (*_, last) = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, PostMessage)]
        assert last.answers == story.conversation(begun).thread is not None


# --- what history keeps ---


@pytest.mark.row("88")
def test_a_reply_is_on_record_with_who_when_and_its_text() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?")
    at = story.wait(minutes=5)
    story.do(Reply, "ana", asked, text="In the shed.")
    (line,) = [x for x in story.engine.explain(asked.request_id or "") if x.tag == "message.posted"]
    assert (line.who, line.at, line.what) == ("Ana", at, "replied “In the shed.”")


@pytest.mark.row("86")
def test_every_assignment_and_unassignment_is_on_record_to_team_or_person() -> None:
    from reqflow import Route, Unassign

    story = Story()
    asked = story.say("cara", "Where is it?")
    moments = []
    for command, fields in (
        (Route, {"team": "sales"}),
        (Assign, {"assignee": "bo"}),
        (Unassign, {}),
    ):
        moments.append(story.wait(minutes=5))
        story.do(command, "ana", asked, **fields)
    lines = [x for x in story.engine.explain(asked.request_id or "") if x.who == "Ana"]
    told = [(x.at, x.what) for x in lines if x.tag.startswith("request.")]
    assert told == [
        (moments[0], "routed the request to team sales"),
        (moments[1], "assigned the request to Bo"),
        (moments[2], "took the request from Bo"),
    ]


@pytest.mark.row("91")
def test_who_ignored_a_thread_and_when_is_on_record() -> None:
    from reqflow import CloseConversation

    story = Story()
    asked = story.say("cara", "Buy my pills?", channel="mail:desk")
    at = story.wait(minutes=5)
    story.do(CloseConversation, "ana", asked, reason="ignored")
    (line,) = [x for x in story.engine.explain(asked.conversation_id or "") if x.tag == "conversation.closed"]
    assert (line.who, line.at, line.what) == ("Ana", at, "closed the conversation: ignored")
    assert story.request(asked).resolution == "ignored"
    story.do(Close, "ana", story.say("dan", "Where is it?"))
