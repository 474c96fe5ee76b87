"""What operators see and do: a full inbox says so, poison is put aside and tried again, and no text gets into logs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from reqflow import AsyncEngine, Inbound, Reply, agent, hookimpl
from reqflow.errors import Forbidden, InvalidInput, Overloaded, Refused, StoreUnavailable
from reqflow.flow.holding import TRIES
from reqflow.ports import Backlog, EffectState, LeaseQueue, Parked, Receipt, ReceiptKind
from reqflow.testing.desks import DESK, QuestionMark, Story, desk_with

pytestmark = pytest.mark.usefixtures("full_pace")

DONE = Receipt(kind=ReceiptKind.DELIVERED)
INBOX, OUTBOX, AGENDA = LeaseQueue.INBOX, LeaseQueue.OUTBOX, LeaseQueue.AGENDA


class Spoiled(Exception):
    """What somebody's code raises, with the words that it was given."""


def poison(store: Any, **faults: Exception) -> None:
    """Let messages in channels of these names fail whenever they are to be stored, in the place of any bug."""
    commit = store.commit

    def spoil(batch: Any) -> None:
        for message in batch.messages:
            fault = faults.get(message.channel_id.partition(":")[2])
            if fault is not None:
                raise fault
        commit(batch)

    store.commit = spoil


class Carrier:
    """Delivers what it is not told to fail at."""

    scheme = "*"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.told: list[str] = []

    def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        (text,) = texts.values() or ("",)
        self.told.append(text)
        answer = self.answers.get(text, DONE)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @hookimpl
    def reqflow_transports(self) -> tuple[Any, ...]:
        return (self,)


def parked(story: Story, queue: LeaseQueue) -> list[Any]:
    return story.all(Parked(queue=queue))


# --- backpressure ---


def test_a_full_inbox_refuses_before_anybody_acknowledges() -> None:
    story = Story(inbox_limit=3)
    accepted: list[Inbound] = []
    refused: list[Inbound] = []
    for number in range(10):
        letter = story.letter(f"writer{number}", f"{number}?")
        try:
            (accepted if story.engine.accept(letter) else refused).append(letter)
        except Overloaded:
            refused.append(letter)
    assert (len(accepted), len(refused)) == (3, 7)
    assert story.engine.backlog()[0].waiting == 3
    assert story.engine.accept(accepted[0]) is False  # sent again it can be acknowledged
    for _ in range(3):  # and whoever was refused comes again
        story.engine.work()
        for letter in [*refused]:
            try:
                story.engine.accept(letter)
            except Overloaded:
                continue
            refused.remove(letter)
    story.engine.work()
    assert len(story.partition()) == 10


def test_overload_is_a_store_that_cannot_be_used_now() -> None:
    """Whoever answers 503 to that does so to this as well."""
    story = Story(inbox_limit=1)
    story.engine.accept(story.letter("cara", "1?"))
    with pytest.raises(StoreUnavailable, match="1 messages wait in the inbox already"):
        story.engine.accept(story.letter("dan", "2?"))


def test_ten_times_too_much_is_counted_to_the_last_one_and_soon_over() -> None:
    """Ten times as many come as are handled: what is accepted will be, and whoever is refused knows it."""

    def few(asked: Iterator[int]) -> bool:
        return next(asked) > 2

    story = Story(inbox_limit=50)
    counts: Counter[str] = Counter()
    for second in range(60):
        story.now += timedelta(seconds=1)
        for number in range(20):
            counts["offered"] += 1
            try:
                story.engine.accept(story.letter(f"writer{number}", f"{second} {number}?"))
                counts["accepted"] += 1
            except Overloaded:
                counts["refused"] += 1
        story.engine.serve(stopping=partial(few, count()))
    assert counts["accepted"] + counts["refused"] == counts["offered"]
    assert counts["refused"] > counts["accepted"] > 50
    assert story.engine.backlog()[0].waiting <= 50
    story.engine.work()
    assert story.engine.backlog()[0].waiting == 0
    assert len(story.partition()) == counts["accepted"]


def test_without_a_limit_everything_is_taken_in() -> None:
    story = Story()
    assert all(story.engine.accept(story.letter(f"w{n}", f"{n}?")) for n in range(200))


@pytest.mark.parametrize("limits", [{"inbox_limit": 0}, {"inbox_limit": "3"}, {"deliver_within": -1.0}])
def test_a_limit_that_is_none_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="must be a number above 0, or None"):
        Story(**limits)


def test_an_async_engine_refuses_as_well() -> None:
    story = Story()
    engine = AsyncEngine(story.store, DESK, clock=story.time, inbox_limit=1)
    assert asyncio.run(engine.accept(story.letter("cara", "1?")))
    with pytest.raises(Overloaded):
        asyncio.run(engine.accept(story.letter("dan", "2?")))


# --- poison ---


def test_one_in_a_hundred_is_poison_and_the_rest_is_done_with_little_lost() -> None:
    story = Story()
    poison(story.store, poison=Spoiled())
    total, bad = 400, 4
    for number in range(total):
        channel = "chat:poison" if number % (total // bad) == 7 else "chat:lobby"
        story.engine.accept(story.letter(f"writer{number}", f"{number}?", channel=channel))
    leased = Counter[str]()
    lease = story.store.lease

    def counted(workspace: Any, queue: LeaseQueue, **how: Any) -> Any:
        found = lease(workspace, queue, **how)
        leased.update(each.id for each in found if queue is INBOX)
        return found

    story.store.lease = counted
    for _ in range(40):
        story.engine.work()
        story.now += timedelta(seconds=10)
    assert len(story.partition()) == total - bad
    assert len(parked(story, INBOX)) == bad
    assert sum(leased.values()) <= total / 0.9
    assert {each.attempts for each in parked(story, INBOX)} == {TRIES}


def test_what_was_poison_is_handled_once_the_plugin_is_mended() -> None:
    """In the order of its lane: before what its author wrote since."""
    story = Story()
    whole = story.store.commit
    poison(story.store, poison=Spoiled())
    first = story.letter("cara", "first?", channel="chat:poison")
    story.engine.accept(first)
    for _ in range(TRIES):
        story.engine.work()
        story.now += timedelta(minutes=1)
    (aside,) = parked(story, INBOX)
    assert (aside.note, aside.attempts, aside.item.inbound) == ("Spoiled", TRIES, aside.item.inbound)
    placed: list[str] = []

    def commit(batch: Any) -> None:
        placed.extend(message.native for message in batch.messages)
        whole(batch)

    story.store.commit = commit
    second = story.letter("cara", "second?", channel="chat:poison")
    story.engine.accept(second)
    assert story.engine.requeue("inbox", [aside.id]) == (aside.id,)
    story.engine.serve()
    assert placed == [first.native, second.native]
    assert parked(story, INBOX) == []


def test_all_of_a_queue_is_tried_again_and_keeps_its_order() -> None:
    carrier = Carrier(One=Spoiled(), Two=Spoiled())
    story = Story(plugins=[carrier])
    _ = story.engine.desk
    asked = story.say("cara", "Where is it?")
    for text in ("One", "Two", "Three"):
        story.do(Reply, "ana", asked, text=text)
    for _ in range(2 * TRIES):
        story.engine.work()
        story.now += timedelta(minutes=5)
    assert [each.note for each in parked(story, OUTBOX)] == ["Spoiled", "Spoiled"]
    assert story.engine.requeue(OUTBOX) != ()
    carrier.answers.clear()
    carrier.told.clear()
    story.engine.work()
    assert carrier.told == ["One", "Two"]
    assert story.engine.requeue(OUTBOX) == ()
    assert story.effects(EffectState.PARKED) == []


def test_a_timer_that_was_parked_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story({"nudge_after": "1 h"})
    asked = story.say("cara", "Where is it?")
    story.say("ana", "on it", to=asked)
    with monkeypatch.context() as broken:
        broken.setattr(story.store, "commit", lambda batch: 1 / 0)
        for _ in range(TRIES):
            story.now += timedelta(hours=2)
            story.engine.tick()
    (aside,) = parked(story, AGENDA)
    assert (aside.id, aside.note) == (asked.conversation_id, "ZeroDivisionError")
    story.engine.requeue("agenda", [aside.id])
    story.engine.tick()
    assert "request.nudged" in story.tags(asked)


def test_requeueing_is_logged_by_ids_with_who_did_it(caplog: pytest.LogCaptureFixture) -> None:
    story = Story()
    poison(story.store, poison=Spoiled())
    story.engine.accept(story.letter("cara", "first?", channel="chat:poison"))
    for _ in range(TRIES):
        story.engine.work()
        story.now += timedelta(minutes=1)
    (aside,) = parked(story, INBOX)
    caplog.clear()
    with caplog.at_level(logging.INFO, "reqflow.queues"):
        story.engine.requeue("inbox", by=agent("ana"))
    assert caplog.messages == [f"inbox {aside.id} requeued by agent ana"]


def test_who_may_not_configure_does_not_see_what_is_parked() -> None:
    story = Story(
        desk=desk_with(agents={"ana": {"teams": ["support"]}, "ada": {"role": "admin", "teams": ["support"]}})
    )
    with pytest.raises(Forbidden):
        story.engine.read(Parked(queue=INBOX), by=agent("ana"))
    assert story.engine.read(Parked(queue=INBOX), by=agent("ada")).items == ()


@pytest.mark.parametrize("wrong", ["outboxes", None, 3])
def test_a_queue_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        Story().engine.requeue(wrong)
    with pytest.raises(InvalidInput):
        Parked(queue=wrong)


def test_one_id_is_not_taken_for_its_letters() -> None:
    with pytest.raises(InvalidInput):
        Story().engine.requeue("inbox", "in:chat")


# --- what is measured ---


def test_a_backlog_tells_of_every_queue() -> None:
    story = Story(plugins=[Carrier(One=Receipt(kind=ReceiptKind.RETRY, retry_after=600.0, code="busy"))])
    assert story.engine.backlog() == tuple(Backlog(queue=each) for each in LeaseQueue)
    story.engine.accept(story.letter("cara", "?"))
    story.now += timedelta(seconds=90)
    inbox, _, agenda = story.engine.backlog()
    assert (inbox.waiting, inbox.age) == (1, 90.0)
    assert agenda.waiting == 0
    story.engine.work()
    story.do(Reply, "ana", story.say("dan", "!?"), text="One")
    story.engine.work()
    story.now += timedelta(seconds=5)
    _, outbox, _ = story.engine.backlog()
    assert (outbox.waiting, outbox.retried, outbox.age) == (1, 1, 5.0)
    engine = AsyncEngine(story.store, DESK, clock=story.time)
    assert asyncio.run(engine.backlog()) == story.engine.backlog()


# --- logs ---


CANARY = "zq-canary-7"


def test_nothing_that_anybody_wrote_gets_into_logs_or_notes(caplog: pytest.LogCaptureFixture) -> None:
    """Through transports, classifiers and stores that fail with all they were given, and answer with it."""

    class Leaky(QuestionMark):
        def classify(self, inbound: Inbound) -> Any:
            if "judge" in inbound.text:
                raise Spoiled(inbound.text)
            return super().classify(inbound)

    answers = {
        f"{CANARY} raised": Spoiled(CANARY),
        f"{CANARY} told": Receipt(kind=ReceiptKind.RETRY, code=f"550 no such user: {CANARY} told"),
        f"{CANARY} mad": f"{CANARY} mad",
    }
    story = Story(plugins=[Carrier(**answers)], classifier=Leaky())
    poison(
        story.store,
        refused=Refused("no", f"{CANARY} no"),
        invalid=InvalidInput(f"{CANARY} cannot be"),
        spoiled=Spoiled(CANARY),
    )
    with caplog.at_level(logging.DEBUG):
        asked = story.say("erin", "?")
        for text in answers:
            story.do(Reply, "ana", asked, text=text)
        for number, channel in enumerate(("refused", "invalid", "spoiled", "judge")):
            letter = story.letter(f"w{number}", f"{CANARY} {channel}?", channel=f"chat:{channel}")
            story.engine.accept(letter)
        for _ in range(3 * TRIES):
            story.engine.work()
            story.now += timedelta(minutes=5)
    assert len(parked(story, INBOX)) == 3
    assert len(parked(story, OUTBOX)) == 3
    assert "parked" in caplog.text
    assert CANARY not in "".join(str(record.__dict__) for record in caplog.records)
    assert CANARY not in "".join(str(each.note) for queue in LeaseQueue for each in parked(story, queue))
    assert {each.note for each in parked(story, INBOX)} == {"no", "InvalidInput", "Spoiled"}
