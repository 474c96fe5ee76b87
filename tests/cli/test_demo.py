"""``reqflow demo``: short, readable in a pipe and in a terminal, and it shows what it should."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from reqflow import cli
from reqflow.cli import screen as screens
from reqflow.cli.parser import make_parser
from reqflow.demo import DAY, DESK, MONDAY, PEOPLE, STAR, Clock, Watcher, play
from reqflow.engine import Engine
from reqflow.plugins.detector import RuleDetector
from reqflow.plugins.memory import MemoryStore

from .conftest import Run, Terminal

HAPPENINGS = (
    "no request: rules took it for talk",
    "within two minutes of her last words",
    "known already: nothing happens",
    "opened a request",
    "assigned the request to Ana Ruiz  (first to answer)",
    "assigned the request to Dana Weiss  (the channel's owner gets its requests)",
    "policy fewest_open among Bo Lindqvist, Chidi Okafor",
    "assigned the request to Bo Lindqvist  (first to answer)",
    "put the request on hold (customer)",
    "put the request on hold (snoozed) until 2026-03-02 14:00 UTC",
    "went on with the request  (the customer wrote again)",
    "went on with the request  (the snooze is over)",
    "closed the request: done",
    "thanks alone reopens nothing",
    "opened the request again  (the customer wrote again)",
    "assigned the request to Ana Ruiz  (had it before it was closed)",
    "took in 1 message of",
    "an older message arrived late",
    "reminded the assignee to close",
    "closed the request: expired  (nothing happened for too long)",
    "queue billing",
    "What was sent",
    "[notice] Dana Weiss: assigned",
    "[customer] #help",
    "Why all that happened",
    "Every stored row is what history says",
)


@pytest.fixture(scope="module")
def shown() -> str:
    """What the demo writes into a pipe."""
    out = io.StringIO()
    screen = screens.PlainScreen(out)
    begun = time.monotonic()
    asked = make_parser().parse_args(["demo"])
    assert cli.showing.demo(asked, screen) == 0
    assert time.monotonic() - begun < 15
    return out.getvalue()


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_it_shows(shown: str, happening: str):
    assert happening in shown


def test_a_pipe_gets_plain_text_with_few_boards(shown: str):
    assert "\x1b" not in shown
    assert 3 <= shown.count("The board on") <= 5
    assert max(map(len, shown.splitlines())) < 180


def test_ids_are_short(shown: str):
    assert "r_0" not in shown
    assert "c_0" not in shown


def test_kept_files_serve_the_other_commands(run: Run, tmp_path: Path):
    kept = tmp_path / "day.db"
    ran = run("demo", "--keep", kept, "--fast")
    assert ran.code == 0
    assert f"reqflow requests {kept}" in ran.out
    assert run("verify", kept).code == 0
    assert len(run("requests", kept, "--json").json) == 9
    again = run("demo", "--keep", kept)
    assert again.code == 2
    assert "there already" in again.err


def test_nothing_is_left_behind(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("demo").code == 0
    assert list(tmp_path.iterdir()) == []


def test_the_day_is_the_same_every_time():
    def beats() -> list[tuple[object, ...]]:
        clock, watcher = Clock(MONDAY), Watcher()
        engine = Engine(MemoryStore(), DESK, plugins=[watcher], classifier=RuleDetector(), clock=clock)
        return [
            (beat.at, *(line.what for line in beat.lines))
            for beat in play(engine, clock, watcher, PEOPLE, DAY)
        ]

    assert beats() == beats()


def test_the_star_is_in_the_script():
    assert STAR in {getattr(step, "name", "") for step in DAY}


def test_in_a_terminal_the_board_is_live(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("rich")
    from reqflow.cli.rich_screen import RichScreen

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    slept: list[float] = []
    out = Terminal()
    screen = RichScreen(out, slept.append)
    assert screen.is_live
    assert cli.showing.demo(make_parser().parse_args(["demo"]), screen) == 0
    assert sum(slept) < 10
    assert "\x1b[" in out.getvalue()
    assert "first to answer" in out.getvalue()


def test_the_environment_has_no_say_in_the_demo(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REQFLOW_LOAD_PLUGINS", "")
    assert run("demo").code == 0
    assert os.environ["REQFLOW_LOAD_PLUGINS"] == ""
