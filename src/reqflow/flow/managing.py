"""What managers look at: how much everybody has, what questions take, what comes again, what needed no form. (Slack)"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from ..core import events as e
from ..core.asking.effort import Effort, EscalationShare, consultations, effort, escalated_in
from ..core.asking.suggesting import Deflection
from ..core.commands.checks import check_moment, check_word
from ..core.facts import WantDesk, WantPool, WantRecord, WantRequest
from ..core.model import (
    Actor,
    AgentLoad,
    Code,
    ConversationId,
    Request,
    RequestId,
    RequestState,
    Resolution,
)
from ..core.records import Offer, PastRequest, Trend, stream_of
from ..core.rights.permissions import need_view, reads
from ..core.settings import Desk, Menu
from ..core.values import value
from ..errors import UnknownId
from ..ports import Page, Records, Requests
from .asks import Ask, AskHistory, AskQuery, AskRecall, DeskMoved
from .viewing import viewer

__all__ = ["TrendCount", "deflection", "effort_of", "escalation_share", "loads", "menu", "trends"]

Reading = Generator[Ask, Any, Any]


@value
class TrendCount:
    """A question that was escalated, and how often in the period that was asked for."""

    trend: Trend
    count: int


def _need(desk: Desk, by: Actor | None, what: str) -> None:
    need_view(viewer(desk, by).principal, what)


def menu(desk: Desk, name: str) -> Generator[Ask, Any, Menu]:
    """A menu of the desk as it is configured now. Raises `UnknownId`."""
    (moved,) = yield AskRecall(desk.workspace, (WantDesk(desk.revision),))
    if moved is not None:
        raise DeskMoved(moved)
    found = desk.menus.get(Code(check_word("name", name)))
    if found is None:
        raise UnknownId(f"no menu {name!r} on this desk; there are: {', '.join(desk.menus) or 'none'}")
    return found


def loads(desk: Desk, by: Actor | None) -> Generator[Ask, Any, tuple[AgentLoad, ...]]:
    """How many requests each colleague works on, fewest first. Raises `Forbidden`."""
    _need(desk, by, "Loads")
    everybody = tuple(sorted(desk.agents))
    (found,) = yield AskRecall(desk.workspace, (WantPool(everybody, None, len(everybody)),))
    told: tuple[AgentLoad, ...] = found
    return told


def effort_of(
    desk: Desk, request_id: RequestId, now: datetime, by: Actor | None
) -> Generator[Ask, Any, Effort]:
    """What a request took, the consultations about it included. Raises `UnknownId`.

    Of one that was purged, what it had taken then: for who may look at such figures.
    """
    check_word("request_id", request_id)
    wants = (WantRequest(request_id), WantRecord(Code(PastRequest.tag), Code(request_id)))
    (request, conversation), past = yield AskRecall(desk.workspace, wants)
    reader = viewer(desk, by)
    if isinstance(past, PastRequest) and reads(reader.principal, PastRequest.tag):
        return past.effort
    if request is None or not reader.sees_history(conversation):
        raise UnknownId(f"no request {request_id}")
    entries = yield AskHistory(desk.workspace, request.conversation_id)
    children = consultations(entries, request_id)
    consulted: list[e.Entry] = []
    if children:
        found = yield AskRecall(desk.workspace, tuple([WantRequest(each) for each in children]))
        for child, _ in found:
            if child is not None:
                consulted += yield AskHistory(desk.workspace, child.conversation_id)
    return effort(entries, request_id, now, consulted)


def escalation_share(
    desk: Desk, since: datetime | None, until: datetime | None, by: Actor | None
) -> Generator[Ask, Any, EscalationShare]:
    """How many of the requests closed in a period had been escalated. Raises `Forbidden`.

    What was no request and what was merged into another does not count, and consultations are no questions of their
    own. Reads the history of each conversation that it counts: the cost grows with them. What was purged counts too.
    """
    _need(desk, by, "Shares")
    _check_period(since, until)
    counted: dict[ConversationId, list[RequestId]] = {}
    view = Requests(states=(RequestState.CLOSED,))
    for request in (yield from _all(desk, view)):
        if _counts(request, since, until):
            counted.setdefault(request.conversation_id, []).append(request.id)
    past: list[PastRequest] = yield from _all(
        desk, Records(kind=Code(PastRequest.tag), name="all", content="")
    )
    purged = [each for each in past if _counts(each, since, until)]
    escalated = sum(each.escalations > 0 for each in purged)
    for conversation, ids in counted.items():
        entries = yield AskHistory(desk.workspace, conversation)
        escalated += len(escalated_in(entries) & set(ids))
    closed = len(purged) + sum(map(len, counted.values()))
    return EscalationShare(closed=closed, escalated=escalated)


_UNCOUNTED = frozenset({Resolution.NOT_A_REQUEST, Resolution.MERGED})


def _counts(request: Request | PastRequest, since: datetime | None, until: datetime | None) -> bool:
    if request.parent is not None or request.resolution in _UNCOUNTED or request.closed_at is None:
        return False
    return _within(request.closed_at, since, until)


def _check_period(since: datetime | None, until: datetime | None) -> None:
    for name, at in (("since", since), ("until", until)):
        if at is not None:
            check_moment(name, at)


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def trends(
    desk: Desk,
    theme: str | None,
    since: datetime | None,
    until: datetime | None,
    top: int,
    by: Actor | None,
) -> Generator[Ask, Any, tuple[TrendCount, ...]]:
    """The questions that were escalated most often, of a theme or of all, in a period or ever. Raises `Forbidden`.

    For a period all trends of the theme are read, and the history of those that were seen since it began.
    """
    _need(desk, by, "Trends")
    _check_period(since, until)
    name, content = ("all", "") if theme is None else ("theme", theme)
    view = Records(kind=Code(Trend.tag), name=name, content=content, newest_first=True, limit=top)
    if since is None and until is None:
        page: Page = yield AskQuery(desk.workspace, view)
        return tuple([TrendCount(each, each.count) for each in page.items])
    found: list[TrendCount] = []
    for trend in (yield from _all(desk, view)):
        if (since is None or trend.last_at >= since) and (until is None or trend.first_at < until):
            entries = yield AskHistory(desk.workspace, stream_of(Trend.tag, trend.id))
            count = sum(_within(entry.at, since, until) for entry in entries)
            found += [TrendCount(trend, count)] if count else []
    return tuple(sorted(found, key=lambda each: (-each.count, each.trend.id))[:top])


def deflection(
    desk: Desk, theme: str, since: datetime | None, until: datetime | None, by: Actor | None
) -> Generator[Ask, Any, Deflection]:
    """How often help was offered about a theme, and how often the form opened all the same. Raises `Forbidden`."""
    _need(desk, by, "Shares")
    _check_period(since, until)
    view = Records(kind=Code(Offer.tag), name="theme", content=theme)
    offers = [each for each in (yield from _all(desk, view)) if _within(each.offered_at, since, until)]
    return Deflection(offered=len(offers), opened=sum(each.opened_at is not None for each in offers))


def _all(desk: Desk, view: Any) -> Reading:
    found: list[Any] = yield from viewer(desk, None).each(view)
    return found
