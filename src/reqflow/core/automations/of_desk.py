"""The rules of a desk's settings, as the loop takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import events as e
from ..commands import Command
from ..settings import Desk, Rule, RuleMode
from .actions import command_of
from .automation import Automation, Occasion
from .matching import matches, sets_off

__all__ = ["ANSWERABLE", "automations_of"]

_NEVER = frozenset(
    """
    tag.defined tag.retired loop.stopped rule.matched rule.refused rule.waited
    """.split()
).union(*[e.TAGS[subject].split() for subject in ("answers", "contacts", "desk")])

ANSWERABLE = tuple(tag for tags in e.TAGS.values() for tag in tags.split() if tag not in _NEVER)
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
    return frozenset(e.event_of(word) or e.HostRecorded for word in rule.on)


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
