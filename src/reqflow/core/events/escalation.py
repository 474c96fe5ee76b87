"""What happens to hard questions: specialists are asked, severities and priorities set, issues finished. (Slack)"""

from __future__ import annotations

from typing import ClassVar

from ..model import (
    Code,
    Escalation,
    ExternalId,
    MessageId,
    ProfileId,
    Reason,
    RequestId,
    Resolution,
)
from ..values import value
from .root import Event

__all__ = [
    "ESCALATION_EVENTS",
    "ConsultAnswered",
    "FormOpened",
    "HelpOffered",
    "IssueFinished",
    "IssueTold",
    "MessageFlagged",
    "RequestEscalated",
    "RequestPrioritized",
    "RequestSeveritySet",
    "ToolTouched",
    "TrendNoted",
]


@value(kw_only=True)
class RequestEscalated(Event):
    """The request went to the specialists of a theme, on their tier ``level``.

    ``child`` is the internal request in which they are consulted. ``trend`` is the signature that tells the same
    question from others, and ``earlier`` are the last requests that were escalated with it before.
    """

    tag: ClassVar[str] = "request.escalated"
    request_id: RequestId
    theme: Code
    how: Escalation
    level: int
    child: RequestId | None = None
    trend: Code | None = None
    earlier: tuple[RequestId, ...] = ()
    reason: Reason


@value(kw_only=True)
class ConsultAnswered(Event):
    """Specialists closed the request in which they were consulted about this one."""

    tag: ClassVar[str] = "consult.answered"
    request_id: RequestId
    child: RequestId
    resolution: Resolution


@value(kw_only=True)
class MessageFlagged(Event):
    """A colleague put an emoji on a message that stands for a theme: that counts once, whatever becomes of it."""

    tag: ClassVar[str] = "message.flagged"
    flag_id: Code
    message_id: MessageId
    theme: Code


@value(kw_only=True)
class RequestSeveritySet(Event):
    """How much is broken; an ``immediate`` one is paged to ``destination``, for another that is the tracker."""

    tag: ClassVar[str] = "request.severity_set"
    request_id: RequestId
    severity: Code
    immediate: bool
    destination: Code


@value(kw_only=True)
class RequestPrioritized(Event):
    """When the request is handed out, compared with others that wait: smaller is sooner."""

    tag: ClassVar[str] = "request.prioritized"
    request_id: RequestId
    priority: int


@value(kw_only=True)
class ToolTouched(Event):
    """A tool was used for the request."""

    tag: ClassVar[str] = "tool.touched"
    request_id: RequestId
    tool: Code


@value(kw_only=True)
class TrendNoted(Event):
    """The same question was escalated: once more, or for the first time."""

    tag: ClassVar[str] = "trend.noted"
    trend: Code
    theme: Code
    request_id: RequestId


@value(kw_only=True)
class IssueFinished(Event):
    """The fix or feature of a tracker's issue is there."""

    tag: ClassVar[str] = "issue.finished"
    issue_id: Code
    issue: ExternalId


@value(kw_only=True)
class IssueTold(Event):
    """Whoever asked in the conversation is told that the issue that it hangs on is done."""

    tag: ClassVar[str] = "issue.told"
    link_id: Code
    issue: ExternalId


@value(kw_only=True)
class HelpOffered(Event):
    """Somebody who was about to escalate was offered ``count`` things that may help already."""

    tag: ClassVar[str] = "help.offered"
    offer_id: Code
    theme: Code
    profile_id: ProfileId
    count: int


@value(kw_only=True)
class FormOpened(Event):
    """None of what was offered helped: the escalation form opened."""

    tag: ClassVar[str] = "form.opened"
    offer_id: Code


ESCALATION_EVENTS: tuple[type[Event], ...] = (
    RequestEscalated,
    ConsultAnswered,
    MessageFlagged,
    RequestSeveritySet,
    RequestPrioritized,
    ToolTouched,
    TrendNoted,
    IssueFinished,
    IssueTold,
    HelpOffered,
    FormOpened,
)
