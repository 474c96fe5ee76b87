"""One entry point for everybody who needs something: a menu, answers first, a form, queues, and who is free for it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from reqflow import (
    AsyncEngine,
    Audience,
    BarProfile,
    Close,
    MenuChoice,
    Messages,
    OptionKind,
    Reply,
    Requests,
    RequestState,
    SetPriority,
    Take,
    Unassign,
    agent,
    compile_desk,
)
from reqflow.core import events as e
from reqflow.core.effects import AnnounceRequest, NotifyTeam, OpenTicket, PageEngineers, PostMessage
from reqflow.core.facts import Outcome
from reqflow.core.model import Request
from reqflow.errors import Forbidden, InvalidInput, InvalidSettings, Refused, UnknownId
from reqflow.hooks import hookimpl
from reqflow.ports import Receipt, ReceiptKind, Suggestion
from reqflow.testing.desks import DESK, Story, desk_with

AGENTS = {
    **DESK["agents"],
    "mia": {"name": "Mia", "teams": ["money"], "channels": ["none:*"], "addresses": ["chat:mia"]},
    "max": {"name": "Max", "teams": ["money"], "channels": ["none:*"]},
    "rae": {"name": "Rae", "role": "restricted"},
    "lia": {"name": "Lia", "teams": ["login"], "channels": ["none:*"]},
}
QUEUES = {**DESK["queues"], "money": {"teams": ["money"]}, "login": {"teams": ["login"]}}
THEMES = {
    "billing": {
        "title": "Bills and refunds",
        "queue": "money",
        "team": "money",
        "destination": "slack:C0MONEY",
    },
    "access": {"queue": "login", "destination": "slack:C0LOGIN"},
}


def helpdesk(**tables: Any) -> Story:
    """A desk with the themes billing (Mia, Max) and access (Lia), for employees who ask in #help."""
    engine = {
        name: tables.pop(name) for name in ("plugins", "classifier", "consult_within") if name in tables
    }
    settings = {"responder_teams": ["support"], **tables.pop("settings", {})}
    desk = desk_with(settings, **{"agents": AGENTS, "queues": QUEUES, "themes": THEMES, **tables})
    return Story(desk=desk, **engine)


@pytest.fixture
def story() -> Story:
    return helpdesk()


def place(request: Request) -> tuple[str | None, str | None, str | None, int]:
    return request.theme, request.queue, request.team, request.level


def queued(story: Story, kind: type) -> list[Any]:
    return [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, kind)]


def cards(story: Story) -> list[tuple[str, str]]:
    """Where requests are shown on cards, and what happened to them."""
    return [
        (x.queued.destination, x.queued.effect.code)
        for x in story.effects()
        if isinstance(x.queued.effect, AnnounceRequest)
    ]


def submitted(story: Story, theme: str = "billing", text: str = "Charged twice", **how: Any) -> Outcome:
    """What an employee sends off in the form."""
    return story.say("emma", text, **{"channel": "form:help", "theme": theme, **how})


# --- the form ---------------------------------------------------------------------------------------


@pytest.mark.row("15", "16")
@pytest.mark.parametrize(
    ("theme", "where", "room"),
    [
        ("billing", ("billing", "money", "money", 1), "slack:C0MONEY"),
        ("access", ("access", "login", None, 1), "slack:C0LOGIN"),
    ],
)
def test_the_theme_of_a_form_picks_the_specialists_their_queue_and_their_room(
    story: Story, theme: str, where: tuple[Any, ...], room: str
) -> None:
    out = submitted(story, theme, "It does not work")
    request = story.request(out)
    assert place(request) == where
    assert request.state is RequestState.UNASSIGNED
    assert cards(story) == [(room, "opened")]
    (card,) = queued(story, AnnounceRequest)
    found = story.store.texts("desk", list(card.shown()), Audience.INTERNAL)
    assert list(found.values()) == ["It does not work"]  # the description, as it was given
    assert [x.team for x in queued(story, NotifyTeam)] == [where[1]]
    assert story.engine.verify() == []


@pytest.mark.row("15")
def test_a_form_is_a_request_whatever_the_channels_queue_and_owner_are() -> None:
    story = helpdesk(settings={"owner": "ana", "queue": "first"})
    request = story.request(submitted(story))
    assert (request.assignee, request.queue) == (None, "money")
    assert [x.team for x in queued(story, NotifyTeam)] == ["money"]
    plain = story.request(story.say("emma", "Charged twice", channel="form:help"))
    assert (plain.assignee, plain.queue) == ("ana", "first")


@pytest.mark.row("15", "3")
def test_forms_are_requests_of_their_own_wherever_they_come_in_and_however_soon(story: Story) -> None:
    """No classifier is asked, and no grouping window swallows the second one."""
    talk = story.say("emma", "Hi all", channel="chat:help")
    one = submitted(story, channel="chat:help", after=5)
    two = submitted(story, "access", "Locked out", channel="chat:help", after=5)
    more = story.say("emma", "since Monday", channel="chat:help", after=5)
    assert talk.request_id is None and one.request_id != two.request_id
    assert [story.request(each).theme for each in (one, two)] == ["billing", "access"]
    assert more.request_id == two.request_id


@pytest.mark.row("15", "16")
def test_a_form_with_a_theme_that_the_desk_lacks_is_no_lost_message(story: Story) -> None:
    request = story.request(submitted(story, "weather"))
    assert place(request) == (None, None, None, 0)


@pytest.mark.row("16")
def test_the_room_is_kept_up_to_date_and_only_that_of_the_theme() -> None:
    class Slack:
        scheme = "slack"

        def __init__(self) -> None:
            self.posted: list[tuple[str, str | None]] = []

        def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
            self.posted.append((effect.code, effect.card))
            return Receipt(kind=ReceiptKind.DELIVERED, native=f"{effect.room or 'triage'}-card")

    slack = Slack()

    class Plugin:
        @hookimpl
        def reqflow_transports(self) -> list[Any]:
            return [slack]

    story = helpdesk(settings={"triage": "slack:C0TRIAGE"}, plugins=[Plugin()])
    out = submitted(story)
    story.engine.work()
    story.do(Take, "mia", out)
    story.do(Close, "mia", out)
    story.engine.work()
    assert cards(story) == [
        ("slack:C0TRIAGE", "opened"),
        ("slack:C0MONEY", "opened"),
        ("slack:C0TRIAGE", "looking_into_it"),
        ("slack:C0MONEY", "looking_into_it"),
        ("slack:C0TRIAGE", "closed"),
        ("slack:C0MONEY", "closed"),
    ]
    assert slack.posted[:2] == [("opened", None), ("opened", None)]
    assert {card for _, card in slack.posted[2:]} == {"triage-card", "slack:C0MONEY-card"}


@pytest.mark.row("16")
@pytest.mark.parametrize(
    ("themes", "problem"),
    [
        ({"billing": {}}, "themes.billing.queue: a theme needs the queue"),
        ({"billing": {"queue": "nowhere"}}, "themes.billing.queue: no such queue: nowhere"),
        ({"billing": {"queue": "money", "team": "x"}}, "themes.billing.team: no such team: x"),
        ({"billing": {"queue": "money", "room": "irc:x"}}, "themes.billing.room: no such channel"),
        ({"billing": {"queue": "money", "level": -1}}, "themes.billing.level: must be a tier"),
        ({"a b": {"queue": "money"}}, "themes.a b: must be a word"),
    ],
)
def test_a_theme_that_leads_nowhere_is_a_problem_of_the_settings(themes: Any, problem: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        compile_desk(desk_with(queues=QUEUES, agents=AGENTS, themes=themes))
    assert any(each.startswith(problem) for each in refused.value.problems)


@pytest.mark.row("46")
def test_an_emoji_for_no_theme_is_a_problem_of_the_settings() -> None:
    with pytest.raises(InvalidSettings, match=r"escalate_emoji\.theme: no such theme: weather"):
        compile_desk(desk_with({"escalate_emoji": {"sunny": "weather"}}))


# --- queues -----------------------------------------------------------------------------------------


@pytest.mark.row("19")
def test_specialists_see_what_is_queued_for_them_claim_it_and_follow_up_in_place(story: Story) -> None:
    ours, theirs = submitted(story), submitted(story, "access")
    seen = story.engine.read(Requests(states=(RequestState.UNASSIGNED,)), by=agent("mia")).items
    assert [each.id for each in seen] == [ours.request_id]
    with pytest.raises(UnknownId):
        story.do(Take, "mia", theirs)
    story.do(Take, "mia", ours)
    story.do(Reply, "mia", ours, text="Which card was it?")
    (post,) = queued(story, PostMessage)
    assert (post.channel_id, post.answers) == ("form:help", story._natives[ours.message_id or ""])
    again = story.say("emma", "The blue one.", channel="form:help", to=ours)
    assert again.request_id == ours.request_id and story.request(ours).assignee == "mia"
    view = Messages(conversation_id=ours.conversation_id)
    assert len(story.engine.read(view, by=agent("mia")).items) == 3


@pytest.mark.row("19")
def test_who_comes_second_claims_nothing(story: Story) -> None:
    out = submitted(story)
    story.do(Take, "mia", out)
    with pytest.raises(Exception, match="mia's already"):
        story.do(Take, "max", out)
    assert story.request(out).assignee == "mia"
    story.do(Unassign, "mia", out)
    story.do(Take, "max", out)
    assert story.request(out).assignee == "max"


# --- priority and load ------------------------------------------------------------------------------


def busy() -> Story:
    """A desk where the queue ``shared`` hands work to whoever of support has nothing to do."""
    agents = {name: DESK["agents"][name] for name in ("ana", "bo")}
    agents["sam"] = {"name": "Sam", "role": "supervisor", "teams": ["lead"]}
    agents["rae"] = {"name": "Rae", "role": "restricted", "teams": ["lead"]}
    return Story(desk=desk_with(agents=agents))


@pytest.mark.row("44", "31")
def test_what_is_urgent_is_handed_out_before_what_waits_longer() -> None:
    story = busy()
    asked = [story.say(f"c{n}", "Hello?", channel=f"line:{n}", after=60) for n in range(6)]
    story.engine.tick()
    assert [story.request(each).assignee for each in asked] == ["ana", "bo", None, None, None, None]
    story.do(SetPriority, "sam", asked[4], priority=-5)
    story.do(SetPriority, "sam", asked[5], priority=-5)
    story.do(SetPriority, "sam", asked[2], priority=1)
    order: list[int] = []
    for _ in range(4):
        story.do(Close, "ana", asked[order[-1]] if order else asked[0])
        story.engine.tick()
        works_on = {"assignee": "ana", "states": (RequestState.ASSIGNED,)}
        (now,) = [each.id for each in story.requests(**works_on)]
        order.append([each.request_id for each in asked].index(now))
    assert order == [4, 5, 3, 2]
    assert story.engine.verify() == []


@pytest.mark.row("44")
def test_managers_see_how_much_everybody_has_and_others_do_not() -> None:
    story = busy()
    for n in range(2):
        story.say(f"c{n}", "Hello?", channel=f"line:{n}")
    for who in ("dan", "dora"):
        story.do(Take, "ana", story.say(who, "Hello?"))
    story.engine.tick()
    assert [(each.agent, each.load) for each in story.engine.loads(by=agent("sam"))] == [
        ("rae", 0),
        ("sam", 0),
        ("bo", 1),
        ("ana", 2),
    ]
    with pytest.raises(Forbidden):
        story.engine.loads(by=agent("rae"))


@pytest.mark.row("44")
def test_a_priority_is_a_number_and_not_everybodys_to_set() -> None:
    story = busy()
    asked = story.say("cara", "Hello?")
    with pytest.raises(Forbidden):
        story.do(SetPriority, "rae", asked, priority=1)
    for wrong in (True, "high", 10**9):
        with pytest.raises(InvalidInput):
            story.do(SetPriority, "sam", asked, priority=wrong)
    story.do(SetPriority, "sam", asked, priority=3)
    story.do(SetPriority, "sam", asked, priority=3)
    assert story.request(asked).priority == 3
    assert [x for x in story.events(asked) if isinstance(x, e.RequestPrioritized)] != []
    assert story.tags(asked).count("request.prioritized") == 1


# --- the menu ---------------------------------------------------------------------------------------

FIELDS = {"reason": {"on": "request", "type": "choice", "choices": ["lost", "broken"]}}
MENUS = {
    "help": {
        "title": "What do you need?",
        "options": {
            "hours": {"title": "When we are here", "kind": "guidance", "text": "From nine to five."},
            "ask": {"title": "Search first", "kind": "channel", "place": "chat:lobby"},
            "bug": {"title": "Something is broken", "kind": "bug", "place": "tracker:core"},
            "badge": {
                "title": "New badge",
                "kind": "ticket",
                "fields": {"reason": "lost"},
                "place": "mail:tickets@tool.example",
            },
            "login": {"title": "I cannot log in", "kind": "queue", "queue": "login"},
            "money": {"title": "Bills", "kind": "form", "theme": "billing"},
        },
    }
}


def counter(**tables: Any) -> Story:
    """The helpdesk with a menu."""
    return helpdesk(menus=MENUS, fields=FIELDS, **tables)


def choose(story: Story, option: str, **fields: Any) -> Outcome:
    """Let Emma choose something."""
    story._said += 1
    choice = {
        "menu": "help",
        "option": option,
        "channel": "chat:help",
        "author": "chat:emma",
        "native": f"choice-{story._said}",
        "chosen_at": story.now,
        **fields,
    }
    return story.engine.handle(MenuChoice(**choice))


@pytest.mark.row("13")
def test_a_menu_is_data_that_any_surface_can_show() -> None:
    menu = counter().engine.menu("help")
    assert menu.title == "What do you need?"
    assert [(each.name, each.kind) for each in menu.options] == [
        ("hours", OptionKind.GUIDANCE),
        ("ask", OptionKind.CHANNEL),
        ("bug", OptionKind.BUG),
        ("badge", OptionKind.TICKET),
        ("login", OptionKind.QUEUE),
        ("money", OptionKind.FORM),
    ]
    with pytest.raises(UnknownId, match="there are: help"):
        counter().engine.menu("lunch")


@pytest.mark.row("13")
@pytest.mark.parametrize(
    ("option", "shows"), [("hours", ("From nine to five.", None)), ("ask", ("", "chat:lobby"))]
)
def test_guidance_and_pointers_are_shown_and_nothing_else_happens(option: str, shows: Any) -> None:
    story = counter()
    out = choose(story, option)
    shown = story.engine.menu("help").option(option)
    assert shown is not None
    assert out.code == str(shown.kind) and (shown.text, shown.place) == shows
    assert story.requests() == [] and story.effects() == [] and story.all(Messages()) == []


@pytest.mark.row("13")
def test_a_bug_becomes_an_item_in_the_tracker_and_a_request() -> None:
    story = counter()
    out = choose(story, "bug", text="The button is green")
    (bug,) = queued(story, OpenTicket)
    assert (bug.tool, bug.kind, bug.request_id) == ("tracker:core", "issue", out.request_id)
    found = story.store.texts("desk", [ref.id for ref in bug.texts], Audience.INTERNAL)
    assert list(found.values()) == ["The button is green"]
    assert story.request(out).state is RequestState.UNASSIGNED and out.code == "bug"


@pytest.mark.row("13", "22")
def test_a_ticket_comes_with_its_fields_filled_in() -> None:
    story = counter()
    out = choose(story, "badge")
    (value,) = story.request(out).fields
    assert (value.field, value.choice) == ("reason", "lost")
    (ticket,) = queued(story, OpenTicket)
    assert (ticket.tool, ticket.kind) == ("mail:tickets@tool.example", "ticket")
    found = story.store.texts("desk", [ref.id for ref in ticket.texts], Audience.INTERNAL)
    assert list(found.values()) == ["New badge"]  # who writes nothing has said as much by choosing


@pytest.mark.row("13", "19")
@pytest.mark.parametrize("settings", [{}, {"detection": "off"}])
def test_a_queues_option_posts_to_the_queue(settings: dict[str, Any]) -> None:
    story = counter(settings=settings)
    out = choose(story, "login", text="Since this morning")
    request = story.request(out)
    assert (request.queue, request.state) == ("login", RequestState.UNASSIGNED)
    story.do(Take, "lia", out)
    story.do(Reply, "lia", out, text="Try again.")
    (post,) = queued(story, PostMessage)
    assert post.channel_id == "chat:help"
    assert story.engine.verify() == []


@pytest.mark.row("13")
def test_a_choice_that_comes_again_is_the_same_choice() -> None:
    story = counter()
    for option in ("bug", "badge", "login"):
        first = choose(story, option, native=option)
        again = choose(story, option, native=option)
        assert again.duplicate and again.request_id == first.request_id
    assert len(story.requests()) == 3 and len(queued(story, OpenTicket)) == 2
    choice = {"menu": "help", "option": "login", "channel": "chat:help", "author": "chat:emma"}
    later = MenuChoice(**choice, native="later", chosen_at=story.now)
    assert story.engine.accept(later) and not story.engine.accept(later)
    story.engine.work()
    assert len(story.requests()) == 4


@pytest.mark.row("13", "76")
def test_who_is_barred_and_what_is_not_there_opens_nothing() -> None:
    story = counter()
    assert choose(story, "lunch").code == choose(story, "hours", menu="lunch").code == "unknown_option"
    asked = story.say("emma", "Hello?")
    emma = story.request(asked).requester
    story.do(BarProfile, "ana", profile_id=emma)
    before = len(story.requests())
    assert choose(story, "bug").code == choose(story, "money").code == "barred"
    assert len(story.requests()) == before and queued(story, OpenTicket) == []


@pytest.mark.row("13")
@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({}, "kind: must be one of"),
        ({"kind": "guidance"}, "text: an option of kind guidance needs it"),
        ({"kind": "channel"}, "place: an option of kind channel needs it"),
        ({"kind": "queue", "queue": "nowhere"}, "queue: no such queue"),
        ({"kind": "form", "theme": "weather"}, "theme: no such theme"),
        ({"kind": "ticket", "fields": {"color": "red"}}, "fields.color: no field of requests"),
        ({"kind": "ticket", "fields": {"reason": "stolen"}}, "fields.reason: field reason takes one of"),
    ],
)
def test_an_option_that_cannot_work_is_a_problem_of_the_settings(option: Any, problem: str) -> None:
    menus = {"help": {"options": {"it": option}}}
    tables = {"queues": QUEUES, "agents": AGENTS, "themes": THEMES, "fields": FIELDS}
    with pytest.raises(InvalidSettings) as refused:
        compile_desk(desk_with(**tables, menus=menus))
    assert any(f"menus.help.options.it.{problem}" in each for each in refused.value.problems)


# --- answers first ----------------------------------------------------------------------------------


class Wiki:
    """Knows one article."""

    name = "wiki"

    def suggest(self, text: str, theme: Any) -> list[Suggestion]:
        return [Suggestion(title=f"About {theme.name}", address="https://wiki.example/bills")]


class Broken:
    """Knows nothing, loudly."""

    name = "broken"

    def suggest(self, text: str, theme: Any) -> list[Suggestion]:
        raise RuntimeError("the wiki is down")


class Slow(Wiki):
    """Knows it too late."""

    def suggest(self, text: str, theme: Any) -> list[Suggestion]:
        threading.Event().wait(0.3)
        return super().suggest(text, theme)


class Knowing:
    """A plugin that brings suggesters."""

    def __init__(self, *suggesters: Any) -> None:
        self.suggesters = suggesters

    @hookimpl
    def reqflow_suggesters(self) -> Any:
        return self.suggesters


def offered(story: Story, text: str = "Charged twice", **how: Any) -> Any:
    return story.engine.suggest("billing", text, **{"author": "chat:emma", "channel": "chat:help", **how})


@pytest.mark.row("14")
def test_the_form_opens_only_after_something_else_was_offered() -> None:
    story = counter(plugins=[Knowing(Broken(), Wiki())])
    assert choose(story, "money").code == "suggest"
    found = offered(story)
    assert [each.address for each in found.suggestions] == ["https://wiki.example/bills"]
    assert choose(story, "money", offer="o_nothing").code == "suggest"
    others = offered(story, author="chat:dan")
    assert choose(story, "money", offer=others.offer_id).code == "suggest"
    assert choose(story, "money", offer=found.offer_id).code == "form"
    assert choose(story, "money", offer=found.offer_id).code == "form"  # told again, counted once
    assert story.requests() == []


@pytest.mark.row("14", "51")
def test_how_many_needed_no_form_can_be_told() -> None:
    story = counter()
    offers = [offered(story) for _ in range(4)]
    story.wait(days=1)
    assert choose(story, "money", offer=offers[0].offer_id).code == "form"
    told = story.engine.deflection("billing")
    assert (told.offered, told.opened, told.share) == (4, 1, 0.75)
    assert story.engine.deflection("access").share == 0.0
    assert story.engine.deflection("billing", since=story.now).offered == 0
    with pytest.raises(Forbidden):
        story.engine.deflection("billing", by=agent("rae"))
    assert story.engine.verify() == [] and story.engine.rebuild() is not None and story.engine.verify() == []


@pytest.mark.row("14", "50")
def test_what_was_resolved_before_is_suggested_where_everybody_may_read_it() -> None:
    story = counter()
    asked = {
        where: story.say("dan", "Charged twice for order 17", channel=where, theme="billing")
        for where in ("chat:help", "chat:other", "dm:dan", "wall:1")
    }
    other = story.say("dora", "Where is my invoice", channel="chat:help", theme="billing", after=300)
    open_ = story.say("dirk", "Refund please", channel="chat:help", theme="billing", after=300)
    for each in (*asked.values(), other):
        story.do(Take, "mia", each)
        story.do(Close, "mia", each)
    found = offered(story, "charged TWICE, order 4711, for").suggestions
    assert {each.request_id for each in found[:2]} == {
        asked["chat:help"].request_id,
        asked["wall:1"].request_id,
    }
    assert [each.request_id for each in found[2:]] == [other.request_id]  # less like it, but of the theme
    assert open_.request_id not in [each.request_id for each in found]
    (here,) = [each for each in found if each.request_id == asked["chat:help"].request_id]
    assert (here.channel_id, here.native) == (
        "chat:help",
        story._natives[asked["chat:help"].message_id or ""],
    )


@pytest.mark.row("14")
def test_a_suggester_that_takes_too_long_suggests_nothing() -> None:
    story = counter(plugins=[Knowing(Slow())], consult_within=0.02)
    assert offered(story).suggestions == ()

    async def ask() -> Any:
        engine = AsyncEngine(
            story.store, workspace="desk", plugins=[Knowing(Slow(), Broken())], consult_within=0.02
        )
        return await engine.suggest("billing", "Hm", author="chat:emma", channel="chat:help")

    assert asyncio.run(ask()).suggestions == ()
    with pytest.raises(Refused, match="there are: billing, access"):
        story.engine.suggest("weather", "Rain", author="chat:emma", channel="chat:help")


@pytest.mark.row("44", "47", "58")
def test_a_rule_ranks_and_escalates_what_is_asked_about_a_theme() -> None:
    rules = {
        "refunds_first": {
            "author": "sam",
            "on": ["request.opened"],
            "if": {"theme": "billing"},
            "then": [
                {"set_priority": -1},
                {"set_severity": "outage"},
                {"escalate": {"theme": "access", "how": "transfer"}},
            ],
        }
    }
    severities = {"outage": {"immediate": True, "destination": "pager:engineering"}}
    agents = {**AGENTS, "sam": {"name": "Sam", "role": "supervisor"}}
    story = helpdesk(agents=agents, rules=rules, severities=severities)
    ours, theirs = submitted(story), submitted(story, "access")
    assert (story.request(ours).priority, story.request(ours).queue) == (-1, "login")
    assert [x.request_id for x in queued(story, PageEngineers)] == [ours.request_id]
    assert story.request(theirs).priority == 0
