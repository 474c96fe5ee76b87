"""Commands that bring hard questions to specialists, and what is broken to whoever mends it. (Slack)"""

from __future__ import annotations

import attrs

from ...errors import InvalidInput
from ..model import Code, Escalation, ExternalId, RequestId
from ..values import value
from .checks import as_code, is_text, is_word, member
from .root import Command

__all__ = ["Escalate", "FinishIssue", "SetPriority", "SetSeverity", "Touch"]

_FURTHEST = 1_000_000


def _as_escalation(given: Escalation | str) -> Escalation:
    return member(Escalation, given)


def _is_rank(instance: object, attribute: attrs.Attribute[int], content: object) -> None:
    if isinstance(content, bool) or not isinstance(content, int) or not -_FURTHEST <= content <= _FURTHEST:
        where = f"{type(instance).__name__}.{attribute.name}"
        raise InvalidInput(f"{where} must be a whole number up to {_FURTHEST:,}, not {content!r}")


@value(kw_only=True)
class Escalate(Command):
    """Bring the request to the specialists of a theme. (Slack's tiers)

    ``consult`` opens an internal request of its own in the theme's queue, with its own thread, claim and clocks;
    whoever has the request keeps it, and with ``hold`` it rests until the answer is there. When that request closes,
    its owner is told and it goes on. ``transfer`` gives the request itself to the theme's queue and team, and nobody
    has it until one of them claims it. ``note`` is for colleagues only.
    """

    request_id: RequestId
    theme: Code = attrs.field(converter=as_code)
    how: Escalation = attrs.field(default=Escalation.CONSULT, converter=_as_escalation)
    note: str = attrs.field(default="", validator=is_text)
    hold: bool = False


@value(kw_only=True)
class SetSeverity(Command):
    """Say how much is broken, in a word of the desk's ``severities``. (Slack)

    An immediate one pages engineering at once, another files a bug in the tracker, once.
    """

    request_id: RequestId
    severity: Code = attrs.field(converter=as_code)


@value(kw_only=True)
class SetPriority(Command):
    """Say when waiting work is handed out: the smallest number first, then whatever waits longest. (Slack, Audite)"""

    request_id: RequestId
    priority: int = attrs.field(validator=_is_rank)


@value(kw_only=True)
class Touch(Command):
    """Put on record that a tool was used for the request, such as an admin panel: effort is counted from it. (Slack)"""

    request_id: RequestId
    tool: Code = attrs.field(converter=as_code)


@value(kw_only=True)
class FinishIssue(Command):
    """The fix or feature of a tracker's issue is there: everybody who waits for it is told, once. (Slack)

    Whatever hears from the tracker says so (an actor of kind ``external`` or ``plugin``), or a colleague. The same
    issue again changes nothing.
    """

    issue: ExternalId = attrs.field(validator=is_word)
