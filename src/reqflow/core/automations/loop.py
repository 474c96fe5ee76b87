"""Rules answer what a step made happen, and each other: down to the fifth, and not without end in breadth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ...errors import Refused, UnknownId
from .. import events as e
from ..commands import Command
from ..evolution import find_request
from ..model import Actor, ActorKind, Code, Conversation, ConversationId, RequestId
from ..operations.step import Step
from ..placing.routing import meant_request
from ..settings import RuleMode
from .automation import Automation, Occasion
from .matching import Considered, consider, sets_off

__all__ = ["MAX_ANSWERS", "MAX_DEPTH", "answer_rules", "occasion_of"]

MAX_DEPTH = 5
"""How many rules may answer each other in one operation."""

MAX_ANSWERS = 100
"""How many commands rules may give in one operation altogether."""

Decide = Callable[[Step, Command], object]


def answer_rules(
    step: Step,
    happened: Mapping[ConversationId, Sequence[e.Event]],
    rules: Sequence[Automation],
    decide: Decide,
) -> None:
    """Let the rules answer a finished step's events, and what follows from their answers."""
    _Answers(rules, decide).to(step, happened)


class _Answers:
    """The answers to one operation. They are counted, so that rules that feed each other come to an end."""

    def __init__(self, rules: Sequence[Automation], decide: Decide) -> None:
        self.rules = rules
        self.decide = decide
        self.left = MAX_ANSWERS
        self.stopped: set[Code] = set()

    def to(self, step: Step, happened: Mapping[ConversationId, Sequence[e.Event]]) -> None:
        given: Counter[Code] = Counter()
        answered: set[tuple[Code, ConversationId, RequestId | None]] = set()
        for conversation_id, events in happened.items():
            for event in events:
                for rule in self.rules:
                    if event.__class__ not in rule.on:
                        continue
                    now = step.overlay.conversation(conversation_id)
                    if now is None:
                        continue
                    occasion = occasion_of(step, now, event, rule.name)
                    about = occasion.request.id if occasion.request is not None else None
                    place = (rule.name, conversation_id, about)
                    if rule.once and place in answered:
                        continue
                    if self._answer(step, occasion, rule, given):
                        answered.add(place)

    def _answer(self, step: Step, occasion: Occasion, rule: Automation, given: Counter[Code]) -> bool:
        """Let one rule answer; False if it has nothing to say."""
        if step.overlay.considered is not None and (rule.rule is None or sets_off(occasion.event, rule.rule)):
            step.overlay.considered.append(_considered(rule, occasion))
        commands = _asked(step, occasion, rule)
        if commands is None:
            return True
        if commands and rule.mode is RuleMode.MONITOR:
            request_id = occasion.request.id if occasion.request is not None else None
            _say(step, occasion, rule, e.RuleMatched(rule=rule.name, request_id=request_id))
            return True
        for command in commands:
            place = given[rule.name]  # which of the rule's answers to this step: ids are made of it
            given[rule.name] += 1
            own = _step_of(step, rule, Code(f"{rule.name}:{place}") if place else rule.name)
            if len(own.cause.rules) > MAX_DEPTH or not self.left:
                self._stop(own, occasion, rule)
                return True
            self.left -= 1
            try:
                self.decide(own, attrs.evolve(command, by=occasion.by))
            except (Refused, UnknownId) as refusal:
                code = refusal.code if isinstance(refusal, Refused) else "unknown_id"
                _remark(step, occasion, rule, code, command)
                continue
            self.to(own, own.finish())
        return bool(commands)

    def _stop(self, own: Step, occasion: Occasion, rule: Automation) -> None:
        """Leave an entry that a rule was not carried out, the first time in this operation."""
        if rule.name not in self.stopped:
            self.stopped.add(rule.name)
            depth = min(len(own.cause.rules), MAX_DEPTH)
            own.emit(occasion.conversation.id, e.LoopStopped(rule=rule.name, depth=depth))
            own.finish()


def _asked(step: Step, occasion: Occasion, rule: Automation) -> tuple[Command, ...] | None:
    """What a rule answers; None if it failed, which then is on record."""
    try:
        commands: tuple[Any, ...] = tuple(rule.then(occasion))
    except Refused as refusal:
        _remark(step, occasion, rule, refusal.code)
        return None
    except Exception as failure:  # noqa: BLE001  (what set the rule off has happened, and its fault does not undo that)
        _remark(step, occasion, rule, type(failure).__name__)
        return None
    for odd in [each for each in commands if not isinstance(each, Command)]:
        _remark(step, occasion, rule, f"returned_{type(odd).__name__}")
        return None
    return commands


def occasion_of(step: Step, now: Conversation, event: e.Event, name: Code) -> Occasion:
    """What a rule sees of an event of a finished step."""
    about = getattr(event, "request_id", None) or getattr(getattr(event, "message", None), "request_id", None)
    request = find_request(now, about) if about is not None else None
    if request is None and about is None:
        request = meant_request(now, None) or (now.closed[-1] if now.closed else None)
    before = step.before(now.id)
    was = find_request(before, request.id) if before is not None and request is not None else None
    return Occasion(
        event=event,
        conversation=now,
        request=request,
        before=before,
        request_before=was,
        actor=step.actor,
        by=Actor(ActorKind.AUTOMATION, name),
        at=step.at,
    )


def _considered(rule: Automation, it: Occasion) -> Considered:
    if rule.rule is not None:
        return consider(rule.rule, it)
    return Considered(
        rule=rule.name,
        event=Code(it.event.tag),
        conversation_id=it.conversation.id,
        request_id=it.request.id if it.request is not None else None,
        matched=True,  # what a function looks at is its own affair
    )


def _step_of(step: Step, rule: Automation, name: Code) -> Step:
    """A step of the rule's own, for the cause that led to it."""
    actor = Actor(ActorKind.AUTOMATION, rule.name)
    cause = attrs.evolve(step.cause, rules=(*step.cause.rules, name))
    return Step(step.overlay, actor, cause, muted=step.muted, author=rule.author)


def _remark(
    step: Step, occasion: Occasion, rule: Automation, code: str, command: Command | None = None
) -> None:
    given = Code(type(command).__name__) if command is not None else None
    _say(step, occasion, rule, e.RuleRefused(rule=rule.name, code=Code(code), command=given))


def _say(step: Step, occasion: Occasion, rule: Automation, event: e.Event) -> None:
    own = _step_of(step, rule, rule.name)
    own.emit(occasion.conversation.id, event)
    own.finish()
