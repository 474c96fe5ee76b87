"""Commands for operators: how much the queues have to do, what was put aside, and to try that again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from ..core.batch import InboxItem, LeaseQueue, Timer
from ..errors import InvalidInput
from ..ports import Backlog, Parked, ParkedItem
from .opening import open_engine
from .printing import complain, print_json
from .screen import Cell, Screen, Table
from .viewing import everything
from .words import clean, excerpt, moment, plural, span

__all__ = ["requeue", "show_backlog", "show_parked"]

IDS = 60
"""How many cells an id may take."""


def show_backlog(asked: Namespace, screen: Screen) -> int:
    """How much inbox, outbox and agenda have to do."""
    with open_engine(asked) as engine:
        backlogs = engine.backlog()
    if asked.json:
        print_json([_plain(each) for each in backlogs])
        return 0
    heads = ("queue", "waiting", "leased", "retried", "parked", "oldest")
    screen.table(Table(heads=heads, rows=[_cells(each) for each in backlogs]))
    return 0


def _plain(backlog: Backlog) -> dict[str, Any]:
    return {
        "queue": backlog.queue,
        "waiting": backlog.waiting,
        "leased": backlog.leased,
        "retried": backlog.retried,
        "parked": backlog.parked,
        "age": backlog.age,
    }


def _cells(backlog: Backlog) -> tuple[Cell, ...]:
    counts = (backlog.waiting, backlog.leased, backlog.retried)
    age = "" if backlog.age is None else span(timedelta(seconds=backlog.age))
    return (
        Cell(backlog.queue, "bold"),
        *(Cell(f"{count:,}") for count in counts),
        Cell(f"{backlog.parked:,}", "red" if backlog.parked else ""),
        Cell(age),
    )


def show_parked(asked: Namespace, screen: Screen) -> int:
    """What was put aside, with the ids to requeue it by. Never a text."""
    queues = list(LeaseQueue) if asked.queue is None else [LeaseQueue(asked.queue)]
    with open_engine(asked) as engine:
        parked: Iterator[ParkedItem] = chain.from_iterable(
            everything(engine, Parked(queue=queue)) for queue in queues
        )
        found = list(islice(parked, asked.limit + 1))
    rows = [_row(each) for each in found[: asked.limit]]
    if asked.json:
        print_json([{**row, "since": row["since"] and row["since"].isoformat()} for row in rows])
        return 0
    if not rows:
        screen.line(Cell("Nothing is parked.", "green"))
        return 0
    heads = tuple(rows[0])
    cells = [tuple(Cell(_told(content)) for content in row.values()) for row in rows]
    screen.table(Table(heads=heads, rows=cells, flexible="id"))
    more = f" (there are more: --limit {asked.limit * 2})" if len(found) > len(rows) else ""
    screen.line(Cell(""))
    screen.line(
        Cell(f"{plural(len(rows), 'item')}{more}. `reqflow requeue` lets them be tried again.", "dim")
    )
    return 0


def _row(parked: ParkedItem) -> dict[str, Any]:
    item = parked.item
    what: str
    to: str
    since: datetime | None
    if item is None:
        what, to, since = "", "", None
    elif isinstance(item, Timer):
        what, to, since = "timer", item.key, item.due_at
    elif isinstance(item, InboxItem):
        what, to, since = type(item.inbound).__name__, item.inbound.channel, item.accepted_at
    else:
        what, to, since = item.effect.tag, item.destination, item.queued_at
    return {
        "queue": parked.queue,
        "id": parked.id,
        "what": what,
        "for": to,
        "since": since,
        "attempts": parked.attempts,
        "note": parked.note,
    }


def _told(content: Any) -> str:
    if isinstance(content, datetime):
        return moment(content)
    return "" if content is None else excerpt(clean(str(content)), IDS)


def requeue(asked: Namespace, screen: Screen) -> int:
    """Let parked items wait again; 1 if some of those that are named are not parked."""
    if asked.ids and asked.all:
        raise InvalidInput("name the ids to requeue, or say --all, not both")
    if not asked.ids and not asked.all:
        raise InvalidInput("name the ids to requeue, as `reqflow parked` shows them, or say --all")
    with open_engine(asked) as engine:
        found = engine.requeue(asked.queue, None if asked.all else asked.ids)
    screen.line(Cell(f"Requeued {plural(len(found), 'item')} of the {asked.queue}."))
    missing = [id for id in asked.ids if id not in found]
    for id in missing:
        complain(f"{clean(id, IDS)} is not parked in the {asked.queue}, or a later effect has overtaken it")
    return 1 if missing else 0
