"""Answers first: what may help already is asked for, outside of any transaction; what was offered is recorded."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from ..core import events as e
from ..core.asking.pointing import is_resolved, may_point
from ..core.asking.repeats import trend_of
from ..core.asking.suggesting import Offered, Suggestion
from ..core.commands.checks import check_place, check_text, check_word
from ..core.facts import WantDesk, WantPlaced, WantRecord, WantRequest
from ..core.model import ChannelId, Code, CommandKey, RequestId
from ..core.operations.overlay import Overlay
from ..core.operations.step import Step
from ..core.records import Trend
from ..core.settings import Theme
from ..errors import Refused
from ..ports import Page, Records
from .asks import Ask, AskCommit, AskQuery, AskRecall, AskSuggest, Context, DeskMoved

__all__ = ["suggest"]

MOST = 10
"""How many suggestions are offered at once; those of plugins come first, in the order of the plugins."""
LOOKED_AT = 20
"""How many of a theme's most frequent questions are looked at for answers."""

Reading = Generator[Ask, Any, Any]


def suggest(
    context: Context, key: CommandKey, theme_name: str, text: str, author: str, channel: ChannelId
) -> Generator[Ask, Any, Offered]:
    """What may help whoever is about to ask about a theme in a channel. Raises `Refused` for an unknown theme."""
    check_word("theme", theme_name)
    check_text("text", text)
    check_place("author", author)
    check_place("channel", channel)
    (moved,) = yield AskRecall(context.desk.workspace, (WantDesk(context.desk.revision),))
    if moved is not None:
        raise DeskMoved(moved)
    theme = context.desk.themes.get(Code(theme_name))
    if theme is None:
        known = ", ".join(context.desk.themes) or "none"
        raise Refused("unknown_theme", f"no theme {theme_name!r} on this desk; there are: {known}")
    found: list[Suggestion] = []
    for name in context.suggesters:
        found += yield from _asked(name, text, theme)
    if len(found) < MOST:
        found += yield from _earlier(context, theme, text, channel)
    found = found[:MOST]
    who = context.desk.author(author)
    overlay = Overlay(context.desk, context.clock())
    step = Step(overlay, who.actor, e.Cause(kind=e.CauseKind.COMMAND, key=key), muted=context.muted)
    offer = step.new_id("o")
    step.change(e.HelpOffered(offer_id=offer, theme=theme.name, profile_id=who.profile, count=len(found)))
    step.finish()
    yield AskCommit(overlay.batch())
    return Offered(offer_id=offer, theme=theme.name, suggestions=tuple(found))


def _asked(name: str, text: str, theme: Theme) -> Reading:
    """What one suggester says; its failure is nobody's problem but that it suggests nothing."""
    try:
        found: Sequence[Any] = tuple((yield AskSuggest(name, text, theme)))
    except Exception:  # noqa: BLE001  (whatever a host's suggester raises)
        return ()
    return tuple([each for each in found if isinstance(each, Suggestion)])


def _earlier(context: Context, theme: Theme, text: str, channel: ChannelId) -> Reading:
    """Requests that were resolved before, of the same question first, then of the theme's most frequent ones.

    Only those that everybody in the channel may read.
    """
    workspace = context.desk.workspace
    same = trend_of(theme, text, context.desk.salt, context.signature)
    trends: list[Trend] = []
    if same is not None:
        (known,) = yield AskRecall(workspace, (WantRecord(Code(Trend.tag), same),))
        trends += [known] if known is not None else []
    view = Records(kind=Code(Trend.tag), name="theme", content=theme.name, newest_first=True, limit=LOOKED_AT)
    page: Page = yield AskQuery(workspace, view)
    trends += page.items
    ids = dict.fromkeys(id for trend in trends for id in reversed(trend.requests))
    return (yield from _resolved(context, tuple(ids), channel))


def _resolved(context: Context, ids: tuple[RequestId, ...], channel: ChannelId) -> Reading:
    if not ids:
        return ()
    workspace = context.desk.workspace
    rows = yield AskRecall(workspace, tuple([WantRequest(each) for each in ids]))
    able = [
        request
        for request, home in rows
        if request is not None and is_resolved(request) and may_point(context.desk, home, channel)
    ][:MOST]
    if not able:
        return ()
    openers = yield AskRecall(workspace, tuple([WantPlaced(each.opener) for each in able]))
    return tuple(
        Suggestion(request_id=request.id, channel_id=request.channel_id, native=opener.native)
        for request, (opener, _) in zip(able, openers, strict=True)
        if opener is not None and opener.deleted_at is None
    )
