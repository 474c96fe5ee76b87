"""Drafts and restricted agents: what they write goes through a review, and no review loses a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Accept,
    Actor,
    ActorKind,
    AddDraftNote,
    ApproveDraft,
    Assign,
    Audience,
    Automation,
    Close,
    CloseConversation,
    CloseReason,
    Command,
    ConversationState,
    CreateCustomer,
    DeleteDraftNote,
    Enqueue,
    Hold,
    HoldReason,
    Occasion,
    RejectDraft,
    Release,
    Reply,
    ReviseDraft,
    SubmitDraft,
    Take,
    Unassign,
    Wake,
    WithdrawDraft,
    agent,
)
from reqflow.core import events as e
from reqflow.core.commands import Enclosure
from reqflow.core.effects import MailCustomer, NotifyAgent, PostMessage
from reqflow.core.explain import Line, text_refs
from reqflow.core.facts import Outcome, WantRecord
from reqflow.core.lifecycle import DRAFT
from reqflow.core.model import DraftState
from reqflow.core.records import Draft, DraftNote
from reqflow.errors import Forbidden, Refused, ReqflowError, UnknownId
from reqflow.ports import Records
from reqflow.testing.desks import DESK, Rules, Story, desk_with

AGENTS = {
    **DESK["agents"],
    "rae": {"name": "Rae", "role": "restricted", "addresses": ["chat:rae", "dm:rae"]},
    "rik": {"name": "Rik", "role": "restricted", "addresses": ["chat:rik"]},
    "rex": {"name": "Rex", "role": "reviewer"},
    "zoe": {"name": "Zoe", "role": "reviewer"},
}


def reviewed(settings: dict[str, Any] | None = None, **engine: Any) -> Story:
    """A desk with two restricted agents, Rae and Rik, and two reviewers, Rex and Zoe."""
    return Story(desk=desk_with(settings, agents=AGENTS), **engine)


@pytest.fixture
def story() -> Story:
    return reviewed()


def submitted(story: Story, who: str = "rae", text: str = "On its way.", **where: Any) -> Outcome:
    """A customer asks, and somebody hands in an answer."""
    asked = story.say("cara", "Where is my parcel?", **where)
    return story.do(SubmitDraft, who, asked, text=text)


def draft(story: Story, about: Outcome) -> Draft:
    found: Draft = story.store.recall(story.engine.workspace, (WantRecord("draft", about.record_id),))[0]
    return found


def waiting(story: Story, channel: str = "chat:lobby") -> list[str]:
    """What a reviewer's list of a channel holds, longest waiting first."""
    return [each.id for each in story.all(Records(kind="draft", name="waiting", content=channel))]


def to_customer(story: Story) -> list[str]:
    """What was or will be sent to customers."""
    posts = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, PostMessage)]
    return [read(story, [each.text.id], Audience.CUSTOMER)[0] for each in posts]


def read(story: Story, ids: Iterable[str], audience: Audience) -> list[str]:
    ids = list(ids)
    found = story.store.texts(story.engine.workspace, ids, audience)
    return [found[each] for each in ids if each in found]


def state(story: Story, about: Outcome) -> tuple[str, str | None, int]:
    found = story.conversation(about)
    return found.state, found.holder, len(found.drafts)


def told(story: Story, about: Outcome) -> list[tuple[str, str, str]]:
    lines: list[Line] = story.engine.explain(about.conversation_id or "")
    return [(line.who, line.what, line.why) for line in lines]


# --- restricted agents ------------------------------------------------------------------------------


@pytest.mark.row("69")
def test_a_restricted_agent_cannot_answer_a_customer_without_a_review(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(Forbidden, match="submit a draft") as refused:
        story.do(Reply, "rae", asked, text="On its way.")
    assert refused.value.code == "needs_review"
    assert to_customer(story) == [] and story.tags(asked)[-1] == "request.opened"
    story.do(Reply, "ana", asked, text="On its way.")
    assert to_customer(story) == ["On its way."]


@pytest.mark.row("69", "11")
def test_a_restricted_agent_talks_to_colleagues_freely(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "rae", asked, text="Who knows?", audience="internal")
    assert to_customer(story) == [] and story.request(asked).assignee is None
    assert ("Rae", "noted for the team “Who knows?”", "") in told(story, asked)


@pytest.mark.row("69")
def test_a_rule_of_a_restricted_agent_cannot_publish_either() -> None:
    def answer(occasion: Occasion) -> Iterable[Command]:
        here = occasion.conversation.id
        yield Reply(by=occasion.by, conversation_id=here, text="We are on it.")

    def rule(author: str) -> Automation:
        return Automation(name="hello", on=frozenset({e.RequestOpened}), then=answer, author=author)

    story = reviewed(plugins=[Rules(rule("rae"))])
    asked = story.say("cara", "Where is my parcel?")
    refusal = story.events(asked)[-1]
    assert isinstance(refusal, e.RuleRefused) and refusal.code == "needs_review"
    assert to_customer(story) == []
    story = reviewed(plugins=[Rules(rule("ana"))])
    story.say("cara", "Where is my parcel?")
    assert to_customer(story) == ["We are on it."]


@pytest.mark.row("69", "25")
def test_handing_in_a_draft_accepts_the_conversation_and_shows_the_customer_nothing(story: Story) -> None:
    about = submitted(story)
    assert state(story, about) == (ConversationState.IN_REVIEW, "rae", 1)
    assert story.request(about).assignee == "rae"
    assert to_customer(story) == [] and story.conversation(about).team_at is None
    found = draft(story, about)
    assert (found.author, found.state, found.submitted_at) == ("rae", DraftState.WAITING, story.now)
    assert read(story, [found.text.id], Audience.INTERNAL) == ["On its way."]
    assert read(story, [found.text.id], Audience.CUSTOMER) == []
    assert waiting(story) == [about.record_id]


def test_a_conversation_that_somebody_holds_keeps_its_holder_in_review(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(SubmitDraft, "rae", asked, text="On its way.")
    assert state(story, asked) == (ConversationState.IN_REVIEW, "ana", 1)
    assert story.request(asked).assignee == "ana"


def test_who_may_not_accept_a_queue_cannot_accept_it_by_a_draft() -> None:
    story = Story(desk=desk_with(agents={**AGENTS, "rae": {"name": "Rae", "role": "restricted"}}))
    asked = story.say("cara", "Where is my parcel?")
    story.do(Enqueue, "ana", asked, queue="first")  # support serves it, and Rae is in no team
    with pytest.raises(Forbidden):
        story.do(SubmitDraft, "rae", asked, text="On its way.")
    assert state(story, asked) == (ConversationState.PENDING, None, 0)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"text": "  "}, "empty"), ({"text": "Hi", "request_id": "r_nowhere"}, None)],
)
def test_a_draft_needs_a_text_and_an_open_request(
    story: Story, fields: dict[str, str], code: str | None
) -> None:
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(ReqflowError) as refused:
        story.do(SubmitDraft, "rae", asked, **fields)
    assert getattr(refused.value, "code", None) == code
    assert state(story, asked) == (ConversationState.PENDING, None, 0)


def test_no_drafts_where_no_customer_reads(story: Story) -> None:
    inside = story.say("ana", "Who knows?", audience="internal")
    with pytest.raises(Refused) as refused:
        story.do(SubmitDraft, "rae", inside, text="I do.")
    assert refused.value.code == "internal"


def test_the_number_of_drafts_that_wait_is_bounded(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    drafts = [story.do(SubmitDraft, "rae", asked, text=f"Draft {n}") for n in range(20)]
    with pytest.raises(Refused) as refused:
        story.do(SubmitDraft, "rae", asked, text="One more")
    assert refused.value.code == "too_many_drafts"
    story.do(ReviseDraft, "rae", draft_id=drafts[0].record_id, text="Another wording")
    story.do(CloseConversation, "rae", asked)  # asks for all of them in one go
    assert {draft(story, each).state for each in drafts} == {DraftState.WITHDRAWN}


# --- past the review --------------------------------------------------------------------------------


@pytest.mark.row("69", "37")
@pytest.mark.parametrize("channel", ["chat:lobby", "dm:cara"])
def test_what_a_restricted_agent_types_into_the_channel_is_recorded_and_changes_nothing(
    story: Story, channel: str
) -> None:
    asked = story.say("cara", "Where is my parcel?", channel=channel)
    story.do(Hold, "ana", asked, reason=HoldReason.CUSTOMER)
    before = story.conversation(asked)
    typed = story.say("rae", "On its way.", channel=channel, to=asked, after=60)
    after = story.conversation(asked)
    assert story.message(typed, channel).unreviewed
    assert (after.messages, after.version) == (before.messages + 1, before.version + 1)
    assert (after.state, after.holder, after.team_at) == (before.state, None, None)
    assert (after.active_at, after.requests) == (before.active_at, before.requests)
    assert story.tags(asked)[-2:] == ["message.received", "message.unreviewed"]
    assert told(story, asked)[-1][:2] == (
        "Rae",
        "wrote past the review as Rae: nobody was assigned, no clock stopped",
    )
    story.do(Wake, "ana", asked)
    answered = story.say("bo", "It left on Monday.", channel=channel, to=asked)
    assert not story.message(answered, channel).unreviewed
    assert story.request(asked).assignee == "bo"


@pytest.mark.row("69", "38")
def test_past_the_review_in_the_channel_assigns_no_last_request(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    typed = story.say("rae", "On its way.")
    assert typed.conversation_id != asked.conversation_id  # quiet talk, which answers nothing
    assert story.message(typed).unreviewed and story.request(asked).assignee is None
    story.do(Assign, "ana", asked, assignee="rae")
    again = story.say("rae", "Nearly there.")
    assert again.request_id == asked.request_id and story.message(again).unreviewed
    assert story.conversation(asked).team_at is None


@pytest.mark.row("69", "56")
def test_the_desk_carries_nothing_further_that_went_past_the_review() -> None:
    story = reviewed({"unseen_through": "mail:desk"})
    asked = story.say("cara", "Where is my parcel?", channel="dm:cara")
    cara = story.conversation(asked).requester
    who = {"first_name": "Cara", "last_name": "Doe", "email": "cara@doe.example"}
    story.do(CreateCustomer, "ana", profile_id=cara, **who)
    story.say("rae", "Lost for ever!", channel="dm:cara", to=asked)
    story.wait(minutes=10)
    assert [x for x in story.effects() if isinstance(x.queued.effect, MailCustomer)] == []
    story.say("ana", "It left on Monday.", channel="dm:cara", to=asked)
    story.wait(minutes=10)
    (mail,) = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, MailCustomer)]
    assert read(story, [each.id for each in mail.texts], Audience.CUSTOMER) == ["It left on Monday."]


def test_among_colleagues_there_is_no_review(story: Story) -> None:
    inside = story.say("ana", "Who knows?", audience="internal")
    typed = story.say("rae", "I do.", to=inside)
    assert not story.message(typed).unreviewed
    note = story.say("cara", "Where is my parcel?")
    assert not story.message(story.say("rae", "Easy.", to=note, audience="internal")).unreviewed


@pytest.mark.row("67")
def test_a_restricted_agent_who_asks_is_a_requester_like_any_other() -> None:
    story = reviewed({"responder_teams": ["support"]})  # Rae is in no team
    asked = story.say("rae", "Where is my laptop?")
    assert asked.request_id is not None and not story.message(asked).unreviewed
    again = story.say("rae", "Anybody?", to=asked)
    assert again.request_id == asked.request_id and not story.message(again).unreviewed


# --- reviews ----------------------------------------------------------------------------------------


@pytest.mark.row("71")
def test_an_approved_draft_goes_to_the_customer_as_its_authors_answer(story: Story) -> None:
    about = submitted(story)
    story.wait(minutes=5)
    out = story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert to_customer(story) == ["On its way."]
    posted = next(x for x in story.events(about) if isinstance(x, e.MessagePosted)).message
    assert (posted.id, posted.author, posted.request_id) == (out.message_id, agent("rae"), about.request_id)
    assert state(story, about) == (ConversationState.ACTIVE, "rae", 0)
    assert story.conversation(about).team_at == story.now
    found = draft(story, about)
    assert (found.state, found.message_id) == (DraftState.PUBLISHED, out.message_id)
    assert (found.reviewer, found.reviewed_at) == (agent("rex"), story.now)
    assert waiting(story) == [] and story.engine.verify() == []


@pytest.mark.row("71", "37")
def test_a_published_draft_is_its_authors_first_response() -> None:
    story = reviewed(
        {"detection": "classifier", "requests_per_conversation": "many", "visibility": "channel"}
    )
    one = story.say("cara", "One?", channel="dm:cara")
    two = story.say("cara", "Two?", channel="dm:cara")
    story.do(Take, "ana", one)
    about = story.do(SubmitDraft, "rae", two, text="It left on Monday.")
    assert story.request(two).assignee is None  # Ana holds the conversation already
    story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert story.request(two).assignee == "rae"
    assigned = story.events(two)[-1]
    assert isinstance(assigned, e.RequestAssigned) and assigned.reason.code == "first_response"
    assert story.request(one).assignee == story.conversation(one).holder == "ana"


@pytest.mark.row("71")
def test_a_reviewer_may_word_it_anew_and_history_keeps_both(story: Story) -> None:
    about = submitted(story, text="no idea")
    story.do(ApproveDraft, "rex", draft_id=about.record_id, text="It left on Monday.")
    assert to_customer(story) == ["It left on Monday."]
    assert told(story, about)[-3:] == [
        ("Rex", "approved the draft, worded anew, of Rae: “no idea”", ""),
        ("Rex", "ended the review", ""),
        ("Rae", "replied “It left on Monday.”", ""),
    ]
    assert read(story, [draft(story, about).text.id], Audience.CUSTOMER) == []


def test_nobody_publishes_what_they_have_not_read(story: Story) -> None:
    about = submitted(story)
    seen = draft(story, about).version
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="Never!")
    with pytest.raises(Refused) as refused:
        story.do(ApproveDraft, "rex", draft_id=about.record_id, version=seen)
    assert refused.value.code == "revised" and to_customer(story) == []
    story.do(ApproveDraft, "rex", draft_id=about.record_id, version=draft(story, about).version)
    assert to_customer(story) == ["Never!"]


@pytest.mark.row("71", "72")
@pytest.mark.parametrize("review", [{"command": ApproveDraft}, {"command": RejectDraft, "reason": "Hm."}])
def test_nobody_reviews_their_own_draft_or_without_the_right(story: Story, review: dict[str, Any]) -> None:
    own = submitted(story, who="rex")
    with pytest.raises(Forbidden) as refused:
        story.do(who="rex", draft_id=own.record_id, **review)
    assert refused.value.code == "own_draft"
    for who in ("rik", "ana"):
        with pytest.raises(Forbidden):
            story.do(who=who, draft_id=own.record_id, **review)
    assert draft(story, own).state is DraftState.WAITING and to_customer(story) == []
    story.do(who="zoe", draft_id=own.record_id, **review)
    assert draft(story, own).state is not DraftState.WAITING


@pytest.mark.row("72")
def test_a_rejected_draft_goes_back_to_its_author_with_the_reason(story: Story) -> None:
    about = submitted(story, text="Dunno.")
    story.do(RejectDraft, "rex", draft_id=about.record_id, reason="Too short.")
    found = draft(story, about)
    assert (found.state, found.reviewer, found.reviewed_at) == (
        DraftState.REJECTED,
        agent("rex"),
        story.now,
    )
    assert found.reason is not None and read(story, [found.reason.id], Audience.INTERNAL) == ["Too short."]
    assert state(story, about) == (ConversationState.ACTIVE, "rae", 0) and waiting(story) == []
    assert [x.id for x in story.all(Records(kind="draft", name="author", content="rae"))] == [found.id]
    assert to_customer(story) == []
    with pytest.raises(Refused) as refused:
        story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert refused.value.code == "not_waiting"
    with pytest.raises(Forbidden) as forbidden:
        story.do(ReviseDraft, "rik", draft_id=about.record_id, text="Mine now")
    assert forbidden.value.code == "not_author"
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="It left on Monday.")
    assert state(story, about) == (ConversationState.IN_REVIEW, "rae", 1)
    assert waiting(story) == [about.record_id]
    story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert to_customer(story) == ["It left on Monday."]


@pytest.mark.row("72")
def test_the_review_lasts_until_its_last_draft_has_ended(story: Story) -> None:
    first = submitted(story)
    second = story.do(SubmitDraft, "rik", first, text="Tomorrow.")
    story.do(RejectDraft, "rex", draft_id=first.record_id, reason="No.")
    assert state(story, first) == (ConversationState.IN_REVIEW, "rae", 1)
    story.do(ApproveDraft, "rex", draft_id=second.record_id)
    assert state(story, first) == (ConversationState.ACTIVE, "rae", 0)
    tags = story.tags(first)
    assert tags.count("conversation.review_started") == tags.count("conversation.review_ended") == 1


def test_a_draft_is_withdrawn_by_its_author_or_a_reviewer(story: Story) -> None:
    about = submitted(story)
    with pytest.raises(Forbidden):
        story.do(WithdrawDraft, "ana", draft_id=about.record_id)
    story.do(WithdrawDraft, "rae", draft_id=about.record_id)
    assert state(story, about) == (ConversationState.ACTIVE, "rae", 0)
    for command, fields in ((WithdrawDraft, {}), (ReviseDraft, {"text": "Again"})):
        with pytest.raises(Refused) as refused:
            story.do(command, "rae", draft_id=about.record_id, **fields)
        assert refused.value.code == "ended"
    another = story.do(SubmitDraft, "rae", about, text="Soon.")
    story.do(RejectDraft, "rex", draft_id=another.record_id, reason="No.")
    story.do(WithdrawDraft, "zoe", draft_id=another.record_id)
    assert draft(story, another).state is DraftState.WITHDRAWN
    assert story.all(Records(kind="draft", name="author", content="rae")) == []


@pytest.mark.row("69", "28")
def test_drafts_are_seen_by_their_authors_and_reviewers_and_never_by_the_customer(story: Story) -> None:
    about = submitted(story, channel="dm:cara")
    view = Records(kind="draft", name="waiting", content="dm:cara")

    def seen(who: str) -> list[str]:
        return [each.id for each in story.engine.read(view, by=agent(who)).items]

    assert seen("rae") == seen("rex") == [about.record_id]
    assert seen("rik") == seen("ana") == []  # the channel shows what is worked on to its holder only
    customer = Actor(ActorKind.CUSTOMER, story.conversation(about).requester)
    with pytest.raises(Forbidden):
        story.engine.read(view, by=customer)


@pytest.mark.row("82", "69")
def test_files_wait_with_their_draft_and_go_with_it(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    label = Enclosure(kind="document", name="label.pdf", address="files:17", media_type="application/pdf")
    about = story.do(SubmitDraft, "rae", asked, text="", attachments=[label])
    (waits,) = draft(story, about).attachments
    assert waits.name is not None and read(story, [waits.name.id], Audience.CUSTOMER) == []
    story.do(RejectDraft, "rex", draft_id=about.record_id, reason="Say something.")
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="Here.", attachments=[label, label])
    story.do(ApproveDraft, "rex", draft_id=about.record_id, text="Here it is.")
    posted = next(x for x in story.events(about) if isinstance(x, e.MessagePosted)).message
    names = [each.name.id for each in posted.attachments if each.name is not None]
    assert read(story, names, Audience.CUSTOMER) == ["label.pdf"] * 2
    assert posted.attachments[0].media_type == "application/pdf" and story.engine.verify() == []


def test_drafts_that_are_not_there_and_keys_given_twice(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(UnknownId, match="no draft d_nowhere"):
        story.do(ApproveDraft, "rex", draft_id="d_nowhere")
    once = story.do(SubmitDraft, "rae", asked, text="On its way.", key="cmd:1")
    twice = story.do(SubmitDraft, "rae", asked, text="On its way.", key="cmd:1")
    assert twice.duplicate and twice.record_id == once.record_id
    assert waiting(story) == [once.record_id]


@pytest.mark.row("73", "90")
def test_notes_on_a_draft_are_kept_with_who_when_and_what(story: Story) -> None:
    about = submitted(story)
    noted = story.do(AddDraftNote, "rex", draft_id=about.record_id, text="Ask the carrier first.")
    view = Records(kind="draft_note", name="draft", content=about.record_id)
    (note,) = story.all(view)
    assert isinstance(note, DraftNote)
    assert (note.id, note.author, note.added_at) == (noted.record_id, agent("rex"), story.now)
    story.wait(minutes=1)
    story.do(DeleteDraftNote, "zoe", draft_id=about.record_id, note_id=noted.record_id)
    assert story.all(view) == []
    with pytest.raises(UnknownId):
        story.do(DeleteDraftNote, "zoe", draft_id=about.record_id, note_id=noted.record_id)
    assert told(story, about)[-2:] == [
        ("Rex", "noted on the draft: “Ask the carrier first.”", ""),
        ("Zoe", "deleted the note on the draft: “Ask the carrier first.”", ""),
    ]
    assert story.engine.history(about.conversation_id or "")[-1].at == story.now
    with pytest.raises(Refused):
        story.do(AddDraftNote, "rex", draft_id=about.record_id, text=" ")


@pytest.mark.row("90")
def test_history_says_who_approved_and_rejected_when_and_why(story: Story) -> None:
    about = submitted(story, text="Dunno.")
    story.wait(minutes=1)
    story.do(RejectDraft, "rex", draft_id=about.record_id, reason="Too short.")
    story.wait(minutes=1)
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="It left on Monday.")
    story.wait(minutes=1)
    story.do(ApproveDraft, "zoe", draft_id=about.record_id)
    lines = [x for x in story.engine.explain(about.conversation_id or "") if x.tag.startswith("draft.")]
    begun = lines[0].at
    assert [(x.who, x.what, x.why, (x.at - begun).seconds // 60) for x in lines] == [
        ("Rae", "handed in a draft: “Dunno.”", "", 0),
        ("Rex", "gave the draft back to Rae", "the reviewer says: “Too short.”", 1),
        ("Rae", "worded the draft anew: “It left on Monday.”", "", 2),
        ("Zoe", "approved the draft of Rae: “It left on Monday.”", "", 3),
    ]


def notices(story: Story) -> list[tuple[str, str]]:
    """Who was told what, in order."""
    effects = [x.queued.effect for x in story.effects()]
    return [(x.agent, x.code) for x in effects if isinstance(x, NotifyAgent) and x.code != "assigned"]


@pytest.mark.row("69", "71", "72", "40")
def test_reviewers_hear_of_drafts_and_authors_of_reviews_and_nobody_of_their_own_act(story: Story) -> None:
    about = submitted(story)
    own = story.do(SubmitDraft, "rex", about, text="Or so.")
    to_rex_and_zoe = [("rex", "draft_submitted"), ("zoe", "draft_submitted")]
    assert notices(story) == [*to_rex_and_zoe, ("zoe", "draft_submitted")]
    story.do(RejectDraft, "zoe", draft_id=about.record_id, reason="No.")
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="Soon.")
    story.do(ApproveDraft, "zoe", draft_id=about.record_id)
    assert notices(story)[3:] == [("rae", "draft_rejected"), *to_rex_and_zoe, ("rae", "draft_approved")]
    story.do(WithdrawDraft, "rex", draft_id=own.record_id)
    last = story.do(SubmitDraft, "rex", about, text="Bye.")
    story.do(CloseConversation, "rae", about)
    assert draft(story, last).state is DraftState.WITHDRAWN
    assert notices(story)[7:] == [("zoe", "draft_submitted"), ("rex", "draft_withdrawn")]


@pytest.mark.row("69")
def test_reviewers_hear_of_what_went_past_them(story: Story) -> None:
    asked = story.say("cara", "Where is my parcel?")
    story.say("rae", "On its way.", to=asked)
    assert notices(story) == [("rex", "unreviewed"), ("zoe", "unreviewed")]


# --- how conversations end or change hands meanwhile ------------------------------------------------


def closed_by_hand(story: Story, about: Outcome) -> None:
    story.do(CloseConversation, "rae", about, reason=CloseReason.IGNORED)


def closed_with_its_request(story: Story, about: Outcome) -> None:
    story.do(Close, "rae", about)


def closed_by_a_timer(story: Story, about: Outcome) -> None:
    story.wait(days=31)


def released(story: Story, about: Outcome) -> None:
    story.do(Release, "rae", about)


def put_in_a_queue(story: Story, about: Outcome) -> None:
    story.do(Enqueue, "ana", about, queue="first")


def taken_away(story: Story, about: Outcome) -> None:
    story.do(Unassign, "ana", about)


ENDS = [closed_by_hand, closed_with_its_request, closed_by_a_timer]
LEAVES = [released, put_in_a_queue, taken_away]


@pytest.mark.row("69")
@pytest.mark.parametrize("leave", [*ENDS, *LEAVES], ids=lambda each: each.__name__)
def test_drafts_end_with_whoever_was_to_speak_and_stay_on_record(story: Story, leave: Any) -> None:
    about = submitted(story)
    story.wait(minutes=1)
    story.do(SubmitDraft, "rik", about, text="Tomorrow.")
    leave(story, about)
    closed = leave in ENDS
    expected = ConversationState.CLOSED if closed else ConversationState.PENDING
    assert state(story, about) == (expected, None, 0)
    found = story.all(Records(kind="draft", name="conversation", content=about.conversation_id))
    assert [each.state for each in found] == [DraftState.WITHDRAWN] * 2 and waiting(story) == []
    assert read(story, [each.text.id for each in found], Audience.INTERNAL) == ["On its way.", "Tomorrow."]
    withdrawn = [x for x in story.events(about) if isinstance(x, e.DraftWithdrawn)]
    why = "conversation_closed" if closed else "conversation_released"
    assert [(x.author, x.reason.code) for x in withdrawn] == [("rae", why), ("rik", why)]
    assert story.engine.verify() == []
    with pytest.raises(Refused):
        story.do(ApproveDraft, "rex", draft_id=about.record_id)


def test_drafts_stay_when_the_holder_changes(story: Story) -> None:
    about = submitted(story)
    story.do(Assign, "ana", about, assignee="bo")
    assert state(story, about) == (ConversationState.IN_REVIEW, "bo", 1)
    story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert to_customer(story) == ["On its way."]
    assert state(story, about) == (ConversationState.ACTIVE, "bo", 0)
    assert story.request(about).assignee == "bo"


def test_a_rejected_draft_outlives_its_conversation_and_may_come_back(story: Story) -> None:
    about = submitted(story)
    story.do(RejectDraft, "rex", draft_id=about.record_id, reason="No.")
    story.do(Release, "rae", about)
    story.do(ReviseDraft, "rae", draft_id=about.record_id, text="Better.")  # accepts it again
    assert state(story, about) == (ConversationState.IN_REVIEW, "rae", 1)
    story.do(RejectDraft, "rex", draft_id=about.record_id, reason="No.")
    story.do(CloseConversation, "rae", about)
    with pytest.raises(Refused) as refused:
        story.do(ReviseDraft, "rae", draft_id=about.record_id, text="Better still.")
    assert refused.value.code == "closed"
    story.do(WithdrawDraft, "rae", draft_id=about.record_id)
    assert state(story, about) == (ConversationState.CLOSED, None, 0)


def test_an_author_who_left_is_published_and_gets_nothing(story: Story) -> None:
    about = submitted(story, channel="dm:cara")
    without = {name: each for name, each in AGENTS.items() if name != "rae"}
    story.engine.configure(desk_with(agents=without))
    story.do(ApproveDraft, "rex", draft_id=about.record_id)
    assert to_customer(story) == ["On its way."] and story.engine.verify() == []


def test_what_is_decided_together_is_decided_as_one_by_one(story: Story) -> None:
    about = submitted(story)
    revised, approved = story.engine.handle_many(
        [
            ReviseDraft(by=agent("rae"), draft_id=about.record_id, text="It left on Monday."),
            ApproveDraft(by=agent("rex"), draft_id=about.record_id),
        ]
    )
    assert isinstance(revised, Outcome) and isinstance(approved, Outcome)
    assert to_customer(story) == ["It left on Monday."]
    again = story.do(SubmitDraft, "rae", about, text="Anything else?")
    asked = story.conversation(about).id
    story.engine.handle_many(
        [
            SubmitDraft(by=agent("rik"), conversation_id=asked, text="Bye."),
            CloseConversation(by=agent("rae"), conversation_id=asked),
        ]
    )
    assert draft(story, again).state is DraftState.WITHDRAWN
    assert state(story, about) == (ConversationState.CLOSED, None, 0)
    assert story.engine.verify() == []


# --- laws -------------------------------------------------------------------------------------------

AUTHORS, REVIEWERS = ("rae", "rik"), ("rex", "zoe")
ACTIONS: dict[str, tuple[str, ...]] = {
    "submit": (*AUTHORS, "rex"),
    "revise": (*AUTHORS, "rex"),
    "approve": (*REVIEWERS, "rae"),
    "edit": REVIEWERS,
    "reject": REVIEWERS,
    "withdraw": (*AUTHORS, "zoe"),
    "note": (*AUTHORS, *REVIEWERS),
    "close": ("rae", "ana"),
    "release": ("rae", "ana"),
    "take": ("rae", "ana"),
    "assign": (*AUTHORS, "ana"),
    "say": ("cara",),
    "type": ("rae",),
    "wait": ("",),
}
"""What is done, and by whom it may make sense."""
WEIGHTED = [*ACTIONS, *("submit revise approve edit reject note".split() * 3)]


class Reviews:
    """A conversation under random use, and what is known of it: every text ever written, every text let go."""

    def __init__(self) -> None:
        self.story = reviewed({"visibility": "channel"})
        self.asked = self.story.say("cara", "Where is my parcel?", channel="dm:cara")
        self.drafts: list[str] = []
        self.inside: set[str] = set()
        self.published: set[str] = set()
        self.count = 0

    def word(self) -> str:
        self.count += 1
        return f"secret {self.count}"

    def act(self, action: str, which: int) -> None:
        """Try it, mostly on drafts that have not ended; what is refused must have changed nothing."""
        people = ACTIONS[action]
        who = people[which % len(people)]
        unended = [each.id for each in self._all() if each.state not in DRAFT.final]
        drafts = (self.drafts if which == 0 else unended) or ["d_none"]
        chosen = drafts[which % len(drafts)]
        text, before = self.word(), self.story.conversation(self.asked)
        try:
            self._do(action, who, chosen, text)
        except (Refused, UnknownId):
            assert self.story.conversation(self.asked) == before

    def _do(self, action: str, who: str, chosen: str, text: str) -> None:
        story, asked = self.story, self.asked
        match action:
            case "submit":
                self.drafts.append(story.do(SubmitDraft, who, asked, text=text).record_id or "")
                self.inside.add(text)
            case "revise":
                story.do(ReviseDraft, who, draft_id=chosen, text=text)
                self.inside.add(text)
            case "approve":
                ref = story.store.recall("desk", (WantRecord("draft", chosen),))[0]
                said = read(story, [ref.text.id], Audience.INTERNAL) if ref else []
                story.do(ApproveDraft, who, draft_id=chosen)
                self.published.update(said)
            case "edit":
                story.do(ApproveDraft, who, draft_id=chosen, text=text)
                self.published.add(text)
            case "reject":
                story.do(RejectDraft, who, draft_id=chosen, reason=text)
                self.inside.add(text)
            case "withdraw":
                story.do(WithdrawDraft, who, draft_id=chosen)
            case "note":
                story.do(AddDraftNote, who, draft_id=chosen, text=text)
                self.inside.add(text)
            case "close":
                story.do(CloseConversation, who, asked)
            case "release":
                story.do(Release, who, asked)
            case "take":
                story.do(Accept, who, asked)
            case "assign":
                story.do(Assign, "ana", asked, assignee=who)
            case "say":
                self.asked = story.say("cara", "Hello?", channel="dm:cara")
            case "type":
                story.say("rae", "Typed past the review", channel="dm:cara", to=asked)
            case _:
                story.wait(hours=1)

    def look(self) -> None:
        """The laws: a review is where drafts wait; nothing is lost; the customer reads what was let go."""
        story = self.story
        for each in story.all(Records(kind="draft")):
            found = story.conversation(Outcome(kind="done", conversation_id=each.conversation_id))
            assert (each.state is DraftState.WAITING) == (each.id in found.drafts)
            assert (each.state is DraftState.WAITING) == (each.waiting_at is not None)
        here = story.conversation(self.asked)
        assert (here.state is ConversationState.IN_REVIEW) == bool(here.drafts)
        refs = {
            ref.id
            for stream in {self.asked.conversation_id, *(x.conversation_id for x in self._all())}
            for ref in text_refs(story.engine.history(stream or ""))
        }
        assert set(read(story, refs, Audience.INTERNAL)) >= self.inside | self.published
        shown = {text for text in read(story, refs, Audience.CUSTOMER) if text.startswith("secret")}
        assert shown == self.published == set(to_customer(story))

    def _all(self) -> list[Draft]:
        return self.story.all(Records(kind="draft"))


@pytest.mark.row("69", "71", "72", "73")
@given(
    st.lists(
        st.tuples(st.sampled_from(WEIGHTED), st.integers(0, 11)),
        min_size=1,
        max_size=30,
    )
)
def test_no_review_loses_a_text_or_shows_one_too_early(acts: list[tuple[str, int]]) -> None:
    reviews = Reviews()
    for act in acts:
        reviews.act(*act)
        reviews.look()
    assert reviews.story.engine.verify() == []
