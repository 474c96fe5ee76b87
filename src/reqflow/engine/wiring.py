"""What both engines hold, and how they find their desk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from .. import flow
from ..core import automations, operations
from ..core.commands.checks import as_many, check_moment, check_word
from ..core.model import (
    Actor,
    ActorKind,
    Code,
    CommandKey,
    RequestId,
    Workspace,
)
from ..drivers import Ports, run
from ..errors import InvalidInput, UsageError
from ..registry import Registry

if TYPE_CHECKING:
    from ..core.commands import Item
    from ..core.facts import Outcome
    from ..core.settings import Desk
    from ..ports import Classifier, Clock, JoinedStore

    Flowing = Callable[[flow.Context], flow.Flow]

__all__ = ["LEASED_FOR", "SETUP", "Wiring", "never", "system_clock"]

LEASED_FOR = timedelta(seconds=60)
"""How long a worker keeps a leased item before another may take it."""

LONGEST_LEASE = timedelta(days=1)
"""Nobody else takes up what a dead worker held before that is over."""

DELIVER_WITHIN = 20.0
"""For how many seconds a delivery is waited for: a third of a lease, so that the lease outlasts it."""

FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Between which moments may lie that stand in for the clock."""

SETUP = Actor(ActorKind.PLUGIN, Code("setup"))


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def random_word() -> str:
    """Chance, as 32 hexadecimal digits: a key for a command that has none, the salt of a new desk."""
    return os.urandom(16).hex()  # what `secrets.token_hex` does, without the import of `random`


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
        deliver_within: float | None = DELIVER_WITHIN,
        inbox_limit: int | None = None,
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
        for name, limit in (
            ("consult_within", consult_within),
            ("deliver_within", deliver_within),
            ("inbox_limit", inbox_limit),
        ):
            _check_limit(name, limit)
        self.workspace = Workspace(workspace or named or "main")
        self.store = store
        self.clock: Clock = clock
        self._chance = chance
        self.registry = Registry(as_many(plugins))
        self._settings = settings
        self._desk: Desk | None = None
        self._usual: flow.Context | None = None
        self._rules: tuple[Desk, tuple[automations.Automation, ...]] | None = None
        self._muted = muted
        self._deliver_within = deliver_within
        self._inbox_limit = inbox_limit
        self._pace = flow.Pace()
        self._ports = Ports(
            store=store,
            registry=self.registry,
            classifier=self.registry.classifier(classifier),
            consult_within=consult_within,
        )

    def _context(self, desk: Desk, at: datetime | None, how: Mapping[str, Any]) -> flow.Context:
        """What flows know; ``how`` may set ``leased_for`` and ``stopping``. The usual one is made once."""
        usual = self._usual
        plain = at is None and not how
        if plain and usual is not None and usual.desk is desk:
            return usual
        if at is not None:
            _check_at(at)
        leased_for = how.get("leased_for", LEASED_FOR)
        if not isinstance(leased_for, timedelta) or not timedelta(0) <= leased_for <= LONGEST_LEASE:
            raise InvalidInput(f"leased_for must be a timedelta of a day at most, not {leased_for!r:.80}")
        context = flow.Context(
            desk=desk,
            clock=self.clock if at is None else (lambda: at),
            rules=self._rules_of(desk),
            policies=self.registry.policies,
            notice_rules=self.registry.notice_rules,
            signature=self.registry.signature,
            suggesters=tuple(self.registry.suggesters),
            muted=self._muted,
            deliver_within=self._deliver_within,
            pace=self._pace,
            inbox_limit=self._inbox_limit,
            schemes=frozenset(self.registry.transports),
            **how,
        )
        if plain:
            self._usual = context
        return context

    def _rules_of(self, desk: Desk) -> tuple[automations.Automation, ...]:
        """The rules that plugins brought, then those of the desk; made once for each revision."""
        if self._rules is None or self._rules[0] is not desk:
            own = automations.automations_of(desk) if desk.rules else ()
            self._rules = (desk, (*self.registry.rules, *own))
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
        given: Any = settings  # what is no mapping is told of by the settings' own check
        # whoever named the workspace beside the settings means all of it
        if self.workspace != "main" and isinstance(given, Mapping):
            given = {"workspace": self.workspace, **given}
        made = flow.configure(self.workspace, given, by, salt, at, brought.policies, taken)
        return (yield from made)[0]

    def _found(self, desk: Desk | None) -> Desk:
        if desk is None:
            raise UsageError(
                f"workspace {self.workspace!r} has no desk in this store yet:"
                " name the workspace that has one, pass settings to the engine, or run `reqflow init`"
            )
        self._desk = desk
        return desk

    def _log_requeued(self, queue: str, ids: Sequence[str], by: Actor | None) -> None:
        """Queues have no history: the log says who let which items wait again."""
        import logging  # dear to import, and hardly anything is logged

        log = logging.getLogger("reqflow.queues")
        who = "the host" if by is None else f"{by.kind} {by.id}"
        for id in ids:
            log.info("%s %s requeued by %s", queue, id, who)

    def _fresh_key(self) -> CommandKey:
        return CommandKey(f"cmd:{self._chance()}")

    def _key(self, item: Item) -> CommandKey:
        return flow.key_of(item, self._chance)

    def _keyed(self, items: Iterable[Item]) -> list[tuple[Item, CommandKey]]:
        return [(item, self._key(item)) for item in as_many(items)]

    def _rehearsed(self, item: Item | RequestId) -> CommandKey:
        return CommandKey("") if isinstance(item, str) else self._key(item)

    def _joining(self, connection: Any) -> Callable[[Desk, operations.Prepared], Outcome]:
        """What applies something prepared on a host's connection."""
        join = getattr(self.store, "joined", None)
        if join is None:
            raise UsageError(f"{type(self.store).__name__} cannot join a host's transaction")
        return partial(self._apply, join(connection))

    def _apply(self, joined: JoinedStore, desk: Desk, prepared: operations.Prepared) -> Outcome:
        """Handle what was prepared; nothing but the store is asked, and nobody is told before the host commits."""
        from .joining import Foretold  # seldom needed

        if not isinstance(prepared, operations.Prepared):
            raise InvalidInput(f"apply takes what prepare returned, not {type(prepared).__name__}")
        if prepared.workspace != self.workspace:
            raise UsageError(f"prepared for workspace {prepared.workspace!r}, not for {self.workspace!r}")
        said: Any = Foretold(prepared.detection)
        with joined as store:
            ports = attrs.evolve(self._ports, store=store, classifier=said, consult_within=None, final=False)
            while True:
                context = self._context(desk, prepared.at, {})
                try:
                    outcome: Outcome = run(flow.handle(context, prepared.item, prepared.key), ports)[0]
                    return outcome
                except flow.DeskMoved as moved:
                    desk = flow.desk_of(moved.document)
                    if self._desk is None or desk.revision > self._desk.revision:
                        self._desk = desk  # an older one is what the host's snapshot shows


def _check_store(store: Any) -> None:
    if not callable(getattr(store, "recall", None)):
        raise UsageError(f"the first argument is a store, such as SQLiteStore('desk.db'), not {store!r:.80}")


def never() -> bool:
    """What a worker that nobody stops is told."""
    return False


def _check_limit(name: str, limit: object) -> None:
    if limit is not None and not (isinstance(limit, int | float) and limit > 0):
        raise InvalidInput(f"{name} must be a number above 0, or None for no limit, not {limit!r:.80}")


def _check_at(at: datetime) -> None:
    check_moment("at", at)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:  # room for spans before and after
        raise InvalidInput(f"at must lie in the years {FIRST_YEAR} to {LAST_YEAR}, not in {at.year}")
