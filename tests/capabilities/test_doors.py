"""The doors by which a host extends a desk without a fork: recorded events, effects, timers, on(event) → commands.

The fifth door, declared fields, has its stories with the content of conversations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from reqflow import (
    AddTag,
    Assign,
    Automation,
    CancelTimer,
    Close,
    Command,
    Occasion,
    RecordEvent,
    Reopen,
    ScheduleFollowUp,
    SendEffect,
    SetTimer,
    agent,
    hookimpl,
)
from reqflow.core import events as e
from reqflow.core.effects import HostEffect
from reqflow.core.model import MAX_TIMERS, Actor, ActorKind, Audience
from reqflow.errors import Forbidden, InvalidInput, PluginError, Refused, UnknownId
from reqflow.ports import EffectState, Receipt, ReceiptKind
from reqflow.testing.desks import DESK, Rules, Story, desk_with

HOST = Actor(ActorKind.PLUGIN, "acme")
AGENTS = {**DESK["agents"], "adam": {"name": "Adam", "role": "admin"}}


def extended(rules: Mapping[str, Any] | None = None, **engine: Any) -> Story:
    authored = {name: {"author": "adam", **rule} for name, rule in (rules or {}).items()}
    return Story(desk=desk_with(agents=AGENTS, rules=authored, tags=["vip", "shipped"]), **engine)


def give(story: Story, command: type[Any], about: Any, by: Actor = HOST, **fields: Any) -> Any:
    return story.engine.handle(command(by=by, conversation_id=about.conversation_id, **fields))


# --- recorded events ---


@pytest.mark.row("58")
def test_a_host_puts_its_own_event_on_record_and_a_rule_answers_it() -> None:
    rule = {"on": "acme.shipped", "if": {"data": {"carrier": "post"}}, "then": {"reply": "It is on its way."}}
    story = extended({"tell": rule})
    asked = story.say("cara", "Where is my parcel?")
    before = story.conversation(asked)
    give(
        story,
        RecordEvent,
        asked,
        name="acme.shipped",
        data={"carrier": "post", "boxes": 2, "fragile": False, "at": story.now},
        texts={"label": "Cara, 1 High Street"},
        request_id=asked.request_id,
    )
    told = [line for line in story.engine.explain(asked.request_id or "") if line.tag == "host.recorded"]
    assert [(line.who, line.what) for line in told] == [
        (
            "plugin acme",
            "recorded acme.shipped (at 2024-03-01 09:00 UTC, boxes 2, carrier post, fragile no,"
            " label “Cara, 1 High Street”)",
        )
    ]
    assert story.tags(asked)[-1] == "message.posted"
    assert story.request(asked).state == "unassigned" and before.requests[0].state == "unassigned"
    give(story, RecordEvent, asked, name="acme.shipped", data={"carrier": "bike"})
    give(story, RecordEvent, asked, name="acme.returned", data={"carrier": "post"})
    assert story.tags(asked).count("message.posted") == 1
    assert story.engine.verify() == []


def test_an_event_of_a_host_moves_nothing() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    before = story.conversation(asked)
    give(story, RecordEvent, asked, name="acme.seen")
    after = story.conversation(asked)
    assert after.version == before.version + 1
    assert (after.requests, after.state, after.active_at) == (before.requests, before.state, before.active_at)


def test_customers_never_see_what_a_host_wrote() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    give(story, RecordEvent, asked, name="acme.seen", texts={"remark": "a difficult customer"})
    (event,) = [each for each in story.events(asked) if isinstance(each, e.HostRecorded)]
    (ref,) = [each.text for each in event.data]
    assert ref is not None and ref.audience is Audience.INTERNAL
    assert story.store.texts("desk", [ref.id], Audience.CUSTOMER) == {}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "shipped"}, "a name with a namespace"),
        ({"name": "request.closed"}, "one of reqflow's own"),
        ({"name": "Acme.Shipped"}, "a name with a namespace"),
        ({"name": "acme.x", "data": {"note": "two words"}}, "what people wrote goes into texts"),
        ({"name": "acme.x", "data": {"n": float("nan")}}, "finite number"),
        ({"name": "acme.x", "data": {"n": 2**60}}, "up to 2\\*\\*53"),
        ({"name": "acme.x", "data": {"at": datetime(2024, 1, 1)}}, "time zone"),
        ({"name": "acme.x", "data": {"x": ["list"]}}, "a code, a number, a flag or a moment"),
        ({"name": "acme.x", "data": {f"n{i}": i for i in range(33)}}, "up to 32"),
        ({"name": "acme.x", "data": {"n": 1}, "texts": {"n": "one"}}, "both data and texts hold n"),
    ],
)
def test_what_cannot_be_put_on_record_is_refused_at_the_door(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        RecordEvent(by=HOST, conversation_id="c_1", **fields)


def test_moments_of_a_host_are_kept_in_utc() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    there = datetime(2024, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    give(story, RecordEvent, asked, name="acme.seen", data={"at": there})
    (event,) = [each for each in story.events(asked) if isinstance(each, e.HostRecorded)]
    assert event.data[0].at == there and event.data[0].at.tzinfo is UTC


@pytest.mark.parametrize("command", [RecordEvent, SendEffect, SetTimer])
def test_the_request_of_another_conversation_is_no_request_here(command: type[Command]) -> None:
    story = extended()
    asked, other = story.say("cara", "Where is it?"), story.say("dan", "And mine?")
    needs = {
        RecordEvent: {"name": "acme.x"},
        SendEffect: {"kind": "acme.x", "destination": "acme:x"},
        SetTimer: {"name": "acme.x", "due_at": story.now + timedelta(hours=1)},
    }
    with pytest.raises(Refused) as told:
        give(story, command, asked, request_id=other.request_id, **needs[command])
    assert told.value.code == "not_here"
    with pytest.raises(UnknownId):
        give(story, command, asked, request_id="r_nowhere", **needs[command])


# --- effects ---


class Carrier:
    """Delivers whatever has its scheme, and effects of one kind; may fail first."""

    def __init__(self, scheme: str = "acme", kinds: Iterable[str] = ("acme.webhook",), fail: int = 0) -> None:
        self.scheme = scheme
        self.kinds = kinds
        self.fail = fail
        self.tried: list[str] = []
        self.delivered: list[tuple[Any, Mapping[str, str]]] = []

    @hookimpl
    def reqflow_transports(self) -> Iterable[Any]:
        return [self]

    def deliver(self, key: str, effect: Any, texts: Mapping[Any, str]) -> Receipt:
        self.tried.append(key)
        if len(self.tried) <= self.fail:
            return Receipt(kind=ReceiptKind.RETRY, code="later")
        self.delivered.append((effect, texts))
        return Receipt(kind=ReceiptKind.DELIVERED)


def test_the_transport_that_declares_a_kind_delivers_it_with_its_texts() -> None:
    carrier, other = Carrier(), Carrier("chat", kinds=())
    story = extended(plugins=[carrier, other])
    asked = story.say("cara", "Where is my parcel?")
    give(
        story,
        SendEffect,
        asked,
        kind="acme.webhook",
        destination="hooks:orders",
        data={"order": "a-17"},
        texts={"remark": "please hurry"},
    )
    story.engine.work()
    ((effect, texts),) = carrier.delivered
    assert (effect.kind, effect.destination, effect.conversation_id) == (
        "acme.webhook",
        "hooks:orders",
        asked.conversation_id,
    )
    assert [each.choice for each in effect.data if each.field == "order"] == ["a-17"]
    assert list(texts.values()) == ["please hurry"]
    assert [x for x, _ in other.delivered if isinstance(x, HostEffect)] == []
    assert story.engine.verify() == []


def test_effects_to_one_destination_keep_their_order_through_retries() -> None:
    carrier = Carrier(fail=2)
    story = extended(plugins=[carrier])
    asked = story.say("cara", "Where is my parcel?")
    for n in range(3):
        give(story, SendEffect, asked, kind="acme.webhook", destination="hooks:orders", data={"n": n})
    for _ in range(8):
        story.engine.work()
        story.wait(minutes=5)
    assert [effect.data[0].number for effect, _ in carrier.delivered] == [0, 1, 2]
    assert carrier.tried[0] == carrier.tried[1] == carrier.tried[2]  # one key over all retries


def test_a_kind_that_nobody_declares_waits_for_somebody_who_does() -> None:
    everything = Carrier("*", kinds=())
    story = extended(plugins=[everything])
    asked = story.say("cara", "Where is my parcel?")
    give(story, SendEffect, asked, kind="acme.webhook", destination="hooks:orders")
    story.engine.work()
    assert not [x for x, _ in everything.delivered if isinstance(x, HostEffect)]
    (waiting,) = [x for x in story.effects() if isinstance(x.queued.effect, HostEffect)]
    assert waiting.state is EffectState.READY


def test_two_transports_for_one_kind_are_refused() -> None:
    with pytest.raises(
        PluginError, match=r"'one' and 'two' both deliver effects of the kind 'acme\.webhook'"
    ):
        extended(plugins=[Carrier("one"), Carrier("two")])


def test_only_who_may_configure_the_desk_sends_things_anywhere() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    with pytest.raises(Forbidden):
        give(story, SendEffect, asked, by=agent("ana"), kind="acme.webhook", destination="hooks:x")
    give(story, SendEffect, asked, by=agent("adam"), kind="acme.webhook", destination="hooks:x")
    hooks = {
        "hook": {
            "author": "ana",
            "on": "request.opened",
            "then": {"effect": {"kind": "a.b", "destination": "x:y"}},
        }
    }
    sly = Story(desk=desk_with(agents=AGENTS, rules=hooks))
    assert "rule.refused" in sly.tags(sly.say("cara", "Where is it?"))
    assert not [x for x in sly.effects() if isinstance(x.queued.effect, HostEffect)]


# --- timers ---


def test_a_timer_of_a_host_fires_once_and_a_rule_answers_it() -> None:
    rule = {"on": "host.timer_fired", "if": {"name": "acme.chase"}, "then": {"note": "Chase the carrier."}}
    story = extended({"chase": rule})
    asked = story.say("cara", "Where is my parcel?")
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    give(story, SetTimer, asked, name="acme.other", due_at=story.now + timedelta(hours=2))
    story.wait(hours=1, minutes=59)
    assert "host.timer_fired" not in story.tags(asked)
    story.wait(hours=30)  # downtime
    assert story.tags(asked).count("host.timer_fired") == 2
    assert story.tags(asked).count("note.added") == 1
    story.wait(hours=30)
    assert story.tags(asked).count("host.timer_fired") == 2
    assert story.conversation(asked).timers == ()
    assert story.engine.verify() == []


def test_a_timer_is_moved_by_its_name_and_cancelled() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=4))
    story.wait(hours=3)
    assert "host.timer_fired" not in story.tags(asked)
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(minutes=1))
    story.wait(minutes=1)
    assert story.tags(asked).count("host.timer_fired") == 1
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=1))
    give(story, CancelTimer, asked, name="acme.chase")
    give(story, CancelTimer, asked, name="acme.chase")
    story.wait(hours=2)
    assert story.tags(asked).count("host.timer_fired") == 1
    assert story.tags(asked).count("host.timer_cancelled") == 1


def test_timers_survive_their_engine() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    again = extended(store=story.store)
    again.now = story.now
    again.wait(hours=2)
    assert "host.timer_fired" in again.tags(asked)


def test_what_waits_is_written_anew_from_history() -> None:
    story = extended({"late": {"after": "1h", "then": {"add_tag": "vip"}}})
    asked = story.say("cara", "Where is my parcel?")
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    later = story.now + timedelta(hours=3)
    story.do(ScheduleFollowUp, "ana", asked, text="All well?", due_at=later)
    story.wait(hours=1)
    before = story.conversation(asked)
    assert before.requests[0].waited and before.timers and before.follow_ups
    story.engine.rebuild()
    assert story.conversation(asked) == before
    story.wait(hours=2)
    tags = story.tags(asked)
    assert [tags.count(each) for each in ("rule.waited", "host.timer_fired", "follow_up.sent")] == [1, 1, 1]
    assert story.engine.verify() == []


def test_closing_ends_a_hosts_timers() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    story.do(Close, "ana", asked)
    assert (story.conversation(asked).timers, story.timers()) == ((), {})
    with pytest.raises(Refused, match="closed"):
        give(story, SetTimer, asked, name="acme.chase", due_at=story.now + timedelta(hours=2))
    story.do(Reopen, "ana", asked)
    story.wait(hours=3)
    assert "host.timer_fired" not in story.tags(asked)


def test_a_conversation_holds_only_so_many_timers() -> None:
    story = extended()
    asked = story.say("cara", "Where is my parcel?")
    later = story.now + timedelta(hours=2)
    for n in range(MAX_TIMERS):
        give(story, SetTimer, asked, name=f"acme.n{n}", due_at=later)
    with pytest.raises(Refused) as refusal:
        give(story, SetTimer, asked, name="acme.more", due_at=later)
    assert refusal.value.code == "too_many"
    give(story, SetTimer, asked, name="acme.n3", due_at=later + timedelta(hours=1))
    with pytest.raises(Refused, match="has passed already"):
        give(story, SetTimer, asked, name="acme.n3", due_at=story.now)


def test_a_rule_sets_a_timer_and_another_answers_it() -> None:
    story = extended(
        {
            "begin": {"on": "request.opened", "then": {"timer": {"name": "acme.chase", "after": "2h"}}},
            "taken": {"on": "request.assigned", "then": {"cancel_timer": "acme.chase"}},
            "fired": {"on": "host.timer_fired", "if": {"name": "acme.chase"}, "then": {"assign": "bo"}},
        }
    )
    asked, other = story.say("cara", "Where is it?"), story.say("dan", "And mine?")
    story.do(Assign, "ana", other, assignee="ana")
    story.wait(hours=2)
    assert (story.request(asked).assignee, story.request(other).assignee) == ("bo", "ana")


# --- on(event) → commands ---


def test_a_function_answers_events_and_sees_what_was_there_before() -> None:
    seen: list[Any] = []

    def handed_over(it: Occasion) -> Iterable[Command]:
        seen.append((it.request_before and it.request_before.assignee, it.request and it.request.assignee))
        if it.before is not None and it.request_before is not None and it.request_before.assignee == "ana":
            yield AddTag(by=it.by, conversation_id=it.conversation.id, tag="vip")

    rule = Automation(name="handed_over", on=frozenset({e.RequestAssigned}), then=handed_over)
    story = extended(plugins=[Rules(rule)])
    asked = story.say("cara", "Where is my parcel?")
    story.do(Assign, "ana", asked, assignee="ana")
    story.do(Assign, "ana", asked, assignee="bo")
    assert list(dict.fromkeys(seen)) == [(None, "ana"), ("ana", "bo")]  # it may be asked again
    assert story.conversation(asked).tags == ("vip",)


def test_functions_and_tables_answer_each_other_in_one_loop() -> None:
    def ship(it: Occasion) -> Iterable[Command]:
        yield RecordEvent(by=it.by, conversation_id=it.conversation.id, name="acme.shipped")

    function = Automation(name="ship", on=frozenset({e.RequestOpened}), then=ship)
    story = extended(
        {"tag": {"on": "acme.shipped", "then": {"add_tag": "shipped"}}},
        plugins=[Rules(function)],
    )
    asked = story.say("cara", "Where is my parcel?")
    assert story.conversation(asked).tags == ("shipped",)
    entry = story.engine.history(asked.conversation_id or "")[-1]
    assert entry.cause.rules == ("ship", "tag")


def test_a_watched_function_leaves_an_entry() -> None:
    from reqflow.core.settings import RuleMode

    def close(it: Occasion) -> Iterable[Command]:
        if it.request is not None:
            yield Close(by=it.by, request_id=it.request.id)

    rule = Automation(name="close", on=frozenset({e.RequestOpened}), then=close, mode=RuleMode.MONITOR)
    story = extended(plugins=[Rules(rule)])
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).is_open
    assert story.tags(asked)[-1] == "rule.matched"
