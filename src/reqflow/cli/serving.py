"""Commands that let time pass: ``tick`` answers timers, ``worker`` serves all three queues."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from ..engine import Engine
from ..hooks import hookimpl
from ..ports import Transport
from ..worker import Worker
from .ingesting import stopping
from .opening import open_engine
from .screen import Cell, Screen
from .words import moment, parse_moment, plural, shorten_ids

__all__ = ["Shown", "tick", "work"]


class Shown:
    """A plugin of the command itself: effects are shown on the screen in the place of being delivered."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    @hookimpl
    def reqflow_transports(self) -> Iterable[Transport]:
        """One transport for all channels."""
        from ..plugins.console import ConsoleTransport

        return (ConsoleTransport(lambda text: self._screen.line(Cell(shorten_ids(text))), scheme="*"),)


def tick(asked: Namespace, screen: Screen) -> int:
    """Answer every timer that is due by a moment."""
    with open_engine(asked) as engine:
        now = parse_moment(asked.now, engine.clock())
        count = engine.tick(at=now)
        due = engine.next_due()
    following = f"; the next is due at {moment(due)} UTC" if due else "; none is left"
    screen.line(Cell(f"Answered {plural(count, 'timer')}{following}."))
    return 0


def work(asked: Namespace, screen: Screen) -> int:
    """Serve inbox, agenda and outbox: until nothing is due, or until stopped."""
    with open_engine(asked, extra=_extra(asked, screen)) as engine, stopping() as stop:
        if not engine.registry.transports:
            screen.line(
                Cell(
                    "No transport is loaded: effects stay in the outbox (--console shows them here).",
                    "yellow",
                )
            )
        served = engine.work(stopping=stop.is_set) if asked.once else _serve(engine, asked, screen, stop)
    screen.line(Cell(f"Served {plural(served, 'item')}."))
    return 0


def _extra(asked: Namespace, screen: Screen) -> list[object]:
    """The plugins that the command line asks for."""
    extra: list[object] = [Shown(screen)] if asked.console else []
    if asked.telemetry:
        from ..plugins.telemetry import Telemetry

        extra.append(Telemetry())
    return extra


def _serve(engine: Engine, asked: Namespace, screen: Screen, stop: object) -> int:
    from threading import Event

    assert isinstance(stop, Event)
    screen.line(Cell("Working; Ctrl-C stops.", "dim"))
    return Worker(engine, concurrency=asked.concurrency, poll=asked.poll).run(stop)
