"""Whether a rule's conditions hold, and what was found, for people who ask why it acted or did not."""

from __future__ import annotations

from .. import events as e
from ..model import Code, ConversationId, RequestId
from ..settings import Condition, Rule
from ..values import value
from .automation import Occasion
from .facts import found

__all__ = ["Check", "Considered", "consider", "matches", "sets_off"]


@value(kw_only=True)
class Check:
    """One condition of a rule, what was found, and whether it held."""

    condition: Condition
    found: tuple[str, ...]
    held: bool


@value(kw_only=True)
class Considered:
    """A rule that was set off: by which event, where, and what its conditions came to.

    ``checks`` holds its groups of conditions; it matched when all checks of one group held, or there are none.
    """

    rule: Code
    event: Code
    conversation_id: ConversationId
    request_id: RequestId | None
    matched: bool
    checks: tuple[tuple[Check, ...], ...] = ()


def sets_off(event: e.Event, rule: Rule) -> bool:
    """Whether the rule is about such an event, whatever its conditions say."""
    if isinstance(event, e.RuleWaited):
        return event.rule == rule.name
    if event.tag in rule.on:
        return True
    return isinstance(event, e.HostRecorded) and event.name in rule.on


def matches(rule: Rule, it: Occasion) -> bool:
    """Whether all conditions of one of the rule's groups hold; a rule without any always matches."""
    return not rule.conditions or any(
        all(each.holds(found(it, each.fact, was=each.was)) for each in group) for group in rule.conditions
    )


def consider(rule: Rule, it: Occasion) -> Considered:
    """The same with everything that was found."""
    return Considered(
        rule=rule.name,
        event=Code(it.event.tag),
        conversation_id=it.conversation.id,
        request_id=it.request.id if it.request is not None else None,
        matched=matches(rule, it),
        checks=tuple(tuple(_check(each, it) for each in group) for group in rule.conditions),
    )


def _check(condition: Condition, it: Occasion) -> Check:
    words = found(it, condition.fact, was=condition.was)
    return Check(condition=condition, found=words, held=condition.holds(words))
