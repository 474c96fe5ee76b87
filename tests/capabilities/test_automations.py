"""Rules: as data and as functions, under their author's rights, once for each cause, and to be tried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reqflow import (
    AddTag,
    Assign,
    Automation,
    Close,
    Command,
    DefineAnswer,
    Hold,
    Occasion,
    Reopen,
    Reply,
    Route,
    Take,
    Unassign,
    compile_desk,
)
from reqflow.core import events as e
from reqflow.core.configuration.rule_actions import ACTIONS
from reqflow.core.effects import NotifyAgent
from reqflow.core.model import Actor, ActorKind
from reqflow.errors import Duplicate, InvalidSettings, Refused, UnknownId
from reqflow.plugins.memory import MemoryStore
from reqflow.testing.desks import DESK, Rules, Story, desk_with

AGENTS = {
    **DESK["agents"],
    "rae": {"name": "Rae", "role": "restricted"},
    "sue": {"name": "Sue", "role": "supervisor"},
    "adam": {"name": "Adam", "role": "admin"},
}


def ruled(rules: Mapping[str, Any], settings: Mapping[str, Any] | None = None, **engine: Any) -> Story:
    """A desk with these rules, by default Adam's, who may do everything."""
    authored = {name: {"author": "adam", **rule} for name, rule in rules.items()}
    desk = desk_with(
        settings, agents=AGENTS, rules=authored, statuses={"escalated": "assigned"}, tags=["vip", "late"]
    )
    return Story(desk=desk, **engine)


def by_rule(story: Story, about: Any, name: str) -> list[str]:
    """The words for what a rule made happen there."""
    return [
        event.tag
        for entry in story.engine.history(about.conversation_id)
        for event in entry.events
        if entry.actor == Actor(ActorKind.AUTOMATION, name)
    ]


# --- when, if, then ---


def test_history_says_why_a_rule_acted_only_where_its_name_does_not() -> None:
    tag = {"on": "request.opened", "then": {"add_tag": "vip"}}
    close = {"on": "tag.added", "then": {"close": "done"}}
    story = ruled({"mark": tag, "end": close})
    asked = story.say("cara", "Where is my parcel?")
    told = {(line.who, line.tag): line.why for line in story.engine.explain(asked.conversation_id)}
    assert told["rule mark", "tag.added"] == ""
    assert told["rule end", "request.closed"] == "after rule mark"


@pytest.mark.row("58")
def test_a_rule_tells_customers_that_their_request_was_closed() -> None:
    rule = {"on": "request.closed", "if": {"resolution": "done"}, "then": {"reply": "We have closed this."}}
    story = ruled({"tell": rule})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    assert not story.conversation(asked).is_open
    assert [line.what for line in story.engine.explain(asked.request_id or "")][
        -1
    ] == "replied “We have closed this.”"
    assert story.effects()[-1].queued.effect.tag == "message.post"
    other = story.say("dan", "Where is mine?")
    story.do(Close, "ana", other, resolution="rejected")
    assert by_rule(story, other, "tell") == []


@pytest.mark.row("58")
def test_a_rule_reminds_of_what_nobody_finished() -> None:
    rule = {
        "after": "4h",
        "since": "assigned",
        "if": {"channel": "chat:*", "state": ["assigned", "on_hold"]},
        "then": [{"reply_internally": "Still open: please have a look."}, {"add_tag": "late"}],
    }
    story = ruled({"remind": rule})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=5)
    assert by_rule(story, asked, "remind") == []  # nobody has it
    story.do(Take, "ana", asked)
    story.wait(hours=3)
    assert by_rule(story, asked, "remind") == []
    story.wait(hours=1)
    assert by_rule(story, asked, "remind") == ["message.posted", "tag.added"]
    assert story.conversation(asked).tags == ("late",)
    assert story.engine.verify() == []


CHANGES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "assign": ({"assign": "bo"}, "request.assigned"),
    "route": ({"route": {"queue": "first", "team": "support"}}, "request.routed"),
    "enqueue": ({"enqueue": "first"}, "conversation.queued"),
    "hold": ({"hold": {"reason": "snoozed", "for": "1d"}}, "request.held"),
    "close": ({"close": "withdrawn"}, "request.closed"),
    "close_conversation": ({"close_conversation": "ignored"}, "conversation.closed"),
    "reply": ({"reply": "Hello."}, "message.posted"),
    "reply_internally": ({"reply_internally": "Look."}, "message.posted"),
    "note": ({"note": "Look."}, "note.added"),
    "notify": ({"notify": {"agent": "bo", "code": "acme.hurry"}}, "agent.notified"),
    "mention": ({"mention": ["bo"]}, "agent.mentioned"),
    "add_tag": ({"add_tag": "vip"}, "tag.added"),
    "record": ({"record": {"name": "acme.seen", "data": {"n": 1}}}, "host.recorded"),
    "effect": ({"effect": {"kind": "acme.hook", "destination": "acme:x"}}, "host.effect_queued"),
    "timer": ({"timer": {"name": "acme.later", "after": "1h"}}, "host.timer_set"),
    "follow_up": ({"follow_up": {"text": "All well?", "after": "3d"}}, "follow_up.scheduled"),
}


@pytest.mark.parametrize("word", CHANGES)
def test_an_action_gives_its_command_in_the_commit_of_the_cause(word: str) -> None:
    action, tag = CHANGES[word]
    story = ruled({"act": {"on": ["request.opened"], "then": [action]}})
    asked = story.say("cara", "Where is my parcel?")
    assert tag in by_rule(story, asked, "act")
    causes = {entry.cause.key for entry in story.engine.history(asked.conversation_id or "")}
    assert len(causes) == 1
    assert story.engine.verify() == []


UNDONE: Mapping[str, tuple[type[Command], dict[str, Any], str, Mapping[str, Any], str]] = {
    "unassign": (Assign, {"assignee": "bo"}, "request.assigned", {"unassign": True}, "request.unassigned"),
    "release": (Take, {}, "conversation.accepted", {"release": True}, "conversation.released"),
    "wake": (Hold, {"reason": "customer"}, "request.held", {"wake": True}, "request.requeued"),
    "requeue": (Hold, {"reason": "customer"}, "request.held", {"requeue": True}, "request.requeued"),
    "reopen": (Close, {}, "request.closed", {"reopen": True}, "request.reopened"),
    "remove_tag": (AddTag, {"tag": "vip"}, "tag.added", {"remove_tag": "vip"}, "tag.removed"),
    "set_status": (Take, {}, "request.assigned", {"set_status": "escalated"}, "request.status_set"),
}


@pytest.mark.parametrize("word", UNDONE)
def test_an_action_answers_what_a_colleague_did(word: str) -> None:
    command, fields, on, action, tag = UNDONE[word]
    story = ruled({"act": {"on": [on], "then": action}})
    asked = story.say("cara", "Where is my parcel?")
    story.do(command, "ana", asked, **fields)
    assert tag in by_rule(story, asked, "act")
    assert story.engine.verify() == []


def test_a_rule_tells_whoever_has_the_request_then() -> None:
    chase = {"after": "4h", "then": {"notify": {"agent": "assignee", "code": "acme.hurry"}}}
    story = ruled({"chase": chase}, {"nudge_after": 0})
    asked, other = story.say("cara", "Where is my parcel?"), story.say("dan", "And mine?")
    story.do(Assign, "ana", asked, assignee="bo")
    story.wait(hours=4)
    assert by_rule(story, asked, "chase") == ["agent.notified"]
    told = [x.queued.effect for x in story.effects() if isinstance(x.queued.effect, NotifyAgent)]
    assert [(x.agent, x.code) for x in told if x.code != "assigned"] == [("bo", "acme.hurry")]
    (refused,) = [event for event in story.events(other) if isinstance(event, e.RuleRefused)]
    assert (refused.rule, refused.code) == ("chase", "nobody")


def test_a_rule_sends_a_quick_answer_and_a_ticket_and_fills_in_a_field() -> None:
    rule = {
        "author": "adam",
        "on": "request.opened",
        "then": [
            {"answer": "hello"},
            {"create_ticket": True},
            {"set_field": {"field": "size", "content": 3}},
        ],
    }
    big = {"author": "adam", "on": "field.set", "if": {"field": {"size": [3, 4]}}, "then": {"add_tag": "vip"}}
    fields = {"size": {"on": "request", "type": "number"}}
    story = Story(
        desk=desk_with(
            {"tickets": "mail:tickets@acme.example"},
            agents=AGENTS,
            rules={"act": rule, "big": big},
            fields=fields,
            tags=["vip"],
        )
    )
    hello = {
        "answer": "hello",
        "category": "greeting",
        "title": "Hello",
        "text": "Hello. We have your message.",
    }
    story.do(DefineAnswer, "adam", **hello)
    asked = story.say("cara", "Where is my parcel?")
    assert by_rule(story, asked, "act") == ["message.posted", "ticket.requested", "field.set"]
    assert story.conversation(asked).tags == ("vip",)
    assert story.engine.verify() == []


def test_every_action_has_a_story() -> None:
    elsewhere = {"answer", "create_ticket", "set_field", "cancel_timer"}
    elsewhere |= {"set_priority", "set_severity", "escalate"}  # test_self_serve
    assert {*CHANGES, *UNDONE} | elsewhere == set(ACTIONS)


def test_a_condition_sees_how_things_stood_before() -> None:
    rule = {
        "on": "request.assigned",
        "if": {"was": {"assignee": "ana"}, "assignee": "bo", "not": {"tag": "vip"}},
        "then": {"note": "Bo has it from Ana."},
    }
    story = ruled({"handover": rule})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.do(Assign, "ana", asked, assignee="eva")
    story.do(Assign, "ana", asked, assignee="bo")
    assert by_rule(story, asked, "handover") == []  # it was Eva's
    story.do(Assign, "ana", asked, assignee="ana")
    story.do(Assign, "ana", asked, assignee="bo")
    assert by_rule(story, asked, "handover") == ["note.added"]
    story.do(AddTag, "ana", asked, tag="vip")
    story.do(Assign, "ana", asked, assignee="ana")
    story.do(Assign, "ana", asked, assignee="bo")
    assert by_rule(story, asked, "handover") == ["note.added"]


def test_groups_of_conditions_are_alternatives() -> None:
    groups = [{"channel": "mail:*"}, {"channel": "dm:*", "by": "customer"}]
    story = ruled({"greet": {"on": "request.opened", "if": groups, "then": {"add_tag": "vip"}}})
    asked = [
        story.say("cara", "Hello?", channel=channel) for channel in ("mail:desk", "dm:cara", "chat:lobby")
    ]
    assert [story.conversation(each).tags for each in asked] == [("vip",), ("vip",), ()]


def test_a_rule_sees_what_the_rule_before_it_did() -> None:
    free = {"assignee": False}
    story = ruled(
        {
            "first": {"on": "request.opened", "if": free, "then": {"assign": "ana"}},
            "second": {"on": "request.opened", "if": free, "then": {"assign": "bo"}},
        }
    )
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).assignee == "ana"
    assert by_rule(story, asked, "second") == []


# --- once for each cause ---


def test_a_rule_answers_one_operation_once_for_each_request() -> None:
    on = ["message.received", "conversation.opened", "request.opened", "request.assigned"]
    story = ruled({"note": {"on": on, "then": {"note": "Seen."}}}, {"owner": "bo"})
    asked = story.say("cara", "Where is my parcel?")
    assert by_rule(story, asked, "note") == ["note.added"]
    again = story.letter("cara", "And when?", to=asked)
    story.hear(again)
    assert by_rule(story, asked, "note") == ["note.added"] * 2
    assert story.engine.handle(again).duplicate
    assert by_rule(story, asked, "note") == ["note.added"] * 2


def test_a_conflict_makes_no_rule_act_twice() -> None:
    class Contested(MemoryStore):
        """Refuses the first commit of each key once, as another writer would make it."""

        def __init__(self) -> None:
            super().__init__()
            self.refused = 0

        def commit(self, batch: Any) -> None:
            if batch.entries and batch.entries[0].stream != "desk" and self.refused < 3:
                self.refused += 1
                raise Duplicate("another was quicker")
            super().commit(batch)

    story = ruled({"greet": {"on": "request.opened", "then": {"reply": "Hello."}}}, store=Contested())
    asked = story.say("cara", "Where is my parcel?")
    assert by_rule(story, asked, "greet") == ["message.posted"]
    assert [x.queued.effect.tag for x in story.effects()].count("message.post") == 1


def test_rules_that_answer_each_other_stop_at_the_fifth_with_an_entry() -> None:
    story = ruled(
        {
            "away": {"on": "request.assigned", "then": {"unassign": True}},
            "back": {"on": "request.unassigned", "then": {"assign": "bo"}},
        }
    )
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    (stopped,) = [event for event in story.events(asked) if isinstance(event, e.LoopStopped)]
    assert stopped.depth == 5
    assert story.tags(asked).count("request.unassigned") == 3
    assert story.engine.verify() == []


def test_rules_that_multiply_are_stopped_in_breadth() -> None:
    def spread(it: Occasion) -> Iterable[Command]:
        assert it.request is not None
        return [Route(by=it.by, request_id=it.request.id, queue="first") for _ in range(4)]

    several = [
        Automation(name=f"s{n}", on=frozenset({e.RequestOpened, e.RequestRouted}), then=spread)
        for n in range(3)
    ]
    story = Story(plugins=[Rules(*several)])
    asked = story.say("cara", "Where is my parcel?")
    assert story.tags(asked).count("request.routed") == 100
    stopped = {event.rule for event in story.events(asked) if isinstance(event, e.LoopStopped)}
    assert stopped == {"s0", "s1", "s2"}


# --- under its author's rights ---


def test_a_rule_may_do_what_its_author_may_do_now() -> None:
    rules = {
        "mine": {"author": "ana", "on": "request.opened", "then": [{"reply": "Hello."}, {"add_tag": "vip"}]}
    }
    story = ruled(rules)
    assert by_rule(story, story.say("cara", "Where is it?"), "mine") == ["message.posted", "tag.added"]
    restricted = {**AGENTS, "ana": {**AGENTS["ana"], "role": "restricted"}}
    story.engine.configure(desk_with(agents=restricted, rules=rules, tags=["vip"]))
    other = story.say("dan", "Where is it?")
    assert by_rule(story, other, "mine") == ["rule.refused", "tag.added"]
    (refused,) = [event for event in story.events(other) if isinstance(event, e.RuleRefused)]
    assert (refused.rule, refused.code, refused.command) == ("mine", "needs_review", "Reply")


def test_a_rule_sees_nothing_that_its_author_may_not_see() -> None:
    agents = {**AGENTS, "pat": {"name": "Pat", "channels": ["mail:*"]}}
    rules = {"peek": {"author": "pat", "on": "request.opened", "then": {"assign": "bo"}}}
    story = Story(desk=desk_with(agents=agents, rules=rules))
    asked = story.say("cara", "Where is my parcel?")
    (refused,) = [event for event in story.events(asked) if isinstance(event, e.RuleRefused)]
    assert refused.code == "unknown_id"
    assert story.request(asked).assignee is None
    assert story.request(story.say("cara", "Hello?", channel="mail:desk")).assignee == "bo"


def test_a_function_acts_for_the_host_or_for_its_author() -> None:
    def send(it: Occasion) -> Iterable[Command]:
        yield Reply(by=it.by, conversation_id=it.conversation.id, text="Hello.")

    opened = frozenset({e.RequestOpened})
    for author, tag in ((None, "message.posted"), ("rae", "rule.refused")):
        rule = Automation(name="send", on=opened, then=send, author=author)
        story = Story(desk=desk_with(agents=AGENTS), plugins=[Rules(rule)])
        assert by_rule(story, story.say("cara", "Where is it?"), "send") == [tag]


def test_a_refused_action_leaves_an_entry_and_the_others_are_carried_out() -> None:
    rule = {"on": "request.opened", "then": [{"wake": True}, {"assign": "bo"}]}
    story = ruled({"act": rule})
    asked = story.say("cara", "Where is my parcel?")
    assert by_rule(story, asked, "act") == ["rule.refused", "request.assigned", "conversation.accepted"]
    told = [
        line.what for line in story.engine.explain(asked.conversation_id or "") if line.tag == "rule.refused"
    ]
    assert told == ["refused Wake of rule act: not_on_hold"]


def test_an_action_on_a_request_where_there_is_none_is_refused() -> None:
    story = ruled({"act": {"on": "message.received", "then": {"assign": "bo"}}})
    said = story.say("cara", "Good morning.")
    (refused,) = [event for event in story.events(said) if isinstance(event, e.RuleRefused)]
    assert refused.code == "no_request"


# --- modes ---


def test_a_watched_rule_says_where_it_would_have_acted() -> None:
    rule = {
        "mode": "monitor",
        "on": "request.opened",
        "if": {"channel": "chat:*"},
        "then": {"close": "ignored"},
    }
    story = ruled({"watch": rule})
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).is_open
    assert by_rule(story, asked, "watch") == ["rule.matched"]
    assert by_rule(story, story.say("cara", "Hello?", channel="mail:desk"), "watch") == []


def test_a_rule_that_rests_leaves_nothing() -> None:
    story = ruled(
        {
            "off": {"mode": "inactive", "on": "request.opened", "then": {"close": "ignored"}},
            "late": {"mode": "inactive", "after": "1h", "then": {"close": "ignored"}},
        }
    )
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=2)
    assert story.tags(asked) == ["conversation.opened", "message.received", "request.opened"]


# --- time since ---


def test_a_wait_is_over_once_also_after_downtime() -> None:
    story = ruled({"late": {"after": "1h", "then": {"add_tag": "late"}}}, {"nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=30, work=False)
    story.engine.work()
    story.wait(hours=30)
    waits = [event for event in story.events(asked) if isinstance(event, e.RuleWaited)]
    assert [(each.rule, each.matched) for each in waits] == [("late", True)]
    assert by_rule(story, asked, "late") == ["tag.added"]
    assert story.engine.verify() == []


def test_a_wait_is_over_exactly_when_it_is_due() -> None:
    story = ruled({"late": {"after": "1h", "then": {"add_tag": "late"}}})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(minutes=59, seconds=59)
    assert story.conversation(asked).tags == ()
    assert story.engine.next_due() == story.wait(seconds=1)
    assert story.conversation(asked).tags == ("late",)


def test_what_happens_in_time_cancels_a_wait_for_nothing_to_happen() -> None:
    rule = {"after": "2h", "since": "customer_wrote", "if": {"answered": False}, "then": {"add_tag": "late"}}
    story = ruled({"unanswered": rule})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=1)
    story.say("cara", "Hello? Anybody?", to=asked)
    story.wait(hours=1, minutes=30)
    assert story.conversation(asked).tags == ()  # each message begins the wait anew
    story.say("ana", "Here I am.", to=asked)
    story.wait(hours=1)
    assert story.conversation(asked).tags == ()
    story.say("cara", "And?", to=asked)
    story.wait(hours=2)
    assert story.conversation(asked).tags == ("late",)
    waits = [event.matched for event in story.events(asked) if isinstance(event, e.RuleWaited)]
    assert waits == [False, True]


@pytest.mark.parametrize(
    ("since", "begins"),
    [
        ("opened", lambda story, asked: None),
        ("assigned", lambda story, asked: story.do(Take, "ana", asked)),
        ("held", lambda story, asked: story.do(Hold, "ana", asked, reason="third_party")),
        ("customer_wrote", lambda story, asked: story.say("cara", "Hello?", to=asked)),
        ("team_wrote", lambda story, asked: story.say("ana", "Hello.", to=asked)),
        ("active", lambda story, asked: story.say("ana", "Hello.", to=asked)),
    ],
)
def test_each_moment_that_a_wait_may_count_from(since: str, begins: Any) -> None:
    story = ruled({"late": {"after": "3h", "since": since, "then": {"note": "Late."}}}, {"nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    begun = story.now
    if since != "opened":
        story.wait(hours=1)
        begins(story, asked)
        begun = story.now
    while by_rule(story, asked, "late") == []:
        assert (story.now - begun).total_seconds() < 3 * 3600
        story.wait(minutes=10)
    assert (story.now - begun).total_seconds() == 3 * 3600


def test_a_wait_begins_anew_when_its_moment_comes_again() -> None:
    story = ruled({"late": {"after": "3h", "since": "assigned", "then": {"note": "Late."}}})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Take, "ana", asked)
    story.wait(hours=4)
    story.do(Assign, "ana", asked, assignee="bo")
    story.wait(hours=4)
    assert by_rule(story, asked, "late") == ["note.added"] * 2
    story.do(Unassign, "bo", asked)
    story.wait(hours=9)
    assert by_rule(story, asked, "late") == ["note.added"] * 2


def test_a_new_waiting_rule_looks_at_what_is_open_already() -> None:
    story = ruled({}, {"nudge_after": 0})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=1)
    rules = {"late": {"author": "adam", "after": "2h", "then": {"add_tag": "late"}}}
    story.engine.configure(desk_with({"nudge_after": 0}, agents=AGENTS, rules=rules, tags=["late"]))
    story.engine.tick()
    assert story.conversation(asked).tags == ()
    story.wait(hours=1)
    assert story.conversation(asked).tags == ("late",)


def test_a_watched_wait_does_nothing_and_is_over_all_the_same() -> None:
    story = ruled({"late": {"mode": "monitor", "after": "1h", "then": {"close": "ignored"}}})
    asked = story.say("cara", "Where is my parcel?")
    story.wait(hours=1)
    assert story.request(asked).is_open
    assert by_rule(story, asked, "late") == ["rule.matched"]
    story.wait(hours=5)
    assert by_rule(story, asked, "late") == ["rule.matched"]


def test_nothing_waits_for_what_is_closed() -> None:
    story = ruled({"late": {"after": "1h", "then": {"reopen": True}}})
    asked = story.say("cara", "Where is my parcel?")
    story.do(Close, "ana", asked)
    assert story.timers() == {}
    story.wait(hours=2)
    assert not story.request(asked).is_open


@given(st.lists(st.sampled_from(["wait", "take", "hold", "write", "answer", "close", "reopen"]), max_size=12))
def test_no_wait_is_ever_over_twice_for_one_moment(acts: list[str]) -> None:
    rules = {
        since: {"after": "2h", "since": since, "then": {"note": since}}
        for since in ("opened", "assigned", "held", "customer_wrote", "team_wrote", "active")
    }
    story = ruled(rules)
    asked = story.say("cara", "Where is my parcel?")
    does: Mapping[str, Any] = {
        "wait": lambda: story.wait(hours=1, minutes=15),
        "take": lambda: story.do(Take, "ana", asked),
        "hold": lambda: story.do(Hold, "ana", asked, reason="third_party"),
        "write": lambda: story.say("cara", "And now?", to=asked),
        "answer": lambda: story.say("ana", "Soon.", to=asked),
        "close": lambda: story.do(Close, "sue", asked),
        "reopen": lambda: story.do(Reopen, "sue", asked),
    }
    for act in (*acts, "wait", "wait"):
        try:
            does[act]()
        except (Refused, UnknownId):
            continue
    waits = [event for event in story.events(asked) if isinstance(event, e.RuleWaited)]
    assert len({(each.rule, each.request_id, each.since_at) for each in waits}) == len(waits)
    assert story.engine.verify() == []


# --- trying out ---


def test_dry_run_shows_what_a_candidate_would_do_and_stores_nothing() -> None:
    story = ruled({"greet": {"mode": "inactive", "on": "request.opened", "then": {"reply": "Hello."}}})
    letter = story.letter("cara", "Where is my parcel?")
    candidate = {
        "author": "ana",
        "on": ["request.opened"],
        "if": {"channel": "chat:*", "state": "unassigned", "not": {"tag": "vip"}},
        "then": [{"assign": "bo"}],
    }
    tried = story.engine.dry_run(letter, rules={"to_bo": candidate})
    (considered,) = tried.considered
    assert (considered.rule, considered.event, considered.matched) == ("to_bo", "request.opened", True)
    assert [(check.condition.fact, check.found, check.held) for check in considered.checks[0]] == [
        ("channel", ("chat:lobby",), True),
        ("state", ("unassigned",), True),
        ("tag", (), True),
    ]
    assert [event.tag for event in tried.made_by("to_bo")] == ["request.assigned", "conversation.accepted"]
    assert story.requests() == []
    assert story.request(story.hear(letter)).assignee is None  # it was a trial


def test_dry_run_says_why_a_rule_would_not_act() -> None:
    story = ruled({"vip": {"on": "request.opened", "if": {"tag": "vip"}, "then": {"assign": "bo"}}})
    tried = story.engine.dry_run(story.letter("cara", "Where is my parcel?"))
    (considered,) = tried.considered
    assert not considered.matched
    assert [(check.condition.fact, check.found, check.held) for check in considered.checks[0]] == [
        ("tag", (), False)
    ]
    assert tried.made_by("vip") == ()


def test_dry_run_shows_a_chain_of_rules() -> None:
    story = ruled(
        {
            "route": {"on": "request.opened", "then": {"route": "first"}},
            "tag": {"on": "request.routed", "if": {"queue": "first"}, "then": {"add_tag": "vip"}},
        }
    )
    tried = story.engine.dry_run(story.letter("cara", "Where is my parcel?"))
    assert [(each.rule, each.matched) for each in tried.considered] == [("route", True), ("tag", True)]
    assert [event.tag for event in tried.made_by("tag")] == ["tag.added"]


def test_dry_run_of_a_wait_acts_as_if_its_span_had_passed() -> None:
    story = ruled({"idle": {"after": "30d", "then": {"close": "expired"}}})
    asked = story.say("cara", "Where is my parcel?")
    candidate = {"author": "adam", "after": "2h", "if": {"assignee": False}, "then": {"assign": "ana"}}
    tried = story.engine.dry_run(asked.request_id or "", rules={"unclaimed": candidate})
    assert [(each.rule, each.matched) for each in tried.considered] == [("unclaimed", True)]
    assert [event.tag for event in tried.made_by("unclaimed")] == [
        "request.assigned",
        "conversation.accepted",
    ]
    assert [each.rule for each in story.engine.dry_run(asked.request_id or "").considered] == ["idle"]
    story.do(Take, "bo", asked)
    tried = story.engine.dry_run(asked.request_id or "", rules={"unclaimed": candidate})
    assert (tried.considered[0].matched, tried.made_by("unclaimed")) == (False, ())
    with pytest.raises(UnknownId):
        story.engine.dry_run("r_nothing")


def test_a_candidate_with_problems_is_refused_like_settings() -> None:
    story = ruled({})
    with pytest.raises(InvalidSettings, match=r"rules\.x\.then\[0\]: assign: no such agent: zed"):
        story.engine.dry_run(
            story.letter("cara", "Hello?"),
            rules={"x": {"author": "ana", "on": "request.opened", "then": [{"assign": "zed"}]}},
        )


# --- settings ---


def test_a_rule_has_a_name_that_no_plugin_uses() -> None:
    function = Automation(name="greet", on=frozenset({e.RequestOpened}), then=lambda it: ())
    story = ruled({"greet": {"on": "request.opened", "then": {"wake": True}}}, plugins=[Rules(function)])
    with pytest.raises(InvalidSettings, match=r"rules\.greet: a plugin brings a rule of this name"):
        story.engine.handle(story.letter("cara", "Hello?"))


WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "nobody's": ({"on": "request.opened", "then": {"wake": True}}, "author: must be a name, not None"),
    "author": (
        {"author": "zed", "on": "request.opened", "then": {"wake": True}},
        "author: no such author: zed",
    ),
    "event": ({"on": "request.opend"}, "on: no such event: request.opend; there are request.opened"),
    "own event": (
        {"on": "shipped"},
        "on: must be a name with a namespace such as 'acme.shipped', not 'shipped'",
    ),
    "own entries": ({"on": "rule.refused"}, "on: must have a namespace of the host's"),
    "both": ({"on": "request.opened", "after": "1h"}, "needs either 'on'"),
    "neither": ({}, "needs either 'on'"),
    "no span": ({"after": 0}, "after: must be more than 0"),
    "since": ({"after": "1h", "since": "birth"}, "since: must be one of opened"),
    "since what": ({"on": "request.opened", "since": "opened"}, "since: counts for 'after' only"),
    "mode": ({"on": "request.opened", "mode": "on"}, "mode: must be one of active"),
    "part": ({"on": "request.opened", "when": 1}, "when: unknown; known are author"),
    "fact": ({"on": "request.opened", "if": {"colour": "red"}}, "if.colour: unknown; known are state"),
    "fact of events before": ({"on": "request.opened", "if": {"was": {"by": "agent"}}}, "if.was.by: unknown"),
    "fact of events in waits": ({"after": "1h", "if": {"by": "agent"}}, "if.by: says something of an event"),
    "before in waits": ({"after": "1h", "if": {"was": {"tag": "vip"}}}, "if.was: nothing happened"),
    "word": ({"on": "request.opened", "if": {"state": "open"}}, "if.state: must be one of unassigned"),
    "agent": ({"on": "request.opened", "if": {"assignee": "zed"}}, "if.assignee: no such agent: zed"),
    "flag": ({"on": "request.opened", "if": {"answered": "no"}}, "if.answered: must be true or false"),
    "field": ({"on": "request.opened", "if": {"field": {"size": 1}}}, "if.field.size: no such field"),
    "group": ({"on": "request.opened", "if": ["vip"]}, "if[0]: must be a table of conditions"),
    "nothing": ({"on": "request.opened", "then": []}, "then: must name at least one action"),
    "action": (
        {"on": "request.opened", "then": {"fly": True}},
        "then: no such action: fly; known are assign",
    ),
    "two in one": (
        {"on": "request.opened", "then": [{"wake": True, "assign": "ana"}]},
        "then[0]: must be a table with one action",
    ),
    "queue": (
        {"on": "request.opened", "then": {"enqueue": "nowhere"}},
        "then: enqueue: no such queue: nowhere",
    ),
    "snooze": ({"on": "request.opened", "then": {"hold": "snoozed"}}, "then: hold: a snooze needs 'for'"),
    "merged": ({"on": "request.opened", "then": {"close": "merged"}}, "then: close: merged needs a request"),
    "words as data": (
        {"on": "request.opened", "then": {"record": {"name": "a.b", "data": {"x": "two words"}}}},
        "then: record: data['x'] must be a word",
    ),
    "destination": (
        {"on": "request.opened", "then": {"effect": {"kind": "a.b", "destination": "x"}}},
        "then: effect: SendEffect.destination must be 'transport:name'",
    ),
    "status": (
        {"on": "request.opened", "then": {"set_status": "odd"}},
        "then: set_status: no such status: odd",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_rule_with_problems_is_refused_with_its_path(what: str) -> None:
    rule, told = WRONG[what]
    given = {"author": "ana", "then": {"wake": True}, **rule} if what != "nobody's" else rule
    with pytest.raises(InvalidSettings) as problem:
        compile_desk(desk_with(rules={"x": given}))
    told = f"rules.x.{told}" if not told.startswith("needs") else f"rules.x: {told}"
    assert any(each.startswith(told) for each in problem.value.problems), problem.value.problems


def test_all_problems_of_all_rules_are_told_at_once() -> None:
    rules = {"a": {"on": "x"}, "b b": {"author": "ana", "on": "request.opened", "then": {"wake": True}}}
    with pytest.raises(InvalidSettings) as problem:
        compile_desk(desk_with(rules=rules, queues={"q": {"teams": ["nobody"]}}))
    paths = {each.partition(":")[0] for each in problem.value.problems}
    assert {"queues.q.teams", "rules.a.on", "rules.a.author", "rules.a.then", "rules.b b"} <= paths
