"""Replay: messages through an engine in a time of their own; repeated, stopped and killed without harm."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from reqflow import Close, Effects, Engine, Inbound, Requests, RequestState, Streams, agent
from reqflow.errors import CorruptRecord, StoreUnavailable, UsageError
from reqflow.plugins.detector import RuleDetector
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.readers import Ignored, Rejected
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import EffectState
from reqflow.replay import Read, Report, in_order, replay

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DESK = {
    "agents": {
        "ana": {"teams": ["support"], "addresses": ["slack:UANA"]},
        "bo": {"teams": ["support"], "addresses": ["slack:UBO"]},
    },
    "queues": {"mail": {"teams": ["support"], "policy": "fewest_open", "capacity": 1}},
    "channels": {"slack:*": {"kind": "chat"}, "mail:*": {"kind": "mail", "queue": "mail"}},
}


def said(text: str, after: timedelta, *, channel="slack:C1", author="slack:U1", **fields: Any) -> Inbound:
    fields.setdefault("native", f"{text} {after}")
    return Inbound(channel=channel, author=author, sent_at=T0 + after, text=text, **fields)


STORY = [
    said("How do I reset my password?", 0 * MINUTE, native="q1"),
    said("it is urgent", 1 * MINUTE),
    said("I am looking", 3 * MINUTE, author="slack:UANA", replies_to=("q1",)),
    said("My invoice is wrong", 5 * MINUTE, channel="mail:b@x.test", author="mail:c@y.test"),
    said("Mine too", 6 * MINUTE, channel="mail:b@x.test", author="mail:d@y.test"),
    said("And mine", 7 * MINUTE, channel="mail:b@x.test", author="mail:e@y.test"),
    said("more words", 20 * MINUTE, author="slack:U2"),
    said("Where is the manual?", 19 * MINUTE, author="slack:U2"),  # late
    said("Any news?", 2 * DAY, replies_to=("q1",)),  # after a nudge
    said("Hello?", 3 * MINUTE, author="slack:U3"),  # late by days
    said("Is anybody there?", 50 * DAY, author="slack:U4"),  # after everything expired
]


def one_salt() -> str:
    """All desks get one salt, so that what is stored can be compared."""
    return "5a17" * 8


def engine_on(store: Any, now: datetime = T0 + 400 * DAY, **options: Any) -> Engine:
    options = {"muted": True, "chance": one_salt, **options}
    return Engine(store, DESK, classifier=RuleDetector(), clock=lambda: now, **options)


def dumped(store: MemoryStore | SQLiteStore) -> Any:
    """All that is stored; not who leased what when."""
    if isinstance(store, MemoryStore):
        reader = engine_on(store)
        streams = store.query("main", Streams()).items
        return [
            store.query("main", Requests(limit=10_000)),
            store.query("main", Effects(limit=10_000)),
            [store.history("main", stream) for stream in streams if stream != "desk"],
            reader.next_due(),
        ]
    leases = ("free_at", "leased", "fence", "attempts")
    with sqlite3.connect(store.path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        dump = {}
        for name in names:
            if name in ("fence", "desk") or name.startswith("sqlite_"):
                continue
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            kept = ", ".join(column for column in columns if column not in leases)
            dump[name] = sorted(map(repr, connection.execute(f"SELECT {kept} FROM {name}")))
    connection.close()
    return dump


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    made: list[Any] = []

    def make() -> Any:
        if request.param == "memory":
            made.append(MemoryStore())
        else:
            path = tmp_path / f"{len(made)}.db"
            made.append(SQLiteStore(path, create=True, synchronous="NORMAL"))
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_counts_add_up():
    unread: list[Read] = [Ignored("a:1", "channel_join"), Rejected("a:2", "no_time", "no Date")]
    strange = said("Hi?", MINUTE, channel="irc:lobby")
    report = replay(engine_on(MemoryStore()), [*STORY, STORY[0], *unread, strange])
    assert report.placed == len(STORY)
    assert report.duplicate == 1
    assert report.ignored == {"channel_join": 1, "unknown_channel": 1}
    assert report.refused == {"no_time": 1}
    assert report.strange == {"irc:lobby": 1}
    assert report.read == len(STORY) + 4
    assert [(told.where, told.code, told.detail) for told in report.details] == [
        ("a:2", "no_time", "no Date")
    ]


def test_opened_requests_are_counted():
    engine = engine_on(MemoryStore())
    report = replay(engine, STORY)
    assert report.opened == len(engine.read(Requests(limit=1000)).items)


def test_timers_are_answered_at_their_own_moments():
    engine = engine_on(MemoryStore())
    report = replay(engine, in_order(STORY))
    (reset,) = [r for r in engine.read(Requests()).items if r.opened_at == T0]
    nudges = [line.at for line in engine.explain(reset.id) if line.tag == "request.nudged"]
    assert nudges[0] == T0 + 3 * MINUTE + DAY
    assert reset.state is RequestState.CLOSED
    assert reset.closed_at == T0 + 2 * DAY + 30 * DAY
    assert report.timers > 30
    assert (report.first_at, report.last_at) == (T0, T0 + 50 * DAY)


def test_the_clock_never_goes_back():
    engine = engine_on(MemoryStore())
    replay(engine, STORY)
    for request in engine.read(Requests()).items:
        moments = [entry.at for entry in engine.history(request.id)]
        assert moments == sorted(moments)


def test_effects_are_muted():
    engine = engine_on(MemoryStore())
    replay(engine, STORY)
    states = {effect.state for effect in engine.read(Effects(limit=1000)).items}
    assert states == {EffectState.MUTED}


def test_effects_are_real_when_the_engine_is_not_muted():
    engine = engine_on(MemoryStore(), muted=False)
    replay(engine, STORY)
    assert EffectState.READY in {effect.state for effect in engine.read(Effects(limit=1000)).items}


def test_a_claim_from_the_future_does_not_move_the_clock():
    engine = engine_on(MemoryStore(), now=T0 + DAY)
    report = replay(engine, [STORY[0], said("Is it 2999 already?", 400_000 * DAY), STORY[1]])
    assert report.placed == 3
    assert report.last_at == T0 + MINUTE
    assert all(request.opened_at <= T0 + DAY for request in engine.read(Requests()).items)


def test_a_future_message_that_comes_first_is_placed_too():
    engine = engine_on(MemoryStore(), now=T0 + DAY)
    assert replay(engine, [said("Is it 2999 already?", 400_000 * DAY), STORY[0]]).placed == 2


def test_a_second_run_changes_nothing(make_store: Callable[[], Any]):
    store = make_store()
    replay(engine_on(store), STORY)
    before = dumped(store)
    again = replay(engine_on(store), STORY)
    assert dumped(store) == before
    assert (again.placed, again.duplicate, again.timers) == (0, len(STORY), 0)


def test_messages_are_put_in_the_order_they_were_sent():
    moments = [inbound.sent_at for inbound in in_order(reversed(STORY)) if isinstance(inbound, Inbound)]
    assert moments == sorted(moments)
    odd = Ignored("x", "y")
    assert in_order([STORY[3], odd, STORY[0]]) == [odd, STORY[0], STORY[3]]


def test_progress_is_told_after_each_item():
    seen: list[int] = []
    replay(engine_on(MemoryStore()), STORY[:4], progress=lambda report: seen.append(report.read))
    assert seen == [1, 2, 3, 4]


def test_it_stops_when_asked_and_goes_on_later(make_store: Callable[[], Any]):
    through, store = make_store(), make_store()
    replay(engine_on(through), STORY)
    stop = Event()

    def after_four(report: Report) -> None:
        if report.read == 4:
            stop.set()

    report = replay(engine_on(store), STORY, stop=stop, progress=after_four)
    assert report.interrupted
    assert report.read == 4
    replay(engine_on(store), STORY)
    assert dumped(store) == dumped(through)


def test_an_interrupt_ends_with_a_report():
    def interrupt(report: Report) -> None:
        if report.read == 3:
            raise KeyboardInterrupt

    report = replay(engine_on(MemoryStore()), STORY, progress=interrupt)
    assert report.interrupted
    assert report.placed == 3


def test_without_a_desk_nothing_is_read():
    with pytest.raises(UsageError, match="no desk"):
        replay(Engine(MemoryStore()), iter(STORY))


# --- what goes wrong ---


class Faulty:
    """A store whose calls fail by plan: ``plan(name, number)`` returns what to raise, or None."""

    def __init__(
        self, store: Any, plan: Callable[[str, int], BaseException | None], *, late: bool = False
    ) -> None:
        self._store = store
        self._plan = plan
        self._late = late
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self.calls += 1
            failure = self._plan(name, self.calls)
            if failure is not None and not self._late:
                raise failure
            answer = found(*given, **named)
            if failure is not None:
                raise failure
            return answer

        return call


class Killed(BaseException):
    """The process is gone: nothing of it catches this."""


def killed_at(crash: int) -> Callable[[str, int], BaseException | None]:
    return lambda name, number: Killed() if number == crash else None


def test_a_store_that_fails_ends_the_run_with_what_was_done():
    store = MemoryStore()
    engine_on(store).desk  # noqa: B018 - sets it up
    faulty = Faulty(store, lambda name, number: StoreUnavailable("gone") if number > 20 else None)
    report = replay(engine_on(faulty), STORY)
    assert isinstance(report.failure, StoreUnavailable)
    assert 0 < report.placed < len(STORY)
    assert report.placed == report.read


def test_one_bad_message_does_not_end_it():
    def corrupt_once(name: str, number: int) -> BaseException | None:
        commits[0] += name == "commit"
        return CorruptRecord("a row cannot be decoded") if name == "commit" and commits[0] == 4 else None

    commits = [0]
    report = replay(engine_on(Faulty(MemoryStore(), corrupt_once)), STORY)
    assert report.refused == {"CorruptRecord": 1}
    assert report.placed == len(STORY) - 1
    assert report.failure is None


def test_a_timer_that_stays_due_ends_the_run():
    store = MemoryStore()
    engine = engine_on(store)
    replay(engine, STORY[:3])
    stuck = Faulty(store, lambda name, number: None)
    stuck.next_due = lambda workspace: T0
    report = replay(engine_on(stuck), [said("New?", 9 * DAY)])
    assert "stay due" in str(report.failure)


@pytest.mark.parametrize("late", [False, True], ids=["before_the_call", "after_the_call"])
def test_a_crash_at_every_store_call_then_a_resume_gives_the_same_desk(
    make_store: Callable[[], Any], late: bool
):
    through = make_store()
    engine_on(through).desk  # noqa: B018
    whole = Faulty(through, lambda name, number: None)
    replay(engine_on(whole), STORY[:10])
    expected = dumped(through)
    calls = whole.calls
    step = 1 if isinstance(through, MemoryStore) else 3
    for crash in range(1, calls + 1, step):
        store = make_store()
        engine_on(store).desk  # noqa: B018
        doomed = Faulty(store, killed_at(crash), late=late)
        with pytest.raises(Killed):
            replay(engine_on(doomed), STORY[:10])
        replay(engine_on(store), STORY[:10])
        assert dumped(store) == expected, f"killed at call {crash}"
        assert engine_on(store).verify() == []


def test_what_people_did_in_between_stays():
    store = MemoryStore()
    engine = engine_on(store)
    replay(engine, STORY[:3])
    (request,) = engine.read(Requests()).items
    engine.handle(Close(by=agent("ana"), request_id=request.id), at=T0 + 10 * MINUTE)
    replay(engine, STORY[:3])
    assert engine.read(Requests()).items[0].state is RequestState.CLOSED
