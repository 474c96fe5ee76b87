"""Conversations and their messages: who takes part, what belongs where, and the two audiences."""

from __future__ import annotations

import pytest

from reqflow import Accept, AddNote, Audience, Close, Messages, Promote, Reply, Split, agent
from reqflow.core.effects import PostMessage
from reqflow.errors import Refused, UnknownId
from reqflow.testing.desks import Story, desk_with
from reqflow.testing.machines import Post, broken_laws


@pytest.mark.row("9")
def test_any_number_of_people_take_part_live_or_days_apart_and_each_message_is_in_one() -> None:
    story = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "auto_close_after": 0}}))
    asked = story.say("cara", "Where is it?")
    other = story.say("fay", "so it goes")
    for who, text, seconds in (
        ("dan", "same here", 1),
        ("eve", "and here", 1),
        ("ana", "on it", 2),
        ("bo", "me too", 86_400 * 3),
        ("cara", "any news?", 86_400 * 20),
    ):
        story.say(who, text, to=asked, after=seconds)
    here = story.all(Messages(conversation_id=asked.conversation_id))
    assert len({x.author for x in here}) == 5 and len(here) == 6
    assert story.conversation(asked).messages == 6
    everywhere = story.all(Messages())
    assert len(everywhere) == len({x.id for x in everywhere}) == 7
    assert {x.conversation_id for x in everywhere} == {asked.conversation_id, other.conversation_id}
    assert broken_laws(story) == []


@pytest.mark.row("11")
class TestTwoAudiences:
    SECRET = "between ourselves"

    def test_internal_words_on_a_customers_ticket_stay_among_colleagues(self) -> None:
        post = Post()
        story = Story({"reopen_within": "30d"}, plugins=[post])
        asked = story.say("cara", "Where is it?", channel="dm:cara")
        story.do(Reply, "ana", asked, text=self.SECRET, audience="internal")
        story.do(AddNote, "ana", asked, text=self.SECRET)
        story.do(Reply, "ana", asked, text="On its way.")
        story.say("bo", self.SECRET, channel="dm:cara", request_id=asked.request_id, audience="internal")
        story.do(Close, "ana", asked, note=self.SECRET)
        story.engine.work()
        posted = [x for _, x in post.sent if isinstance(x, PostMessage)]
        assert len(posted) == 1 and self.SECRET not in post.texts
        streams = [x.audience for x in story.all(Messages(conversation_id=asked.conversation_id))]
        assert streams.count(Audience.INTERNAL) == streams.count(Audience.CUSTOMER) == 2
        refs = [x.text.id for x in story.all(Messages())]
        read = story.store.texts(story.engine.workspace, refs, Audience.CUSTOMER)
        assert sorted(read.values()) == ["On its way.", "Where is it?"]

    def test_an_internal_conversation_takes_internal_words_only(self) -> None:
        post = Post()
        story = Story(plugins=[post])
        inside = story.say("ana", "Who knows the shed?", channel="chat:team", audience="internal")
        story.do(Reply, "bo", inside, text="I do", audience="internal")
        with pytest.raises(Refused, match="internal"):
            story.do(Reply, "bo", inside, text="Dear customer")
        heard = story.say("eva", "Me too", channel="chat:team", to=inside)
        assert story.message(heard, "chat:team").audience is Audience.INTERNAL
        made = story.engine.handle(Promote(by=agent("bo"), message_id=_asked(story)))
        story.do(Split, "bo", made, message_ids=[made.message_id])
        story.engine.work()
        assert [x for _, x in post.sent if isinstance(x, PostMessage)] == []
        refs = [x.text.id for x in story.all(Messages())]
        assert story.store.texts(story.engine.workspace, refs, Audience.CUSTOMER) == {}
        assert broken_laws(story) == []

    def test_internal_words_answer_nobody(self) -> None:
        story = Story()
        asked = story.say("cara", "Where is it?", channel="dm:cara")
        story.do(Reply, "ana", asked, text=self.SECRET, audience="internal")
        assert (story.request(asked).state, story.conversation(asked).team_at) == ("unassigned", None)
        with pytest.raises(UnknownId):
            story.do(Accept, "ana", conversation_id="c_nowhere")


def _asked(story: Story) -> str:
    """What somebody who does not respond in the channel asks there, internally."""
    said = story.say("zoe", "so it goes", channel="chat:team", audience="internal", after=3600)
    return said.message_id or ""
