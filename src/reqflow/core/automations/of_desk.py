"""The rules of a desk's settings, as the loop takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from .. import events as e
from ..commands import Command
from ..settings import Desk, Rule, RuleMode
from .actions import command_of
from .automation import Automation, Occasion
from .matching import matches, sets_off

__all__ = ["ANSWERABLE", "automations_of"]

_NEVER = frozenset(
    {
        *(e.DESK_EVENTS + e.ANSWER_EVENTS + e.CONTACT_EVENTS),
        *(e.TagDefined, e.TagRetired, e.LoopStopped, e.RuleMatched, e.RuleRefused, e.RuleWaited),
    }
)

ANSWERABLE: Mapping[str, type[e.Event]] = MappingProxyType(
    {cls.tag: cls for cls in e.EVENTS if cls not in _NEVER}
)
"""The events that rules may name, by their words: those of conversations, but for what rules leave themselves."""


def automations_of(desk: Desk) -> tuple[Automation, ...]:
    """The rules that the desk's settings hold, in their order; those that rest are left out."""
    return tuple([_automation(rule) for rule in desk.rules.values() if rule.mode is not RuleMode.INACTIVE])


def _automation(rule: Rule) -> Automation:
    return Automation(
        name=rule.name,
        on=_classes(rule),
        then=_after(rule) if rule.after is not None else _on(rule),
        author=rule.author,
        once=True,
        mode=rule.mode,
        rule=rule,
    )


def _classes(rule: Rule) -> frozenset[type[e.Event]]:
    if rule.after is not None:
        return frozenset({e.RuleWaited})
    return frozenset(ANSWERABLE.get(word, e.HostRecorded) for word in rule.on)


def _on(rule: Rule) -> Callable[[Occasion], Iterable[Command]]:
    def then(it: Occasion) -> Iterable[Command]:
        if not sets_off(it.event, rule) or not matches(rule, it):
            return ()
        return [command_of(action, it) for action in rule.then]

    return then


def _after(rule: Rule) -> Callable[[Occasion], Iterable[Command]]:
    def then(it: Occasion) -> Iterable[Command]:
        if not sets_off(it.event, rule) or not getattr(it.event, "matched", False):
            return ()
        return [command_of(action, it) for action in rule.then]

    return then
