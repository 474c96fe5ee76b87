"""Who may do what, and who sees what: one guard, by a table. Absent and forbidden look alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest

from reqflow import (
    Accept,
    Actor,
    ActorKind,
    AddNote,
    Assign,
    Automation,
    Close,
    CloseConversation,
    Command,
    Enqueue,
    Hold,
    Mention,
    Occasion,
    Release,
    Reopen,
    Reply,
    SubmitDraft,
    Take,
    Unassign,
    Wake,
    WithdrawDraft,
    agent,
)
from reqflow.core import commands as c
from reqflow.core import events as e
from reqflow.core.facts import Outcome
from reqflow.core.model import LinkTarget
from reqflow.core.records import RECORDS
from reqflow.core.rights.actions import OFFERED
from reqflow.core.rights.permissions import PERMISSIONS, RECORD_RIGHTS, Scope
from reqflow.core.settings import ROLES, Right
from reqflow.errors import Forbidden, InvalidInput, Refused, ReqflowError, UnknownId
from reqflow.ports import Conversations, Effects, Messages, Records, Requests, Streams, View
from reqflow.testing.desks import DESK, Rules, Story, desk_with

PEOPLE: dict[str, Any] = {
    "rae": {"role": "restricted", "teams": ["support"]},
    "ana": {"role": "agent", "teams": ["support"]},
    "rex": {"role": "reviewer", "teams": ["support"]},
    "sue": {"role": "supervisor", "teams": ["support"]},
    "ada": {"role": "admin", "teams": ["support"]},
    "eva": {"role": "agent", "teams": ["sales"]},
    "max": {"role": "agent", "channels": ["mail:*"]},
}
WORKERS = ("rae", "ana", "rex", "sue", "ada")
"""One of each role."""


def desk(**settings: Any) -> dict[str, Any]:
    return desk_with(settings, agents=PEOPLE)


def story(**settings: Any) -> Story:
    return Story(desk=desk(**settings))


def asked(on: Story, who: str = "cara", channel: str = "dm:desk") -> Outcome:
    return on.say(who, "Where is my parcel?", channel=channel)


def seen_by(on: Story, who: str, view: Any = None) -> set[str]:
    """The conversations on somebody's pages."""
    page = on.engine.read(view or Conversations(), by=agent(who))
    return {getattr(each, "conversation_id", each.id) for each in page.items}


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(UnknownId) as told:
        attempt()
    return str(told.value)


# --- seeing -----------------------------------------------------------------------------------------


@pytest.mark.row("28", "68")
def test_what_waits_is_seen_by_those_who_were_granted_the_channel_and_what_is_accepted_by_its_holder() -> (
    None
):
    desk = story()
    chat = asked(desk)
    assert chat.conversation_id in seen_by(desk, "ana") & seen_by(desk, "eva")
    assert seen_by(desk, "max") == set()
    desk.do(Accept, "ana", chat)
    assert seen_by(desk, "ana") == {chat.conversation_id}
    assert seen_by(desk, "eva") == seen_by(desk, "rex") == set()
    for view in (Requests(), Messages(), Conversations()):
        assert seen_by(desk, "eva", view) == set()
    for attempt in (
        lambda id: desk.engine.handle(Reply(by=agent("eva"), conversation_id=id, text="hi")),
        lambda id: desk.engine.history(id, by=agent("eva")),
        lambda id: desk.engine.explain(id, by=agent("eva")),
        lambda id: desk.engine.actions(id, by=agent("eva")),
        lambda id: desk.engine.facts(id, by=agent("eva")),
        lambda id: desk.engine.candidates(id, by=agent("eva")),
    ):
        id = chat.conversation_id or ""
        hidden, absent = (refusal(partial(attempt, i)) for i in (id, "c_nowhere"))
        assert hidden.replace(id, "c_nowhere") == absent


def test_in_a_channel_that_shows_its_conversations_all_who_were_granted_it_see_them() -> None:
    desk = story()
    room = asked(desk, channel="chat:lobby")
    desk.do(Take, "ana", room)
    assert seen_by(desk, "eva") == {room.conversation_id}
    assert seen_by(desk, "max") == set()
    shown = Story(desk=desk_with({"visibility": "channel"}, agents=PEOPLE))
    chat = asked(shown)
    shown.do(Accept, "ana", chat)
    assert seen_by(shown, "eva") == {chat.conversation_id}


@pytest.mark.row("57")
def test_see_all_is_granted_to_agents_and_shows_everything() -> None:
    people = {**PEOPLE, "max": {**PEOPLE["max"], "grants": ["see_all"]}}
    desk = Story(desk=desk_with(agents=people))
    chat = asked(desk)
    desk.do(Accept, "ana", chat)
    for who, sees in (("max", True), ("sue", True), ("ada", True), ("eva", False), ("rex", False)):
        assert (chat.conversation_id in seen_by(desk, who)) is sees, who
    assert desk.engine.history(chat.request_id or "", by=agent("max"))


def test_who_is_called_in_sees_it_and_reviewers_do_while_a_draft_waits() -> None:
    desk = story()
    chat = asked(desk)
    handed = desk.do(SubmitDraft, "rae", chat, text="On its way.", request_id=None)
    assert chat.conversation_id in seen_by(desk, "rex") and chat.conversation_id not in seen_by(desk, "eva")
    desk.do(Mention, "rae", chat, agents=("max",))
    assert chat.conversation_id in seen_by(desk, "max")
    desk.do(WithdrawDraft, "rae", draft_id=handed.record_id)
    assert chat.conversation_id not in seen_by(desk, "rex")


@pytest.mark.row("30")
def test_what_is_released_is_picked_again_by_those_who_were_granted_the_channel() -> None:
    desk = story()
    chat = asked(desk)
    desk.do(Accept, "ana", chat)
    desk.do(Release, "ana", chat)
    assert chat.conversation_id in seen_by(desk, "eva")
    with pytest.raises(UnknownId):
        desk.do(Accept, "max", chat)
    desk.do(Accept, "eva", chat)
    assert desk.conversation(chat).holder == "eva"


@pytest.mark.row("31")
def test_what_is_put_in_a_queue_is_accepted_by_all_who_are_enabled_on_it_and_by_nobody_else() -> None:
    people = {**PEOPLE, "max": {**PEOPLE["max"], "queues": ["first"]}}
    desk = Story(desk=desk_with(agents=people))
    chats = [asked(desk, who) for who in ("cara", "dan", "erin")]
    for chat in chats:
        desk.do(Enqueue, "ana", chat, queue="first")
        assert desk.conversation(chat).queue == "first"
    with pytest.raises(Forbidden) as no_grant:  # she sees what waits in her channel, and is not on the queue
        desk.do(Accept, "eva", chats[0])
    assert no_grant.value.code == "no_grant" and "queue first" in str(no_grant.value)
    for who, chat in zip(("ana", "rex", "max"), chats, strict=True):  # by team, by team, by own grant
        assert chat.conversation_id in seen_by(desk, who)
        desk.do(Accept, who, chat)
        assert desk.request(chat).assignee == who
    fourth = asked(desk, "finn", channel="chat:lobby")
    desk.do(Enqueue, "ana", fourth, queue="first")
    with pytest.raises(Forbidden):
        desk.do(Take, "eva", fourth)


def test_closed_ones_follow_the_grant_of_the_channel() -> None:
    desk = story()
    chat = asked(desk)
    desk.do(Accept, "ana", chat)
    desk.do(CloseConversation, "ana", chat)
    assert chat.conversation_id in seen_by(desk, "eva") and chat.conversation_id not in seen_by(desk, "max")


def test_customers_see_what_they_asked_and_nothing_internal() -> None:
    desk = story()
    mine, other = asked(desk, "cara"), asked(desk, "dan")
    desk.do(Reply, "ana", mine, text="Marked: between us.", request_id=None, audience="internal")
    desk.do(Reply, "ana", mine, text="It is under way.", request_id=None)
    cara = Actor(ActorKind.CUSTOMER, desk.conversation(mine).requester)
    assert [each.id for each in desk.engine.read(Conversations(), by=cara).items] == [mine.conversation_id]
    rows = desk.engine.read(Messages(), by=cara).items
    told = desk.engine.texts(*rows, by=cara)
    assert sorted(told.values()) == ["It is under way.", "Where is my parcel?"]
    everything = desk.all(Messages())
    assert desk.engine.texts(*everything, by=cara) == told
    assert "Marked: between us." in desk.engine.texts(*everything, by=agent("ana")).values()
    for id in (mine.conversation_id, other.conversation_id, "c_nowhere"):
        assert refusal(partial(desk.engine.history, id or "", by=cara)) == f"nothing is known of {id}"
    for view in (Records(kind="note"), Effects(), Streams()):
        with pytest.raises(Forbidden):
            desk.engine.read(view, by=cara)
    with pytest.raises(Forbidden) as customers:
        desk.engine.handle(Close(by=cara, request_id=mine.request_id))
    assert customers.value.code == "customer"


def test_texts_are_read_with_what_refers_to_them() -> None:
    desk = story()
    chat = asked(desk)
    desk.do(AddNote, "ana", chat, text="He called twice.", request_id=None)
    (message,), (note,) = desk.all(Messages()), desk.all(Records(kind="note"))
    desk.do(Accept, "ana", chat)
    assert set(desk.engine.texts(message, note).values()) == {"Where is my parcel?", "He called twice."}
    assert len(desk.engine.texts(message, note, by=agent("ana"))) == 2
    assert desk.engine.texts(message, note, by=agent("eva")) == {}
    entries = desk.engine.history(chat.conversation_id or "")
    assert len(desk.engine.texts(*entries, by=agent("ana"))) == 2
    assert desk.engine.texts(*entries, by=agent("eva")) == {}
    assert desk.engine.texts(message.text) == {message.text.id: "Where is my parcel?"}
    with pytest.raises(InvalidInput, match="not from a TextRef"):
        desk.engine.texts(message.text, by=agent("ana"))


# --- giving work ------------------------------------------------------------------------------------


@pytest.mark.row("20")
def test_work_is_given_to_those_who_were_granted_the_channel_or_its_queue() -> None:
    people = {
        **PEOPLE,
        "lea": {"channels": ["mail:*"], "queues": ["first"]},
        "tom": {"channels": ["mail:*"], "teams": ["support"]},
    }
    desk = Story(desk=desk_with(agents=people))
    chat = asked(desk)
    granted = ("ada", "ana", "eva", "rae", "rex", "sue")
    assert desk.engine.candidates(chat.request_id or "", by=agent("ana")) == granted
    with pytest.raises(Refused) as told:
        desk.do(Assign, "ana", chat, assignee="max")
    assert told.value.code == "no_grant"
    desk.do(Enqueue, "ana", chat, queue="first")
    assert desk.engine.candidates(chat.request_id or "") == tuple(sorted((*granted, "lea", "tom")))
    desk.do(Assign, "ana", chat, assignee="lea")
    assert desk.request(chat).assignee == "lea" and chat.conversation_id in seen_by(desk, "lea")
    desk.do(Assign, "sue", chat, assignee="eva")
    desk.do(Unassign, "eva", chat)
    assert desk.request(chat).assignee is None


def test_what_a_colleague_works_on_is_closed_by_who_may_close_anything() -> None:
    desk = story()
    room = asked(desk, channel="chat:lobby")
    desk.do(Take, "ana", room)
    with pytest.raises(Forbidden) as told:
        desk.do(Close, "eva", room)
    assert told.value.code == "not_yours" and "close_any" in str(told.value)
    with pytest.raises(Forbidden):
        desk.do(Hold, "rae", room, reason="customer")
    desk.do(Hold, "eva", room, reason="customer")  # who may give work to others may also let it rest
    desk.do(Wake, "eva", room)
    desk.do(Close, "sue", room)
    assert not desk.request(room).is_open


def test_a_rule_does_what_its_author_may_do_now() -> None:
    def take_note(occasion: Occasion) -> Iterable[Command]:
        yield AddNote(
            by=Actor(ActorKind.AUTOMATION, "unused"),
            conversation_id=occasion.conversation.id,
            text="seen",
        )

    def desk_of(author: str | None) -> Story:
        rule = Automation(name="noting", on=frozenset({e.RequestOpened}), then=take_note, author=author)
        return Story(desk=desk(), plugins=[Rules(rule)])

    for author, noted in ((None, True), ("ana", True), ("max", False), ("gone", False)):
        made = desk_of(author)
        tags = made.tags(asked(made))
        assert ("note.added" in tags, "rule.refused" in tags) == (noted, not noted), author


# --- one table, one guard ---------------------------------------------------------------------------


def test_every_command_stands_in_the_table() -> None:
    assert set(PERMISSIONS) == {command.__name__ for command in c.COMMANDS}


@pytest.mark.row("70")
def test_what_the_desk_says_is_for_those_who_may_define() -> None:
    for command in (c.DefineTag, c.RetireTag, c.DefineAnswer, c.RetireAnswer):
        assert PERMISSIONS[command.__name__].right is Right.DEFINE
    assert [role for role, rights in ROLES.items() if Right.DEFINE in rights] == ["admin"]
    desk = story()
    with pytest.raises(Forbidden, match="right define"):
        desk.do(c.DefineTag, "sue", tag="vip", label="VIP")
    desk.do(c.DefineTag, "ada", tag="vip", label="VIP")
    chat = asked(desk)
    desk.do(c.AddTag, "ana", chat, tag="vip")
    assert desk.conversation(chat).tags == ("vip",)


class Case:
    """A desk on which somebody holds a conversation, and somebody else another one, in a channel that shows neither."""

    def __init__(self, who: str) -> None:
        self.story = story()
        self.own, self.foreign = asked(self.story, "cara"), asked(self.story, "dan")
        self.ids: dict[str, dict[str, Any]] = {}
        for place, holder, chat in (("own", who, self.own), ("foreign", "eva", self.foreign)):
            self.story.do(Accept, holder, chat)
            named = {"conversation_id": chat.conversation_id, "request_id": chat.request_id}
            note = self.story.do(AddNote, holder, chat, text="x", request_id=None)
            draft = self.story.do(SubmitDraft, holder, chat, text="x", request_id=None)
            remark = self.story.do(c.AddDraftNote, holder, draft_id=draft.record_id, text="x")
            self.story.do(WithdrawDraft, holder, draft_id=draft.record_id)
            records = {"note_id": note.record_id, "draft_id": draft.record_id, "remark": remark.record_id}
            self.ids[place] = {**named, **records}
        self.spare = asked(self.story, "erin")
        self.story.do(Accept, who, self.spare)
        self.ids["absent"] = {name: f"{id[:2]}nowhere" for name, id in self.ids["own"].items()}

    def command(self, make: type[Command], who: str, place: str) -> Command:
        ids = self.ids[place]
        fields: dict[str, Any] = {"by": agent(who)}
        for field in attrs.fields(make):
            if field.name == "note_id" and make is c.DeleteDraftNote:
                fields["note_id"] = ids["remark"]
            elif field.name in ids:
                optional = field.default is None
                if not (optional and field.name == "request_id"):
                    fields[field.name] = ids[field.name]
            elif field.default is attrs.NOTHING and field.name in SAMPLES:
                fields[field.name] = SAMPLES[field.name]
        if make is c.Erase:
            fields["profile_id"] = "p_nowhere"
        if make is c.Merge:
            fields["into"] = self.spare.request_id
        return make(**{**fields, **EXTRA.get(make, {})})


SAMPLES: Mapping[str, Any] = {
    "agent": "ana",
    "agents": ("ana",),
    "answer": "thanks",
    "assignee": "ana",
    "category": "general",
    "channel": "dm:desk",
    "code": "acme.told",
    "content": "x",
    "customer_id": "k_nowhere",
    "destination": "acme:hook",
    "due_at": Story().now + timedelta(days=1),
    "field": "size",
    "first_name": "Cara",
    "follow_up_id": "u_nowhere",
    "into": "k_nowhere",
    "issue": "BUG-1",
    "kind": LinkTarget.ITEM,
    "label": "x",
    "last_name": "Day",
    "message_ids": ("m_nowhere",),
    "name": "acme.shipped",
    "other": "k_elsewhere",
    "priority": 1,
    "profile_id": "p_nowhere",
    "queue": "first",
    "reason": "x",
    "seq": 1,
    "severity": "x",
    "status": "x",
    "subject": "x",
    "tag": "x",
    "target": "item-1",
    "text": "x",
    "theme": "x",
    "title": "x",
    "tool": "x",
}
EXTRA: Mapping[type[Command], Mapping[str, Any]] = {
    c.Hold: {"reason": "customer"},
    c.Promote: {"message_id": "m_nowhere"},
    c.SendEffect: {"kind": "acme.hook"},
    c.StartConversation: {"to": "dm:finn", "profile_id": None},
    c.CreateCustomer: {"email": "cara@example.org", "profile_id": None},
    Reply: {"text": "x"},
    c.Route: {"queue": "first"},
    SubmitDraft: {"text": "x"},
}
SEES_ALL = {"sue", "ada"}


def told(case: Case, command: Command) -> ReqflowError | None:
    try:
        case.story.engine.handle(command)
    except ReqflowError as refused:
        return refused
    return None


def names_something(make: type[Command]) -> bool:
    return any(field.name in ("conversation_id", "request_id", "draft_id") for field in attrs.fields(make))


@pytest.mark.parametrize("who", WORKERS)
@pytest.mark.parametrize("make", c.COMMANDS, ids=lambda make: make.__name__)
def test_every_command_by_every_role_on_what_is_theirs_on_what_is_not_and_on_nothing(
    make: type[Command], who: str
) -> None:
    permission, rights = PERMISSIONS[make.__name__], ROLES[PEOPLE[who]["role"]]
    may = permission.right in rights
    case = Case(who)
    own = told(case, case.command(make, who, "own"))
    if may:
        assert not isinstance(own, Forbidden) or own.code in ("no_review", "needs_review", "own_draft"), own
    else:
        assert isinstance(own, Forbidden) and own.code == "no_right" and permission.right in str(own)
    if permission.scope in (Scope.DESK, Scope.CHANNEL) or not names_something(make):
        return
    before = case.story.engine.history(case.foreign.conversation_id or "")
    foreign, absent = (told(case, case.command(make, who, place)) for place in ("foreign", "absent"))
    assert isinstance(absent, UnknownId)
    said = str(foreign)
    for name, id in case.ids["foreign"].items():
        said = said.replace(str(id), str(case.ids["absent"][name]))
    assert (said == str(absent)) is (who not in SEES_ALL)
    if who in SEES_ALL:
        return
    assert isinstance(foreign, UnknownId)
    assert case.story.engine.history(case.foreign.conversation_id or "") == before


def test_what_a_second_id_names_must_be_seen_too() -> None:
    desk = story()
    own, foreign = asked(desk, "cara"), asked(desk, "dan")
    desk.do(Accept, "ana", own)
    desk.do(Accept, "eva", foreign)
    for make, fields in ((Close, {"resolution": "duplicate"}), (c.Merge, {})):
        for into in (foreign.request_id, "r_nowhere"):
            assert refusal(partial(desk.do, make, "ana", own, into=into, **fields)) == f"no request {into}"
    with pytest.raises(Refused) as elsewhere:
        desk.do(Reply, "sue", own, text="hm", request_id=foreign.request_id)
    assert elsewhere.value.code == "not_here"
    assert "no request" in refusal(
        lambda: desk.do(Reply, "ana", own, text="hm", request_id=foreign.request_id)
    )


@pytest.mark.parametrize("who", [*WORKERS, "eva", "max"])
def test_every_view_by_every_role_shows_what_they_see(who: str) -> None:
    case = Case("ana")
    desk = case.story
    asked(desk, "finn", channel="mail:desk")
    seen = {each.id for each in desk.engine.read(Conversations(), by=agent(who)).items}
    mail = {each.id for each in desk.all(Conversations()) if each.channel_id == "mail:desk"}
    expected = {
        "ana": {case.own.conversation_id, case.spare.conversation_id, *mail},
        "eva": {case.foreign.conversation_id, *mail},
        "max": mail,
        "rae": mail,
        "rex": mail,
    }.get(who, {each.id for each in desk.all(Conversations())})
    assert seen == expected
    view: View
    for view in (Requests(), Messages()):
        rows = desk.engine.read(view, by=agent(who)).items
        assert [each for each in desk.all(view) if each.conversation_id in seen] == list(rows)
    for kind in RECORDS:
        view = Records(kind=kind.tag)
        if "conversation_id" in attrs.fields_dict(kind):
            rows = desk.engine.read(view, by=agent(who)).items
            assert [each for each in desk.all(view) if each.conversation_id in seen] == list(rows)
            continue
        needed = RECORD_RIGHTS.get(kind.tag, Right.CONFIGURE)
        may = needed in ROLES[PEOPLE[who]["role"]]
        assert may is reads_it(desk, view, who)
    for view in (Effects(), Streams()):
        assert reads_it(desk, view, who) is (who == "ada")
    for key in (*desk.all(Streams()), "c_nowhere", "desk", "customer:k_nowhere"):
        visible = key in seen or (who == "ada" and key == "desk")
        if not visible:
            hidden = refusal(partial(desk.engine.history, key, by=agent(who)))
            assert hidden == f"nothing is known of {key}"
        else:
            assert desk.engine.history(key, by=agent(who)) == desk.engine.history(key)


def reads_it(desk: Story, view: Any, who: str) -> bool:
    try:
        desk.engine.read(view, by=agent(who))
    except Forbidden:
        return False
    return True


def test_who_is_not_in_the_roster_neither_reads_nor_acts() -> None:
    desk = story()
    chat = asked(desk)
    for attempt in (
        lambda: desk.do(Close, "nobody", chat),
        lambda: desk.engine.read(Conversations(), by=agent("nobody")),
        lambda: desk.engine.history(chat.conversation_id or "", by=agent("nobody")),
    ):
        with pytest.raises(Forbidden) as told:
            attempt()
        assert told.value.code == "unknown_agent"


# --- what may be done now ---------------------------------------------------------------------------


def offered(desk: Story, who: str, chat: Outcome) -> set[type[Command]]:
    return set(desk.engine.actions(chat.request_id or chat.conversation_id or "", by=agent(who)))


@pytest.mark.row("23")
def test_every_surface_asks_the_same_question_and_every_action_on_it_has_one_effect() -> None:
    desk = story()
    room = asked(desk, channel="chat:lobby")
    fresh = desk.engine.actions(room.request_id or "", by=agent("ana"))
    assert fresh == tuple(each for each in c.COMMANDS if each in fresh)  # always in one order
    assert {Take, Assign, Close} <= set(fresh) and not {Reopen, Wake, Unassign, Release} & set(fresh)
    desk.do(Take, "ana", room)
    assert Take not in offered(desk, "eva", room) and Close not in offered(desk, "eva", room)
    assert {Unassign, Close, Hold, Release} <= offered(desk, "ana", room)
    desk.do(Hold, "ana", room, reason="customer")
    assert Wake in offered(desk, "ana", room)
    desk.do(Close, "ana", room)
    closed = offered(desk, "ana", room)
    assert Reopen in closed and not {Take, Assign, Close, Hold, Reply, CloseConversation} & closed
    assert offered(desk, "ana", Outcome(kind=room.kind, conversation_id=room.conversation_id)) < closed


@pytest.mark.row("22")
def test_a_ticket_can_be_made_where_a_tool_is_configured_and_only_there() -> None:
    plain, with_tool = story(), story(tickets="mail:tickets@tool.example")
    assert c.CreateTicket not in offered(plain, "ana", asked(plain))
    chat = asked(with_tool)
    assert c.CreateTicket in offered(with_tool, "ana", chat)
    with_tool.do(Close, "ana", chat)
    assert c.CreateTicket not in offered(with_tool, "ana", chat)


STATES: Mapping[str, Iterable[tuple[type[Command], str, Mapping[str, Any]]]] = {
    "fresh": (),
    "assigned": ((Take, "ana", {}),),
    "held": ((Take, "ana", {}), (Hold, "ana", {"reason": "customer"})),
    "resting": ((Hold, "ana", {"reason": "third_party"}),),
    "queued": ((Enqueue, "ana", {"queue": "first"}),),
    "reviewed": ((SubmitDraft, "rae", {"text": "x", "request_id": None}),),
    "closed": ((Take, "ana", {}), (Close, "ana", {})),
    "ended": ((CloseConversation, "ana", {}),),
}
NOT_OF_THE_STATE = frozenset(
    {
        "unknown_tag",
        "unknown_status",
        "unknown_field",
        "unknown_answer",
        "no_request",
        "not_here",
        "no_customer",
        "wrong_state",
        "needs_review",
    }
)
"""Refusals that are about the command's own fields."""


SITUATIONS = [(channel, state) for channel in ("dm:desk", "chat:lobby") for state in STATES]


@pytest.mark.row("17", "21")
@pytest.mark.parametrize(("channel", "state"), SITUATIONS)
def test_what_is_offered_is_let_through_and_what_is_not_is_refused_or_pointless(
    channel: str, state: str
) -> None:
    def arranged() -> tuple[Story, Outcome]:
        desk = Story(
            desk={
                **desk_with(
                    {"tickets": "mail:tickets@tool.example", "close_with_last_request": False}, agents=PEOPLE
                ),
                "tags": ["x"],
                "statuses": {"x": "assigned"},
                "fields": {"size": {}},
                "themes": {"x": {"queue": "shared"}},
                "severities": {"x": {"destination": "acme:tracker"}},
            }
        )
        chat = asked(desk, channel=channel)
        for make, who, fields in STATES[state]:
            desk.do(make, who, chat, **fields)
        return desk, chat

    for who in (*WORKERS, "eva", "max"):
        desk, chat = arranged()
        if chat.conversation_id not in seen_by(desk, who):
            assert refusal(partial(offered, desk, who, chat)) == f"no request {chat.request_id}"
            continue
        found = offered(desk, who, chat)
        for make in OFFERED:
            desk, chat = arranged()
            case = Case.__new__(Case)
            case.story, case.spare = desk, asked(desk, "erin")
            case.ids = {"own": {"conversation_id": chat.conversation_id, "request_id": chat.request_id}}
            before = desk.tags(chat)
            refused = told(case, case.command(make, who, "own"))
            where = f"{make.__name__} by {who}, {state}: {refused}"
            if make not in found:
                pointless = desk.tags(chat) == before
                assert isinstance(refused, Refused | UnknownId) or pointless, where
            elif isinstance(refused, Refused):
                assert refused.code in NOT_OF_THE_STATE, where
            else:
                assert refused is None or isinstance(refused, UnknownId), where


def test_every_role_is_known() -> None:
    assert {PEOPLE[who]["role"] for who in WORKERS} == set(ROLES)
    assert set(DESK["agents"]) >= {"ana", "eva"}
