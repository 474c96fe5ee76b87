"""What operators type: backlog, parked, requeue; and a worker in a process of its own that is told to stop."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reqflow import Engine, Inbound
from reqflow.core.batch import LeaseQueue
from reqflow.plugins.sqlite import SQLiteStore

from .conftest import Run

LATE = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def troubled(filled: Path) -> Path:
    """A store with something parked in its inbox, and something waiting."""
    store = SQLiteStore(filled)
    engine = Engine(store)
    for number in range(2):
        letter = Inbound(
            channel="slack:C9",
            author="slack:U9",
            native=f"n{number}",
            sent_at=datetime.now(UTC),
            text="very private words",
        )
        assert engine.accept(letter)
    (lease,) = store.lease("main", LeaseQueue.INBOX, now=engine.clock(), until=LATE, limit=1)
    store.release("main", lease, ready_at=engine.clock(), note="TypeError", park=True)
    store.close()
    return filled


def test_a_backlog_is_a_table_or_json(run: Run, troubled: Path) -> None:
    told = {each["queue"]: each for each in run("backlog", troubled, "--json").json}
    assert list(told) == ["inbox", "outbox", "agenda"]
    inbox = told["inbox"]
    assert (inbox["waiting"], inbox["leased"], inbox["retried"], inbox["parked"]) == (1, 0, 0, 1)
    assert 0 <= inbox["age"] < 600
    shown = run("backlog", troubled)
    assert shown.code == 0
    assert "inbox" in shown.out
    assert "oldest" in shown.out


def test_what_cannot_be_read_is_listed_as_well(run: Run, troubled: Path) -> None:
    with closing(sqlite3.connect(troubled)) as connection, connection:
        connection.execute("UPDATE inbox SET document = '{' WHERE state = 'ready'")
    assert run("worker", troubled, "--once").code == 0
    spoilt = run("parked", troubled, "--json").json[1]
    assert (spoilt["queue"], spoilt["what"], spoilt["since"]) == ("inbox", "", None)
    assert spoilt["note"] == "unreadable"
    assert "unreadable" in run("parked", troubled).out


def test_what_is_parked_is_listed_with_its_reason_and_no_text(run: Run, troubled: Path) -> None:
    (parked,) = run("parked", troubled, "--json").json
    assert (parked["queue"], parked["what"], parked["for"]) == ("inbox", "Inbound", "slack:C9")
    assert (parked["note"], parked["attempts"]) == ("TypeError", 1)
    shown = run("parked", troubled)
    assert "TypeError" in shown.out
    assert "private" not in shown.out + str(parked)
    assert run("parked", troubled, "--queue", "outbox", "--json").json == []
    assert "Nothing is parked" in run("parked", troubled, "--queue", "agenda").out


def test_what_is_requeued_is_no_longer_parked(run: Run, troubled: Path) -> None:
    (parked,) = run("parked", troubled, "--json").json
    done = run("requeue", troubled, "inbox", parked["id"])
    assert (done.code, done.out.strip()) == (0, "Requeued 1 item of the inbox.")
    assert run("parked", troubled, "--json").json == []
    again = run("requeue", troubled, "inbox", parked["id"])
    assert again.code == 1
    assert "is not parked in the inbox" in again.err
    assert run("requeue", troubled, "outbox", "--all").out.strip() == "Requeued 0 items of the outbox."


@pytest.mark.parametrize("arguments", [("inbox",), ("inbox", "x", "--all"), ("letters", "--all")])
def test_requeueing_nothing_or_both_is_wrong_usage(run: Run, troubled: Path, arguments: Any) -> None:
    assert run("requeue", troubled, *arguments).code == 2


def test_both_ids_and_all_is_said_to_be_both(run: Run, troubled: Path) -> None:
    assert "not both" in run("requeue", troubled, "outbox", "1", "--all").err
    assert "not both" not in run("requeue", troubled, "outbox").err


@pytest.mark.parametrize("id", ["9" * 19, "9" * 30, "9" * 500])
def test_an_id_that_no_effect_can_have_is_not_found(run: Run, troubled: Path, id: str) -> None:
    ran = run("requeue", troubled, "outbox", id)
    assert ran.code == 1
    assert "is not parked" in ran.err


def test_telemetry_that_is_not_installed_is_said_so(
    run: Run, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    done = run("worker", filled, "--once", "--telemetry")
    assert done.code == 2
    assert "reqflow-sdk[telemetry]" in done.err


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("--concurrency", "0", "between 1 and 64"),
        ("--concurrency", "four", "between 1 and 64"),
        ("--poll", "0", "between 0.01 and 3600 seconds"),
        ("--poll", "soon", "between 0.01 and 3600 seconds"),
    ],
)
def test_a_worker_is_told_no_nonsense(run: Run, filled: Path, option: str, given: str, told: str) -> None:
    done = run("worker", filled, "--once", option, given)
    assert done.code == 2
    assert told in done.err
    assert repr(given) in done.err


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_stops_when_it_is_told_and_leaves_nothing_behind(troubled: Path, how: int) -> None:
    """As systemd does it: SIGTERM, and the process ends by itself, at once though it would only look in an hour."""
    command = [sys.executable, "-m", "reqflow", "worker", str(troubled), "--console", "--poll", "3600"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"NO_COLOR": "1"}
    ) as worker:
        assert worker.stdout is not None
        assert "Working" in worker.stdout.readline()
        store = SQLiteStore(troubled)
        end = time.monotonic() + 30
        while store.backlog("main", datetime.now(UTC))[0].waiting:
            assert time.monotonic() < end, "it does not work"
            time.sleep(0.02)
        begun = time.monotonic()
        worker.send_signal(how)
        out, err = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert re.search(r"Served \d+ items?\.", out)
    assert "stopping" in err
    assert time.monotonic() - begun < 20
    assert all(each.leased == 0 for each in store.backlog("main", datetime.now(UTC)))
    store.close()
