"""The same question, escalated again and again: what tells it from others, and what is kept of it. (Slack)

A signature makes a short string of a question; questions with one string are one trend. By default that is the set of
its words: order, numbers, case and accents do not count. What a signature says is kept as a keyed digest only.
"""

from __future__ import annotations

import attrs

from .. import events as e
from ..commands import Inbound
from ..ids import digest_of
from ..model import Code, Escalation, Reason, RequestId
from ..operations.step import Step
from ..records import Trend
from ..settings import Theme
from ..values import value
from .signatures import Signature, by_words

__all__ = ["Repeat", "asked_in_form", "escalated", "note_repeat", "trend_of"]

NAMED = 3
"""How many of the earlier requests an escalation names."""


@value
class Repeat:
    """Which trend a question belongs to, and the requests that were escalated with it last."""

    trend: Code
    earlier: tuple[RequestId, ...]


def trend_of(theme: Theme, text: str, salt: bytes, signature: Signature | None = None) -> Code | None:
    """The trend that a question about a theme belongs to; None where there are no words to tell it by.

    A signature that fails is stood in for by the usual one: no question is lost to it.
    """
    try:
        told = str((signature or by_words)(text))
    except Exception:  # noqa: BLE001  (whatever a host's signature raises)
        told = by_words(text)
    if not told:
        return None
    content = f"{theme.name}\0{told}".encode("utf-8", "surrogatepass")
    return Code(f"w_{digest_of(content, key=salt).hex()}")


def note_repeat(step: Step, theme: Theme, text: str, request: RequestId) -> Repeat | None:
    """Count an escalated question; None where there are no words to tell it by."""
    trend = trend_of(theme, text, step.desk.salt, step.overlay.signature)
    if trend is None:
        return None
    known = step.record(Trend, trend)
    earlier = () if known is None else tuple([each for each in known.requests if each != request])
    step.change(e.TrendNoted(trend=trend, theme=theme.name, request_id=request))
    return Repeat(trend, earlier[-NAMED:])


def escalated(
    request: RequestId,
    theme: Theme,
    how: Escalation,
    reason: Reason,
    repeat: Repeat | None,
    child: RequestId | None = None,
) -> e.RequestEscalated:
    """The event that brings a request to the specialists of a theme."""
    return e.RequestEscalated(
        request_id=request,
        theme=theme.name,
        how=how,
        level=theme.level,
        child=child,
        trend=None if repeat is None else repeat.trend,
        earlier=() if repeat is None else repeat.earlier,
        reason=reason,
    )


def asked_in_form(step: Step, inbound: Inbound, opened: e.RequestOpened) -> tuple[e.Event, ...]:
    """What was asked in the form of a theme is its specialists' at once, and no channel's owner's. (Slack)"""
    theme = step.desk.themes[inbound.theme or Code("")]
    repeat = note_repeat(step, theme, inbound.text, opened.request_id)
    routed = attrs.evolve(opened, queue=theme.queue, team=theme.team, theme=theme.name, level=theme.level)
    reason = Reason(Code("form"), message_id=opened.opener)
    return routed, escalated(opened.request_id, theme, Escalation.TRANSFER, reason, repeat)
