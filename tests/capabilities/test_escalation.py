"""Hard questions: specialists by theme, on every tier; what is broken, what comes again, and who is told of a fix."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import attrs
import pytest

from reqflow import (
    Actor,
    ActorKind,
    AsyncEngine,
    Audience,
    Close,
    CloseConversation,
    ConversationState,
    Engine,
    Escalate,
    Escalation,
    FinishIssue,
    Hold,
    HoldReason,
    Link,
    LinkTarget,
    Mention,
    Messages,
    Reacted,
    Records,
    Reply,
    Requests,
    RequestState,
    Resolution,
    Route,
    SetSeverity,
    Take,
    Touch,
    Unlink,
    Wake,
    agent,
    hookimpl,
)
from reqflow.core import events as e
from reqflow.core.effects import NotifyAgent, OpenTicket, PageEngineers, PostMessage
from reqflow.core.facts import Outcome, OutcomeKind
from reqflow.core.model import ChannelId, Code, ExternalId, NativeId, Pointer, Request
from reqflow.errors import Forbidden, InvalidInput, PluginError, Refused, UnknownId
from reqflow.ports import Receipt, ReceiptKind
from reqflow.testing.desks import DESK, Story, desk_with

AGENTS = {
    **DESK["agents"],
    "mia": {"name": "Mia", "teams": ["money"], "channels": ["chat:money"], "addresses": ["chat:mia"]},
    "pat": {"name": "Pat", "teams": ["product"], "channels": ["chat:product"], "addresses": ["chat:pat"]},
    "eng": {"name": "Enzo", "teams": ["engineering"], "channels": ["chat:eng"]},
}
QUEUES = {
    **DESK["queues"],
    "money": {"teams": ["money"]},
    "product": {"teams": ["product"]},
    "engineering": {"teams": ["engineering"]},
}
THEMES = {
    "billing": {
        "title": "Bills and refunds",
        "queue": "money",
        "team": "money",
        "destination": "slack:C0MONEY",
        "room": "chat:money",
    },
    "search": {"queue": "product", "team": "product", "room": "chat:product", "level": 2},
    "defect": {"queue": "engineering", "team": "engineering", "room": "chat:eng", "level": 3},
}
SEVERITIES = {
    "outage": {"immediate": True, "destination": "pager:engineering"},
    "defect": {"destination": "tracker:core"},
}
EMOJI = {"money_with_wings": "billing", "mag": "search"}


def specialists(settings: dict[str, Any] | None = None, **engine: Any) -> Story:
    """A desk whose themes lead to Mia (billing), Pat (search, a product pillar) and Enzo (engineering)."""
    desk = desk_with(
        {"responder_teams": ["support"], "escalate_emoji": EMOJI, **(settings or {})},
        agents=AGENTS,
        queues=QUEUES,
        themes=THEMES,
        severities=SEVERITIES,
    )
    return Story(desk=desk, **engine)


@pytest.fixture
def story() -> Story:
    return specialists()


def put(story: Story, who: str, about: Outcome, emoji: str = "money_with_wings", **how: Any) -> Outcome:
    """Let somebody put an emoji on a message."""
    native = story._natives[about.message_id or ""]
    channel = how.pop("channel", "chat:lobby")
    return story.engine.handle(
        Reacted(channel=ChannelId(channel), native=native, emoji=emoji, author=f"chat:{who}", **how)
    )


def place(request: Request) -> tuple[str | None, str | None, str | None, int]:
    """Whose question it is."""
    return request.theme, request.queue, request.team, request.level


def queued(story: Story, kind: type) -> list[Any]:
    return [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, kind)]


def told(story: Story, agent_id: str) -> list[str]:
    return [x.code for x in queued(story, NotifyAgent) if x.agent == agent_id]


def read(story: Story, ids: list[str], audience: Audience = Audience.INTERNAL) -> list[str]:
    found = story.store.texts(story.engine.workspace, ids, audience)
    return [found[each] for each in ids if each in found]


BILLING = ("billing", "money", "money", 1)


# --- emoji ------------------------------------------------------------------------------------------


@pytest.mark.row("46")
@pytest.mark.parametrize("on", ["root", "reply", "answer"])
def test_an_emoji_on_any_message_of_a_thread_brings_its_request_to_the_specialists(
    story: Story, on: str
) -> None:
    messages = {"root": story.say("cara", "Where is my refund?")}
    messages["reply"] = story.say("cara", "It was in March.", to=messages["root"], after=300)
    messages["answer"] = story.say("ana", "Let me look.", to=messages["root"])
    assert story.request(messages["root"]).assignee == "ana"
    out = put(story, "ana", messages[on])
    request = story.request(messages["root"])
    assert (out.kind, out.request_id) == (OutcomeKind.DONE, request.id)
    assert place(request) == BILLING
    assert (request.state, request.assignee) == (RequestState.UNASSIGNED, None)
    assert [x.id for x in story.requests(queue="money")] == [request.id]
    story.do(Take, "mia", out)
    assert story.request(out).assignee == "mia"
    assert story.engine.verify() == []


@pytest.mark.row("46", "2")
@pytest.mark.parametrize("on", ["root", "reply", "answer"])
def test_an_emoji_on_a_message_that_nobody_took_for_a_request_makes_it_one(story: Story, on: str) -> None:
    messages = {"root": story.say("cara", "My refund is missing")}
    messages["reply"] = story.say("cara", "since March", to=messages["root"], after=300)
    messages["answer"] = story.say("ana", "Oh!", to=messages["root"])
    assert messages["root"].request_id is None
    out = put(story, "ana", messages[on])
    request = story.request(out)
    assert place(request) == BILLING and request.conversation_id == messages["root"].conversation_id
    cited = messages["reply"] if on == "reply" else messages["root"]
    assert request.opener == cited.message_id
    assert story.engine.verify() == []


@pytest.mark.row("46")
def test_an_emoji_on_a_message_that_the_desk_never_saw_brings_it_along(story: Story) -> None:
    letter = story.letter("cara", "My refund is missing")
    reacted = Reacted(
        channel=letter.channel,
        native=letter.native,
        emoji="money_with_wings",
        author="chat:ana",
        inbound=letter,
    )
    assert story.engine.handle(attrs.evolve(reacted, inbound=None)).code == "unknown_message"
    out = story.engine.handle(reacted)
    assert place(story.request(out)) == BILLING
    assert story.engine.handle(reacted).code == "escalated"
    assert len(story.requests()) == 1


@pytest.mark.row("46")
def test_the_same_emoji_on_the_same_message_counts_once_whoever_puts_it_there(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    put(story, "ana", asked)
    story.do(Take, "mia", asked)
    before = story.tags(asked)
    for who, how in (("ana", {}), ("bo", {}), ("ana", {"removed": True}), ("bo", {})):
        assert put(story, who, asked, **how).kind is OutcomeKind.IGNORED
    assert story.request(asked).assignee == "mia" and story.tags(asked) == before
    put(story, "ana", asked, "mag")  # another emoji is another matter
    assert place(story.request(asked)) == ("search", "product", "product", 2)
    put(story, "bo", asked)  # the first one has counted
    assert story.request(asked).theme == "search"


@pytest.mark.row("46")
def test_the_same_emoji_elsewhere_in_the_thread_takes_it_from_no_specialist(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    again = story.say("cara", "Hello?", to=asked, after=300)
    put(story, "ana", asked)
    story.do(Take, "mia", asked)
    assert put(story, "bo", again).code == "already_escalated"
    assert story.request(asked).assignee == "mia"


@pytest.mark.row("46")
def test_two_workers_at_once_escalate_once(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    native = story._natives[asked.message_id or ""]
    reacted = Reacted(
        channel=ChannelId("chat:lobby"), native=native, emoji="money_with_wings", author="chat:ana"
    )
    second: list[Outcome] = []

    class Overtaken:
        """The store of the first worker, whom the second overtakes before it commits."""

        def __getattr__(self, name: str) -> Any:
            return getattr(story.store, name)

        def commit(self, batch: Any) -> None:
            if batch.entries and not second:
                second.append(story.engine.handle(attrs.evolve(reacted, author="chat:bo")))
            story.store.commit(batch)

    first = Engine(Overtaken(), workspace="desk", clock=story.time).handle(reacted)
    assert (first.kind, first.code) == (OutcomeKind.IGNORED, "escalated")
    assert second[0].kind is OutcomeKind.DONE
    assert story.tags(asked).count("request.escalated") == 1
    assert story.engine.verify() == []


@pytest.mark.row("46")
@pytest.mark.parametrize(
    ("who", "emoji", "how", "code"),
    [
        ("ana", "eyes", {}, "no_theme"),
        ("cara", "money_with_wings", {}, "not_team"),
        ("eva", "money_with_wings", {}, "not_team"),
        ("ana", "money_with_wings", {"bot": True}, "bot"),
        ("ana", "money_with_wings", {"removed": True}, "removed"),
        ("ana", "money_with_wings", {"channel": "elsewhere:1"}, "unknown_channel"),
    ],
)
def test_other_emoji_and_other_people_escalate_nothing(
    story: Story, who: str, emoji: str, how: dict[str, Any], code: str
) -> None:
    asked = story.say("cara", "Where is my refund?")
    out = put(story, who, asked, emoji, **how)
    assert (out.kind, out.code) == (OutcomeKind.IGNORED, code)
    assert place(story.request(asked)) == (None, None, None, 0)


@pytest.mark.row("46")
def test_who_may_not_take_work_from_others_does_not_do_so_by_an_emoji() -> None:
    agents = {**AGENTS, "rae": {"name": "Rae", "role": "restricted", "addresses": ["chat:rae"]}}
    story = Story(desk=desk_with({"escalate_emoji": EMOJI}, agents=agents, queues=QUEUES, themes=THEMES))
    theirs, free = story.say("cara", "Where is my refund?"), story.say("dan", "Where is mine?")
    story.do(Take, "ana", theirs)
    assert put(story, "rae", theirs).code == "no_right"
    assert story.request(theirs).assignee == "ana" and story.tags(theirs)[-1] == "conversation.accepted"
    assert put(story, "rae", free).kind is OutcomeKind.DONE


@pytest.mark.row("46", "16")
def test_an_emoji_is_taken_in_durably_like_any_message(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    native = story._natives[asked.message_id or ""]
    reacted = Reacted(
        channel=ChannelId("chat:lobby"), native=native, emoji="money_with_wings", author="chat:ana"
    )
    assert story.engine.accept(reacted)
    assert not story.engine.accept(attrs.evolve(reacted, author="chat:bo"))
    story.engine.work()
    assert place(story.request(asked)) == BILLING


@pytest.mark.row("46")
def test_an_emoji_on_a_closed_request_opens_it_again_for_the_specialists(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    story.do(Close, "ana", asked)
    put(story, "bo", asked)
    request = story.request(asked)
    assert (request.state, *place(request)) == (RequestState.UNASSIGNED, *BILLING)
    assert story.conversation(asked).state is ConversationState.PENDING


# --- tiers ------------------------------------------------------------------------------------------


@pytest.mark.row("45")
def test_a_consultation_is_work_of_its_own_and_the_owner_keeps_the_question(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    child = story.do(Escalate, "ana", asked, theme="billing", note="Paid twice?", hold=True)
    parent, opened = story.request(asked), story.request(child)
    assert (parent.state, parent.assignee) == (RequestState.ON_HOLD, "ana")
    assert (parent.hold_reason, parent.consults) == (HoldReason.THIRD_PARTY, (opened.id,))
    assert place(parent) == (None, None, None, 0)
    assert place(opened) == BILLING and opened.parent == parent.id
    assert (opened.state, opened.waiting_at) == (RequestState.UNASSIGNED, story.now)
    inside = story.conversation(child)
    assert (inside.id != parent.conversation_id, inside.audience) == (True, Audience.INTERNAL)
    assert inside.channel_id == "chat:money"
    assert story.engine.read(Requests(queue="money"), by=agent("mia")).items == (opened,)
    story.do(Take, "mia", child)
    story.do(Reply, "mia", child, text="Yes, twice.", audience="internal")
    with pytest.raises(Refused, match="internal"):
        story.do(Reply, "mia", child, text="Yes, twice.")
    story.do(Close, "mia", child)
    parent = story.request(asked)
    assert (parent.state, parent.assignee, parent.consults) == (RequestState.ASSIGNED, "ana", ())
    assert told(story, "ana") == ["internal_message", "closed", "consult_answered", "woken"]
    answered = next(x for x in story.events(asked) if isinstance(x, e.ConsultAnswered))
    assert (answered.child, answered.resolution) == (opened.id, Resolution.DONE)
    assert queued(story, PostMessage) == []
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


@pytest.mark.row("45")
def test_who_asks_specialists_may_read_along_in_a_room_that_is_not_theirs() -> None:
    agents = {**AGENTS, "ana": {**AGENTS["ana"], "channels": ["chat:lobby"]}}
    story = Story(desk=desk_with(agents=agents, queues=QUEUES, themes=THEMES))
    asked = story.say("cara", "Where is my refund?")
    child = story.do(Escalate, "ana", asked, theme="billing", note="Paid twice?")
    story.do(Take, "mia", child)
    said = story.engine.read(Messages(conversation_id=child.conversation_id), by=agent("ana")).items
    assert read(story, [each.text.id for each in said]) == ["Paid twice?"]
    with pytest.raises(UnknownId):
        story.engine.history(child.conversation_id or "", by=agent("pat"))


@pytest.mark.row("45")
def test_the_parent_goes_on_once_all_specialists_have_answered(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    one = story.do(Escalate, "ana", asked, theme="billing", hold=True)
    two = story.do(Escalate, "ana", asked, theme="search", hold=True)
    story.do(Take, "mia", one)
    story.do(CloseConversation, "mia", one)
    assert story.request(asked).state is RequestState.ON_HOLD
    story.wait(days=20)
    story.say("cara", "Any news?", to=asked)
    story.wait(days=11)  # nobody takes the other one: it expires, and so does the wait for it
    assert story.request(two).resolution is Resolution.EXPIRED
    assert story.request(asked).consults == ()
    assert (story.request(asked).state, story.request(asked).assignee) == (RequestState.ASSIGNED, "ana")


@pytest.mark.row("45")
def test_without_hold_the_owner_goes_on_and_a_hold_for_the_customer_stays(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    child = story.do(Escalate, "ana", asked, theme="billing")
    assert story.request(asked).state is RequestState.ASSIGNED
    story.do(Hold, "ana", asked, reason=HoldReason.CUSTOMER)
    story.do(Take, "mia", child)
    story.do(Close, "mia", child)
    assert story.request(asked).hold_reason is HoldReason.CUSTOMER


@pytest.mark.row("45")
def test_a_question_that_was_settled_meanwhile_hears_no_answer(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    child = story.do(Escalate, "ana", asked, theme="billing")
    story.do(Close, "ana", asked)
    before = story.tags(asked)
    story.do(Take, "mia", child)
    story.do(Close, "mia", child)
    assert story.tags(asked) == before


@pytest.mark.row("45")
def test_what_was_routed_elsewhere_meanwhile_goes_to_its_specialists_again(story: Story) -> None:
    asked = escalated(story, "cara", "Where is my refund?")
    story.do(Route, "ana", asked, queue="first")
    story.do(Escalate, "ana", asked, theme="billing", how="transfer")
    assert story.request(asked).queue == "money"


@pytest.mark.row("45")
def test_a_transfer_goes_from_tier_to_tier_and_each_claims_it_anew(story: Story) -> None:
    asked = story.say("cara", "Why is nothing found?")
    seen = []
    for theme, who, level in (("billing", "mia", 1), ("search", "pat", 2), ("defect", "eng", 3)):
        owner = story.request(asked).assignee or "ana"
        if level == 1:
            story.do(Take, "ana", asked)
        story.do(Escalate, owner, asked, theme=theme, how=Escalation.TRANSFER)
        request, conversation = story.request(asked), story.conversation(asked)
        assert (request.assignee, conversation.holder) == (None, None)
        story.do(Take, who, asked)
        seen.append((story.request(asked).level, story.request(asked).assignee))
    assert seen == [(1, "mia"), (2, "pat"), (3, "eng")]
    lines = story.engine.explain(asked.conversation_id)
    assert ("Pat", "escalated the request to the specialists of defect (tier 3)") in [
        (line.who, line.what) for line in lines
    ]


@pytest.mark.row("45")
def test_what_rests_does_not_rest_with_the_specialists(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    story.do(Hold, "ana", asked, reason=HoldReason.CUSTOMER)
    story.do(Escalate, "ana", asked, theme="billing", how="transfer")
    request = story.request(asked)
    assert (request.state, request.assignee, request.hold_reason) == (RequestState.UNASSIGNED, None, None)


@pytest.mark.row("45")
def test_who_may_not_and_where_to_nobody_can(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    story.do(Take, "ana", asked)
    with pytest.raises(Refused) as refused:
        story.do(Escalate, "ana", asked, theme="weather")
    assert refused.value.code == "unknown_theme"
    story.do(Escalate, "ana", asked, theme="billing", how="transfer")
    story.do(Take, "mia", asked)
    with pytest.raises(Refused) as refused:
        story.do(Escalate, "mia", asked, theme="billing", how="transfer")
    assert refused.value.code == "already_escalated"
    story.do(Close, "mia", asked)
    with pytest.raises(Refused) as refused:
        story.do(Escalate, "ana", asked, theme="billing")
    assert refused.value.code == "closed"


# --- severity ---------------------------------------------------------------------------------------


@pytest.mark.row("47")
def test_an_immediate_severity_pages_engineering_at_once(story: Story) -> None:
    asked = story.say("cara", "Is everything down?")
    story.do(SetSeverity, "ana", asked, severity="outage")
    (page,) = [x.queued for x in story.effects() if isinstance(x.queued.effect, PageEngineers)]
    assert (page.destination, page.effect.severity) == ("pager:engineering", "outage")
    assert page.queued_at == story.now and page.effect.eyes() is Audience.INTERNAL
    assert read(story, list(page.effect.shown())) == ["Is everything down?"]
    assert story.request(asked).severity == "outage" and queued(story, OpenTicket) == []
    story.do(SetSeverity, "bo", asked, severity="outage")
    assert len(queued(story, PageEngineers)) == 1


@pytest.mark.row("47", "48")
def test_another_severity_files_a_bug_for_later_once(story: Story) -> None:
    asked = story.say("cara", "Why is the button green?")
    for severity in ("defect", "outage", "defect"):
        story.do(SetSeverity, "ana", asked, severity=severity)
    (bug,) = queued(story, OpenTicket)
    assert (bug.tool, bug.kind, bug.request_id) == ("tracker:core", LinkTarget.ISSUE, asked.request_id)
    assert read(story, [ref.id for ref in bug.texts]) == ["Why is the button green?"]
    assert len(queued(story, PageEngineers)) == 1
    with pytest.raises(Refused) as refused:
        story.do(SetSeverity, "ana", asked, severity="dreadful")
    assert refused.value.code == "unknown_severity"


# --- closing the loop -------------------------------------------------------------------------------

SHIPPED = "What you reported is done now. If anything is missing, just write here."
TRACKER = Actor(ActorKind.EXTERNAL, Code("tracker"))


def finish(story: Story, issue: str = "CORE-7") -> Outcome:
    return story.engine.handle(FinishIssue(by=TRACKER, issue=ExternalId(issue)))


def said(story: Story, about: Outcome) -> list[str]:
    """What the customer was told in a conversation, by anybody."""
    posts = [x for x in queued(story, PostMessage) if x.conversation_id == about.conversation_id]
    return [read(story, [each.text.id], Audience.CUSTOMER)[0] for each in posts]


def hang(story: Story, about: Outcome, issue: str = "CORE-7", who: str = "ana") -> None:
    story.do(Link, who, about, kind=LinkTarget.ISSUE, target=issue)


@pytest.mark.row("48")
def test_everybody_who_waits_for_an_issue_is_told_once_where_they_asked(story: Story) -> None:
    asked = [story.say(f"c{n}", "When can I export?", channel=f"dm:c{n}") for n in range(3)]
    thread = story.say("cara", "When can I export?")
    for each in (*asked, thread):
        hang(story, each)
    story.do(CloseConversation, "ana", asked[0])
    story.do(Close, "ana", thread)
    other = story.say("dan", "When can I import?")
    hang(story, other, "CORE-8")
    assert finish(story).kind is OutcomeKind.DONE
    story.engine.tick()
    for each in (*asked, thread):  # what they waited for has come, whatever became of their question since
        assert said(story, each) == [SHIPPED] and story.tags(each).count("issue.told") == 1
    assert said(story, other) == []
    post = next(x for x in queued(story, PostMessage) if x.conversation_id == thread.conversation_id)
    assert post.answers == story._natives[thread.message_id or ""]
    assert story.request(asked[1]).state is RequestState.UNASSIGNED  # a machine answered nobody
    again = finish(story)
    assert (again.kind, again.code) == (OutcomeKind.IGNORED, "finished")
    story.wait(minutes=1)
    assert [said(story, each) for each in (*asked, thread)] == [[SHIPPED]] * 4
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


@pytest.mark.row("48")
def test_an_issue_that_hundreds_wait_for_is_told_in_parts_that_a_crash_does_not_repeat(story: Story) -> None:
    asked = [story.say(f"c{n}", "When can I export?", channel=f"dm:c{n}") for n in range(230)]
    for each in asked:
        hang(story, each)
    finish(story)

    class Dies(Exception):
        pass

    class Dying:
        """A store whose process dies after two commits."""

        left = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(story.store, name)

        def commit(self, batch: Any) -> None:
            if not self.left:
                raise Dies
            self.left -= 1
            assert len(batch.conversations) <= 100
            story.store.commit(batch)

    Engine(Dying(), workspace="desk", clock=story.time).tick()
    assert 0 < sum(said(story, each) != [] for each in asked) < 230
    story.wait(minutes=10)
    assert all(said(story, each) == [SHIPPED] for each in asked)


@pytest.mark.row("48")
def test_who_hangs_on_a_finished_issue_is_told_at_once_and_none_twice(story: Story) -> None:
    finish(story)
    asked = story.say("cara", "When can I export?", channel="dm:cara")
    hang(story, asked)
    story.engine.tick()
    assert said(story, asked) == [SHIPPED]
    story.do(Unlink, "ana", asked, kind=LinkTarget.ISSUE, target="CORE-7")
    hang(story, asked)
    story.engine.tick()
    assert said(story, asked) == [SHIPPED]


@pytest.mark.row("48", "45")
def test_an_issue_that_specialists_hang_on_is_told_to_whoever_asked_first(story: Story) -> None:
    asked = story.say("cara", "When can I export?")
    story.do(Take, "ana", asked)
    child = story.do(Escalate, "ana", asked, theme="defect")
    story.do(Take, "eng", child)
    hang(story, child, who="eng")
    finish(story)
    story.engine.tick()
    assert said(story, asked) == [SHIPPED] and said(story, child) == []
    assert "issue.told" in story.tags(child)


@pytest.mark.row("48", "47")
def test_a_bug_is_known_by_the_trackers_own_name_for_it() -> None:
    class Tracker:
        scheme = "tracker"

        def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
            return Receipt(kind=ReceiptKind.DELIVERED, native=NativeId("CORE-9"))

    class Plugin:
        @hookimpl
        def reqflow_transports(self) -> list[Tracker]:
            return [Tracker()]

    story = specialists(plugins=[Plugin()])
    asked = story.say("cara", "Why is the button green?")
    story.do(SetSeverity, "ana", asked, severity="defect")
    story.engine.work()
    (link,) = story.all(Records(kind="link", name="target", content="issue:CORE-9"))
    assert (link.conversation_id, link.request_id) == (asked.conversation_id, asked.request_id)
    finish(story, "CORE-9")
    story.engine.tick()
    assert said(story, asked) == [SHIPPED]


@pytest.mark.row("48")
def test_a_channel_says_it_in_its_own_words_or_not_at_all() -> None:
    for text in ("It is live!", ""):
        story = specialists({"shipped_text": text})
        asked = story.say("cara", "When can I export?")
        hang(story, asked)
        finish(story)
        story.engine.tick()
        assert said(story, asked) == [text] * bool(text)


@pytest.mark.row("48")
def test_agents_without_the_right_finish_no_issue(story: Story) -> None:
    cara = Actor(ActorKind.CUSTOMER, Code("p_cara"))
    with pytest.raises(Forbidden):
        story.engine.handle(FinishIssue(by=cara, issue=ExternalId("CORE-7")))


# --- what comes again -------------------------------------------------------------------------------


def escalated(story: Story, who: str, text: str, theme: str = "billing", **how: Any) -> Outcome:
    """A question that is transferred to specialists."""
    asked = story.say(who, text, **{"channel": f"dm:{who}", **how})
    story.do(Escalate, "ana", asked, theme=theme, how="transfer")
    return asked


@pytest.mark.row("49")
def test_the_same_question_escalated_again_is_known_by_its_words(story: Story) -> None:
    one = escalated(story, "cara", "My refund for order 17 is missing, why?")
    two = escalated(story, "dan", "Why is my refund missing? Order 4711 for...", after=60)
    other = escalated(story, "dora", "My invoice is wrong, why?", after=60)
    elsewhere = escalated(story, "emil", "My refund for order 18 is missing, why?", "search", after=60)
    told = {
        each: next(x for x in story.events(each) if isinstance(x, e.RequestEscalated)) for each in (one, two)
    }
    assert told[one].earlier == () and told[two].earlier == (one.request_id,)
    assert told[one].trend == told[two].trend
    again = [line.what for line in story.engine.explain(two.request_id or "")]
    assert (
        f"escalated the request to the specialists of billing (tier 1), as {one.request_id} before" in again
    )
    found = story.engine.trends()
    assert [each.count for each in found] == [2, 1, 1] and found[0].trend.theme == "billing"
    assert found[0].trend.requests == (one.request_id, two.request_id)
    assert found[0].trend.last_at - found[0].trend.first_at == timedelta(minutes=1)
    assert [each.trend.requests for each in story.engine.trends("search")] == [(elsewhere.request_id,)]
    assert other.request_id in {id for each in found for id in each.trend.requests}
    assert story.engine.verify() == [] and story.engine.rebuild() and story.engine.verify() == []


@pytest.mark.row("49")
def test_managers_list_what_came_up_in_a_period(story: Story) -> None:
    for n in range(3):
        escalated(story, f"c{n}", "My refund is missing")
    story.wait(days=7)
    monday = story.now
    escalated(story, "dan", "My refund is missing")
    for n in range(2):
        escalated(story, f"e{n}", "My invoice is wrong")
    assert [each.count for each in story.engine.trends()] == [4, 2]
    assert [each.count for each in story.engine.trends(since=monday)] == [2, 1]
    assert [each.count for each in story.engine.trends(until=monday)] == [3]
    assert [each.count for each in story.engine.trends("billing", since=monday, top=1)] == [2]
    assert story.engine.trends(by=agent("ana")) == story.engine.trends()
    with pytest.raises(Forbidden):
        story.engine.trends(by=Actor(ActorKind.CUSTOMER, Code("p_cara")))


@pytest.mark.row("49", "46", "15")
def test_emoji_forms_and_consultations_count_alike(story: Story) -> None:
    put(story, "ana", story.say("cara", "Refund missing?"))
    story.say("dan", "refund missing", channel="form:help", theme="billing")
    asked = story.say("dora", "MISSING: refund?", channel="dm:dora")
    story.do(Escalate, "ana", asked, theme="billing")
    (trend,) = story.engine.trends()
    assert trend.count == 3 and len(trend.trend.requests) == 3


@pytest.mark.row("49")
def test_a_host_tells_questions_apart_in_its_own_way() -> None:
    class Topics:
        @hookimpl
        def reqflow_signatures(self) -> Any:
            return {"topic": lambda text: "refunds" if "money" in text or "refund" in text else 1 / 0}

    story = specialists(plugins=[Topics()])
    escalated(story, "cara", "My refund is missing")
    escalated(story, "dan", "I want my money back")
    assert [each.count for each in story.engine.trends()] == [2]
    escalated(story, "dora", "The invoice is wrong")  # its failure loses nothing
    escalated(story, "emil", "wrong, the invoice is")
    assert [each.count for each in story.engine.trends()] == [2, 2]
    with pytest.raises(PluginError, match="several signatures"):
        specialists(plugins=[Topics(), Other()])


class Other:
    @hookimpl
    def reqflow_signatures(self) -> Any:
        return {"other": str.lower}


@pytest.mark.row("49")
def test_a_question_without_words_is_no_trend(story: Story) -> None:
    asked = escalated(story, "cara", "???")
    assert story.request(asked).theme == "billing" and story.engine.trends() == ()


# --- pointers ---------------------------------------------------------------------------------------


def resolved(story: Story, channel: str = "chat:lobby", who: str = "dan", **close: Any) -> Outcome:
    asked = story.say(who, "Where is my refund?", channel=channel)
    story.do(Take, "ana", asked)
    story.do(Close, "ana", asked, **close)
    return asked


@pytest.mark.row("50")
def test_an_answer_in_the_open_channel_points_to_what_was_resolved_there(story: Story) -> None:
    before, wall = resolved(story), resolved(story, "wall:1", "dora")
    asked = story.say("cara", "And where is mine?")
    pointers = [before.request_id, wall.request_id, before.request_id]
    story.do(Reply, "ana", asked, text="As here.", pointers=pointers)
    (post,) = [x for x in queued(story, PostMessage) if x.conversation_id == asked.conversation_id]
    assert post.pointers == (
        Pointer(before.request_id, "chat:lobby", story._natives[before.message_id or ""]),
        Pointer(wall.request_id, "wall:1", story._natives[wall.message_id or ""]),
    )
    posted = next(x for x in story.events(asked) if isinstance(x, e.MessagePosted))
    assert posted.pointers == post.pointers
    assert ("Ana", f"replied “As here.” and pointed to {before.request_id}, {wall.request_id}") in [
        (line.who, line.what) for line in story.engine.explain(asked.conversation_id or "")
    ]


@pytest.mark.row("50")
@pytest.mark.parametrize("channel", ["dm:dan", "mail:desk", "form:help", "chat:other"])
def test_nobody_is_pointed_to_what_another_customer_wrote_in_private(story: Story, channel: str) -> None:
    before, asked = resolved(story, channel), story.say("cara", "And where is mine?")
    with pytest.raises(Refused) as refused:
        story.do(Reply, "ana", asked, text="As here.", pointers=[before.request_id])
    assert refused.value.code == "private" and queued(story, PostMessage) == []


@pytest.mark.row("50", "11")
def test_nobody_is_pointed_to_what_colleagues_said_among_themselves(story: Story) -> None:
    asked = story.say("cara", "And where is mine?")
    inside = story.do(Escalate, "ana", asked, theme="search")
    story.do(Take, "pat", inside)
    story.do(Close, "pat", inside)
    wall = story.say("dora", "Hm?", channel="chat:product")
    with pytest.raises(Refused) as refused:
        story.engine.handle(
            Reply(
                by=Actor(ActorKind.PLUGIN, Code("host")),
                conversation_id=wall.conversation_id,
                text="As here.",
                pointers=(inside.request_id,),
            )
        )
    assert refused.value.code == "private"


@pytest.mark.row("50")
def test_only_what_was_resolved_holds_an_answer(story: Story) -> None:
    asked = story.say("cara", "And where is mine?")
    open_ = story.say("dan", "Where is my refund?")
    for before in (open_, resolved(story, resolution=Resolution.REJECTED, who="dora")):
        with pytest.raises(Refused) as refused:
            story.do(Reply, "ana", asked, text="As here.", pointers=[before.request_id])
        assert refused.value.code == "not_resolved"
    with pytest.raises(UnknownId):
        story.do(Reply, "ana", asked, text="As here.", pointers=["r_nowhere"])
    with pytest.raises(InvalidInput, match="at most 10"):
        story.do(Reply, "ana", asked, text="As here.", pointers=[f"r_{n}" for n in range(11)])
    assert queued(story, PostMessage) == []


# --- effort -----------------------------------------------------------------------------------------


@pytest.mark.row("51")
def test_the_effort_of_a_request_is_read_off_its_history(story: Story) -> None:
    asked = story.say("cara", "Where is my refund?")
    none = story.engine.effort(asked.request_id)
    assert (none.held, none.contacted, none.tools) == (timedelta(0), (), ())
    story.do(Take, "ana", asked)
    story.do(Touch, "ana", asked, tool="Admin")
    story.do(Touch, "ana", asked, tool="billing-console")
    story.do(Touch, "ana", asked, tool="admin")
    story.do(Hold, "ana", asked, reason=HoldReason.CUSTOMER)
    story.wait(hours=2)
    story.say("cara", "Any news?", to=asked)
    story.do(Hold, "ana", asked, reason=HoldReason.THIRD_PARTY)
    story.wait(hours=1)
    assert story.engine.effort(asked.request_id).held == timedelta(hours=3)  # it rests still
    story.do(Wake, "ana", asked)
    story.wait(hours=5)
    child = story.do(Escalate, "ana", asked, theme="billing")
    story.do(Take, "mia", child)
    story.do(Reply, "bo", asked, text="Nearly.")
    story.do(Mention, "bo", asked, agents=["pat"])
    found = story.engine.effort(asked.request_id)
    assert found.held == timedelta(hours=3)
    assert found.contacted == ("ana", "bo", "mia", "pat")
    assert found.tools == ("admin", "billing-console") and found.escalations == 1
    with pytest.raises(UnknownId):
        story.engine.effort(asked.request_id, by=agent("eng"))


@pytest.mark.row("51")
def test_the_escalation_share_counts_closed_questions(story: Story) -> None:
    assert story.engine.escalation_share().share == 0.0
    asked = [story.say(f"c{n}", "Where is my refund?", channel=f"dm:c{n}") for n in range(5)]
    story.do(Escalate, "ana", asked[0], theme="billing", how="transfer")
    child = story.do(Escalate, "ana", asked[1], theme="billing")
    story.do(Take, "mia", child)
    story.do(Close, "mia", child)  # no question of its own
    story.do(Take, "mia", asked[0])
    story.do(Close, "mia", asked[0])
    for each in asked[1:4]:
        story.do(Take, "ana", each)
        story.do(Close, "ana", each)
    story.do(Take, "ana", asked[4])
    story.do(Close, "ana", asked[4], resolution=Resolution.NOT_A_REQUEST)
    told = story.engine.escalation_share()
    assert (told.closed, told.escalated, told.share) == (4, 2, 0.5)
    story.wait(days=1)
    assert story.engine.escalation_share(since=story.now).closed == 0
    with pytest.raises(Forbidden):
        story.engine.escalation_share(by=Actor(ActorKind.CUSTOMER, Code("p_cara")))


@pytest.mark.row("49", "51", "44", "13", "14")
def test_an_async_engine_tells_the_same(story: Story) -> None:
    asked = escalated(story, "cara", "My refund is missing")

    async def ask() -> Any:
        engine = AsyncEngine(story.store, workspace="desk", clock=story.time)
        return (
            await engine.trends(),
            await engine.effort(asked.request_id or ""),
            await engine.escalation_share(),
            await engine.loads(),
            await engine.deflection("billing"),
        )

    plain = story.engine
    assert asyncio.run(ask()) == (
        plain.trends(),
        plain.effort(asked.request_id),
        plain.escalation_share(),
        plain.loads(),
        plain.deflection("billing"),
    )
