"""The same day through both engines and every store leaves the same history, to the last field."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reqflow import AsyncEngine, Engine
from reqflow.plugins.memory import MemoryStore
from reqflow.plugins.sqlite import SQLiteStore
from reqflow.ports import Conversations, Effects, Messages, Requests

from .scenario import Clock, aplay, engine_on, everything, histories, play, prepared, the_day


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    made: Any
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SQLiteStore(tmp_path / "desk.db")
        made.migrate()
    else:
        postgres = pytest.importorskip("reqflow.plugins.postgres")
        new_dsn: Callable[[], str] = request.getfixturevalue("new_dsn")
        made = postgres.PostgresStore(new_dsn())
    yield prepared(made)
    made.close()


def contents(store: Any) -> dict[str, Any]:
    return {
        "history": histories(store),
        "conversations": list(everything(store, Conversations())),
        "requests": list(everything(store, Requests())),
        "messages": list(everything(store, Messages())),
        "effects": [(each.queued, each.state) for each in everything(store, Effects())],
        "due": store.next_due("desk"),
    }


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    store, clock = prepared(MemoryStore()), Clock()
    play(engine_on(store, clock), clock, the_day())
    return contents(store)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_the_same_day_leaves_the_same_desk(store: Any, kind: str, reference: dict[str, Any]) -> None:
    clock = Clock()
    if kind == "plain":
        play(engine_on(store, clock, Engine), clock, the_day())
    else:
        asyncio.run(aplay(engine_on(store, clock, AsyncEngine), clock, the_day()))
    found = contents(store)
    for name, expected in reference.items():
        assert found[name] == expected, name
    engine = engine_on(store, clock)
    assert engine.verify() == []
    engine.rebuild()
    assert engine.verify() == []
    assert contents(store) == found


def test_one_commit_for_many_leaves_the_same_events(store: Any) -> None:
    """What `handle_many` decides over one overlay is what one by one decides, refused items in between too."""
    day = the_day()
    items = [item for _, step, item in day.steps if step != "work"]
    alone, clock = prepared(MemoryStore()), Clock()
    clock.now = day.at
    one, single = engine_on(alone, clock), []
    for item in items:
        try:
            single.append(one.handle(item))
        except Exception as refusal:  # noqa: BLE001  (it is looked at afterwards)
            single.append(type(refusal))
    together = engine_on(store, clock)
    many = together.handle_many(items)
    assert [type(each) if isinstance(each, Exception) else each for each in many] == single
    told = {name: [each.events for each in entries] for name, entries in histories(store).items()}
    assert told == {name: [each.events for each in entries] for name, entries in histories(alone).items()}
    assert together.verify() == []
    assert list(everything(store, Requests())) == list(everything(alone, Requests()))
