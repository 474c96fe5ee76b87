"""Rehearsing: what an item would do, and what the rules that it sets off look at. Nothing is committed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from ..core.automations import automations_of
from ..core.commands import Item
from ..core.commands.checks import check_word
from ..core.configuration import compile_rules
from ..core.facts import WantDesk, WantRequest
from ..core.model import CommandKey, RequestId
from ..core.operations import performing, ringing
from ..core.operations.overlay import Overlay
from .asks import Context, Flow
from .handling import decided, learn, tried

__all__ = ["rehearse"]


def rehearse(
    context: Context,
    item: Item | RequestId,
    key: CommandKey,
    given: Mapping[str, Any] | None = None,
) -> Flow:
    """What an item would do, without the commit: ``(Outcome, Batch | None, what rules looked at)``.

    ``given`` are rules to try, as settings hold them. The id of a request asks what rules that wait for a span to pass
    would do if it passed now: those given, or all of them. Raises as `handle` does.
    """
    if given is not None:
        desk = compile_rules(given, context.desk)
        brought = tuple([rule for rule in context.rules if rule.rule is None])
        context = attrs.evolve(context, desk=desk, rules=brought + automations_of(desk))
    overlay = Overlay(context.desk, context.clock(), context.notice_rules, context.signature)
    overlay.considered = []
    if isinstance(item, str):
        about = RequestId(check_word("the id of a request", item))
        yield from learn(overlay, (WantDesk(context.desk.revision), WantRequest(about)))
        only = frozenset(given) if given is not None else None
        passed = partial(ringing.rehearse_waits, overlay, about, context.rules, only=only)
        outcome = yield from decided(overlay, passed)
    else:
        yield from learn(overlay, performing.wants_of(item, key, context.desk))
        outcome = yield from tried(context, overlay, item, key, {})
    return outcome, None if overlay.is_empty else overlay.batch(), tuple(overlay.considered or ())
