"""Which conversation a message belongs to, by where it was written; and on which side its author stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import CloseConversation, CloseReason, Reply
from reqflow.core.facts import Outcome
from reqflow.core.model import Audience, Side
from reqflow.errors import InvalidInput
from reqflow.ports import Conversations, Messages
from reqflow.testing.desks import DESK, Story, desk_with

# --- direct channels: by profile, while one is open (Audite) ---


@pytest.mark.row("6")
def test_all_that_a_profile_and_the_team_write_each_other_is_one_conversation() -> None:
    story = Story()
    first = story.say("cara", "Hello", channel="dm:1")
    said = [
        story.say("cara", "Are you there", channel="dm:1", after=7200),
        story.do(Reply, "ana", first, text="I am.", request_id=None),
        story.say("bo", "So am I", channel="dm:1", to=first),
        story.say("cara", "Good", channel="dm:1", after=3600),
    ]
    assert {each.conversation_id for each in said} == {first.conversation_id}
    (conversation,) = story.all(Conversations())
    assert conversation.messages == 5 and conversation.requester == story.message(first, "dm:1").profile_id


@pytest.mark.row("6")
@pytest.mark.parametrize("reason", [CloseReason.HANDLED, CloseReason.REJECTED, CloseReason.IGNORED])
def test_after_it_was_closed_the_next_message_begins_another(reason: CloseReason) -> None:
    story = Story()
    first = story.say("cara", "Hello", channel="dm:1")
    story.do(CloseConversation, "ana", first, reason=reason)
    second = story.say("cara", "Me again", channel="dm:1", after=1)
    third = story.say("cara", "about that first thing", channel="dm:1", to=first, after=1)
    assert second.conversation_id != first.conversation_id and second.request_id != first.request_id
    assert third.conversation_id == second.conversation_id  # even what answers the closed one
    assert not story.conversation(first).is_open


@pytest.mark.row("6")
def test_one_that_ended_by_itself_is_not_continued_either() -> None:
    story = Story()
    first = story.say("cara", "Hello", channel="dm:1")
    story.wait(hours=24)
    second = story.say("cara", "Back again", channel="dm:1")
    assert story.conversation(first).reason is CloseReason.EXPIRED
    assert second.conversation_id != first.conversation_id


PEOPLE = ("cara", "dan")
STEPS = st.lists(
    st.tuples(st.sampled_from(["says", "says", "says", "answers", "closes"]), st.sampled_from(PEOPLE)),
    max_size=14,
)


@pytest.mark.row("6")
@given(STEPS)
def test_whatever_happens_a_profile_has_one_conversation_from_one_close_to_the_next(
    steps: list[tuple[str, str]],
) -> None:
    story = Story()
    open_now: dict[str, Outcome] = {}
    begun = 0
    for what, who in steps:
        known = open_now.get(who)
        if what == "says":
            told = story.say(who, "a word", channel="dm:1", after=1)
            if known is None:
                begun += 1
                open_now[who] = told
            else:
                assert told.conversation_id == known.conversation_id
        elif known is not None and what == "answers":
            told = story.do(Reply, "ana", known, text="yes", request_id=None)
            assert told.conversation_id == known.conversation_id
        elif known is not None:
            story.do(CloseConversation, "ana", open_now.pop(who))
    assert len(story.all(Conversations())) == begun


# --- public channels: by first-level comment or mention (Audite) ---


@pytest.mark.row("7")
def test_every_comment_on_a_post_is_a_conversation_of_its_own_and_replies_below_it_attach() -> None:
    story = Story()
    first = story.say("cara", "Bad service", channel="wall:post")
    second = story.say("cara", "Really bad", channel="wall:post", after=5)  # by the same person, at once
    other = story.say("dan", "Mine was fine", channel="wall:post", after=5)
    below = story.say("dan", "How so", channel="wall:post", to=first)
    deeper = story.say("erin", "Same here", channel="wall:post", to=below)
    ours = story.say("ana", "We are sorry", channel="wall:post", to=deeper, author="chat:ana")
    assert len({each.conversation_id for each in (first, second, other)}) == 3
    assert {each.conversation_id for each in (below, deeper, ours)} == {first.conversation_id}
    assert len(story.requests()) == 3
    asker = story.message(first, "wall:post").profile_id
    assert story.conversation(first).requester == asker  # whoever joins in, it is about who began it


@pytest.mark.row("7")
def test_every_mention_is_a_conversation_of_its_own_unless_it_stands_below_a_known_comment() -> None:
    story = Story()
    one = story.say("cara", "@desk look at this", channel="wall:mentions")
    two = story.say("cara", "@desk and at that", channel="wall:mentions", after=1)
    elsewhere = story.say("dan", "@desk what of this", channel="wall:mentions", to="somebody-elses-post")
    below = story.say("dan", "@desk do answer her", channel="wall:mentions", to=one)
    assert len({each.conversation_id for each in (one, two, elsewhere)}) == 3
    assert below.conversation_id == one.conversation_id


@pytest.mark.row("7")
def test_a_reply_that_comes_before_its_comment_waits_for_it() -> None:
    story = Story()
    early = story.say("dan", "Me too", channel="wall:post", to="root", after=5)
    root = story.say("cara", "Bad service", channel="wall:post", native="root", ago=5)
    assert early.conversation_id == root.conversation_id
    assert len(story.all(Conversations())) == 1


# --- sides (Thena) ---

SALES = desk_with(
    channels={"chat:*": {"kind": "chat", "responder_teams": ["support"]}, "dm:*": DESK["channels"]["dm:*"]}
)


@pytest.mark.row("67")
def test_the_side_of_the_author_decides_detection_and_first_response() -> None:
    story = Story(desk=SALES)
    asked = story.say("cara", "Where is it?")
    helped = story.say("eva", "Did you look behind the door?", to=asked)  # a colleague, of another team
    assert story.message(helped).side is Side.REQUESTER
    assert story.request(asked).assignee is None
    told = story.say("ana", "Which one is it?", to=asked)
    assert story.message(told).side is Side.TEAM and story.message(told).detected is False
    assert story.request(asked).assignee == "ana"
    assert [each.id for each in story.requests()] == [asked.request_id]  # questions of ours are no requests
    alone = story.say("bo", "Shall we go?", after=500)
    assert alone.request_id is None
    theirs = story.say("eva", "Can you help me?", after=500)
    assert theirs.request_id and story.conversation(theirs).requester == story.message(theirs).profile_id


@pytest.mark.row("67")
def test_who_began_a_conversation_stays_its_requester_even_a_colleague() -> None:
    story = Story({"responder_teams": ["sales"]})
    asked = story.say("ana", "Can somebody help me?")  # employees ask employees (Slack's #help-ce)
    assert asked.request_id
    more = story.say("ana", "It is the blue one", to=asked)
    assert story.message(more).side is Side.REQUESTER
    helped = story.say("eva", "Here", to=asked)
    assert (story.message(helped).side, story.request(asked).assignee) == (Side.TEAM, "eva")


# --- nobody gets in by pretending ---


def test_a_reference_in_words_leads_nowhere() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?", channel="mail:desk")
    named = story.say(
        "mallory",
        f"Re: {asked.request_id}",
        channel="mail:desk",
        subject=f"Re: [#{asked.conversation_id}]",
        after=1,
    )
    assert named.conversation_id != asked.conversation_id


def test_the_same_address_on_two_transports_is_two_profiles() -> None:
    story = Story()
    said = [story.say("cara", "Hello", channel=place) for place in ("dm:1", "mail:desk")]
    first, second = (
        story.message(each, place) for each, place in zip(said, ("dm:1", "mail:desk"), strict=True)
    )
    assert first.profile_id != second.profile_id


@pytest.mark.parametrize("alike", ["chat:\u0430na", "chat:Ana", "chat:ana "])
def test_who_looks_like_a_colleague_is_none(alike: str) -> None:
    story = Story()
    asked = story.say("cara", "Where is it?")
    told = story.say("x", "On its way", to=asked, author=alike)
    assert story.message(told).side is Side.REQUESTER
    assert story.request(asked).assignee is None
    with pytest.raises(InvalidInput, match="printable"):
        story.letter("x", "On its way", author="chat:ana\u200b")


def test_a_name_or_a_subject_gives_nobody_a_side() -> None:
    story = Story()
    asked = story.say("cara", "Where is it?", channel="mail:desk")
    told = story.say("mallory", "closed", channel="mail:desk", to=asked, name="Ana", subject="X-Assign: ana")
    assert story.message(told, "mail:desk").side is Side.REQUESTER
    assert story.request(asked).assignee is None
    assert story.all(Messages())[0].audience is Audience.CUSTOMER
