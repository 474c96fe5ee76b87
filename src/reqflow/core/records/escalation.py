"""What is kept of escalations beside requests: emoji that counted, questions that come again, finished issues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from .. import events as e
from ..ids import digest_of
from ..model import Actor, Code, ConversationId, ExternalId, MessageId, ProfileId, RequestId
from ..values import value
from .links import LinkRecord
from .projection import Projection
from .root import Record, RecordKey, rank_of

__all__ = ["MOST_NAMED", "PROJECTIONS", "Flag", "Issue", "Offer", "Trend", "issue_id"]

MOST_NAMED = 20
"""How many of the latest requests a trend names; all of them stand in its history."""


@value(kw_only=True)
class Flag(Record):
    """An emoji that sent a message's request to specialists; its id is made of the message and the emoji."""

    tag: ClassVar[str] = "flag"
    conversation_id: ConversationId
    message_id: MessageId
    theme: Code
    flagged_at: datetime
    flagged_by: Actor


@value(kw_only=True)
class Trend(Record):
    """A question that was escalated, and how often; its id is the question's signature. (Slack)

    ``requests`` are the latest, newest last.
    """

    tag: ClassVar[str] = "trend"
    theme: Code
    count: int
    first_at: datetime
    last_at: datetime
    requests: tuple[RequestId, ...] = ()

    def found_by(self) -> tuple[RecordKey, ...]:
        """Among all and by theme, the rarest first."""
        rank = f"{self.count:012d}"
        return (RecordKey("all", "", rank), RecordKey("theme", self.theme, rank))


@value(kw_only=True)
class Issue(Record):
    """An issue of a tracker whose fix or feature is there."""

    tag: ClassVar[str] = "issue"
    issue: ExternalId
    finished_at: datetime
    finished_by: Actor


@value(kw_only=True)
class Offer(Record):
    """What somebody was offered before they could escalate; ``opened_at`` is when they opened the form all the same."""

    tag: ClassVar[str] = "offer"
    theme: Code
    profile_id: ProfileId
    count: int
    offered_at: datetime
    opened_at: datetime | None = None

    def found_by(self) -> tuple[RecordKey, ...]:
        """By theme, in the order of time."""
        return (RecordKey("theme", self.theme, rank_of(self.offered_at)),)


def issue_id(issue: ExternalId) -> Code:
    """The id of an issue's record: a tracker's own names may be anything."""
    return Code(f"i_{digest_of(issue.encode('utf-8', 'surrogatepass')).hex()}")


def _flagged(old: None, event: e.MessageFlagged, stream: str, at: datetime, actor: Actor) -> Flag:
    return Flag(
        id=event.flag_id,
        conversation_id=ConversationId(stream),
        message_id=event.message_id,
        theme=event.theme,
        flagged_at=at,
        flagged_by=actor,
    )


def _noted(old: Trend | None, event: e.TrendNoted, stream: str, at: datetime, actor: Actor) -> Trend:
    if old is None:
        return Trend(
            id=event.trend,
            theme=event.theme,
            count=1,
            first_at=at,
            last_at=at,
            requests=(event.request_id,),
        )
    named = (*[each for each in old.requests if each != event.request_id], event.request_id)[-MOST_NAMED:]
    return attrs.evolve(old, count=old.count + 1, last_at=max(old.last_at, at), requests=named)


def _finished(old: None, event: e.IssueFinished, stream: str, at: datetime, actor: Actor) -> Issue:
    return Issue(id=event.issue_id, issue=event.issue, finished_at=at, finished_by=actor)


def _told(old: LinkRecord, event: e.IssueTold, stream: str, at: datetime, actor: Actor) -> LinkRecord:
    return attrs.evolve(old, told_at=at)


def _offered(old: None, event: e.HelpOffered, stream: str, at: datetime, actor: Actor) -> Offer:
    return Offer(
        id=event.offer_id,
        theme=event.theme,
        profile_id=event.profile_id,
        count=event.count,
        offered_at=at,
    )


def _opened(old: Offer, event: e.FormOpened, stream: str, at: datetime, actor: Actor) -> Offer:
    return attrs.evolve(old, opened_at=old.opened_at or at)


_OFFER: Any = attrgetter("offer_id")
_FLAG: Any = attrgetter("flag_id")
_TREND: Any = attrgetter("trend")
_ISSUE: Any = attrgetter("issue_id")
_LINK: Any = attrgetter("link_id")

PROJECTIONS: Mapping[type[e.Event], Projection] = MappingProxyType(
    {
        e.MessageFlagged: Projection(Flag, _FLAG, _flagged, begins=True),
        e.TrendNoted: Projection(Trend, _TREND, _noted),
        e.IssueFinished: Projection(Issue, _ISSUE, _finished, begins=True),
        e.IssueTold: Projection(LinkRecord, _LINK, _told),
        e.HelpOffered: Projection(Offer, _OFFER, _offered, begins=True),
        e.FormOpened: Projection(Offer, _OFFER, _opened),
    }
)
