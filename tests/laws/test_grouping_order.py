"""Which messages become one request does not depend on the order or the number of their arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reqflow import Inbound
from reqflow.testing.desks import START, Story, desk_with
from reqflow.testing.strategies import runs

WINDOW = timedelta(seconds=120)
Partition = frozenset[frozenset[str]]


def expected(messages: Sequence[Inbound], window: timedelta = WINDOW) -> Partition:
    """The reference: per author and channel, in the order of sending, a run from its first detected message."""
    groups: list[set[str]] = []
    for lane in {(each.channel, each.author) for each in messages}:
        mine = sorted(
            (each for each in messages if (each.channel, each.author) == lane),
            key=lambda m: (m.sent_at, "?" not in m.text),  # one moment has no order
        )
        current: set[str] | None = None
        last = None
        for each in mine:
            if current is not None and last is not None and each.sent_at - last <= window:
                current.add(each.native)
            elif "?" in each.text:
                current = {each.native}
                groups.append(current)
            else:
                current = None
            last = each.sent_at
    return frozenset(map(frozenset, groups))


def partition(story: Story) -> Partition:
    groups: dict[str, set[str]] = {}
    for native, request in story.partition().items():
        if request is not None:
            groups.setdefault(request, set()).add(native)
    return frozenset(map(frozenset, groups.values()))


def told(messages: Sequence[Inbound], desk: dict | None = None) -> Story:
    story = Story(desk=desk)
    story.now = START + timedelta(days=1)
    for each in messages:
        story.hear(each)
    return story


def shuffled(messages: list[Inbound], data: st.DataObject) -> list[Inbound]:
    twice = messages + data.draw(st.lists(st.sampled_from(messages), max_size=4), label="again")
    return data.draw(st.permutations(twice), label="arrival")


@given(messages=runs(), data=st.data())
@settings(max_examples=250)
def test_any_arrival_order_and_any_repetition_give_the_reference_partition(messages, data):
    story = told(shuffled(messages, data))
    assert partition(story) == expected(messages)
    assert story.engine.verify() == []


@given(messages=runs(authors=("chat:eva", "chat:cara"), channels=("chat:help",)), data=st.data())
@settings(max_examples=80)
def test_the_same_holds_for_colleagues_who_ask_where_an_owner_gets_everything(messages, data):
    channels = {"chat:help": {"kind": "chat", "responder_teams": ["support"], "owner": "ana"}}
    story = told(shuffled(messages, data), desk_with(channels=channels))
    assert partition(story) == expected(messages)
    assert story.engine.verify() == []


@given(messages=runs(channels=("mail:desk",), authors=("mail:cara",)), data=st.data())
@settings(max_examples=80)
def test_by_mail_every_first_message_counts_and_followers_join_it(messages, data):
    story = told(shuffled(messages, data))
    every = [
        Inbound(channel=m.channel, author=m.author, native=m.native, sent_at=m.sent_at, text="?")
        for m in messages
    ]
    assert partition(story) == expected(every)


@given(messages=runs(most=12), data=st.data())
@settings(max_examples=100)
def test_one_commit_for_many_gives_the_same_partition(messages, data):
    arrival = shuffled(messages, data)
    story = Story()
    story.now = START + timedelta(days=1)
    story.engine.handle_many(arrival)
    assert partition(story) == expected(messages)
    assert story.engine.verify() == []


@given(messages=runs(), shift=st.integers(-(10**9), 10**9))
@settings(max_examples=40)
def test_moving_everything_in_time_changes_nothing(messages, shift):
    story = Story()
    story.now = START + timedelta(days=20_000)
    moved = [
        Inbound(
            channel=m.channel,
            author=m.author,
            native=m.native,
            text=m.text,
            sent_at=m.sent_at + timedelta(seconds=shift),
        )
        for m in messages
    ]
    for each in moved:
        story.hear(each)
    assert partition(story) == expected(messages)


@given(data=st.data())
@settings(max_examples=60)
def test_replies_in_an_asked_thread_belong_to_its_request_in_any_order(data):
    """The thread's first message asks; whatever its author answers there is the same piece of work."""
    count = data.draw(st.integers(1, 6))
    root = Inbound(channel="chat:lobby", author="chat:cara", native="root", sent_at=START, text="How?")
    replies = [
        Inbound(
            channel="chat:lobby",
            author="chat:cara",
            native=str(number),
            sent_at=START + timedelta(hours=number + 1),
            text=data.draw(st.sampled_from(["more", "and so", "please"])),
            replies_to=("root",),
        )
        for number in range(count)
    ]
    story = told(shuffled([root, *replies], data))
    assert partition(story) == {frozenset({"root", *(each.native for each in replies)})}
    assert len(story.requests()) == 1
    assert story.engine.verify() == []


@pytest.mark.parametrize("count", [5, 40, 70, 200])
def test_a_late_first_question_pulls_in_however_much_was_said_after_it(count):
    later = [
        Inbound(
            channel="chat:lobby",
            author="chat:cara",
            native=str(n),
            text="so",
            sent_at=START + timedelta(seconds=60 * n),
        )
        for n in range(1, count + 1)
    ]
    first = Inbound(channel="chat:lobby", author="chat:cara", native="0", sent_at=START, text="Why?")
    story = told([*later, first])
    assert partition(story) == {frozenset(str(n) for n in range(count + 1))}
    assert story.engine.verify() == []


def test_a_run_that_arrives_backwards_is_one_request():
    run = [
        Inbound(
            channel="chat:lobby",
            author="chat:cara",
            native=str(n),
            text="what?",
            sent_at=START + timedelta(seconds=60 * n),
        )
        for n in range(300)
    ]
    story = told(run[::-1])
    assert len(partition(story)) == 1
    assert story.engine.verify() == []
