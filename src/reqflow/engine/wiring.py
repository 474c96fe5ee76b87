"""What both engines hold, and how they find their desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import flow
from ..core.automations import Automation, automations_of
from ..core.commands import Command, MarkSeen, Observation
from ..core.commands.checks import as_many, check_moment, check_word
from ..core.model import (
    Actor,
    ActorKind,
    Code,
    CommandKey,
    RequestId,
    Workspace,
)
from ..core.settings import Desk
from ..drivers import Ports
from ..errors import InvalidInput, UsageError
from ..ports import Classifier, Clock
from ..registry import Registry

if TYPE_CHECKING:
    pass


__all__ = ["LEASED_FOR", "SETUP", "Flowing", "Item", "Wiring", "room", "system_clock"]

Item = Observation | MarkSeen | Command

LEASED_FOR = timedelta(seconds=60)
"""How long a worker keeps a leased item before another may take it."""

FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Between which moments may lie that stand in for the clock."""

SETUP = Actor(ActorKind.PLUGIN, Code("setup"))


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def random_word() -> str:
    """Chance, as 32 hexadecimal digits: a key for a command that has none, the salt of a new desk."""
    from secrets import token_hex  # seldom needed, and dear to import

    return token_hex(16)


class Wiring:
    """What both engines hold: ports, plugins, the clock, and the desk by its revision."""

    def __init__(
        self,
        store: Any,
        settings: Mapping[str, Any] | None = None,
        *,
        workspace: str | None = None,
        plugins: Iterable[object | str] = (),
        classifier: Classifier | str | None = None,
        consult_within: float | None = None,
        clock: Clock = system_clock,
        chance: Callable[[], str] = random_word,
        muted: bool = False,
    ) -> None:
        named = settings.get("workspace") if isinstance(settings, Mapping) else None
        _check_store(store)
        if workspace is not None and named is not None and named != workspace:
            raise UsageError(f"the settings are of workspace {named!r}, not of {workspace!r}")
        if workspace is not None:
            check_word("workspace", workspace)
        self.workspace = Workspace(workspace or named or "main")
        self.store = store
        self.clock: Clock = clock
        self._chance = chance
        self.registry = Registry(as_many(plugins))
        self._settings = settings
        self._desk: Desk | None = None
        self._usual: flow.Context | None = None
        self._rules: tuple[Desk, tuple[Automation, ...]] | None = None
        self._muted = muted
        self._ports = Ports(
            store=store,
            registry=self.registry,
            classifier=self.registry.classifier(classifier),
            consult_within=consult_within,
        )

    def _context(self, desk: Desk, at: datetime | None, how: Mapping[str, Any]) -> flow.Context:
        """What flows know; ``how`` may set ``leased_for``. The usual one is made once."""
        usual = self._usual
        plain = at is None and not how
        if plain and usual is not None and usual.desk is desk:
            return usual
        if at is not None:
            _check_at(at)
        leased_for = how.get("leased_for", LEASED_FOR)
        if not isinstance(leased_for, timedelta) or leased_for < timedelta(0):
            raise InvalidInput(f"leased_for must be a timedelta, not {leased_for!r:.80}")
        context = flow.Context(
            desk=desk,
            clock=self.clock if at is None else (lambda: at),
            rules=self._rules_of(desk),
            policies=self.registry.policies,
            notice_rules=self.registry.notice_rules,
            signature=self.registry.signature,
            suggesters=tuple(self.registry.suggesters),
            muted=self._muted,
            schemes=frozenset(self.registry.transports),
            **how,
        )
        if plain:
            self._usual = context
        return context

    def _rules_of(self, desk: Desk) -> tuple[Automation, ...]:
        """The rules that plugins brought, then those of the desk; made once for each revision."""
        if self._rules is None or self._rules[0] is not desk:
            self._rules = (desk, (*self.registry.rules, *automations_of(desk)))
        return self._rules[1]

    def _first_desk(self) -> flow.Flow:
        """The flow that finds the desk: the settings given are stored, else what is stored counts."""
        if self._settings is None:
            return flow.load_desk(self.workspace)
        return self._configured(self._settings)

    def _configured(self, settings: Mapping[str, Any], by: Actor = SETUP) -> flow.Flow:
        """The flow that stores settings; returns the desk."""
        salt, brought, at = self._chance(), self.registry, self.clock()
        taken = [rule.name for rule in brought.rules]
        made = flow.configure(self.workspace, settings, by, salt, at, brought.policies, taken)
        return (yield from made)[0]

    def _found(self, desk: Desk | None) -> Desk:
        if desk is None:
            raise UsageError(
                f"workspace {self.workspace!r} has no desk in this store yet:"
                " name the workspace that has one, pass settings to the engine, or run `reqflow init`"
            )
        self._desk = desk
        return desk

    def _fresh_key(self) -> CommandKey:
        return CommandKey(f"cmd:{self._chance()}")

    def _key(self, item: Item) -> CommandKey:
        return flow.key_of(item, self._chance)

    def _keyed(self, items: Iterable[Item]) -> list[tuple[Item, CommandKey]]:
        return [(item, self._key(item)) for item in as_many(items)]

    def _rehearsed(self, item: Item | RequestId) -> CommandKey:
        return CommandKey("") if isinstance(item, str) else self._key(item)


def _check_store(store: Any) -> None:
    if not callable(getattr(store, "recall", None)):
        raise UsageError(f"the first argument is a store, such as SQLiteStore('desk.db'), not {store!r:.80}")


def _check_at(at: datetime) -> None:
    check_moment("at", at)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:  # room for spans before and after
        raise InvalidInput(f"at must lie in the years {FIRST_YEAR} to {LAST_YEAR}, not in {at.year}")


def room(name: str) -> ModuleType:
    """A module of flows that only people ask for, loaded when they do: an engine in a bot may never need it."""
    return import_module(f"{flow.__name__}.{name}")


Flowing = Callable[[flow.Context], flow.Flow]
