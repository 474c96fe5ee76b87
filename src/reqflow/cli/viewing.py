"""What people read: requests with the names and first words that belong to them, ids from their ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import attrs

from ..core.model import Audience, ProfileId, Request, RequestState, TextId
from ..engine import Engine
from ..errors import InvalidInput, UnknownId
from ..ports import Conversations, Requests, View
from .screen import Cell, Table
from .words import clean, excerpt, moment, short_id, span

__all__ = ["Row", "board", "everything", "find_id", "rows_of", "table_of"]

PAGE = 500
WORDS = 48
"""How many cells the first words of a request may take."""
STYLES = {
    RequestState.UNASSIGNED: "yellow",
    RequestState.ASSIGNED: "cyan",
    RequestState.ON_HOLD: "magenta",
    RequestState.CLOSED: "dim",
}
HEADS = ("id", "state", "first words", "from", "channel", "who", "last active")
_WHOLE = re.compile(r"[rc]_[0-9a-f]{32}(?:-\d+)?")
_RECORD = re.compile(r"[a-z_]+:\S{1,200}")
"""What has a history of its own beside conversations: ``customer:k_...``, ``tag:vip``, ``answer:hello``."""
_ENDING = re.compile(r"(?:[rc]_)?[0-9a-f]{6,32}(?:-\d+)?")


@attrs.frozen
class Row:
    """A request with what people want to see of it."""

    request: Request
    words: str
    requester: str
    assignee: str

    def as_json(self) -> dict[str, Any]:
        """The request for programs: ids, codes and ISO moments; null where there is nothing."""
        request = self.request
        return {
            "id": request.id,
            "conversation": request.conversation_id,
            "channel": request.channel_id,
            "state": request.state,
            "first_words": self.words,
            "requester": request.requester,
            "requester_name": self.requester,
            "assignee": request.assignee,
            "queue": request.queue,
            "team": request.team,
            "hold_reason": request.hold_reason,
            "hold_until": _iso(request.hold_until_at),
            "resolution": request.resolution,
            "opened_at": _iso(request.opened_at),
            "active_at": _iso(request.active_at),
            "closed_at": _iso(request.closed_at),
        }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def everything(engine: Engine, view: View) -> Iterator[Any]:
    """All items of a view, read page by page."""
    after: str | None = None
    while True:
        page = engine.read(attrs.evolve(view, after=after, limit=PAGE))
        yield from page.items
        if page.next is None:
            return
        after = page.next


def rows_of(engine: Engine, requests: Iterable[Request]) -> Iterator[Row]:
    """Requests with names and first words, a page at a time."""
    agents = engine.desk.agents
    left = iter(requests)
    while chunk := list(islice(left, PAGE)):
        texts = _texts(engine, chunk)
        for request in chunk:
            named = texts.get(_name_of(request.requester)) or texts.get(_address_of(request.requester))
            agent = agents.get(request.assignee) if request.assignee else None
            yield Row(
                request=request,
                words=texts.get(request.words, ""),
                requester=named or request.requester,
                assignee=agent.name if agent else request.assignee or "",
            )


def _texts(engine: Engine, requests: Sequence[Request]) -> dict[TextId, str]:
    ids = {request.words for request in requests}
    for request in requests:
        ids |= {_name_of(request.requester), _address_of(request.requester)}
    return dict(engine.store.texts(engine.workspace, sorted(ids), Audience.INTERNAL))


def _name_of(profile: ProfileId) -> TextId:
    return TextId(f"t{profile[1:]}.name")


def _address_of(profile: ProfileId) -> TextId:
    return TextId(f"t{profile[1:]}.address")


def table_of(
    rows: Iterable[Row], now: datetime, title: str = "", channels: Mapping[str, str] | None = None
) -> Table:
    """Requests as a table, the state by its colour too; ``channels`` may say what people call them."""
    return Table(
        heads=HEADS,
        rows=[_cells(row, now, channels or {}) for row in rows],
        title=title,
        flexible="first words",
        optional=("last active", "channel", "from"),
    )


def _cells(row: Row, now: datetime, channels: Mapping[str, str]) -> Sequence[Cell]:
    request = row.request
    closed = not request.is_open
    plain = "dim" if closed else ""
    who = row.assignee or (f"queue {request.queue}" if request.queue and not closed else "")
    return (
        Cell(short_id(request.id), "bold" if not closed else "dim"),
        Cell(_state(request), STYLES[request.state]),
        Cell(excerpt(row.words, WORDS) or "(no text)", plain),
        Cell(excerpt(row.requester, 20), plain),
        Cell(excerpt(channels.get(request.channel_id, request.channel_id), 28), plain),
        Cell(clean(who, 24), plain if row.assignee else "dim"),
        Cell(_age(request, now), "dim"),
    )


def _state(request: Request) -> str:
    state = request.state.replace("_", " ")
    if request.state is RequestState.ON_HOLD and request.hold_reason:
        return f"{state}: {request.hold_reason.replace('_', ' ')}"
    if request.resolution is not None:
        return f"{state}: {request.resolution.replace('_', ' ')}"
    return state


def _age(request: Request, now: datetime) -> str:
    since = now - request.active_at
    return f"{span(since)} ago" if since.total_seconds() >= 0 else moment(request.active_at)


def board(engine: Engine, closed: int = 0) -> list[Row]:
    """All open requests, waiting ones first, and the latest closed ones."""
    states: list[RequestState] = [state for state in RequestState if state is not RequestState.CLOSED]
    opened: list[Request] = list(everything(engine, Requests(states=tuple(states))))
    opened.sort(key=lambda request: states.index(request.state))
    ended: list[Request] = []
    if closed:
        view = Requests(states=(RequestState.CLOSED,), newest_first=True, limit=closed)
        ended = list(engine.read(view).items)
    return list(rows_of(engine, [*opened, *ended]))


def find_id(engine: Engine, given: str) -> str:
    """The request or conversation that is meant: by its id, or by an end of it that nothing else has.

    A customer (``k_``) and other records by ``kind:id`` stand for their own history; ``desk`` for that of the desk.
    A request and the conversation it opened end alike; then the request is meant, unless ``c_`` comes first.
    Raises `InvalidInput` for what can be no id and for an ending that several things have, `UnknownId` for
    one that nothing has.
    """
    given = given.strip()
    if given.startswith("k_"):
        return f"customer:{given}"
    if _RECORD.fullmatch(given):
        return given
    given = given.lower()
    if given == "desk":
        return given
    if not _ENDING.fullmatch(given):
        raise InvalidInput(
            f"{clean(given, 60)!r} is no id: give a request's or conversation's, or its last 6 digits"
        )
    if _WHOLE.fullmatch(given):
        return given
    kind, _, ending = given.rpartition("_")
    found: list[str] = []
    if kind != "c":
        found = [each.id for each in everything(engine, Requests()) if each.id.endswith(ending)]
    if not found and kind != "r":
        found = [each.id for each in everything(engine, Conversations()) if each.id.endswith(ending)]
    if not found:
        raise UnknownId(f"no request or conversation ends in {ending}: see `reqflow requests STORE`")
    if len(found) > 1:
        listed = ", ".join(sorted(found)[:5]) + (", ..." if len(found) > 5 else "")
        raise InvalidInput(f"{ending} is the end of {len(found)} ids: {listed}; give more digits")
    return found[0]
