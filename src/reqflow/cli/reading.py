"""Commands that only read: ``board``, ``requests``, ``history``, ``explain``."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from itertools import groupby, islice
from typing import Any

from ..codec import dump, dump_events
from ..core.events import Entry
from ..core.explain import Line
from ..core.model import AgentId, ChannelId, ConversationId, QueueId, RequestState
from ..engine import Engine
from ..ports import Requests
from .opening import open_engine
from .printing import print_json
from .screen import Cell, Screen, Table
from .viewing import Row, board, everything, find_id, rows_of, table_of
from .words import clean, moment, plural, short_id, shorten_ids

__all__ = ["reason_of", "show_board", "show_explanation", "show_history", "show_lines", "show_requests"]

CLOSED = 5
"""How many closed requests a board shows."""


def show_board(asked: Namespace, screen: Screen) -> int:
    """Open requests by state, and the latest closed ones."""
    with open_engine(asked) as engine:
        rows = board(engine, closed=CLOSED)
        if asked.json:
            print_json([row.as_json() for row in rows if row.request.is_open])
            return 0
        show_board_of(engine, rows, screen)
    return 0


def show_board_of(engine: Engine, rows: Sequence[Row], screen: Screen) -> None:
    """A board, with a line that counts."""
    now = engine.clock()
    for state, group in groupby(rows, key=lambda row: row.request.state):
        members = list(group)
        title = state.replace("_", " ").capitalize()
        if state is RequestState.CLOSED:
            title = "Closed last"
        screen.table(table_of(members, now, f"{title} ({len(members):,})"))
    if not rows:
        screen.line(Cell("No request yet."))


def show_requests(asked: Namespace, screen: Screen) -> int:
    """Requests by filters."""
    with open_engine(asked) as engine:
        view = Requests(
            states=tuple(RequestState(each) for each in asked.state or ()),
            channel_id=ChannelId(asked.channel) if asked.channel else None,
            assignee=AgentId(asked.assignee) if asked.assignee else None,
            queue=QueueId(asked.queue) if asked.queue else None,
            newest_first=True,
        )
        found = list(
            islice(rows_of(engine, islice(everything(engine, view), asked.limit + 1)), asked.limit + 1)
        )
        shown = found[: asked.limit]
        if asked.json:
            print_json([row.as_json() for row in shown])
            return 0
        if not shown:
            screen.line(Cell("No request like that."))
            return 0
        screen.table(table_of(shown, engine.clock()))
        more = f" (there are more: --limit {asked.limit * 2})" if len(found) > len(shown) else ""
        screen.line(Cell(""))
        screen.line(Cell(f"{plural(len(shown), 'request')}, newest first{more}", "dim"))
    return 0


def show_history(asked: Namespace, screen: Screen) -> int:
    """Everything that happened, line by line."""
    with open_engine(asked) as engine:
        key = find_id(engine, asked.id)
        if asked.json:
            print_json([_entry(entry) for entry in engine.history(key)])
            return 0
        lines = engine.explain(key)
        rows = [
            (Cell(moment(line.at), "dim"), Cell(clean(line.who, 24), "bold"), Cell(_words(line.what)))
            for line in lines
        ]
        screen.table(Table(heads=("when (UTC)", "who", "what"), rows=rows))
    return 0


def show_explanation(asked: Namespace, screen: Screen) -> int:
    """The history with its reasons."""
    with open_engine(asked) as engine:
        key = find_id(engine, asked.id)
        lines = engine.explain(key)
        if asked.json:
            print_json([_line(line) for line in lines])
            return 0
        if key.startswith("r_"):
            _head(engine, key, screen)
        show_lines(lines, screen)
    return 0


def _head(engine: Engine, key: str, screen: Screen) -> None:
    conversation = ConversationId(engine.history(key)[0].stream)
    found = everything(engine, Requests(conversation_id=conversation))
    for row in rows_of(engine, (request for request in found if request.id == key)):
        screen.table(table_of([row], engine.clock(), f"Request {short_id(key)}"))
        screen.line(Cell(""))


def show_lines(lines: Sequence[Line], screen: Screen) -> None:
    """A history with its reasons, each commit's lines under its moment and its actor."""
    for (at, who), group in groupby(lines, key=lambda line: (line.at, line.who)):
        screen.line(Cell(moment(at), "dim"), Cell("  "), Cell(clean(who, 40), "bold"))
        for line in group:
            screen.line(Cell("    "), Cell(_words(line.what)), reason_of(line))


def reason_of(line: Line) -> Cell:
    """Why it happened, to stand behind what happened; nothing where there is no reason."""
    return Cell(f"  ({_words(line.why)})" if line.why else "", "cyan")


def _words(text: str) -> str:
    return shorten_ids(clean(text))


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": line.at.isoformat(),
        "who": line.who,
        "what": line.what,
        "why": line.why,
        "tag": line.tag,
        "request": line.request_id,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "stream": entry.stream,
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "actor": json.loads(dump(entry.actor)),
        "cause": json.loads(dump(entry.cause)),
        "events": json.loads(dump_events(entry.events)),
    }
