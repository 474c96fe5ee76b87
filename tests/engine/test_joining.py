"""In a host's transaction: its row and ours are there together or not at all, and the transaction stays the host's."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from reqflow import AsyncEngine, Close, Detection, Engine, Inbound, Prepared, Reply, Take, agent, hookimpl
from reqflow.core.events import MessageReceived
from reqflow.core.facts import Outcome
from reqflow.errors import (
    InvalidInput,
    Refused,
    UnknownId,
    UsageError,
)
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Effects, Requests
from reqflow.testing.desks import START, QuestionMark
from reqflow.testing.machines import Post

from .hosts import Host, says
from .scenario import Clock, everything, histories, prepared, the_day
from .test_sameness import contents

# --- together, or not at all ---


def test_both_are_there_once_the_host_commits(host: Host) -> None:
    with host.transaction() as connection:
        host.order(connection, 1)
        outcome = host.apply(connection, says("1"))
        host.order(connection, 2)
        assert host.messages() == []  # to nobody else
    assert host.orders() == [1, 2] and host.messages() == ["1"]
    (request,) = host.engine.read(Requests()).items
    assert request.id == outcome.request_id
    assert host.engine.verify() == []


def test_neither_is_there_when_the_host_rolls_back(host: Host) -> None:
    ready = host.engine.prepare(says("1"))
    with closing(host.connect()) as connection:
        host.begin(connection)
        host.order(connection, 1)
        host.engine.joined(connection).apply(ready)
        connection.rollback()
    assert host.orders() == [] and host.messages() == []
    with host.transaction() as connection:  # what was prepared is as good as before
        again = host.engine.joined(connection).apply(ready)
    assert not again.duplicate and host.messages() == ["1"]


def test_a_connection_that_dies_takes_both_with_it(host: Host) -> None:
    connection = host.connect()
    host.begin(connection)
    host.order(connection, 1)
    host.apply(connection, says("1"))
    connection.close()
    assert host.orders() == [] and host.messages() == []


def test_several_are_applied_in_one_transaction(host: Host) -> None:
    with host.transaction() as connection:
        joined = host.engine.joined(connection)
        first = joined.apply(host.engine.prepare(says("1", channel="dm:desk")))
        second = joined.apply(host.engine.prepare(says("2", channel="dm:desk")))
        taken = Take(by=agent("ana"), request_id=first.request_id)
        joined.apply(host.engine.prepare(taken))
    assert second.conversation_id == first.conversation_id
    (request,) = host.engine.read(Requests()).items
    assert request.assignee == "ana"
    assert host.engine.verify() == []


def test_what_was_handled_before_gets_its_first_outcome(host: Host) -> None:
    ready, late = host.engine.prepare(says("1")), host.engine.prepare(says("2"))
    with host.transaction() as connection:
        joined = host.engine.joined(connection)
        first = joined.apply(ready)
        again = joined.apply(ready)
    elsewhere = host.engine.handle(says("2"))
    with host.transaction() as connection:
        told = host.engine.joined(connection).apply(late)
    assert again.duplicate and again.message_id == first.message_id
    assert told.duplicate and told.message_id == elsewhere.message_id
    assert host.messages() == ["1", "2"]


def test_a_command_has_its_key_from_when_it_was_prepared(host: Host) -> None:
    asked = host.engine.handle(says("1"))
    reply = host.engine.prepare(Reply(by=agent("ana"), conversation_id=asked.conversation_id, text="Here."))
    for _ in range(2):
        with host.transaction() as connection:
            host.engine.joined(connection).apply(reply)
    assert len(host.messages()) == 2


def test_effects_wait_for_the_host_to_commit(host: Host) -> None:
    asked = host.engine.handle(says("1"))
    post = Post()
    engine = host.engine_for(Engine, plugins=[post])
    with closing(host.connect()) as connection:
        host.begin(connection)
        host.apply(connection, Reply(by=agent("ana"), conversation_id=asked.conversation_id, text="Here."))
        if host.kind == "postgres":  # on SQLite a worker has to wait for the file
            assert engine.serve() == 0
        connection.commit()
    assert engine.work() > 0
    assert [each.state for each in everything(host.store, Effects())] == ["done"]


# --- what cannot be leaves nothing, and the transaction goes on ---


@pytest.mark.parametrize("refusal", [Refused, UnknownId])
def test_a_refusal_leaves_the_transaction_to_the_host(host: Host, refusal: Any) -> None:
    asked = host.engine.handle(says("1"))
    host.engine.handle(Close(by=agent("ana"), request_id=asked.request_id))
    about = asked.request_id if refusal is Refused else "r_nowhere"
    before = histories(host.store)
    with host.transaction() as connection:
        host.order(connection, 1)
        with pytest.raises(refusal):
            host.apply(connection, Take(by=agent("bo"), request_id=about))
        host.order(connection, 2)
    assert host.orders() == [1, 2]
    assert histories(host.store) == before


def test_a_batch_that_fails_halfway_leaves_the_transaction_to_the_host(
    host: Host,
) -> None:
    """The message is written before the queue of effects is found to be gone."""
    table = {"sqlite": "agenda", "postgres": "reqflow.agenda"}[host.kind]
    with host.transaction() as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO away")
        host.order(connection, 1)
        with pytest.raises(Exception) as told:  # noqa: PT011  (SQLite and PostgreSQL call it different names)
            host.apply(connection, says("1"))
        assert type(told.value).__module__ == "reqflow.errors"
        host.order(connection, 2)
        connection.execute(f"ALTER TABLE {table.replace('agenda', 'away')} RENAME TO agenda")
    assert host.orders() == [1, 2] and host.messages() == []


def test_what_the_host_does_about_a_failure_is_up_to_it(host: Host) -> None:
    """A failed apply between two good ones takes nothing else with it."""
    with host.transaction() as connection:
        joined = host.engine.joined(connection)
        first = joined.apply(host.engine.prepare(says("1")))
        with pytest.raises(UnknownId):
            joined.apply(host.engine.prepare(Take(by=agent("ana"), request_id="r_nowhere")))
        joined.apply(host.engine.prepare(Take(by=agent("ana"), request_id=first.request_id)))
    (request,) = host.engine.read(Requests()).items
    assert request.assignee == "ana"
    assert host.engine.verify() == []


# --- prepared before, decided now ---


class Counting(QuestionMark):
    """Counts what it is asked, and knows whether it may be."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def classify(self, inbound: Inbound) -> Detection:
        self.asked.append(inbound.native)
        return super().classify(inbound)


def test_the_classifier_is_asked_before_the_transaction_and_only_where_it_is_needed(host: Host) -> None:
    counting = Counting()
    engine = host.engine_for(Engine, classifier=counting)
    ready = [
        engine.prepare(says("1")),
        engine.prepare(says("2", channel="dm:desk")),  # there every first message is a request
        engine.prepare(says("3", "tea?", "ana")),  # of the team
    ]
    assert counting.asked == ["1"]
    assert [each.detection is not None for each in ready] == [True, False, False]
    assert host.messages() == []
    with host.transaction() as connection:
        first, second, third = [engine.joined(connection).apply(each) for each in ready]
    assert first.request_id and second.request_id and third.request_id == first.request_id
    assert counting.asked == ["1"]


def detection_of(host: Host, outcome: Outcome) -> Any:
    entries = host.engine.history(outcome.conversation_id)
    events = [event for entry in entries for event in entry.events if isinstance(event, MessageReceived)]
    return events[-1].detection


def test_a_verdict_that_is_not_needed_any_more_is_not_used(host: Host) -> None:
    """As `handle` would do at that moment: by then an earlier message has opened the request that this one joins."""
    late = says("2", "the blue one?")
    ready = host.engine.prepare(late)
    assert ready.detection is not None
    host.engine.handle(says("1"))
    with host.transaction() as connection:
        outcome = host.engine.joined(connection).apply(ready)
    assert detection_of(host, outcome) is None
    assert len(host.engine.read(Requests()).items) == 1


def test_a_verdict_that_turns_out_to_be_needed_is_unknown_and_no_message_is_lost(host: Host) -> None:
    asked = host.engine.handle(says("1"))
    more = Inbound(
        channel="chat:lobby",
        author="chat:cara",
        native="2",
        sent_at=START,
        text="so it is",
        replies_to=("1",),
    )
    ready = host.engine.prepare(more)
    assert ready.detection is None  # it belongs to the open request
    host.engine.handle(Close(by=agent("ana"), request_id=asked.request_id, resolution="not_a_request"))
    with host.transaction() as connection:
        outcome = host.engine.joined(connection).apply(ready)
    assert outcome.request_id not in (None, asked.request_id)
    detection = detection_of(host, outcome)
    assert (detection.label, detection.by, detection.reasons) == ("unknown", "failed", ("not_prepared",))


def test_observers_do_not_hear_of_what_may_be_rolled_back(host: Host) -> None:
    heard: list[Any] = []

    class Listening:
        @hookimpl
        def reqflow_committed(self, batch: Any) -> None:
            heard.append(batch)

    engine = host.engine_for(Engine, plugins=[Listening()])
    with host.transaction() as connection:
        host.apply(connection, says("1"), engine)
    assert heard == []
    engine.handle(says("2"))
    assert len(heard) == 1


def test_a_desk_that_has_changed_is_taken_up(host: Host) -> None:
    ready = host.engine.prepare(says("1", channel="chat:new"))
    other = host.engine_for(Engine)
    settings = other.settings()
    settings["channels"]["chat:new"] = {"kind": "chat", "detection": "off"}
    revision = other.configure(settings).revision
    with host.transaction() as connection:
        assert host.engine.joined(connection).apply(ready).request_id is None
    assert host.engine.desk.revision == revision


def test_the_moment_may_be_given(host: Host) -> None:
    at = START + timedelta(days=3)
    ready = host.engine.prepare(says("1"), at=at)
    with host.transaction() as connection:
        outcome = host.engine.joined(connection).apply(ready)
    assert host.engine.history(outcome.conversation_id)[0].at == at


def test_the_day_leaves_the_same_desk_as_without_transactions(host: Host) -> None:
    """To the last field of history, state, effects and timers."""
    alone, clock = prepared(MemoryStore()), Clock()
    reference = Engine(alone, workspace="desk", clock=clock, classifier=QuestionMark(), plugins=[Post()])
    joining = host.engine_for(Engine, plugins=[Post()])
    with closing(host.connect()) as connection:
        for at, step, item in the_day().steps:
            clock.now = host.clock.now = at
            if step == "work":
                reference.work(leased_for=timedelta(0))
                joining.work(leased_for=timedelta(0))
            elif step == "accept":
                reference.accept(item)
                joining.accept(item)
            else:
                host.begin(connection)
                told = host.apply(connection, item, joining)
                connection.commit()
                assert told == reference.handle(item)
    assert contents(host.store) == contents(alone)
    assert joining.verify() == []


# --- what cannot be joined ---


@pytest.mark.parametrize("given", [None, "desk.db", object()])
def test_only_a_drivers_connection_can_be_joined(host: Host, given: Any) -> None:
    with pytest.raises(UsageError, match=r"Connection is needed, not .*driver_connection"):
        host.engine.joined(given)


def test_a_closed_connection_is_refused(host: Host) -> None:
    connection = host.connect()
    joined = host.engine.joined(connection)
    connection.close()
    with pytest.raises(UsageError, match="closed"):
        joined.apply(host.engine.prepare(says("1")))


def test_a_store_without_a_database_cannot_join() -> None:
    class Plain:
        def __init__(self, inner: Any) -> None:
            self.recall, self.commit = inner.recall, inner.commit

    memory = prepared(MemoryStore())
    with pytest.raises(UsageError, match="MemoryStore keeps nothing in a database"):
        Engine(memory, workspace="desk").joined(None)
    with pytest.raises(UsageError, match="Plain cannot join"):
        Engine(Plain(memory), workspace="desk").joined(None)


def test_only_what_was_prepared_for_this_desk_is_applied(host: Host) -> None:
    ready = host.engine.prepare(says("1"))
    foreign = Prepared("other", ready.item, ready.key)
    with host.transaction() as connection:
        joined = host.engine.joined(connection)
        with pytest.raises(InvalidInput, match="what prepare returned"):
            joined.apply(ready.item)
        with pytest.raises(UsageError, match="'other'"):
            joined.apply(foreign)
    assert host.messages() == []


# --- awaited ---


def test_the_awaited_engine_joins_a_connection_of_another_kind_of_host(host: Host) -> None:
    async def story() -> Outcome:
        engine = host.engine_for(AsyncEngine)
        ready = await engine.prepare(says("1"))
        with closing(host.connect_for_threads()) as connection:
            host.order(connection, 1)
            outcome: Outcome = await engine.joined(connection).apply(ready)
            assert host.messages() == []
            connection.commit()
        return outcome

    outcome = asyncio.run(story())
    assert outcome.request_id is not None
    assert host.orders() == [1] and host.messages() == ["1"]


def test_whoever_is_cancelled_gets_the_connection_back_unused(host: Host) -> None:
    """The thread has done its work when the cancelled task goes on: the host may roll back at once."""
    begun, go = threading.Event(), threading.Event()

    async def story() -> None:
        engine = host.engine_for(AsyncEngine)
        ready = await engine.prepare(says("1"))
        with closing(host.connect_for_threads()) as connection:
            host.order(connection, 1)
            joined = engine.joined(connection)

            def slow() -> Any:
                begun.set()
                assert go.wait(5)
                return host.clock.now

            engine.clock = slow
            engine._usual = None
            task = asyncio.create_task(joined.apply(ready))
            await asyncio.to_thread(begun.wait, 5)
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
            go.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            connection.rollback()

    asyncio.run(story())
    assert host.orders() == [] and host.messages() == []
