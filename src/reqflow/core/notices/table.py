"""The table of notices: what happens, who is told, and by which code. Everything else in this package carries it out.

Nobody is told of their own act. An assignment that follows from an answer is not the agent's act but the desk's:
its assignee is told like any other. (Thena)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..model import ActorKind, Audience, Code, Resolution, Side
from ..settings import ChannelSettings, Desk
from ..values import value
from .words import Who

__all__ = ["TABLE", "Line", "lines_of"]

Condition = Callable[[Any, ChannelSettings], bool]
Switch = Callable[[Desk, ChannelSettings], object]


@value
class Line:
    """One line: who is told when the event happens; None as code stands for the event's own.

    ``when`` narrows it by the event and the channel's settings; ``where`` says in which channels it counts at all.
    """

    who: Who
    code: Code | None
    when: Condition | None = None
    where: Switch | None = None


def _line(who: Who, code: str | None, when: Condition | None = None, where: Switch | None = None) -> Line:
    return Line(who, None if code is None else Code(code), when, where or _WHERE.get(who))


_WHERE: Mapping[Who, Switch] = MappingProxyType(
    {
        Who.REPLIER: lambda desk, settings: settings.offer_actions,
        Who.TEAM: lambda desk, settings: settings.notify_team,
        Who.TRIAGE: lambda desk, settings: settings.triage or desk.themes,
        Who.OPENER: lambda desk, settings: settings.status_emoji,
        Who.CUSTOMER: lambda desk, settings: settings.status_text,
    }
)
"""In which channels they are told anything; the others in all."""


def lines_of(tag: str, desk: Desk, settings: ChannelSettings) -> tuple[Line, ...]:
    """The lines for events of a tag that count in a channel with these settings."""
    return tuple([line for line in TABLE.get(tag, ()) if line.where is None or line.where(desk, settings)])


_BOT = ActorKind.BOT
_INTERNAL, _REQUESTER = Audience.INTERNAL, Side.REQUESTER


def _of_assignments(desk: Desk, settings: ChannelSettings) -> bool:
    return settings.notify_assignee


def _has_no_owner(event: Any, settings: ChannelSettings) -> bool:
    return settings.owner is None or event.theme is not None  # specialists get it, not the owner


def _was_loose(event: Any, settings: ChannelSettings) -> bool:
    return event.previous is None


def _had_somebody(event: Any, settings: ChannelSettings) -> bool:
    return event.previous is not None


def _by_answering(event: Any, settings: ChannelSettings) -> bool:
    return bool(event.reason.code == "first_response")


def _otherwise(event: Any, settings: ChannelSettings) -> bool:
    return not _by_answering(event, settings)


def _not_absorbed(event: Any, settings: ChannelSettings) -> bool:
    return bool(event.reason.code != "late")  # it goes on in another, of which they are told


def _is_done(event: Any, settings: ChannelSettings) -> bool:
    return event.resolution is Resolution.DONE


def _is_over(event: Any, settings: ChannelSettings) -> bool:
    return event.resolution in (Resolution.DONE, Resolution.EXPIRED)


def _is_internal(event: Any, settings: ChannelSettings) -> bool:
    return event.message.audience is _INTERNAL and event.message.author.kind is not _BOT


def _is_customers(event: Any, settings: ChannelSettings) -> bool:
    message = event.message
    return message.side is _REQUESTER and message.audience is not _INTERNAL


def _is_colleagues(event: Any, settings: ChannelSettings) -> bool:
    message = event.message
    return (
        message.side is not _REQUESTER
        and message.audience is not _INTERNAL
        and message.author.kind is not _BOT
    )


_MESSAGE = (
    _line(Who.FOLLOWERS, "customer_wrote", _is_customers),
    _line(Who.FOLLOWERS, "colleague_replied", _is_colleagues),
    _line(Who.FOLLOWERS, "internal_message", _is_internal),
)

TABLE: Mapping[str, tuple[Line, ...]] = MappingProxyType(
    {
        "request.opened": (
            _line(Who.TRIAGE, "opened"),
            _line(Who.TEAM, "new", _has_no_owner),
        ),
        "request.assigned": (
            _line(Who.ASSIGNEE, "assigned_by_answer", _by_answering, _of_assignments),
            _line(Who.ASSIGNEE, "assigned", _otherwise, _of_assignments),
            _line(Who.PREVIOUS, "taken_over", _had_somebody),
            _line(Who.TRIAGE, "assigned"),
            _line(Who.REPLIER, "actions", _by_answering),
            _line(Who.OPENER, "assigned", _was_loose),
            _line(Who.CUSTOMER, "assigned"),
        ),
        "request.unassigned": (
            _line(Who.PREVIOUS, "unassigned"),
            _line(Who.TRIAGE, "unassigned"),
            _line(Who.OPENER, "unassigned"),
        ),
        "request.requeued": (
            _line(Who.PREVIOUS, "unassigned", _had_somebody),
            _line(Who.TRIAGE, "requeued"),
            _line(Who.OPENER, "unassigned", _had_somebody),
        ),
        "request.routed": (
            _line(Who.TRIAGE, "routed"),
            _line(Who.TEAM, "routed"),
        ),
        "request.held": (
            _line(Who.ASSIGNEE, "on_hold"),
            _line(Who.TRIAGE, "on_hold"),
            _line(Who.CUSTOMER, "on_hold"),
        ),
        "request.woken": (
            _line(Who.ASSIGNEE, "woken"),
            _line(Who.TRIAGE, "woken"),
            _line(Who.CUSTOMER, "woken"),
        ),
        "request.closed": (
            _line(Who.ASSIGNEE, "closed", _not_absorbed),
            _line(Who.FOLLOWERS, "closed", _not_absorbed),
            _line(Who.TRIAGE, "closed"),
            _line(Who.OPENER, "done", _is_done),
            _line(Who.CUSTOMER, "closed", _is_over),
        ),
        "request.reopened": (
            _line(Who.FOLLOWERS, "reopened"),
            _line(Who.TRIAGE, "reopened"),
            _line(Who.OPENER, "reopened"),
            _line(Who.CUSTOMER, "reopened"),
        ),
        "consult.answered": (_line(Who.ASSIGNEE, "consult_answered"),),
        "request.nudged": (_line(Who.ASSIGNEE, "please_close"),),
        "message.received": _MESSAGE,
        "message.posted": _MESSAGE,
        "message.undelivered": (_line(Who.HOLDER, "undelivered"),),
        "message.unreviewed": (_line(Who.REVIEWERS, "unreviewed"),),
        "draft.submitted": (_line(Who.REVIEWERS, "draft_submitted"),),
        "draft.revised": (_line(Who.REVIEWERS, "draft_submitted"),),
        "draft.approved": (_line(Who.NAMED, "draft_approved"),),
        "draft.rejected": (_line(Who.NAMED, "draft_rejected"),),
        "draft.withdrawn": (_line(Who.NAMED, "draft_withdrawn"),),
        "agent.mentioned": (_line(Who.NAMED, "mentioned"),),
        "agent.notified": (_line(Who.NAMED, None),),
    }
)
"""Who is told of which event, by its tag. What is not here, nobody is told of."""
