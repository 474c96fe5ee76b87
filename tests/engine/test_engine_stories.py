"""The engine as a whole: rules, plugins, many at once, the inbox, deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from reqflow import (
    Automation,
    Close,
    Engine,
    Inbound,
    Occasion,
    Reply,
    Requests,
    Route,
    Take,
    agent,
    hookimpl,
)
from reqflow.core import events as e
from reqflow.core.effects import Effect, NotifyAgent, PostMessage
from reqflow.core.facts import Outcome
from reqflow.core.model import Actor, ActorKind
from reqflow.errors import InvalidSettings, PluginError, Refused, ReqflowError, UsageError
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import EffectState, Receipt, ReceiptKind
from reqflow.testing.desks import DESK, START, Story, desk_with


class Rules:
    def __init__(self, *rules: Automation) -> None:
        self.rules = rules

    @hookimpl
    def reqflow_automations(self) -> Iterable[Automation]:
        return self.rules


def route_to(queue: str, name: str = "router") -> Automation:
    def then(it: Occasion) -> Iterable[Any]:
        yield Route(by=it.by, request_id=it.event.request_id, queue=queue)

    return Automation(name=name, on=frozenset({e.RequestOpened}), then=then)


def test_a_rule_answers_in_the_same_commit_under_its_own_name() -> None:
    story = Story(plugins=[Rules(route_to("first"))])
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).queue == "first"
    entry = story.engine.history(asked.conversation_id or "")[-1]
    assert entry.actor == Actor(ActorKind.AUTOMATION, "router") and entry.cause.rules == ("router",)
    assert entry.cause.key.startswith("in:")


def test_a_refused_rule_leaves_a_trace_and_harms_nobody() -> None:
    story = Story(plugins=[Rules(route_to("nowhere"))])
    asked = story.say("cara", "Where is my parcel?")
    assert story.request(asked).is_open
    assert story.tags(asked)[-1] == "rule.refused"


def test_rules_that_answer_each_other_stop_at_the_fifth() -> None:
    def ping(it: Occasion) -> Iterable[Any]:
        yield Route(by=it.by, request_id=it.event.request_id, queue="first")

    both = frozenset({e.RequestOpened, e.RequestRouted})
    story = Story(plugins=[Rules(Automation(name="ping", on=both, then=ping))])
    asked = story.say("cara", "Where is my parcel?")
    assert story.tags(asked).count("request.routed") == 5
    (stopped,) = [x for x in story.events(asked) if x.tag == "loop.stopped"]
    assert (stopped.rule, stopped.depth) == ("ping", 5)
    assert story.engine.verify() == []


def test_plugins_that_break_the_rules_are_named() -> None:
    class Awaited:
        @hookimpl
        async def reqflow_policies(self) -> Mapping[str, Any]:
            return {}

    class Misspelt:
        @hookimpl
        def reqflow_polices(self) -> Mapping[str, Any]:
            return {}

    class Twice:
        @hookimpl
        def reqflow_policies(self) -> Mapping[str, Any]:
            return {"fewest_open": lambda facts: None}

    for plugin, says in ((Awaited(), "Awaited"), (Misspelt(), "reqflow_polices"), (Twice(), "fewest_open")):
        with pytest.raises(PluginError, match=says):
            Engine(MemoryStore(), DESK, plugins=[plugin])
    with pytest.raises(PluginError, match="no-such"):
        Engine(MemoryStore(), DESK, plugins=["no-such"])


def test_an_observer_hears_of_commits_and_cannot_break_them() -> None:
    heard: list[Any] = []

    class Watching:
        @hookimpl
        def reqflow_committed(self, batch: Any) -> None:
            heard.append(batch)
            raise RuntimeError("not my day")

    story = Story(plugins=[Watching()])
    assert story.say("cara", "Hello?").request_id
    assert len(heard) == 2  # the desk, and the message


def test_an_engine_without_a_desk_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="reqflow init"):
        Engine(MemoryStore()).handle(Story().letter("cara", "Hello"))


@pytest.mark.row("92")
def test_settings_have_two_layers_and_tell_all_their_problems() -> None:
    desk = desk_with(
        {"grouping_within": "1m"},
        channels={"chat:*": {"kind": "chat"}, "chat:vip": {"kind": "chat", "grouping_within": "5m"}},
    )
    found = Story(desk=desk).engine.desk
    assert [found.settings(c).grouping_within.seconds for c in ("chat:a", "chat:vip")] == [60, 300]
    wrong = desk_with({"grouping": 3, "nudge_after": "soon"}, queues={"q": {"teams": ["nobody"]}})
    with pytest.raises(InvalidSettings) as problem:
        Engine(MemoryStore(), wrong).desk  # noqa: B018  (asking for it compiles it)
    assert len(problem.value.problems) >= 3


def test_two_engines_on_one_store_see_each_others_settings() -> None:
    story = Story()
    assert story.engine.desk.revision == 1
    other = Engine(story.store, workspace="desk", clock=story.time)
    assert other.desk.revision == 1
    story.engine.configure(desk_with({"detection": "off"}))
    assert other.handle(story.letter("cara", "Where is it?")).request_id is None
    assert other.desk.revision == 2


def test_the_same_settings_again_change_nothing() -> None:
    story = Story()
    assert story.engine.configure(desk_with()).revision == 1
    assert len(story.engine.history("desk")) == 1


# --- many at once ---


def letters(story: Story) -> list[Any]:
    asked = [story.letter(f"p{n}", "Where is it?", channel=f"chat:{n % 3}") for n in range(9)]
    for n, each in enumerate(list(asked)):
        asked.append(story.letter("ana", "Here", channel=each.channel, to=each.native))
        asked.append(story.letter(f"p{n}", "Thanks", channel=each.channel, to=each.native))
    asked.append(story.letter("p1", "And one more", channel="chat:1"))
    asked.append(story.letter("bo", "Anybody?", channel="chat:2"))
    return asked


def test_many_at_once_make_the_same_histories_as_one_by_one() -> None:
    one, many = (Story(chance=lambda: "5a" * 16) for _ in range(2))  # one salt, so that ids agree
    items = letters(one)
    outcomes = [one.engine.handle(each) for each in items]
    assert many.engine.handle_many(items) == outcomes
    assert one.partition() == many.partition()
    for outcome in outcomes:
        key = outcome.conversation_id or ""
        assert one.engine.history(key) == many.engine.history(key)
    assert many.engine.verify() == [] and one.effects() == many.effects() and one.timers() == many.timers()


def test_a_refused_one_leaves_the_others_alone() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    done = story.engine.handle_many(
        [
            Take(by=agent("ana"), request_id=asked.request_id or ""),
            Take(by=agent("bo"), request_id=asked.request_id or ""),
            Take(by=agent("bo"), request_id="r_nowhere"),
            story.letter("cara", "Number 17", to=asked),
            Close(by=agent("ana"), request_id=asked.request_id or ""),
        ]
    )
    assert [type(each).__name__ for each in done] == ["Outcome", "Refused", "UnknownId", "Outcome", "Outcome"]
    assert story.request(asked).resolution == "done"
    assert story.engine.verify() == []


def test_the_same_message_twice_in_one_batch_is_one_message() -> None:
    story = Story()
    letter = story.letter("cara", "Where is it?")
    first, second = story.engine.handle_many([letter, letter])
    assert isinstance(first, Outcome) and isinstance(second, Outcome)
    assert second.duplicate and second.request_id == first.request_id


# --- inbox and outbox ---


def test_accepted_messages_are_handled_in_order_by_a_worker() -> None:
    story = Story()
    items = [story.letter("cara", text, channel="dm:cara") for text in ("One", "Two", "Three")]
    assert [story.engine.accept(each) for each in items] == [True] * 3
    assert story.engine.accept(items[0]) is False
    assert story.partition() == {}
    story.engine.work()
    (request,) = story.requests()
    wrote = [line.what for line in story.engine.explain(request.id) if line.tag == "message.received"]
    assert wrote == ["wrote “One”", "wrote “Two”", "wrote “Three”"]
    story.engine.accept(items[1])  # a redelivery long after: taken, recognised, and gone
    story.engine.work()
    assert len(story.partition()) == 3


class Carrier:
    """A transport that answers what it is told to."""

    def __init__(self, *answers: Receipt | Exception, scheme: str = "*") -> None:
        self.scheme = scheme
        self.answers = list(answers)
        self.delivered: list[tuple[str, str]] = []

    @hookimpl
    def reqflow_transports(self) -> Iterable[Any]:
        return [self]

    def deliver(self, key: str, effect: Effect, texts: Mapping[str, str]) -> Receipt:
        answer = self.answers.pop(0) if self.answers else Receipt(kind=ReceiptKind.DELIVERED)
        if isinstance(answer, Exception):
            raise answer
        if answer.kind is ReceiptKind.DELIVERED:
            said = texts[effect.text.id] if isinstance(effect, PostMessage) else "notice"
            self.delivered.append((key, said))
        return answer


def test_a_delivered_reply_is_recorded_and_its_thread_known() -> None:
    carrier = Carrier(Receipt(kind=ReceiptKind.DELIVERED, native="post-1"))
    story = Story(plugins=[carrier])
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="Which one?")
    story.engine.work()
    assert [said for _, said in carrier.delivered] == ["Which one?"]
    assert story.tags(asked)[-1] == "message.delivered"
    answer = story.say("cara", "Number 17", to="post-1", after=600)
    assert answer.request_id == asked.request_id


def test_order_per_destination_survives_retries_and_keys_stay() -> None:
    carrier = Carrier(Receipt(kind=ReceiptKind.RETRY, retry_after=30.0), RuntimeError("lost"))
    story = Story(plugins=[carrier])
    asked = story.say("cara", "Where is my parcel?")
    for text in ("One", "Two", "Three"):
        story.do(Reply, "ana", asked, text=text)
    story.engine.work()
    assert carrier.delivered == []
    for _ in range(3):
        story.wait(seconds=60, work=False)
        story.engine.work()
    assert [said for _, said in carrier.delivered] == ["One", "Two", "Three"]
    assert all(each.state is EffectState.DONE for each in story.effects())


def test_a_refusal_for_good_is_recorded_and_lets_the_next_one_pass() -> None:
    carrier = Carrier(Receipt(kind=ReceiptKind.PERMANENT, code="channel_gone"))
    story = Story(plugins=[carrier])
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="One")
    story.do(Reply, "ana", asked, text="Two")
    story.engine.work()
    assert [said for _, said in carrier.delivered] == ["Two", "notice"]  # its holder is told
    assert "message.undelivered" in story.tags(asked)


def test_what_keeps_failing_is_parked_with_its_reason() -> None:
    carrier = Carrier(*[RuntimeError("a text that must not leak")] * 50)
    story = Story(plugins=[carrier])
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="One")
    for _ in range(8):
        story.engine.work()
        story.wait(hours=1, work=False)
    (effect,) = story.effects()
    assert (effect.state, effect.attempts, effect.note) == (EffectState.PARKED, 5, "RuntimeError")


def test_a_muted_engine_records_and_delivers_nothing() -> None:
    carrier = Carrier()
    story = Story(plugins=[carrier], muted=True)
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="One")
    story.engine.work()
    assert carrier.delivered == [] and [x.state for x in story.effects()] == [EffectState.MUTED]


def test_without_a_transport_effects_wait() -> None:
    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.do(Reply, "ana", asked, text="One")
    story.engine.work()
    assert [x.state for x in story.effects()] == [EffectState.READY]


def test_notices_are_settled_in_one_go() -> None:
    carrier = Carrier()
    story = Story(desk=desk_with(channels={"chat:*": {"kind": "chat", "owner": "eva"}}), plugins=[carrier])
    for n in range(30):
        story.say(f"p{n}", "Where is it?")
    story.engine.work()
    assert len(carrier.delivered) == 30
    assert {x.state for x in story.effects()} == {EffectState.DONE}
    assert all(isinstance(x.queued.effect, NotifyAgent) for x in story.effects())


def test_a_rule_that_raises_undoes_nothing_and_leaves_a_trace() -> None:
    def choke(it: Occasion) -> Iterable[Any]:
        raise ZeroDivisionError("a text that must not leak")

    story = Story(plugins=[Rules(Automation(name="choke", on=frozenset({e.MessageReceived}), then=choke))])
    asked = story.say("cara", "Where is my parcel?")
    (refused,) = [x for x in story.events(asked) if x.tag == "rule.refused"]
    assert (refused.rule, refused.code) == ("choke", "ZeroDivisionError")
    assert story.request(asked).is_open


@pytest.mark.parametrize(
    ("answer", "told"), [([5], "returned_int"), (["tag it"], "returned_str"), (7, "TypeError")]
)
def test_a_rule_that_answers_no_commands_undoes_nothing_either(answer: Any, told: str) -> None:
    rule = Automation(name="odd", on=frozenset({e.MessageReceived}), then=lambda it: answer)
    story = Story(plugins=[Rules(rule)])
    asked = story.say("cara", "Where is my parcel?")
    (refused,) = [x for x in story.events(asked) if x.tag == "rule.refused"]
    assert (refused.rule, refused.code) == ("odd", told)
    assert story.request(asked).is_open


def test_a_policy_that_raises_parks_its_timer_and_the_rest_goes_on() -> None:
    class Choking:
        @hookimpl
        def reqflow_policies(self) -> Mapping[str, Any]:
            return {"choking": lambda facts: 1 / 0}

    queues = {"bad": {"teams": ["support"], "policy": "choking"}}
    channels = {"line:*": {"kind": "direct", "queue": "bad"}, "chat:*": {"kind": "chat"}}
    story = Story(
        desk=desk_with({"nudge_after": "1h"}, queues=queues, channels=channels), plugins=[Choking()]
    )
    story.say("cara", "Help", channel="line:1")
    asked = story.say("dan", "Where is it?")
    story.do(Take, "ana", asked)
    for _ in range(8):
        story.wait(hours=2)
    assert "request.nudged" in story.tags(asked)


def test_errors_are_all_of_one_family() -> None:
    assert issubclass(Refused, ReqflowError) and issubclass(PluginError, UsageError)


def test_a_workspace_named_beside_the_settings_is_where_everything_goes():
    store, settings = MemoryStore(), {"channels": {"web:*": {"kind": "chat", "detection": "always"}}}
    engine = Engine(store, settings, workspace="other")
    said = Inbound(channel="web:w", author="web:u", native="1", sent_at=START, text="Hello")
    assert engine.handle(said).request_id is not None
    assert engine.desk.workspace == "other"
    assert len(engine.read(Requests()).items) == 1
    assert store.query("main", Requests()).items == ()
    assert Engine(store, workspace="other").handle(said).duplicate
