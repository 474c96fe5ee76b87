"""Reads rules: when, if, then. They may name whatever else the desk holds, so they are read last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..automations.facts import EVENT_FACTS, STATE_FACTS, Takes
from ..automations.of_desk import ANSWERABLE
from ..codes import code_of
from ..commands.host import own_name
from ..model import AgentId, Code
from ..settings import Action, Condition, Desk, Rule, RuleMode, Since
from .parsers import Parser, name, names, one_of, span
from .reader import Reader
from .rule_actions import read_action

__all__ = ["MAX_RULES", "read_rules"]

MAX_RULES = 500
"""How many rules a desk may have."""

_PARTS = ("author", "mode", "on", "after", "since", "if", "then")
_MODE, _SINCE = one_of(RuleMode), one_of(Since)


def read_rules(read: Reader, given: object, desk: Desk) -> dict[Code, Rule]:
    """The rules by name, in the order they were given. ``desk`` is all the rest of the configuration."""
    rules: dict[Code, Rule] = {}
    table = read.table(given, "rules")
    if len(table) > MAX_RULES:
        read.problems.append(f"rules: a desk may have {MAX_RULES} rules, not {len(table)}")
    for word, content in table.items():
        problems = len(read.problems)
        rule = _RuleReader(read, desk, f"rules.{word}").rule(word, content)
        if rule is not None and len(read.problems) == problems:
            rules[rule.name] = rule
    return rules


class _RuleReader:
    """Reads one rule, and notes what is wrong with it by path."""

    def __init__(self, read: Reader, desk: Desk, path: str) -> None:
        self.read = read
        self.desk = desk
        self.path = path

    def rule(self, word: object, given: object) -> Rule | None:
        table = self.read.table(given, self.path)
        for unknown in sorted(set(table) - set(_PARTS)):
            self._problem(unknown, f"unknown; known are {', '.join(_PARTS)}")
        code = self._parsed("", code_of, word)
        timed = "after" in table
        if timed is ("on" in table):
            self._problem("", "needs either 'on', the events that set it off, or 'after', the span that does")
        if "since" in table and not timed:
            self._problem("since", "counts for 'after' only")
        author = self._parsed("author", name, table.get("author"))
        if author is not None:
            self.read.known([author], self.desk.agents, f"{self.path}.author")
        after = self._parsed("after", span, table["after"]) if timed else None
        if timed and after is not None and not after:
            self._problem("after", "must be more than 0; a rule that is to rest has mode 'inactive'")
        then = tuple(self._actions(table.get("then")))
        if code is None:
            return None
        return Rule(
            name=code,
            author=AgentId(author or ""),
            mode=self._parsed("mode", _MODE, table.get("mode", "active")) or RuleMode.ACTIVE,
            on=frozenset(self._events(table["on"])) if "on" in table else frozenset(),
            after=after,
            since=self._parsed("since", _SINCE, table.get("since", "opened")) or Since.OPENED,
            conditions=tuple(self._groups(table.get("if"), timed=timed)),
            then=then,
        )

    def _problem(self, where: str, told: object) -> None:
        self.read.problems.append(f"{self.path}.{where}: {told}" if where else f"{self.path}: {told}")

    def _parsed(self, where: str, parse: Parser, content: object) -> Any:
        try:
            return parse(content)
        except ValueError as problem:
            self._problem(where, problem)
            return None

    # --- when ---

    def _events(self, given: object) -> Iterator[Code]:
        given = [given] if isinstance(given, str) else given
        for word in self._parsed("on", names, given) or ():
            near = [each for each in ANSWERABLE if each.partition(".")[0] == word.partition(".")[0]]
            if word in near:
                yield Code(word)
            elif near:
                self._problem("on", f"no such event: {word}; there are {', '.join(near)}")
            else:
                own = self._parsed("on", own_name, word)
                if own is not None:
                    yield own

    # --- if ---

    def _groups(self, given: object, *, timed: bool) -> Iterator[tuple[Condition, ...]]:
        if given is None:
            return
        many = isinstance(given, list | tuple)
        for place, group in enumerate(given if many else [given]):  # type: ignore[arg-type, var-annotated]
            where = f"if[{place}]" if many else "if"
            if not isinstance(group, Mapping):
                self._problem(where, f"must be a table of conditions, not {group!r}")
                continue
            yield tuple(self._conditions(group, where, timed=timed))

    def _conditions(
        self, given: Mapping[str, Any], where: str, *, timed: bool, was: bool = False, negated: bool = False
    ) -> Iterator[Condition]:
        for fact, content in given.items():
            path = f"{where}.{fact}"
            if fact == "not" and not negated and isinstance(content, Mapping):
                yield from self._conditions(content, path, timed=timed, was=was, negated=True)
            elif fact == "was" and not was and isinstance(content, Mapping):
                if timed:
                    self._problem(path, "nothing happened that anything could have been different before")
                yield from self._conditions(content, path, timed=timed, was=True, negated=negated)
            elif fact in ("field", "data") and isinstance(content, Mapping):
                for part, wanted in content.items():
                    yield from self._named(fact, part, wanted, f"{path}.{part}", was=was, negated=negated)
            else:
                yield from self._condition(fact, content, path, timed=timed, was=was, negated=negated)

    def _named(
        self, fact: str, part: str, wanted: object, path: str, *, was: bool, negated: bool
    ) -> Iterator[Condition]:
        if fact == "field" and part not in self.desk.fields:
            self._problem(path, f"no such field: {part}")
            return
        if isinstance(wanted, bool):
            yield Condition(fact=Code(f"{fact}.{part}"), was=was, present=wanted, negated=negated)
            return
        some = wanted if isinstance(wanted, list | tuple) else [wanted]
        yield Condition(
            fact=Code(f"{fact}.{part}"), was=was, words=frozenset(str(each) for each in some), negated=negated
        )

    def _condition(
        self, fact: str, content: object, path: str, *, timed: bool, was: bool, negated: bool
    ) -> Iterator[Condition]:
        state, event = STATE_FACTS.get(fact), EVENT_FACTS.get(fact)
        known = STATE_FACTS if was else {**STATE_FACTS, **EVENT_FACTS}
        if fact not in known:
            self._problem(path, f"unknown; known are {', '.join(known)}, field, data, was, not")
            return
        if event is not None and timed and fact != "channel":
            self._problem(path, "says something of an event, and this rule waits for a span")
            return
        takes = (state or event).takes  # type: ignore[union-attr]  # one of them is there
        if isinstance(content, bool):
            yield Condition(fact=Code(fact), was=was, present=content, negated=negated)
            return
        if takes is Takes.FLAG:
            self._problem(path, f"must be true or false, not {content!r}")
            return
        given = [content] if isinstance(content, str) else content
        words = self._parsed(path, names, given) or ()
        read = [self._parsed(path, self._parser(takes), word) for word in words]
        yield Condition(
            fact=Code(fact), was=was, words=frozenset(str(each) for each in read if each), negated=negated
        )

    def _parser(self, takes: Any) -> Parser:
        if not isinstance(takes, Takes):
            return one_of(takes)
        among: dict[Takes, Any] = {
            Takes.AGENT: self.desk.agents,
            Takes.QUEUE: self.desk.queues,
            Takes.TEAM: self.desk.teams,
            Takes.STATUS: self.desk.statuses,
        }
        if takes is Takes.CHANNEL:
            return name
        return code_of if takes not in among else _one_among(among[takes], takes)

    # --- then ---

    def _actions(self, given: object) -> Iterator[Action]:
        some = given if isinstance(given, list | tuple) else [given]
        if given is None or not some:
            self._problem("then", "must name at least one action, such as {assign = 'ana'}")
            return
        for place, each in enumerate(some):
            where = f"then[{place}]" if isinstance(given, list | tuple) else "then"
            action = self._parsed(where, lambda content: read_action(content, self.desk), each)
            if action is not None:
                yield action


def _one_among(among: Any, kind: str) -> Parser:
    def parse(given: object) -> str:
        word = name(given)
        if word not in among:
            raise ValueError(f"no such {kind}: {word}")
        return word

    return parse
