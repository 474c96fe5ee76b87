"""Many at once: tasks on one `AsyncEngine`, threads on PostgreSQL and on SQLite. Every law stays whole."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from reqflow import (
    Accept,
    AsyncEngine,
    BarCustomer,
    Close,
    CreateCustomer,
    Engine,
    Inbound,
    LinkProfile,
    MergeCustomers,
    OutcomeKind,
    Reply,
    RequestState,
    Take,
    agent,
)
from reqflow.core.facts import Outcome
from reqflow.core.model import Code
from reqflow.core.records import Bar, Contact
from reqflow.errors import Refused
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Conversations, Messages, Records, Requests
from reqflow.testing.desks import START, QuestionMark, Story, desk_with
from reqflow.testing.machines import broken_laws

from .scenario import Clock, engine_on, everything, prepared


def letter(number: int, who: str, channel: str, text: str = "Where is it?", **fields: Any) -> Inbound:
    return Inbound(
        channel=channel,
        author=f"{channel.partition(':')[0]}:{who}",
        native=fields.pop("native", str(number)),
        sent_at=START + timedelta(seconds=number),
        text=text,
        **fields,
    )


def laws(store: Any, clock: Clock) -> list[str]:
    """What is broken, looked at by a story on the same store."""
    story = Story(desk=None, store=store)
    story.engine = Engine(store, workspace="desk", clock=clock, classifier=QuestionMark())
    return broken_laws(story)


# --- tasks ---


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_two_hundred_tasks_on_one_engine_leave_every_law_intact(kind: str, tmp_path: Any) -> None:
    inner: Any = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "desk.db")
    inner.migrate()
    store, clock = prepared(inner), Clock()
    clock.now = START + timedelta(hours=1)
    engine = engine_on(store, clock, AsyncEngine)
    chance = random.Random(7)

    async def customer(number: int) -> None:
        who, channel = f"c{number % 20}", ("chat:lobby", "dm:1", "line:1", "mail:desk")[number % 4]
        found = letter(number, who, channel, chance.choice(["Where is it?", "more", "thanks!"]))
        first, again = await asyncio.gather(engine.handle(found), engine.handle(found))
        assert first.message_id == again.message_id
        assert sorted([first.duplicate, again.duplicate]) == [False, True]

    async def colleague(number: int) -> None:
        open_ones = (await engine.read(Requests(limit=50))).items
        if not open_ones:
            return
        request = chance.choice(open_ones)
        by = agent(chance.choice(["ana", "bo"]))
        make = chance.choice([Take, Close, Accept, Reply])
        fields: dict[str, Any] = {"by": by, "key": f"cmd:{number}"}
        if make in (Accept, Reply):
            fields["conversation_id"] = request.conversation_id
            fields |= {"text": "so"} if make is Reply else {}
        else:
            fields["request_id"] = request.id
        with contextlib.suppress(Refused):
            await engine.handle(make(**fields))

    async def day() -> None:
        work = [customer(n) for n in range(200)] + [colleague(n) for n in range(60)]
        work += [engine.work() for _ in range(6)]
        chance.shuffle(work)
        await asyncio.gather(*work)
        await engine.work()

    asyncio.run(day())
    assert len({m.native for m in everything(store, Messages()) if not m.native.startswith("out:")}) == 200
    assert laws(store, clock) == []
    store.close()


# --- threads ---


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Callable[[], Any]]:
    """Makes handles on one store, as so many processes would have."""
    made: list[Any] = []
    if request.param == "sqlite":
        path = tmp_path / "desk.db"
        SQLiteStore(path).migrate()

        def make() -> Any:
            made.append(SQLiteStore(path))
            return made[-1]
    else:
        postgres = pytest.importorskip("reqflow.plugins.postgres")
        new_dsn: Callable[[], str] = request.getfixturevalue("new_dsn")
        dsn = new_dsn()

        def make() -> Any:
            made.append(postgres.PostgresStore(dsn))
            return made[-1]

    make.name = request.param
    yield make
    for store in made:
        store.close()


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """What each returns or raises."""
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            results[place] = work()
        except Exception as problem:  # noqa: BLE001  (it is looked at afterwards)
            results[place] = problem

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def all_at_once(
    engines: list[Engine], rounds: int, letter_of: Callable[[int, int], Inbound]
) -> list[tuple[Outcome, ...]]:
    """Round after round each engine handles a message at the same moment; what became of them, round by round."""
    barrier = threading.Barrier(len(engines))

    def writer(place: int) -> list[Outcome]:
        outcomes = []
        for number in range(rounds):
            barrier.wait()
            outcomes.append(engines[place].handle(letter_of(number, place)))
        return outcomes

    results = in_threads([partial(writer, place) for place in range(len(engines))])
    assert [each for each in results if isinstance(each, Exception)] == []
    return list(zip(*results, strict=True))


def test_two_first_messages_of_one_person_at_once_make_one_conversation(stores: Any) -> None:
    rounds, writers = (150, 4) if stores.name == "postgres" else (40, 2)
    clock = Clock()
    clock.now = START + timedelta(hours=1)
    prepared(stores())
    engines = [engine_on(stores(), clock) for _ in range(writers)]
    written = all_at_once(
        engines, rounds, lambda number, place: letter(number * writers + place, f"p{number}", "dm:1", "hello")
    )
    for together in written:
        assert len({each.conversation_id for each in together}) == 1
        assert len({each.request_id for each in together}) == 1
    store = engines[0].store
    assert len(list(everything(store, Conversations()))) == rounds
    assert len(list(everything(store, Messages()))) == rounds * writers
    assert engines[0].verify() == []


def test_two_answers_at_once_to_an_unseen_message_make_one_conversation(stores: Any) -> None:
    """Two people answer what has not arrived yet: whoever is second comes into the conversation of the first."""
    rounds, writers = (100, 3) if stores.name == "postgres" else (30, 2)
    clock = Clock()
    clock.now = START + timedelta(hours=1)
    prepared(stores())
    engines = [engine_on(stores(), clock) for _ in range(writers)]
    written = all_at_once(
        engines,
        rounds,
        lambda number, place: letter(
            number * writers + place, f"w{place}", "chat:lobby", replies_to=(f"root{number}",)
        ),
    )
    for together in written:
        assert len({each.conversation_id for each in together}) == 1
    store = engines[0].store
    assert len(list(everything(store, Conversations()))) == rounds
    assert len(list(everything(store, Messages()))) == rounds * writers
    root = engines[0].handle(letter(0, "cara", "chat:lobby", native="root0"))
    assert root.conversation_id == written[0][0].conversation_id
    assert engines[0].verify() == []


def test_work_that_waits_and_room_that_frees_never_miss_each_other(stores: Any) -> None:
    rounds = 200 if stores.name == "postgres" else 60
    clock = Clock()
    clock.now = START + timedelta(hours=1)
    settings = desk_with({"nudge_after": 0, "auto_close_after": 0, "inactivity_close_after": 0})
    first = stores()
    Engine(first, settings, clock=clock).desk  # noqa: B018  # stores the desk
    engines = [Engine(stores(), workspace="desk", clock=clock) for _ in range(4)]
    done = threading.Event()

    def opener() -> None:
        for number in range(rounds):
            engines[0].handle(letter(number, f"p{number}", "line:1", "help"))

    def closer() -> int:
        closed, engine = 0, engines[1]
        deadline = time.monotonic() + 60
        try:
            while closed < rounds - 10 and time.monotonic() < deadline:
                view = Requests(states=(RequestState.ASSIGNED,), limit=10)
                for request in engine.read(view).items:
                    outcome = engine.handle(Close(by=agent(request.assignee), request_id=request.id))
                    closed += outcome.kind is OutcomeKind.DONE
        finally:
            done.set()
        return closed

    def drainer(engine: Engine) -> None:
        while not done.is_set():
            engine.tick()

    results = in_threads([opener, closer, lambda: drainer(engines[2]), lambda: drainer(engines[3])])
    assert [each for each in results if isinstance(each, Exception)] == []
    engines[0].tick()
    loads = Counter(r.assignee for r in everything(first, Requests(states=(RequestState.ASSIGNED,))))
    waiting = list(everything(first, Requests(states=(RequestState.UNASSIGNED,))))
    assert len(list(everything(first, Requests()))) == rounds
    assert not waiting or loads == {"ana": 1, "bo": 1}  # nobody waits beside somebody who has room
    assert max(loads.values()) == 1
    assert engines[0].verify() == []


def test_no_update_is_lost_when_everybody_writes_in_one_conversation(stores: Any) -> None:
    writers, rounds = 4, 20 if stores.name == "postgres" else 10
    clock = Clock()
    clock.now = START + timedelta(hours=1)
    prepared(stores())
    engines = [engine_on(stores(), clock) for _ in range(writers)]
    root = engines[0].handle(letter(0, "cara", "chat:lobby"))

    def writer(place: int) -> None:
        for number in range(rounds):
            mine = letter(1 + number * writers + place, f"w{place}", "chat:lobby", "so", replies_to=("0",))
            assert engines[place].handle(mine).request_id == root.request_id

    results = in_threads([partial(writer, place) for place in range(writers)])
    assert [each for each in results if isinstance(each, Exception)] == []
    (conversation,) = everything(engines[0].store, Conversations())
    assert conversation.messages == 1 + writers * rounds
    assert conversation.version == len(engines[0].history(conversation.id)) == 1 + writers * rounds
    assert engines[0].verify() == []


def test_nobody_is_barred_or_merged_without_a_profile_that_is_linked_at_that_moment(stores: Any) -> None:
    rounds = 60 if stores.name == "postgres" else 25
    clock = Clock()
    clock.now = START + timedelta(hours=1)
    settings = desk_with(agents={each: {"role": "admin", "teams": ["support"]} for each in ("ada", "bob")})
    first = stores()
    Engine(first, settings, clock=clock).desk  # noqa: B018  # stores the desk
    engines = [Engine(stores(), workspace="desk", clock=clock) for _ in range(2)]

    def customer(number: int) -> Any:
        made = CreateCustomer(
            by=agent("ada"), first_name="Cara", last_name="Lind", email=f"{number}@x.example"
        )
        return engines[0].handle(made).record_id

    people = [(customer(number), engines[0].desk.author(f"dm:p{number}").profile) for number in range(rounds)]
    others = [customer(rounds + number) for number in range(rounds)]
    barrier = threading.Barrier(2)

    def links() -> None:
        for person, profile in people:
            barrier.wait()
            with contextlib.suppress(Refused):  # they were merged before
                engines[0].handle(LinkProfile(by=agent("ada"), profile_id=profile, customer_id=person))

    def bars_or_merges() -> None:
        for number, (person, _) in enumerate(people):
            barrier.wait()
            if number % 2:
                engines[1].handle(BarCustomer(by=agent("bob"), customer_id=person))
            else:
                engines[1].handle(MergeCustomers(by=agent("bob"), into=others[number], other=person))

    results = in_threads([links, bars_or_merges])
    assert [each for each in results if isinstance(each, Exception)] == []
    contacts = {each.id: each.customer_id for each in everything(first, Records(kind=Code(Contact.tag)))}
    barred = {each.id for each in everything(first, Records(kind=Code(Bar.tag))) if each.is_barred}
    for number, (person, profile) in enumerate(people):
        if number % 2:
            assert contacts[profile] == person and profile in barred
        else:
            assert contacts.get(profile) in (None, others[number])
    assert engines[0].verify() == []
