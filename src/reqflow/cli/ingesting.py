"""``reqflow ingest``: files of messages into a desk, with a bar, a report, and a way to stop."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from threading import Event, current_thread, main_thread
from types import FrameType
from typing import Any

from ..errors import UnreadableInput
from ..replay import Read, Report, in_order, replay
from .opening import open_engine
from .printing import complain, print_json
from .screen import Cell, Screen, Table
from .words import clean, ending, excerpt, moment, plural

__all__ = ["ingest", "stopping"]

OFTEN = 25
"""The bar moves every so many messages."""
REASONS = 6
"""How many reasons are named; ``--json`` names them all."""
CHANNELS = 5
"""How many unknown channels are named."""


def ingest(asked: Namespace, screen: Screen) -> int:
    """Read everything, place it, and report."""
    reads, unreadable = _open_all(asked)
    with open_engine(asked, muted=not asked.live) as engine, stopping() as stop:
        ordered: Iterable[Read] = _until(stop, reads)
        total = None
        if not asked.unsorted:
            with screen.progress("reading", None) as read:
                ordered = in_order(_counted(ordered, read))
            total = len(ordered)
        with screen.progress("placing", total) as bar:
            report = replay(engine, ordered, stop=stop, progress=lambda so_far: _move(bar, so_far.read))
    if asked.json:
        print_json(_as_json(report, unreadable))
    else:
        _show(report, asked, screen)
    for problem in unreadable:
        complain(problem)
    return _status(report, unreadable)


def _status(report: Report, unreadable: list[str]) -> int:
    if report.failure is not None:
        complain(f"the store failed: {report.failure}; what is counted is stored, run it again to go on")
        return 4
    if report.interrupted:
        complain("stopped by hand; what is counted is stored, run it again to go on")
        return 130
    return 3 if unreadable else 0


def _open_all(asked: Namespace) -> tuple[Iterator[Read], list[str]]:
    """What is in the paths, and what is to be said of those that cannot be read. Raises if all cannot."""
    from ..plugins.readers import read_path

    opened: list[Iterator[Read]] = []
    unreadable: list[str] = []
    for path in asked.paths:
        try:
            opened.append(read_path(path, kind=asked.kind, channel=asked.channel))
        except UnreadableInput as problem:
            unreadable.append(str(problem))
    if not opened:
        raise UnreadableInput("; ".join(unreadable))
    return chain.from_iterable(opened), unreadable


def _until(stop: Event, reads: Iterable[Read]) -> Iterator[Read]:
    for read in reads:
        if stop.is_set():
            return
        yield read


def _counted(reads: Iterable[Read], bar: Callable[[int], None]) -> Iterator[Read]:
    for count, read in enumerate(reads, 1):
        yield read
        _move(bar, count)


def _move(bar: Callable[[int], None], count: int) -> None:
    if not count % OFTEN:
        bar(count)


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that Ctrl-C or SIGTERM sets, to end work after the current commit; twice ends it at once."""
    stop = Event()
    if current_thread() is not main_thread():
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("reqflow: stopping after what is under way; once more ends at once", file=sys.stderr)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the report ---


def _show(report: Report, asked: Namespace, screen: Screen) -> None:
    rows = [
        _row("read", report.read, "", "bold"),
        _row("  placed", report.placed, f"{plural(report.opened, 'request')} opened", "green"),
        _row("  there before", report.duplicate, ""),
        _row("  ignored", report.ignored.total(), _reasons(report.ignored)),
        _row("  refused", report.refused.total(), _reasons(report.refused), "red" if report.refused else ""),
    ]
    screen.table(Table(heads=("messages", "count", "why or what"), rows=rows))
    screen.line(Cell(""))
    if report.first_at is not None:
        effects = "effects wait for a worker" if asked.live else "effects are muted: nothing will be sent"
        screen.line(
            Cell(f"Lived through {moment(report.first_at)} to {moment(report.last_at)} UTC; "),
            Cell(f"{plural(report.timers, 'timer')} answered; {effects}."),
        )
    if report.strange:
        named = ", ".join(
            f"{clean(name, 60)} ({count:,})" for name, count in report.strange.most_common(CHANNELS)
        )
        more = f" and {len(report.strange) - CHANNELS:,} more" if len(report.strange) > CHANNELS else ""
        screen.line(Cell(f"Channels that the desk does not know: {named}{more}.", "yellow"))
        screen.line(Cell("Add them to the desk, run `reqflow init` again, then this again."))
    if report.details:
        title = "Refused" + (" (the first ones)" if report.refused.total() > len(report.details) else "")
        told = [
            (Cell(ending(each.where, 60)), Cell(each.code), Cell(excerpt(each.detail, 90)))
            for each in report.details
        ]
        screen.table(Table(heads=("where", "code", "what"), rows=told, title=title, flexible="what"))


def _row(name: str, count: int, reasons: str, style: str = "") -> tuple[Cell, Cell, Cell]:
    return Cell(name, style), Cell(f"{count:>9,}", style), Cell(reasons, "dim")


def _reasons(counts: Counter[str]) -> str:
    told = ", ".join(f"{clean(code, 40)} {count:,}" for code, count in counts.most_common(REASONS))
    return told + (f", and {len(counts) - REASONS} other reasons" if len(counts) > REASONS else "")


def _as_json(report: Report, unreadable: list[str]) -> dict[str, Any]:
    return {
        "read": report.read,
        "placed": report.placed,
        "requests_opened": report.opened,
        "duplicate": report.duplicate,
        "ignored": dict(sorted(report.ignored.items())),
        "refused": dict(sorted(report.refused.items())),
        "unknown_channels": dict(sorted(report.strange.items())),
        "refusals": [{"where": t.where, "code": t.code, "detail": t.detail} for t in report.details],
        "timers": report.timers,
        "first_at": report.first_at and report.first_at.isoformat(),
        "last_at": report.last_at and report.last_at.isoformat(),
        "unreadable": unreadable,
        "interrupted": report.interrupted,
        "failure": report.failure and str(report.failure),
    }
