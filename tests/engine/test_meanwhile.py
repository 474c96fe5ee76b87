"""Two decisions at once: while one is on its way to the store somebody else decides, and neither undoes the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reqflow import (
    ApproveDraft,
    BarCustomer,
    BarProfile,
    Close,
    Command,
    CreateCustomer,
    CreateTicket,
    DefineTag,
    Engine,
    Escalate,
    Link,
    LinkProfile,
    Merge,
    MergeCustomers,
    RejectDraft,
    StartConversation,
    SubmitDraft,
    Take,
    WithdrawDraft,
    agent,
)
from reqflow.core import commands as c
from reqflow.core.facts import Outcome
from reqflow.core.model import Code
from reqflow.core.records import Bar, Contact, Customer, Tag
from reqflow.errors import Refused, ReqflowError
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Conversations, Records, Requests
from reqflow.testing.desks import QuestionMark, Story, desk_with

PEOPLE: dict[str, Any] = {
    "rae": {"role": "restricted", "teams": ["support"]},
    "sue": {"role": "supervisor", "teams": ["support"]},
    "ada": {"role": "admin", "teams": ["support"]},
    "bob": {"role": "admin", "teams": ["support"]},
}
DESK: Mapping[str, Any] = desk_with(
    {"tickets": "tool:desk"},
    agents=PEOPLE,
    themes={"billing": {"title": "Billing", "queue": "first"}},
)


class Meanwhile:
    """A store in which something else happens just before the next commit; then it is the store that it wraps."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.first: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self, batch: Any) -> None:
        first, self.first = self.first, None
        if first is not None:
            first()
        self._inner.commit(batch)


class Pair:
    """Two engines on one store: what `other` is told happens between the decision and the commit of the first."""

    def __init__(self) -> None:
        inner = MemoryStore()
        self.store = Meanwhile(inner)
        self.story = Story(desk=DESK, store=self.store)
        assert self.story.engine.desk.revision  # stored by now: the next commit is a decision's
        self.other = Engine(inner, workspace="desk", clock=self.story.time, classifier=QuestionMark())

    def ask(self, who: str, channel: str = "dm:desk") -> Outcome:
        return self.story.say(who, "Where is it?", channel=channel)

    def at_once(self, one: Command, other: Command) -> tuple[Any, Any]:
        """What comes of both: an outcome or an error each."""
        told: list[Any] = []
        self.store.first = lambda: told.append(_tried(self.other, other))
        first = _tried(self.story.engine, one)
        assert told, "nothing was committed"
        assert self.other.verify() == []
        return first, told[0]

    def records(self, kind: type[Any]) -> list[Any]:
        return self.story.all(Records(kind=Code(kind.tag)))


def _tried(engine: Engine, command: Command) -> Any:
    try:
        return engine.handle(command)
    except ReqflowError as error:
        return error


def code(told: Any) -> str:
    assert isinstance(told, Refused), told
    return told.code


BY, TOO = agent("ada"), agent("bob")


def customers(pair: Pair) -> tuple[Any, Any]:
    made = [
        pair.story.engine.handle(
            CreateCustomer(by=BY, first_name="Cara", last_name=each, email=f"{each}@x.example")
        ).record_id
        for each in ("one", "two")
    ]
    return made[0], made[1]


@pytest.mark.parametrize("second", [ApproveDraft, RejectDraft, WithdrawDraft])
def test_a_draft_is_judged_once(second: type[Command]) -> None:
    pair = Pair()
    asked = pair.ask("cara")
    draft: Any = pair.story.do(SubmitDraft, "rae", asked, text="On its way.").record_id
    more = {"reason": "No."} if second is RejectDraft else {}
    first, other = pair.at_once(
        ApproveDraft(by=BY, draft_id=draft),
        second(by=TOO, draft_id=draft, **more),  # type: ignore[call-arg]
    )
    assert isinstance(other, Outcome) and code(first) == "not_waiting"
    posted = pair.story.tags(asked).count("message.posted")
    assert posted == (second is ApproveDraft)


def test_a_profile_is_linked_to_one_of_two_customers() -> None:
    pair = Pair()
    profile = pair.story.conversation(pair.ask("cara")).requester
    ids = customers(pair)
    first, other = pair.at_once(
        LinkProfile(by=BY, profile_id=profile, customer_id=ids[0]),
        LinkProfile(by=TOO, profile_id=profile, customer_id=ids[1]),
    )
    assert isinstance(other, Outcome) and code(first) == "linked"
    (contact,) = pair.records(Contact)
    assert contact.customer_id == ids[1]


def test_customers_are_merged_one_way() -> None:
    pair = Pair()
    one, two = customers(pair)
    first, other = pair.at_once(
        MergeCustomers(by=BY, into=one, other=two), MergeCustomers(by=TOO, into=two, other=one)
    )
    assert isinstance(other, Outcome) and code(first) == "merged"
    assert {each.id: each.merged_into for each in pair.records(Customer)} == {one: two, two: None}


def test_who_is_barred_is_barred_with_a_profile_that_is_linked_at_that_moment() -> None:
    for linked_first in (True, False):
        pair = Pair()
        profile = pair.story.conversation(pair.ask("cara")).requester
        one, _ = customers(pair)
        commands: list[Command] = [
            LinkProfile(by=BY, profile_id=profile, customer_id=one),
            BarCustomer(by=TOO, customer_id=one),
        ]
        if not linked_first:
            commands.reverse()
        assert all(isinstance(each, Outcome) for each in pair.at_once(*commands))
        assert [each.id for each in pair.records(Bar) if each.is_barred] == [profile]


def test_nobody_is_written_to_who_is_barred_at_that_moment() -> None:
    pair = Pair()
    profile = pair.story.engine.desk.author("dm:cara").profile
    first, other = pair.at_once(
        StartConversation(by=BY, channel="dm:desk", to="dm:cara", text="Hello."),
        BarProfile(by=TOO, profile_id=profile),
    )
    assert isinstance(other, Outcome) and code(first) == "barred"
    assert pair.story.all(Conversations()) == []


def test_two_who_define_a_tag_leave_one_with_the_later_wording() -> None:
    pair = Pair()
    told = pair.at_once(
        DefineTag(by=BY, tag="vip", label="Very important"), DefineTag(by=TOO, tag="vip", label="Important")
    )
    assert all(isinstance(each, Outcome) for each in told)
    (tag,) = pair.records(Tag)
    assert tag.version == 2
    assert list(pair.story.engine.texts(tag).values()) == ["Very important"]


def test_a_tag_is_not_added_that_is_retired_at_that_moment() -> None:
    pair = Pair()
    asked = pair.ask("cara")
    pair.story.engine.handle(DefineTag(by=BY, tag="vip", label="Very important"))
    first, other = pair.at_once(
        c.AddTag(by=BY, conversation_id=asked.conversation_id, tag="vip"), c.RetireTag(by=TOO, tag="vip")
    )
    assert isinstance(other, Outcome) and code(first) == "unknown_tag"
    assert pair.story.conversation(asked).tags == ()


@pytest.mark.parametrize("channel", ["dm:desk", "chat:lobby"])
def test_two_requests_are_not_both_merged_away(channel: str) -> None:
    pair = Pair()
    one, two = pair.ask("cara", channel).request_id, pair.ask("dora", channel).request_id
    assert one and two
    first, other = pair.at_once(
        Merge(by=BY, request_id=one, into=two), Merge(by=TOO, request_id=two, into=one)
    )
    assert isinstance(other, Outcome) and code(first) in ("closed", "itself")
    assert sum(each.is_open for each in pair.story.all(Requests())) == 1


def test_two_requests_are_not_both_duplicates_of_each_other() -> None:
    pair = Pair()
    one, two = pair.ask("cara").request_id, pair.ask("dora").request_id
    assert one and two
    first, other = pair.at_once(
        Close(by=BY, request_id=one, resolution="duplicate", into=two),
        Close(by=TOO, request_id=two, resolution="duplicate", into=one),
    )
    assert isinstance(other, Outcome) and code(first) == "itself"


def test_no_circle_of_parents_closes_in_two_places() -> None:
    pair = Pair()
    ids: list[Any] = [pair.ask(f"p{number}").conversation_id for number in range(4)]

    def under(child: int, parent: int, by: Any = BY) -> Link:
        return Link(by=by, conversation_id=ids[child], kind="parent", target=ids[parent])

    pair.story.engine.handle(under(1, 2))
    pair.story.engine.handle(under(3, 0))
    first, other = pair.at_once(under(0, 1), under(2, 3, TOO))
    assert isinstance(other, Outcome) and code(first) == "circle"


def test_a_request_is_escalated_ticketed_and_taken_once() -> None:
    once: list[tuple[type[Command], dict[str, Any], str]] = [
        (Escalate, {"theme": "billing", "how": "transfer"}, "already_escalated"),
        (CreateTicket, {}, "has_ticket"),
        (Take, {}, "already_assigned"),
    ]
    for command, fields, refusal in once:
        pair = Pair()
        asked = pair.ask("cara").request_id
        first, other = pair.at_once(
            command(by=BY, request_id=asked, **fields),  # type: ignore[call-arg]
            command(by=TOO, request_id=asked, **fields),  # type: ignore[call-arg]
        )
        assert isinstance(other, Outcome) and code(first) == refusal


def test_a_person_is_written_to_once_in_a_direct_channel() -> None:
    pair = Pair()
    first, other = pair.at_once(
        StartConversation(by=BY, channel="dm:desk", to="dm:cara", text="Hello."),
        StartConversation(by=TOO, channel="dm:desk", to="dm:cara", text="Good morning."),
    )
    assert isinstance(other, Outcome) and code(first) == "already_open"
    assert len(pair.story.all(Conversations())) == 1


def test_what_the_customer_wrote_meanwhile_calls_a_follow_up_off() -> None:
    pair = Pair()
    asked = pair.ask("cara")
    due_at = pair.story.now.replace(hour=12)
    pair.store.first = lambda: pair.other.handle(pair.story.letter("cara", "Never mind.", channel="dm:desk"))
    pair.story.do(c.ScheduleFollowUp, "ada", asked, text="Still there?", due_at=due_at)
    pair.story.say("cara", "thanks", channel="dm:desk")
    assert pair.story.conversation(asked).follow_ups == ()
    assert pair.other.verify() == []
