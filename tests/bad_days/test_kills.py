"""Processes die at any moment: nothing is lost, doubled, out of order, or in need of repair (P1, P3, P8, P13)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reqflow import Effects, Engine, Inbound, Reply, agent, hookimpl
from reqflow.plugins.memory import MemoryStore
from reqflow.ports import Receipt, ReceiptKind
from tests.bad_days.kills import SETTINGS, prove

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("kills")  # one after the other: two cores are few already


def survived(store: str, place: str, folder: Path, kills: int) -> list[tuple[str, int, int]]:
    """What holds after so many kills, as (claim, looked at, failed)."""
    command = [sys.executable, "-m", "tests.bad_days.kills", store, place, "--folder", str(folder)]
    done = subprocess.run(
        [*command, "--kills", str(kills)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["kills"] == kills
    assert told["claims"][0][1] > kills // 10, "hardly anything was at work when it was killed"
    return [tuple(claim) for claim in told["claims"]]


def test_processes_that_are_killed_on_sqlite(tmp_path: Path, kills: int) -> None:
    claims = survived("sqlite", str(tmp_path / "desk.db"), tmp_path, kills)
    assert all(looked for _, looked, _ in claims)
    assert [claim for claim in claims if claim[2]] == []


def test_connections_that_are_ended_on_postgresql(
    new_dsn: Callable[[], str], tmp_path: Path, kills: int
) -> None:
    claims = survived("postgres", new_dsn(), tmp_path, kills)
    assert all(looked for _, looked, _ in claims)
    assert [claim for claim in claims if claim[2]] == []


# --- the proof itself: each claim fails where it should ---


class Kept:
    """Keeps what arrives."""

    scheme = "shop"

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []

    def deliver(self, key: str, effect: Any, texts: Any) -> Receipt:
        self.came.append((key, effect.channel_id))
        return Receipt(kind=ReceiptKind.DELIVERED, native=key)


@pytest.fixture
def day() -> tuple[Engine, set[str], list[tuple[str, str]]]:
    """A small day that went well: the engine, what was acknowledged, what arrived."""
    at, receiver = datetime(2026, 3, 2, 9, tzinfo=UTC), Kept()
    plugin = SimpleNamespace(reqflow_transports=hookimpl(lambda: [receiver]))
    engine = Engine(MemoryStore(), SETTINGS, plugins=[plugin], clock=lambda: at)
    natives = [f"0-0.{number}" for number in range(3)]
    for number, native in enumerate(natives):
        moment = at + timedelta(seconds=number)
        said = Inbound(
            channel="shop:0-0", author="shop:0-0", native=native, sent_at=moment, text=f"This is {number}."
        )
        placed = engine.handle(said, at=moment)
        engine.handle(Reply(by=agent("ana"), conversation_id=placed.conversation_id, text="We look."))
    engine.work(at=at + timedelta(seconds=10))
    return engine, set(natives), receiver.came


def failed(claims: list[tuple[str, int, int]]) -> list[str]:
    return [what for what, _, wrong in claims if wrong]


def test_a_day_that_went_well_is_proven_so(day: Any) -> None:
    engine, acknowledged, came = day
    assert failed(prove(engine, acknowledged, came)) == []
    assert failed(prove(engine, acknowledged, [*came, came[0]])) == []  # a copy under the same key


def test_a_lost_message_is_seen(day: Any) -> None:
    engine, acknowledged, came = day
    found = failed(prove(engine, {*acknowledged, "0-0.7"}, came))
    assert found == ["acknowledged messages that are not in a history"]


def test_a_lost_effect_is_seen(day: Any) -> None:
    engine, acknowledged, came = day
    assert "effects that never arrived" in failed(prove(engine, acknowledged, came[:-1]))


def test_an_effect_that_nobody_decided_is_seen(day: Any) -> None:
    engine, acknowledged, came = day
    assert "arrivals that nobody decided" in failed(prove(engine, acknowledged, [*came, ("x", "shop:0-0")]))


def test_an_effect_that_overtook_another_is_seen(day: Any) -> None:
    engine, acknowledged, came = day
    assert len(engine.read(Effects()).items) > 1
    found = failed(prove(engine, acknowledged, came[::-1]))
    assert found == ["destinations that got effects out of order"]


def test_messages_out_of_order_or_twice_are_seen(day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, acknowledged, came = day
    told = engine.history

    def turned(key: str) -> list[Any]:
        entries = told(key)
        return [*reversed(entries), *entries]

    monkeypatch.setattr(engine, "history", turned)
    assert failed(prove(engine, acknowledged, came)) == [
        "messages that are in histories twice",
        "conversations with messages out of order",
    ]


def test_rows_and_loads_that_are_wrong_are_seen(day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, acknowledged, came = day
    monkeypatch.setattr(engine, "verify", lambda: ["a row"])
    monkeypatch.setattr(engine, "loads", lambda: [SimpleNamespace(agent="ana", load=9)])
    assert failed(prove(engine, acknowledged, came)) == [
        "rows that differ from what history says",
        "agents whose load is not what they hold",
    ]
