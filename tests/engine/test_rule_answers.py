"""What rules answer is kept apart: each answer has ids of its own, and each rule a name of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reqflow import Automation, Effects, Engine, Inbound, Messages, Reply, hookimpl
from reqflow.core.events import MessageReceived, RequestOpened
from reqflow.errors import InvalidSettings, PluginError
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
SETTINGS = {"agents": {"ana": {"teams": ["support"]}}, "channels": {"chat:*": {"kind": "direct"}}}


class Says:
    """Brings a rule that answers some events with a reply, or several."""

    def __init__(self, name, *texts, on=(RequestOpened,)):
        self.rule = Automation(
            name=name,
            on=frozenset(on),
            then=lambda it: [
                Reply(by=it.by, conversation_id=it.conversation.id, text=text) for text in texts
            ],
        )

    @hookimpl
    def reqflow_automations(self):
        return [self.rule]


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "desk.db", create=True)
    yield made
    made.close()


def replies_to_a_first_message(store, *plugins):
    engine = Engine(store, SETTINGS, plugins=plugins, clock=lambda: NINE)
    engine.handle(Inbound(channel="chat:web", author="chat:carla", native="1", sent_at=NINE, text="hi"))
    messages = engine.read(Messages()).items
    effects = engine.read(Effects()).items
    assert len({each.id for each in messages}) == len(messages)
    assert len({each.queued.id for each in effects}) == len(effects) == len(messages) - 1
    assert engine.verify() == []
    (conversation,) = {each.conversation_id for each in messages}
    return [line.what for line in engine.explain(conversation) if line.tag == "message.posted"]


def test_one_rule_answers_a_message(store):
    assert replies_to_a_first_message(store, Says("a", "one")) == ["replied “one”"]


def test_two_rules_answer_one_event(store):
    told = replies_to_a_first_message(store, Says("a", "one"), Says("b", "two"))
    assert told == ["replied “one”", "replied “two”"]


def test_one_rule_answers_two_events_with_two_replies_each(store):
    told = replies_to_a_first_message(store, Says("a", "one", "two", on=(MessageReceived, RequestOpened)))
    assert told == ["replied “one”", "replied “two”"] * 2


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(PluginError, match="both bring a rule called 'a'"):
        Engine(MemoryStore(), SETTINGS, plugins=[Says("a", "one"), Says("a", "two")])


def test_a_queue_with_an_unknown_policy_is_refused_before_anything_is_stored():
    store = MemoryStore()
    queues = {"desk": {"teams": ["support"], "policy": "fewest_opened"}}
    with pytest.raises(InvalidSettings, match=r"queues\.desk\.policy: no such policy: fewest_opened"):
        Engine(store, {**SETTINGS, "queues": queues}).configure({**SETTINGS, "queues": queues})
    assert Engine(store, SETTINGS).desk.revision == 1
