"""Work that takes long: leases are kept while a round goes on, hanging transports are given up, nobody settles late."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from reqflow import AsyncEngine, Engine, Inbound, Reply, hookimpl
from reqflow.core.batch import LeaseQueue
from reqflow.core.effects import PostMessage
from reqflow.core.events import MessageDelivered
from reqflow.core.settings import Desk
from reqflow.errands import MOST
from reqflow.errors import CorruptRecord, StaleLease, StoreUnavailable
from reqflow.flow import AskExtend, Context, Pace, serving
from reqflow.flow.holding import TRIES, Holding
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Effects, EffectState, Receipt, ReceiptKind
from reqflow.testing.desks import DESK, QuestionMark, Story
from reqflow.testing.samples import START, make_batch, make_effect, make_item, moment

pytestmark = pytest.mark.usefixtures("full_pace")

OWN_PACE = Pace.size

DONE = Receipt(kind=ReceiptKind.DELIVERED)
SHORT = 0.05


class Carrier:
    """Delivers everything, and lets ``meanwhile`` happen first. Counts the copies of each effect."""

    scheme = "*"

    def __init__(self, meanwhile: Callable[[str], Any] = lambda key: DONE) -> None:
        self.meanwhile = meanwhile
        self.copies: Counter[str] = Counter()
        self.order: list[str] = []

    def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        self.copies[key] += 1
        self.order.append(key)
        return self.meanwhile(key)

    @hookimpl
    def reqflow_transports(self) -> tuple[Any, ...]:
        return (self,)


def two_workers(one: Any, other: Any, seconds: float | None = None) -> tuple[Story, Engine]:
    """Two engines with a clock and a store in common; the first waits so long for a delivery."""
    story = Story(plugins=[one], deliver_within=seconds)
    second = Engine(
        story.store, DESK, plugins=[other], classifier=QuestionMark(), clock=story.time, deliver_within=None
    )
    _ = story.engine.desk, second.desk
    return story, second


def queue(store: Any, *destinations: str) -> None:
    """An effect for each destination."""
    effects = tuple(make_effect(number, to) for number, to in enumerate(destinations))
    store.commit(make_batch(effects=effects))


def states(store: Any) -> dict[str, str]:
    """Where each effect stands, by the number of its id."""
    return {each.queued.id[-1]: str(each.state) for each in store.query("desk", Effects()).items}


# --- leases are kept ---


def test_a_round_that_takes_longer_than_its_leases_keeps_them() -> None:
    """Ten deliveries of twenty seconds under leases of sixty, beside a worker who takes whatever lapses."""
    story: Story

    def slowly(key: str) -> Receipt:
        story.now += timedelta(seconds=20)
        assert second.serve() == 0
        return DONE

    one, other = Carrier(slowly), Carrier()
    story, second = two_workers(one, other)
    queue(story.store, *(f"chat:{n}" for n in range(10)))
    assert story.engine.serve() == 10
    assert set(one.copies.values()) == {1}
    assert not other.copies
    assert set(states(story.store).values()) == {"done"}


@pytest.mark.parametrize("kept", [True, False])
def test_messages_that_are_judged_slowly_stay_with_their_worker(kept: bool) -> None:
    """Without the heartbeat the other worker gets them."""
    story: Story

    class Slow(QuestionMark):
        def classify(self, inbound: Inbound) -> Any:
            story.now += timedelta(seconds=25)
            if kept:
                assert second.serve() == 0
            return super().classify(inbound)

    story = Story(classifier=Slow())
    second = Engine(story.store, DESK, classifier=QuestionMark(), clock=story.time)
    _ = second.desk
    for number in range(6):
        story.engine.accept(story.letter(f"writer{number}", f"{number}?"))
    story.engine.serve(leased_for=timedelta(seconds=60 if kept else 10_000))
    assert len(story.partition()) == 6
    assert story.engine.verify() == []


def test_what_was_delivered_is_settled_before_the_rest_is_kept() -> None:
    """So whoever dies later does not leave it to be delivered once more."""
    story: Story

    class Death(BaseException):
        pass

    def slowly(key: str) -> Receipt:
        story.now += timedelta(seconds=20)
        if len(one.copies) == 6:
            raise Death
        return DONE

    one, other = Carrier(slowly), Carrier()
    story, second = two_workers(one, other)
    queue(story.store, *(f"chat:{n}" for n in range(8)))
    with pytest.raises(Death):
        story.engine.serve()
    story.now += timedelta(seconds=61)
    second.work()
    assert all(count <= 2 for count in (one.copies + other.copies).values())
    assert not {"e_0000", "e_0001", "e_0002", "e_0003"} & set(other.copies)
    assert set(states(story.store).values()) == {"done"}


def test_a_worker_that_sleeps_past_its_lease_settles_nothing_and_goes_on_with_nothing() -> None:
    """It wakes in the middle of a delivery, and everything it held has been served by somebody else."""
    story: Story

    def asleep(key: str) -> Receipt:
        if len(one.order) == 1:
            story.now += timedelta(seconds=90)
            second.work()
        return Receipt(kind=ReceiptKind.RETRY, code="late")

    one, other = Carrier(asleep), Carrier()
    story, second = two_workers(one, other)
    queue(story.store, "chat:a", "chat:a", "chat:b", "chat:c")
    story.engine.serve()
    assert one.order == ["e_0000"]
    assert other.order == ["e_0000", "e_0001", "e_0002", "e_0003"]
    assert set(states(story.store).values()) == {"done"}
    assert {each.attempts for each in story.effects()} == {2}


def test_who_lost_an_effect_parks_nothing_and_what_follows_it_waits() -> None:
    """It wakes from its last try when somebody else has the effect: whether that is parked is not its to say."""

    def failing(key: str) -> Receipt:
        if key != "e_0000":
            return DONE
        if one.copies[key] == TRIES:
            story.now += timedelta(seconds=90)
            until = story.now + timedelta(seconds=60)
            taken = story.store.lease("desk", LeaseQueue.OUTBOX, now=story.now, until=until, limit=1)
            assert [each.id for each in taken] == ["e_0000"]
        raise ConnectionError

    one = Carrier(failing)
    story = Story(plugins=[one], deliver_within=None)
    queue(story.store, "chat:a", "chat:a")
    for _ in range(TRIES):
        story.engine.serve()
        story.now += timedelta(seconds=30)
    assert one.order == ["e_0000"] * TRIES
    assert states(story.store) == {"0": "ready", "1": "ready"}


def test_a_message_judged_by_somebody_who_overslept_is_placed_once() -> None:
    story: Story

    class Asleep(QuestionMark):
        def classify(self, inbound: Inbound) -> Any:
            story.now += timedelta(seconds=90)
            second.work()
            return super().classify(inbound)

    story = Story(classifier=Asleep())
    second = Engine(story.store, DESK, classifier=QuestionMark(), clock=story.time)
    _ = second.desk
    for number in range(3):
        story.engine.accept(story.letter("cara", f"{number}?"))
    story.engine.serve()
    assert len(story.partition()) == 3
    assert story.engine.verify() == []
    assert story.engine.backlog()[0].waiting == 0


def test_of_many_leases_the_lost_ones_leave_and_the_others_are_kept() -> None:
    now = START
    store = MemoryStore()
    store.commit(make_batch(inbox=tuple(make_item(n, f"lane{n}") for n in range(3))))
    leases = store.lease("desk", LeaseQueue.INBOX, now=now, until=moment(60), limit=9)
    context = Context(desk=Desk(workspace="desk"), clock=lambda: now, policies={})
    held = Holding(context, leases, now)

    def keep() -> list[AskExtend]:
        asks: list[AskExtend] = []
        steps = held.keep()
        try:
            ask = next(steps)
            while True:
                assert isinstance(ask, AskExtend)
                asks.append(ask)
                try:
                    store.extend("desk", ask.leases, ask.until)
                except StaleLease as stale:
                    ask = steps.throw(stale)
                else:
                    ask = steps.send(None)
        except StopIteration:
            return asks

    now = moment(29)
    assert keep() == []
    store.settle("desk", leases[1:2])
    now = moment(30)
    assert [len(ask.leases) for ask in keep()] == [3, 1, 1, 1]
    assert held.leases() == (leases[0], leases[2])
    now = moment(59)
    assert keep() == []
    now = moment(60)
    assert {ask.until for ask in keep()} == {moment(120)}
    assert store.lease("desk", LeaseQueue.INBOX, now=moment(119), until=moment(999), limit=9) == []


# --- transports that hang ---


class Hanging(Carrier):
    """Hangs at some effects until it is let go; what it answers then comes too late."""

    def __init__(self, *hang: str) -> None:
        super().__init__(self.hang)
        self.at = set(hang)
        self.free = threading.Event()

    def hang(self, key: str) -> Receipt:
        if key in self.at:
            self.free.wait(30)
        return DONE


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging("e_0001", "e_0003")
    yield made
    made.free.set()


def test_a_delivery_that_hangs_is_given_up_and_the_others_go_on(hanging: Hanging) -> None:
    story = Story(plugins=[hanging], deliver_within=SHORT)
    _ = story.engine.desk
    queue(story.store, "chat:a", "chat:b", "chat:b", "chat:c", "chat:d", "chat:b")
    story.engine.serve()
    assert hanging.order == ["e_0000", "e_0001", "e_0003", "e_0004"]
    assert states(story.store) == {
        "0": "done", "1": "ready", "2": "ready", "3": "ready", "4": "done", "5": "ready"
    }  # fmt: skip
    hanging.at.clear()
    story.now += timedelta(seconds=2)
    story.engine.work()
    assert hanging.order[4:] == ["e_0001", "e_0002", "e_0003", "e_0005"]
    assert set(states(story.store).values()) == {"done"}


def test_what_a_slow_delivery_would_hold_up_is_given_back_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker delivers the others while it hangs; what follows it to its own destination waits for it. (P8)"""
    monkeypatch.setattr(serving, "PATIENCE", SHORT)

    def slowly(key: str) -> Receipt:
        end = time.monotonic() + 20
        while key == "e_0001" and len(other.order) < 3:
            assert time.monotonic() < end
            second.serve()
        return DONE

    one, other = Carrier(slowly), Carrier()
    story, second = two_workers(one, other, seconds=30)
    queue(story.store, "chat:a", "chat:b", "chat:b", "chat:c", "chat:d", "chat:e")
    assert story.engine.serve() == 2
    assert one.order == ["e_0000", "e_0001"]
    assert other.order == ["e_0003", "e_0004", "e_0005"]
    story.engine.work()
    assert one.order == ["e_0000", "e_0001", "e_0002"]
    assert {each.attempts for each in story.effects()} == {1}


def test_an_async_engine_gives_back_what_a_slow_delivery_would_hold_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "PATIENCE", SHORT)
    store, order, begun, others = MemoryStore(), [], asyncio.Event(), asyncio.Event()

    class Slow:
        scheme = "*"

        async def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
            if key == "e_0000":
                begun.set()
                await asyncio.wait_for(others.wait(), 20)
            order.append(key)
            if len(order) == 2:
                others.set()
            return DONE

    plugin = SimpleNamespace(reqflow_transports=hookimpl(lambda: [Slow()]))
    one, two = (AsyncEngine(store, DESK, plugins=[plugin], clock=lambda: START) for _ in range(2))
    queue(store, "chat:a", "chat:b", "chat:c")

    async def both() -> None:
        held_up = asyncio.create_task(one.serve())
        await begun.wait()
        while not held_up.done():
            await two.serve()
            await asyncio.sleep(0)

    asyncio.run(both())
    assert order == ["e_0001", "e_0002", "e_0000"]
    assert set(states(store).values()) == {"done"}


@pytest.mark.parametrize("ending", ["late", "raises"])
def test_a_slow_delivery_is_tried_again_like_any_other(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.01)
    free = threading.Event()

    def slowly(key: str) -> Receipt:
        if key == "e_0000" and carrier.copies[key] == 1:
            free.wait(30 if ending == "late" else 0.05)
            raise RuntimeError
        return DONE

    story = Story(plugins=[carrier := Carrier(slowly)], deliver_within=0.1 if ending == "late" else 30)
    _ = story.engine.desk
    queue(story.store, "chat:a", "chat:b")
    story.engine.serve()
    assert states(story.store) == {"0": "ready", "1": "ready"}
    assert carrier.order == ["e_0000"]
    free.set()
    story.engine.work()
    assert carrier.order == ["e_0000", "e_0001"]
    story.now += timedelta(minutes=2)
    story.engine.work()
    assert carrier.order == ["e_0000", "e_0001", "e_0000"]
    assert set(states(story.store).values()) == {"done"}


def test_one_that_always_hangs_is_parked_with_the_reason(hanging: Hanging) -> None:
    hanging.at = {"e_0001"}
    story = Story(plugins=[hanging], deliver_within=SHORT)
    _ = story.engine.desk
    queue(story.store, "chat:a", "chat:b", "chat:b")
    for _ in range(TRIES):
        story.engine.work()
        story.now += timedelta(minutes=5)
    assert hanging.copies["e_0001"] == TRIES
    (parked,) = story.effects(EffectState.PARKED)
    assert (parked.queued.id, parked.note, parked.attempts) == ("e_0001", "timed_out", TRIES)
    story.engine.work()
    assert states(story.store)["2"] == "done"


def test_when_too_many_hang_no_more_are_begun_and_none_is_blamed(hanging: Hanging) -> None:
    hanging.at = {f"e_{number:04}" for number in range(50)}
    story = Story(plugins=[hanging], deliver_within=0.01)
    _ = story.engine.desk
    queue(story.store, *(f"chat:{number}" for number in range(MOST + 4)))
    story.engine.serve()
    assert sum(hanging.copies.values()) == MOST
    tried = Counter(each.attempts for each in story.effects())
    assert tried == {1: MOST, 0: 4}
    hanging.at.clear()
    hanging.free.set()
    story.now += timedelta(minutes=2)
    while story.engine._ports.errands.hanging:
        threading.Event().wait(0.001)
    story.engine.work()
    assert set(states(story.store).values()) == {"done"}


def test_a_transport_that_wants_to_end_the_process_is_tried_again_like_any_that_fails() -> None:
    def leave(key: str) -> Receipt:
        raise SystemExit(3)

    story = Story(plugins=[carrier := Carrier(leave)])
    _ = story.engine.desk
    queue(story.store, "chat:a", "chat:b")
    assert story.engine.serve() == 2
    assert {(each.state, each.note) for each in story.effects()} == {("ready", "Exited")}
    carrier.meanwhile = lambda key: DONE
    story.now += timedelta(minutes=1)
    story.engine.work()
    assert set(states(story.store).values()) == {"done"}


def test_cancelled_it_does_not_wait_for_a_transport_that_takes_no_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reqflow import drivers

    monkeypatch.setattr(drivers, "GRACE", 0.01)
    begun, free = asyncio.Event(), asyncio.Event()

    class Deaf:
        scheme = "*"

        async def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
            begun.set()
            while not free.is_set():
                with suppress(asyncio.CancelledError):
                    await free.wait()
            return DONE

    store, plugin = MemoryStore(), SimpleNamespace(reqflow_transports=hookimpl(lambda: [Deaf()]))
    engine = AsyncEngine(store, DESK, plugins=[plugin], clock=lambda: START)
    queue(store, "chat:a")

    async def cancelled() -> None:
        serving = asyncio.create_task(engine.serve())
        await begun.wait()
        serving.cancel()
        done, _ = await asyncio.wait({serving}, timeout=10)
        assert done
        assert serving.cancelled()
        assert engine.store.backlog("desk", START)[1].leased == 0
        free.set()
        await asyncio.sleep(0)

    asyncio.run(cancelled())


def test_without_a_limit_a_transport_is_called_where_the_worker_is() -> None:
    threads = set()

    def note(key: str) -> Receipt:
        threads.add(threading.current_thread())
        return DONE

    story = Story(plugins=[Carrier(note)], deliver_within=None)
    queue(story.store, "chat:a", "chat:b")
    story.engine.work()
    assert threads == {threading.current_thread()}


def test_deliveries_of_one_round_share_a_thread() -> None:
    threads = []

    def note(key: str) -> Receipt:
        threads.append(threading.current_thread())
        return DONE

    story = Story(plugins=[Carrier(note)])
    queue(story.store, *(f"chat:{number}" for number in range(30)))
    story.engine.serve()
    assert len(threads) == 30
    assert len(set(threads)) == 1
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(("span", "within"), [(60, 20.0), (30, 10.0), (9, 3.0), (0, 20.0)])
def test_a_delivery_never_takes_so_long_that_its_lease_lapses(
    span: int, within: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reqflow import drivers

    told = []
    limit = drivers._limit

    def noted(ask: Any, ports: Any) -> float | None:
        told.append(limit(ask, ports))
        return told[-1]

    monkeypatch.setattr(drivers, "_limit", noted)
    story = Story(plugins=[Carrier()])
    queue(story.store, "chat:a")
    story.engine.serve(leased_for=timedelta(seconds=span))
    assert told == [within]


class Awaited(Hanging):
    """The same for an `AsyncEngine`, awaited."""

    async def deliver(self, key: str, effect: Any, texts: Any) -> Any:
        self.copies[key] += 1
        self.order.append(key)
        if key in self.at:
            await asyncio.sleep(30)
        return DONE


@pytest.mark.parametrize("kind", [Hanging, Awaited])
def test_an_async_engine_gives_up_what_hangs_as_well(kind: type[Hanging]) -> None:
    transport, store = kind("e_0001"), MemoryStore()
    now = START
    engine = AsyncEngine(store, DESK, plugins=[transport], clock=lambda: now, deliver_within=SHORT)
    queue(store, "chat:a", "chat:b", "chat:c")

    async def story() -> None:
        nonlocal now
        await engine.serve()
        assert states(store) == {"0": "done", "1": "ready", "2": "done"}
        transport.at.clear()
        now += timedelta(seconds=2)
        await engine.work()

    try:
        asyncio.run(story())
    finally:
        transport.free.set()
    assert transport.order == ["e_0000", "e_0001", "e_0002", "e_0001"]
    assert set(states(store).values()) == {"done"}


# --- transports that answer nonsense, effects that cannot be read ---


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (Receipt(kind=ReceiptKind.RETRY, retry_after=float("nan"), code="busy"), "busy"),
        (Receipt(kind=ReceiptKind.RETRY, retry_after="soon", code="busy"), "busy"),
        (Receipt(kind=ReceiptKind.UNKNOWN, code="550 <cara@x.test>: your words"), "unknown"),
        (Receipt(kind=ReceiptKind.PERMANENT, code="Hello\nworld"), "refused"),
        (Receipt(kind="sent"), "returned_no_kind"),
        (None, "returned_NoneType"),
    ],
)
def test_nonsense_is_tried_again_parked_and_never_kept(answer: Any, note: str) -> None:
    story = Story(plugins=[Carrier(lambda key: answer if key == "e_0000" else DONE)])
    queue(story.store, "chat:a", "chat:b")
    for _ in range(TRIES):
        story.engine.work()
        story.now += timedelta(minutes=5)
    parked, done = story.effects()
    assert (parked.state, parked.note) == (EffectState.PARKED, note)
    assert done.state is EffectState.DONE


@pytest.mark.parametrize("asked", [float("inf"), 1e300, -5.0])
def test_a_moment_to_try_again_lies_within_reason(asked: float) -> None:
    story = Story(
        plugins=[Carrier(lambda key: Receipt(kind=ReceiptKind.RETRY, retry_after=asked, code="busy"))]
    )
    queue(story.store, "chat:a")
    story.engine.serve()
    story.now += timedelta(days=1)
    story.engine.serve()
    (waiting,) = story.effects()
    assert (waiting.state, waiting.attempts) == (EffectState.READY, 2)


def test_a_word_that_stands_for_a_kind_will_do() -> None:
    story = Story(plugins=[Carrier(lambda key: Receipt(kind="delivered"))])
    queue(story.store, "chat:a")
    story.engine.work()
    assert states(story.store) == {"0": "done"}


def test_an_effect_whose_texts_cannot_be_read_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from reqflow.flow import ahead

    carrier = Carrier()
    story = Story(plugins=[carrier])
    queue(story.store, "chat:a", "chat:b", "chat:b", "chat:c")
    telling = ahead.Ahead.telling

    def broken(self: Any, queued: Any) -> Any:
        if queued.id == "e_0001":
            raise CorruptRecord("text t_1 cannot be decoded")
        return telling(self, queued)

    monkeypatch.setattr(ahead.Ahead, "telling", broken)
    for _ in range(TRIES):
        story.engine.work()
        story.now += timedelta(minutes=5)
    assert states(story.store) == {"0": "done", "1": "parked", "2": "done", "3": "done"}
    assert story.effects(EffectState.PARKED)[0].note == "text t_1 cannot be decoded"
    assert carrier.order == ["e_0000", "e_0003", "e_0002"]


def test_a_receipt_that_cannot_be_recorded_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is posted again, under its key, and in the end parked; the worker goes on."""
    carrier = Carrier()
    story = Story(plugins=[carrier])
    asked = [story.say(who, "Where is it?") for who in ("cara", "dan", "erin")]
    for each, text in zip(asked, ("One", "Two", "Three"), strict=True):
        story.do(Reply, "ana", each, text=text)
    commit = story.store.commit

    def broken(batch: Any) -> None:
        if any(
            isinstance(event, MessageDelivered) and entry.stream == asked[1].conversation_id
            for entry in batch.entries
            for event in entry.events
        ):
            raise TypeError("a bug, with very private words")
        commit(batch)

    monkeypatch.setattr(story.store, "commit", broken)
    for _ in range(TRIES + 1):
        story.engine.work()
        story.now += timedelta(minutes=5)
    posts = [each for each in story.effects() if isinstance(each.queued.effect, PostMessage)]
    assert [(each.state, each.note) for each in posts] == [
        (EffectState.DONE, None),
        (EffectState.PARKED, "TypeError"),
        (EffectState.DONE, None),
    ]
    assert "message.delivered" in story.tags(asked[2])


# --- what history is told of deliveries ---


class Posting(Carrier):
    """Posts answers, and notes how many were on record when each left."""

    def __init__(self, takes: float = 0) -> None:
        super().__init__(self.post)
        self.takes = timedelta(seconds=takes)
        self.on_record: list[int] = []
        self.commits: list[int] = []

    def post(self, key: str) -> Receipt:
        self.on_record.append(sum(self.commits))
        self.story.now += self.takes
        return DONE


def answered(posting: Posting, monkeypatch: pytest.MonkeyPatch, *channels: str) -> Story:
    """Answers in these channels that wait to be posted; commits that tell of postings are counted."""
    posting.story = story = Story(plugins=[posting], deliver_within=None)
    asked = [story.say(f"writer{n}", "Where?", channel=f"chat:{each}") for n, each in enumerate(channels)]
    story.engine.work()
    for each in asked:
        story.do(Reply, "ana", each, text="Here.")
    commit = story.store.commit
    posting.on_record, posting.order = [], []

    def counted(batch: Any) -> None:
        told = [
            each for entry in batch.entries for each in entry.events if isinstance(each, MessageDelivered)
        ]
        commit(batch)
        posting.commits += [len(told)] if told else []

    monkeypatch.setattr(story.store, "commit", counted)
    return story


def test_quick_deliveries_are_told_in_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = Posting()
    story = answered(posting, monkeypatch, "a", "b", "c", "d")
    assert story.engine.serve() == 4
    assert posting.commits == [4]
    assert {each.state for each in story.effects()} == {"done"}
    assert story.engine.verify() == []


def test_what_a_service_took_is_told_before_the_next_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever dies of the next would post this one again."""
    posting = Posting(takes=0.005)
    story = answered(posting, monkeypatch, "a", "b", "c")
    story.engine.serve()
    assert posting.on_record == [0, 1, 2]


def test_what_was_posted_is_told_before_the_next_to_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = Posting()
    story = answered(posting, monkeypatch, "a", "b", "a")
    story.engine.serve()
    assert posting.on_record == [0, 0, 2]


def test_one_that_somebody_else_has_by_now_is_theirs_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = Posting()
    story = answered(posting, monkeypatch, "a", "b", "c")

    def lost(key: str) -> Receipt:
        if len(posting.order) == 2:  # while the second is posted, the first is lost to somebody
            (first,) = [each for each in story.effects() if each.queued.id == posting.order[0]]
            found = story.store.lease(
                "desk", LeaseQueue.OUTBOX, now=moment(9e6), until=moment(9e6 + 60), limit=1
            )
            assert [each.item.id for each in found] == [first.queued.id]
        return DONE

    posting.meanwhile = lost
    story.engine.serve()
    assert posting.commits == [1, 1]
    assert [each.state for each in story.effects() if each.queued.id in posting.order] == [
        "ready",
        "done",
        "done",
    ]


# --- little at first ---


class Watched(MemoryStore):
    """Remembers how many effects were asked for at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def lease(self, workspace: Any, queue: LeaseQueue, **how: Any) -> Any:
        if queue is LeaseQueue.OUTBOX:
            self.asked.append(how["limit"])
        return super().lease(workspace, queue, **how)


@pytest.fixture
def own_pace(full_pace: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of these tests: an engine begins with little."""
    monkeypatch.setattr(Pace, "size", OWN_PACE)


@pytest.fixture
def busy(own_pace: None) -> tuple[Story, Carrier]:
    """An engine in the middle of its work, and what it delivers through."""
    carrier = Carrier()
    story = Story(store=Watched(), plugins=[carrier], deliver_within=None)
    queue(story.store, *(f"chat:{n}" for n in range(250)))
    assert story.engine.serve() == 100
    return story, carrier


def next_asked(story: Story) -> list[int]:
    """For how much it asks from now on."""
    del story.store.asked[:]
    story.engine.serve()
    return list(story.store.asked)


def test_who_begins_holds_little_and_takes_more_while_it_goes_well(busy: tuple[Story, Carrier]) -> None:
    """With a hundred from the first moment on, a hundred counted as lost whenever a worker died."""
    story, _ = busy
    assert story.store.asked == [1, 2, 4, 8, 16, 32, 37]
    assert next_asked(story) == [100]


def test_after_something_slow_it_begins_anew(busy: tuple[Story, Carrier]) -> None:
    story, carrier = busy

    def slowly(key: str) -> Receipt:
        story.now += timedelta(milliseconds=3)
        return DONE

    carrier.meanwhile = slowly
    assert next_asked(story) == [100]
    assert next_asked(story) == [1, 2, 4, 8, 16, 32]  # what is left of 250


def test_after_an_error_it_begins_anew(busy: tuple[Story, Carrier], monkeypatch: pytest.MonkeyPatch) -> None:
    story, _ = busy

    def fail(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(story.store, "settle", fail)
        with pytest.raises(StoreUnavailable):
            story.engine.serve()
    assert next_asked(story)[0] == 1


def test_after_something_that_workers_may_have_died_of_it_begins_anew(busy: tuple[Story, Carrier]) -> None:
    story, _ = busy
    for _ in range(TRIES + 1):  # those who had it since said nothing
        story.store.lease("desk", LeaseQueue.OUTBOX, now=story.now, until=story.now, limit=5)
    assert next_asked(story) == [100]
    assert next_asked(story)[:6] == [1, 1, 1, 1, 1, 2]  # four of them are left


def test_losses_do_not_use_up_the_attempts() -> None:
    """Six who had it died; then a transport refuses once, and once more. That is two attempts, and not too many."""
    story = Story(plugins=[carrier := Carrier()], deliver_within=None)
    queue(story.store, "chat:a")
    for _ in range(TRIES + 1):
        story.store.lease("desk", LeaseQueue.OUTBOX, now=story.now, until=story.now, limit=1)
    carrier.meanwhile = lambda key: Receipt(kind=ReceiptKind.UNKNOWN, code="odd")
    for _ in range(2):
        story.engine.serve()
        story.now += timedelta(hours=1)
    assert states(story.store) == {"0": "ready"}
    carrier.meanwhile = lambda key: DONE
    assert story.engine.serve() == 1
    assert states(story.store) == {"0": "done"}
