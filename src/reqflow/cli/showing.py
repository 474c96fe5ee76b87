"""``reqflow demo``: plays the bundled day and shows it, with a live board where somebody watches."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ..core.explain import Line
from ..demo import CHANNELS, DAY, DESK, MONDAY, PEOPLE, STAR, Beat, Clock, Did, Said, Scene, Watcher, play
from ..engine import Engine
from ..errors import UsageError
from ..hooks import hookimpl
from ..ports import Transport
from .reading import reason_of, show_lines
from .screen import Cell, Screen, Table
from .viewing import board, table_of
from .words import argument, clean, plural, short_id, shorten_ids

__all__ = ["demo"]

SHOWN = ("request.", "conversation.absorbed", "conversation.linked")
"""What is told below a step; the rest follows from it, or says it again."""
PLACE = 14
PAUSE, LONG_PAUSE = 0.055, 0.25
"""Seconds: the whole day should take about eight."""


def demo(asked: Namespace, screen: Screen) -> int:
    """Play the day; then show what was sent, and why things happened."""
    from ..plugins.detector import RuleDetector
    from ..plugins.sqlite import SQLiteStore

    clock, watcher = Clock(MONDAY), Watcher()
    sent: list[tuple[datetime, str]] = []
    with _file(asked.keep) as path:
        store = SQLiteStore(path, create=True)
        try:
            engine = Engine(
                store,
                DESK,
                plugins=[watcher, _Outgoing(clock, sent)],
                classifier=RuleDetector(),
                clock=clock,
            )
            _welcome(screen)
            star = _show_day(engine, clock, watcher, screen, fast=asked.fast)
            _show_sent(sent, screen)
            screen.heading("Why all that happened to Mia's request, from its history")
            show_lines(engine.explain(star), screen)
            _farewell(engine, asked.keep, screen)
        finally:
            store.close()
    return 0


class _Outgoing:
    """Brings a transport that keeps what the desk says to the outside, with the moment."""

    def __init__(self, clock: Clock, sent: list[tuple[datetime, str]]) -> None:
        self._clock = clock
        self._sent = sent

    @hookimpl
    def reqflow_transports(self) -> Iterable[Transport]:
        from ..plugins.console import ConsoleTransport

        agents = {key: agent["name"] for key, agent in DESK["agents"].items()}
        return (ConsoleTransport(self._keep, names={**CHANNELS, **agents}, scheme="*"),)

    def _keep(self, line: str) -> None:
        self._sent.append((self._clock.now, line))


@contextmanager
def _file(keep: Path | None) -> Iterator[str]:
    """Where the day is stored: the file that is to be kept, or one that goes away."""
    if keep is not None:
        if keep.exists():
            raise UsageError(f"{keep} is there already: remove it, or choose another name")
        yield os.fspath(keep)
        return
    with tempfile.TemporaryDirectory(prefix="reqflow-demo-", ignore_cleanup_errors=True) as folder:
        yield os.path.join(folder, "day.db")


def _welcome(screen: Screen) -> None:
    screen.line(Cell("A day at the support desk of Harbor Analytics", "bold"))
    screen.line(Cell("Everything below goes through a real SQLite file, in a time of its own."))


def _show_day(engine: Engine, clock: Clock, watcher: Watcher, screen: Screen, *, fast: bool) -> str:
    """Show every beat; returns the request that the demo explains in the end."""
    wait: Callable[[float], None] = (lambda seconds: None) if fast else screen.wait
    star = ""
    with screen.board() as show:
        for beat in play(engine, clock, watcher, PEOPLE, DAY):
            if isinstance(beat.step, Scene):
                if beat.step.board and not screen.is_live:
                    _snapshot(engine, screen)
                screen.heading(beat.step.title)
                wait(LONG_PAUSE)
                continue
            _show_beat(beat, screen)
            if isinstance(beat.step, Said) and beat.step.name == STAR and beat.outcome is not None:
                star = str(beat.outcome.request_id)
            show(_board(engine))
            wait(PAUSE + PAUSE / 3 * len(_told(beat)))
    _snapshot(engine, screen)
    return star


def _board(engine: Engine) -> Table:
    return table_of(board(engine, closed=20), engine.clock(), channels=CHANNELS)


def _snapshot(engine: Engine, screen: Screen) -> None:
    screen.line(Cell(""))
    screen.line(Cell(f"The board on {_day(engine.clock())}, {engine.clock():%H:%M}", "bold"))
    screen.table(_board(engine))


def _day(at: datetime) -> str:
    return f"{at:%A} {at.day} {at:%B}"


# --- one beat ---


def _show_beat(beat: Beat, screen: Screen) -> None:
    """What somebody said or did, and below it what the desk made of it."""
    step = beat.step
    when = Cell(f"{beat.at:%H:%M:%S}  ", "dim")
    if isinstance(step, Said):
        name, _ = PEOPLE[step.who]
        place = f"{CHANNELS[step.channel]:{PLACE}}  "
        said = "delivers it a second time" if step.again else step.text
        who = Cell("Slack ", "bold") if step.again else Cell(f"{name}: ", "bold")
        screen.line(when, Cell(place, "blue"), Cell("↳ " if step.answers else ""), who, Cell(said))
    elif isinstance(step, Did):
        name, _ = PEOPLE[step.who]
        screen.line(when, Cell(" " * (PLACE + 2)), Cell(f"{name} ", "bold"), Cell(step.told))
    else:
        screen.line(when, Cell(f"{'timer':{PLACE}}  ", "magenta"), Cell(_day(beat.at)))
    margin = Cell(" " * (PLACE + 12))
    for line in _told(beat):
        about = f"{short_id(line.request_id)} " if line.request_id else ""
        screen.line(
            margin, Cell("→ ", "green"), Cell(about, "bold"), Cell(_safe(line.what), "green"), reason_of(line)
        )
    if isinstance(step, Said) and not _told(beat):
        screen.line(margin, Cell(f"· {_quiet(beat)}", "dim"))


def _told(beat: Beat) -> list[Line]:
    return [line for line in beat.lines if line.tag.startswith(SHOWN)]


def _safe(text: str) -> str:
    return shorten_ids(clean(text))


def _quiet(beat: Beat) -> str:
    """What is to be said where nothing happened but a message."""
    outcome = beat.outcome
    assert outcome is not None
    assert isinstance(beat.step, Said)
    if outcome.duplicate:
        return "known already: nothing happens"
    if outcome.request_id is None:
        verdict = next((line.why for line in beat.lines if line.why), "")
        return f"no request: {verdict}" if verdict else "no request"
    if beat.step.note:
        return beat.step.note
    return f"joins {short_id(outcome.request_id)}"


# --- the end ---


def _show_sent(sent: list[tuple[datetime, str]], screen: Screen) -> None:
    screen.heading("What was sent, by the console transport")
    for at, line in sent:
        screen.line(Cell(f"{at:%a %H:%M}  ", "dim"), Cell(_safe(line)))


def _farewell(engine: Engine, keep: Path | None, screen: Screen) -> None:
    problems = engine.verify()
    screen.heading("In the end")
    found = f"{plural(len(problems), 'row')} differ from history!" if problems else ""
    screen.line(Cell(found or "Every stored row is what history says.", "red" if found else "green"))
    screen.line(Cell(""))
    screen.line(Cell("The file is gone again. " if keep is None else "The file is kept. "), Cell("Try next:"))
    for command, told in _next_steps(keep):
        screen.line(Cell(f"  {command:33}", "bold"), Cell(told, "dim"))
    screen.line(Cell("docs/tutorials/first-desk.md goes on from there: embed it, write a policy."))


def _next_steps(keep: Path | None) -> Iterator[tuple[str, str]]:
    if keep is None:
        yield "reqflow demo --keep day.db", "play it again and keep the file"
    path = argument(os.fspath(keep)) if keep is not None else "day.db"
    yield f"reqflow requests {path}", "look around in it; also: board, history, explain, verify"
    yield "reqflow init --sample desk.toml", "begin a desk of your own, and ingest messages into it"
