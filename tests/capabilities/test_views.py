"""What people look at: boards, inboxes, lists, the past, searches, documents; whole pages of what they may see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    Accept,
    Assign,
    AsyncEngine,
    Close,
    CloseConversation,
    Conversations,
    ConversationState,
    CreateCustomer,
    Enqueue,
    Follow,
    Hold,
    LinkProfile,
    Mention,
    Messages,
    Page,
    Reopen,
    Reply,
    Requests,
    RequestState,
    SubmitDraft,
    Take,
    Unfollow,
    agent,
)
from reqflow.core.commands import Enclosure
from reqflow.core.facts import Outcome
from reqflow.core.model import AttachmentKind, ChannelId
from reqflow.core.views import Board, Box, Documents, FromCustomers, Inbox, Past, Search, Shelf
from reqflow.errors import InvalidInput, Refused, ReqflowError, UnknownId
from reqflow.ports import Records
from reqflow.testing.desks import Story, desk_with

PEOPLE: dict[str, Any] = {
    "ana": {"teams": ["support"]},
    "bo": {"teams": ["support"]},
    "eva": {"channels": ["mail:*"]},
    "sue": {"role": "supervisor"},
}


def story(**settings: Any) -> Story:
    return Story(desk=desk_with(settings, agents=PEOPLE))


def ids(page: Page) -> list[str]:
    return [each.id for each in page.items]


def read(on: Story, view: Any, who: str | None = None) -> list[str]:
    return ids(on.engine.read(view, by=agent(who) if who else None))


def paged(on: Story, view: Any, who: str | None, limit: int) -> list[Any]:
    """All items, page by page; every page but the last is full."""
    found: list[Any] = []
    view = attrs.evolve(view, limit=limit)
    by = agent(who) if who else None
    while True:
        page = on.engine.read(view, by=by)
        found += page.items
        if page.next is None:
            assert len(page.items) <= limit
            return found
        assert len(page.items) == limit
        view = attrs.evolve(view, after=page.next)


def some(on: Story, count: int, channel: str = "dm:{}", after: float = 60) -> list[Outcome]:
    return [on.say(f"c{n}", "Where is it?", channel=channel.format(n), after=after) for n in range(count)]


CHATS = tuple(ChannelId(f"chat:{n}") for n in range(5))


# --- boards -----------------------------------------------------------------------------------------


@pytest.mark.row("61", "62")
def test_a_board_shows_requests_across_channels_by_state_and_cards_are_moved_by_commands() -> None:
    desk = story()
    chat, mail, dm = (
        desk.say("cara", "Where?", channel=channel, after=60) for channel in ("chat:a", "mail:b", "dm:c")
    )
    board = Board()

    def columns(view: Board, who: str | None = None) -> dict[str, list[str]]:
        page = desk.engine.read(view, by=agent(who) if who else None)
        return {each.state: [request.id for request in each.requests] for each in page.items}

    assert columns(board)["unassigned"] == [chat.request_id, mail.request_id, dm.request_id]
    desk.do(Take, "ana", chat)
    desk.do(Take, "ana", dm)
    desk.do(Hold, "ana", dm, reason="customer")
    desk.do(Close, "ana", mail)
    expected = {
        "unassigned": [],
        "assigned": [chat.request_id],
        "on_hold": [dm.request_id],
        "closed": [mail.request_id],
    }
    assert columns(board) == columns(board, "sue") == expected
    assert columns(board, "bo") == {**expected, "on_hold": []}  # the direct message is Ana's
    assert columns(board, "eva") == {**{state: [] for state in expected}, "closed": [mail.request_id]}
    two = Board(channels=("mail:b", "dm:c"), states=("closed", "on_hold"))
    assert columns(two) == {"closed": [mail.request_id], "on_hold": [dm.request_id]}
    assert columns(Board(assignee="ana"))["assigned"] == [chat.request_id]


@pytest.mark.row("61")
def test_a_card_says_what_was_asked_to_whoever_may_see_it() -> None:
    desk = story()
    chat, dm = (
        desk.say("cara", f"Where in {where}?", channel=where, after=60) for where in ("chat:a", "dm:c")
    )
    desk.do(Take, "ana", dm)
    requests = [desk.request(each) for each in (chat, dm)]
    told = [desk.engine.texts(*requests, by=agent(who)) for who in ("ana", "bo", "eva")]
    assert [list(each.values()) for each in told] == [
        ["Where in chat:a?", "Where in dm:c?"],
        ["Where in chat:a?"],
        [],
    ]
    assert told[0][requests[1].words] == "Where in dm:c?"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_column_goes_on_where_it_ended(limit: int) -> None:
    desk = story()
    asked = some(desk, 5, "chat:{}")
    for each in asked[:4]:
        desk.do(Close, "ana", each)
    board = Board(channels=CHATS, limit=limit)
    found: dict[str, list[str]] = {}
    for column in desk.engine.read(board).items:
        after, requests = column.next, list(column.requests)
        while after is not None:
            (more,) = desk.engine.read(attrs.evolve(board, states=(column.state,), after=after)).items
            assert 0 < len(more.requests) <= limit
            after, requests = more.next, [*requests, *more.requests]
        found[column.state] = [each.id for each in requests]
    assert found["unassigned"] == [asked[4].request_id]
    assert found["closed"] == [each.request_id for each in reversed(asked[:4])]  # the newest first
    with pytest.raises(InvalidInput, match="goes on with"):
        Board(after="r_1")


# --- what waits, what is worked on ------------------------------------------------------------------


@pytest.mark.row("27", "63", "64")
def test_pending_and_active_ones_are_listed_by_grant_and_holder() -> None:
    desk = story()
    first, second, third = some(desk, 3)
    desk.say("dan", "so it goes", channel="chat:lobby")  # quiet talk waits for nobody
    pending = Conversations(states=(ConversationState.PENDING,), quiet=False)
    active = Conversations(states=(ConversationState.ACTIVE, ConversationState.IN_REVIEW))
    waiting = [each.conversation_id for each in (first, second, third)]
    assert read(desk, pending, "bo") == waiting and read(desk, pending, "eva") == []
    desk.do(Accept, "ana", first)
    desk.do(Enqueue, "ana", second, queue="first")
    desk.do(Accept, "bo", third)
    assert read(desk, pending, "bo") == [second.conversation_id]
    assert read(desk, active, "bo") == [third.conversation_id]
    assert read(desk, active) == [first.conversation_id, third.conversation_id]
    assert read(desk, Conversations(holder="ana")) == [first.conversation_id]
    assert read(desk, Requests(assignee="ana", states=(RequestState.ASSIGNED,))) == [first.request_id]


@pytest.mark.row("62", "63")
def test_an_inbox_has_what_somebody_works_on_by_its_last_activity() -> None:
    desk = story()
    first, second, third = some(desk, 3, "chat:{}")
    for each in (first, second):
        desk.do(Take, "ana", each)
    inbox = Inbox(agent="ana")
    assert read(desk, inbox, "ana") == [second.conversation_id, first.conversation_id]
    desk.say("c0", "Hello?", channel="chat:0", to=first, after=60)
    assert read(desk, inbox, "ana") == [first.conversation_id, second.conversation_id]
    assert read(desk, inbox, "eva") == []  # of a colleague's inbox one sees what one sees anyway
    desk.do(Assign, "ana", third, assignee="bo")
    assert read(desk, Inbox(agent="bo")) == [third.conversation_id]
    with pytest.raises(InvalidInput, match="elsewhere"):
        Inbox(agent="ana", box="elsewhere")


@pytest.mark.row("66")
def test_my_conversations_are_those_that_i_follow() -> None:
    desk = story(close_with_last_request=False)
    first, second, third = some(desk, 3, "chat:{}")
    for each in (first, second):
        desk.do(Follow, "ana", each)
    desk.do(Mention, "bo", third, agents=("ana",))  # who is called in follows
    followed = Inbox(agent="ana", box=Box.FOLLOWED)
    newest = [each.conversation_id for each in (third, second, first)]
    assert read(desk, followed, "ana") == newest
    assert read(desk, attrs.evolve(followed, audience="internal"), "ana") == []
    assert read(desk, attrs.evolve(followed, audience="customer"), "ana") == newest
    desk.do(Unfollow, "ana", second)
    desk.do(CloseConversation, "ana", first)
    assert read(desk, followed, "ana") == [third.conversation_id]
    assert read(desk, Inbox(agent="ana", box=Box.CLOSED), "ana") == [first.conversation_id]
    desk.do(CloseConversation, "ana", second)
    desk.do(Follow, "ana", second)  # long over, and found all the same
    closed = Inbox(agent="ana", box=Box.CLOSED)
    assert read(desk, closed, "ana") == [second.conversation_id, first.conversation_id]
    for limit in (1, 2, 3):
        assert [each.id for each in paged(desk, closed, "ana", limit)] == read(desk, closed, "ana")
    assert desk.engine.verify() == []


@pytest.mark.row("32", "65")
def test_what_customers_began_is_open_unanswered_or_closed_and_open_ones_come_by_activity() -> None:
    desk = story()
    first, second, third = some(desk, 3)
    shelf = {
        name: (lambda name=name: read(desk, FromCustomers(shelf=name), "sue"))
        for name in ("open", "unanswered", "closed")
    }
    newest = [each.conversation_id for each in (third, second, first)]
    assert shelf["open"]() == shelf["unanswered"]() == newest
    desk.do(Reply, "ana", first, text="On its way.", request_id=None)
    assert shelf["unanswered"]() == newest[:2]
    desk.now += timedelta(minutes=1)
    desk.say("c0", "Thank you", channel="dm:0", after=60)
    assert shelf["open"]() == [first.conversation_id, *newest[:2]]
    desk.do(CloseConversation, "sue", second)
    assert shelf["closed"]() == [second.conversation_id]
    assert second.conversation_id not in shelf["open"]()
    assert read(desk, Inbox(agent="ana", box=Box.UNANSWERED)) == []
    desk.do(Accept, "ana", third)
    assert read(desk, Inbox(agent="ana", box=Box.UNANSWERED)) == [third.conversation_id]
    one = FromCustomers(channel_id="dm:0")
    assert read(desk, one) == [first.conversation_id]


@pytest.mark.row("35", "78")
def test_beside_a_conversation_stand_who_asks_and_when_it_expires() -> None:
    desk = story()
    asked = desk.say("cara", "Where is it?", channel="dm:desk", name="Cara Day")
    facts = desk.engine.facts(asked.conversation_id or "", by=agent("ana"))
    assert facts.card.name == "Cara Day" and facts.card.badge == "anonymous"
    assert facts.conversation.opened_at == desk.now and facts.unanswered
    assert facts.expires_at == desk.now + timedelta(hours=24) and facts.remaining == timedelta(hours=24)
    profile = facts.conversation.requester
    desk.do(
        CreateCustomer,
        "ana",
        first_name="Cara",
        last_name="Day-Lewis",
        email="cara@example.org",
        profile_id=profile,
    )
    desk.now += timedelta(hours=5)
    facts = desk.engine.facts(asked.conversation_id or "", by=agent("ana"))
    assert (facts.card.name, facts.card.email) == ("Cara Day-Lewis", "cara@example.org")
    assert facts.card.badge == "recognized" and facts.remaining == timedelta(hours=19)
    desk.do(CloseConversation, "ana", asked)
    closed = desk.engine.facts(asked.conversation_id or "")
    assert (closed.expires_at, closed.remaining, closed.unanswered) == (None, None, False)


# --- the past ---------------------------------------------------------------------------------------


@pytest.mark.row("84")
def test_past_conversations_are_told_with_their_beginning_and_channel() -> None:
    desk = story()
    past: list[Outcome] = []
    for channel in ("dm:one", "dm:two", "dm:one"):
        past.append(desk.say("cara", "Where is it?", channel=channel, after=60))
        desk.do(CloseConversation, "ana", past[-1])
    now = desk.say("cara", "And now?", channel="dm:one", after=60)
    elsewhere = desk.say("mail:cara@example.org", "By mail", channel="mail:desk", after=60)
    desk.do(CloseConversation, "ana", elsewhere)
    profile = desk.conversation(now).requester
    newest = [each.conversation_id for each in reversed(past)]
    found = desk.engine.read(Past(profile_id=profile), by=agent("ana")).items
    assert [each.id for each in found] == newest
    assert [each.channel_id for each in found] == ["dm:one", "dm:two", "dm:one"]
    assert [each.opened_at for each in found] == sorted((each.opened_at for each in found), reverse=True)
    made = desk.do(
        CreateCustomer,
        "ana",
        first_name="Cara",
        last_name="Day",
        email="cara@example.org",
        profile_id=profile,
    )
    customer = made.record_id
    assert read(desk, Past(customer_id=customer)) == newest
    other = desk.conversation(elsewhere).requester
    desk.do(LinkProfile, "ana", profile_id=other, customer_id=customer)
    whole = [elsewhere.conversation_id, *newest]
    assert read(desk, Past(customer_id=customer), "ana") == whole
    assert read(desk, Past(customer_id=customer), "eva") == [elsewhere.conversation_id]
    for limit in (1, 2, 3, 4):
        rows = paged(desk, Past(customer_id=customer), "ana", limit)
        assert [each.id for each in rows] == whole
    for wrong in ({}, {"profile_id": profile, "customer_id": customer}):
        with pytest.raises(InvalidInput, match="one of profile_id, customer_id"):
            Past(**wrong)


@pytest.mark.row("64")
def test_past_conversations_are_found_by_their_words() -> None:
    desk = story(searchable=True)
    said = ("Where is my blue parcel?", "The parcel is broken!", "A red CAFÉ table")
    asked = [desk.say(f"c{n}", text, channel=f"dm:{n}", after=60) for n, text in enumerate(said)]
    desk.do(Reply, "ana", asked[0], text="Behind the door.", request_id=None)
    desk.do(Reply, "ana", asked[0], text="He seems cross.", request_id=None, audience="internal")
    assert read(desk, Search(words="parcel")) == []  # none of them is past yet
    for each in asked:
        desk.now += timedelta(minutes=1)
        desk.do(CloseConversation, "ana", each)
    desk.engine.tick()
    first, second, third = (each.conversation_id for each in asked)
    for words, found in (
        ("parcel", [second, first]),
        ("PARCEL blue", [first]),
        ("behind door", [first]),
        ("cross", [first]),
        ("cafe", [third]),
        ("parc", []),
        ("parcel table", []),
    ):
        assert read(desk, Search(words=words), "ana") == found, words
    assert read(desk, Search(words="parcel"), "eva") == []
    assert read(desk, Search(words="parcel", channel_id="dm:0")) == [first]
    for limit in (1, 2):
        rows = paged(desk, Search(words="is parcel broken"), "ana", limit)
        assert [each.id for each in rows] == [second]
        assert [each.id for each in paged(desk, Search(words="parcel"), "ana", limit)] == [second, first]
    desk.do(Reopen, "ana", asked[1])
    assert read(desk, Search(words="parcel")) == [first]  # it is not past any more
    desk.do(Reply, "ana", asked[1], text="Unbelievable", request_id=None)
    desk.do(CloseConversation, "ana", asked[1])
    desk.engine.tick()
    assert read(desk, Search(words="unbelievable parcel")) == [second]
    (card,) = [each for each in desk.all(Records(kind="search_card")) if each.id == second]
    assert not any(word in str(card) for word in ("parcel", "unbelievable"))  # the index itself tells nothing
    assert desk.timers() == {} and desk.engine.verify() == []
    with pytest.raises(InvalidInput, match="no word"):
        desk.engine.read(Search(words="?!"))


def test_a_desk_that_is_not_searchable_says_so_and_one_that_becomes_so_finds_its_past() -> None:
    desk = story()
    asked = some(desk, 3)
    for each in asked:
        desk.do(CloseConversation, "ana", each)
    assert desk.timers() == {}
    with pytest.raises(Refused) as told:
        desk.engine.read(Search(words="where"))
    assert told.value.code == "not_searchable"
    desk.engine.configure(desk_with({"searchable": True}, agents=PEOPLE))
    desk.engine.tick()
    assert read(desk, Search(words="where")) == [each.conversation_id for each in reversed(asked)]


def enclosed(name: str, kind: AttachmentKind = AttachmentKind.DOCUMENT) -> Enclosure:
    return Enclosure(kind=kind, name=name, address=f"https://files.example/{name}")


@pytest.mark.row("85")
def test_documents_are_listed_of_this_conversation_or_of_all() -> None:
    desk = story()
    past = desk.say(
        "cara", "My bill", channel="dm:1", attachments=(enclosed("bill.pdf"), enclosed("note.pdf"))
    )
    desk.do(CloseConversation, "ana", past)
    now = desk.say("cara", "A picture", channel="dm:1", after=60, attachments=(enclosed("door.png"),))
    desk.now += timedelta(seconds=1)
    desk.do(Reply, "ana", now, text="", request_id=None, attachments=(enclosed("answer.pdf"),))
    desk.say("cara", "nothing with this one", channel="dm:1", after=60)

    def names(view: Documents, who: str | None = None) -> list[str]:
        items = desk.engine.read(view, by=agent(who) if who else None).items
        texts = desk.engine.texts(*items, by=agent(who) if who else None)
        return [texts[each.attachment.name.id] for each in items]

    here = Documents(conversation_id=now.conversation_id)
    assert names(here, "ana") == ["door.png", "answer.pdf"]
    everywhere = Documents(profile_id=desk.conversation(now).requester)
    whole = ["door.png", "answer.pdf", "bill.pdf", "note.pdf"]
    assert names(everywhere, "ana") == names(everywhere) == whole
    assert names(everywhere, "bo") == whole[2:] and names(here, "bo") == names(everywhere, "eva") == []
    view, found = attrs.evolve(everywhere, limit=1), []
    while True:
        page = desk.engine.read(view)
        found += [each.message_id for each in page.items]
        if page.next is None:
            break
        view = attrs.evolve(view, after=page.next)
    assert found == [each.message_id for each in desk.engine.read(everywhere).items]
    with pytest.raises(InvalidInput, match="one of conversation_id, profile_id, customer_id"):
        Documents()


# --- pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_are_full_of_what_is_seen_however_much_lies_between(limit: int) -> None:
    desk = story()
    asked = some(desk, 12, after=1)
    for each in asked:
        desk.do(Accept, "bo", each)
    mine = [asked[n] for n in (1, 5, 6, 10)]
    for each in mine:
        desk.do(Mention, "bo", each, agents=("ana",))
    expected = [each.conversation_id for each in mine]
    for view in (Conversations(), FromCustomers()):
        order = expected if isinstance(view, Conversations) else expected[::-1]
        assert [each.id for each in paged(desk, view, "ana", limit)] == order
    assert [each.request_id for each in mine] == [each.id for each in paged(desk, Requests(), "ana", limit)]
    assert len(paged(desk, Messages(), "ana", limit)) == 4
    assert len(paged(desk, Records(kind="following"), "ana", limit)) == 4
    by_key = Records(kind="following", name="agent", content="ana", newest_first=True)
    assert [each.conversation_id for each in paged(desk, by_key, "ana", limit)] == expected[::-1]


# --- nobody reads what they may not see -------------------------------------------------------------

CHANNELS = ("dm:one", "chat:one", "mail:one")
ROLES = ("restricted", "agent", "reviewer", "supervisor")
ACTS = ("accept", "close", "queue", "mention", "draft", "reply", "nothing")


def may_see(desk: dict[str, Any], who: str, conversation: Any) -> bool:
    """The rules of visibility, said again."""
    person = desk["agents"][who]
    if person["role"] == "supervisor":
        return True
    channel = conversation.channel_id in person["channels"]
    queues = {conversation.queue, *(each.queue for each in conversation.requests)}
    queue = bool(queues & set(person["queues"]))
    if conversation.state == "closed":
        return channel
    if conversation.state == "pending":
        return channel or queue
    people = {conversation.holder, *conversation.mentioned, *(r.assignee for r in conversation.requests)}
    if who in people:
        return True
    reviews = conversation.state == "in_review" and person["role"] == "reviewer"
    return (reviews or not conversation.channel_id.startswith("dm:")) and (channel or queue)


@st.composite
def desks(draw: st.DrawFn) -> dict[str, Any]:
    people = {
        name: {
            "role": draw(st.sampled_from(ROLES)),
            "channels": draw(st.lists(st.sampled_from(CHANNELS), unique=True)),
            "queues": draw(st.lists(st.just("first"), max_size=1)),
            "teams": ["support"] if name == "zoe" else [],
        }
        for name in ("ana", "bo", "eva")
    }
    return desk_with({"searchable": True}, agents={**people, "zoe": {"role": "admin", "teams": ["support"]}})


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(CHANNELS),
        st.sampled_from(ACTS),
        st.sampled_from(("ana", "bo", "eva", "zoe")),
        st.sampled_from(("ana", "bo", "eva")),
    ),
    min_size=1,
    max_size=6,
)


def act(on: Story, chat: Outcome, what: str, who: str, other: str) -> None:
    commands: dict[str, Iterable[tuple[Any, dict[str, Any]]]] = {
        "accept": [(Accept, {})],
        "close": [(Accept, {}), (CloseConversation, {})],
        "queue": [(Enqueue, {"queue": "first"})],
        "mention": [(Accept, {}), (Mention, {"agents": (other,)})],
        "draft": [(SubmitDraft, {"text": "x", "request_id": None})],
        "reply": [(Reply, {"text": "y", "request_id": None})],
        "nothing": [],
    }
    for make, fields in commands[what]:
        try:
            on.do(make, who, chat, **fields)
        except ReqflowError:
            return


def place(item: Any) -> str:
    found: str = item.conversation_id if hasattr(item, "conversation_id") else item.id
    return found


@given(desk=desks(), actions=ACTIONS)
def test_on_any_desk_nobody_reads_what_they_may_not_see_by_any_view(
    desk: dict[str, Any], actions: list[tuple[str, str, str, str]]
) -> None:
    on = Story(desk=desk)
    for at, (channel, what, who, other) in enumerate(actions):
        native = on.say(f"c{at}", "Where is it?", channel=channel, attachments=(enclosed("a.pdf"),), after=60)
        act(on, native, what, who, other)
    on.engine.tick()
    everything = {each.id: each for each in on.all(Conversations())}
    profiles = {each.requester for each in everything.values()}
    views: list[Any] = [
        Conversations(),
        Conversations(states=("pending",)),
        Conversations(open=False, newest_first=True),
        Requests(),
        Messages(),
        Search(words="where"),
        *(Records(kind=kind) for kind in ("draft", "following", "search_card")),
        *(FromCustomers(shelf=each) for each in Shelf),
        *(Inbox(agent=each, box=box) for each in ("ana", "bo", "eva") for box in Box),
        *(Past(profile_id=each) for each in profiles),
        *(Documents(profile_id=each) for each in profiles),
        *(Documents(conversation_id=each) for each in everything),
        *(Messages(conversation_id=each) for each in everything),
        *(Requests(conversation_id=each) for each in everything),
    ]
    for who in ("ana", "bo", "eva"):
        seen = {id for id, each in everything.items() if may_see(desk, who, each)}
        assert {each.id for each in on.engine.read(Conversations(), by=agent(who)).items} == seen
        for view in views:
            whole = on.engine.read(view).items
            shown = on.engine.read(view, by=agent(who)).items
            assert list(shown) == [each for each in whole if place(each) in seen]
        columns = on.engine.read(Board(), by=agent(who)).items
        assert {request.conversation_id for each in columns for request in each.requests} <= seen
        for id in everything:
            if id not in seen:
                for attempt in (on.engine.history, on.engine.explain, on.engine.facts, on.engine.actions):
                    with pytest.raises(UnknownId):
                        attempt(id, by=agent(who))


# --- in async code ----------------------------------------------------------------------------------


def test_an_async_engine_reads_the_same() -> None:
    desk = story()
    chat, other = some(desk, 2)
    desk.do(Accept, "ana", chat)
    engine = AsyncEngine(desk.store, workspace="desk", clock=desk.time)
    ana, bo, id = agent("ana"), agent("bo"), chat.conversation_id or ""

    async def reads() -> None:
        for view in (Conversations(), Requests(), Board(), Inbox(agent="ana"), FromCustomers()):
            for by in (None, ana, bo):
                assert await engine.read(view, by=by) == desk.engine.read(view, by=by)
        assert await engine.actions(id, by=ana) == desk.engine.actions(id, by=ana)
        assert await engine.candidates(id, by=ana) == desk.engine.candidates(id)
        assert await engine.facts(id, by=ana) == desk.engine.facts(id)
        assert await engine.history(id, by=ana) == desk.engine.history(id)
        assert await engine.explain(id, by=ana) == desk.engine.explain(id)
        messages = desk.all(Messages())
        assert list((await engine.texts(*messages, by=bo)).values()) == ["Where is it?"]  # the other one
        with pytest.raises(UnknownId):
            await engine.history(id, by=bo)
        assert (await engine.facts(other.conversation_id or "", by=bo)).unanswered

    asyncio.run(reads())
