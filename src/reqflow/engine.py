"""`Engine` and `AsyncEngine`: the flows, with a store, plugins and a clock. Thin on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import flow
from .core.batch import Batch
from .core.commands import Command, Inbound
from .core.events import Entry
from .core.facts import Outcome
from .core.model import Actor, ActorKind, Code, CommandKey, Workspace
from .core.settings import Desk
from .core.values import value
from .drivers import Ports, arun, run
from .errors import ReqflowError, UsageError
from .ports import Classifier, Clock, Page, Store, View
from .registry import Registry

if TYPE_CHECKING:
    from .core.explain import Line

__all__ = ["AsyncEngine", "Engine", "Rehearsal", "system_clock"]

Item = Inbound | Command

LEASED_FOR = timedelta(seconds=60)
"""How long a worker keeps a leased item before another may take it."""

SETUP = Actor(ActorKind.PLUGIN, Code("setup"))


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


def random_word() -> str:
    """Chance, as 32 hexadecimal digits: a key for a command that has none, the salt of a new desk."""
    from secrets import token_hex  # seldom needed, and dear to import

    return token_hex(16)


@value(kw_only=True)
class Rehearsal:
    """What a message or command would do: its outcome, and the batch that would be committed."""

    outcome: Outcome
    batch: Batch | None


class _Wiring:
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
        named = settings.get("workspace") if settings else None
        if workspace is not None and named is not None and named != workspace:
            raise UsageError(f"the settings are of workspace {named!r}, not of {workspace!r}")
        self.workspace = Workspace(workspace or named or "main")
        self.store = store
        self.clock: Clock = clock
        self._chance = chance
        self.registry = Registry(plugins)
        self._settings = settings
        self._desk: Desk | None = None
        self._usual: flow.Context | None = None
        self._muted = muted
        self._ports = Ports(
            store=store,
            registry=self.registry,
            classifier=self.registry.classifier(classifier),
            consult_within=consult_within,
        )

    def _context(self, desk: Desk, at: datetime | None, how: Mapping[str, Any]) -> flow.Context:
        """What flows know; ``how`` may set ``dry_run`` and ``leased_for``. The usual one is made once."""
        usual = self._usual
        plain = at is None and not how
        if plain and usual is not None and usual.desk is desk:
            return usual
        context = flow.Context(
            desk=desk,
            clock=self.clock if at is None else (lambda: at),
            rules=self.registry.rules,
            policies=self.registry.policies,
            muted=self._muted,
            schemes=frozenset(self.registry.transports),
            **how,
        )
        if plain:
            self._usual = context
        return context

    def _first_desk(self) -> flow.Flow:
        """The flow that finds the desk: the settings given are stored, else what is stored counts."""
        if self._settings is None:
            return flow.load_desk(self.workspace)
        return self._configured(self._settings)

    def _configured(self, settings: Mapping[str, Any], by: Actor = SETUP) -> flow.Flow:
        """The flow that stores settings; returns the desk."""
        salt, policies = self._chance(), self.registry.policies
        desk, _ = yield from flow.configure(self.workspace, settings, by, salt, self.clock(), policies)
        return desk

    def _found(self, desk: Desk | None) -> Desk:
        if desk is None:
            raise UsageError(
                f"workspace {self.workspace!r} has no desk in this store yet:"
                " name the workspace that has one, pass settings to the engine, or run `reqflow init`"
            )
        self._desk = desk
        return desk

    def _key(self, item: Item) -> CommandKey:
        return flow.key_of(item, self._chance)


# What only people ask for is loaded when they do: an engine in a bot may never need it.
def _telling() -> ModuleType:
    from .flow import telling

    return telling


def _reading() -> ModuleType:
    from .flow import reading

    return reading


Flowing = Callable[[flow.Context], flow.Flow]


class Engine(_Wiring):
    """A desk at work, with plain calls. Safe to share between threads as far as its store is.

    Args:
        store: where the desk is kept.
        settings: the desk's configuration as a plain mapping (see `reqflow.compile_desk`), stored if it differs from
            what is stored; without it, the stored one counts.
        workspace: which desk of the store; by default the one that the settings name, else ``main``.
        plugins: modules, objects, or names of installed ``reqflow`` plugins.
        classifier: which classifier judges messages; by default the only one that plugins brought.
        consult_within: seconds that a classifier may take; after them its answer is ``unknown``.
        clock: tells the time, in UTC.
        chance: makes words of 32 hexadecimal digits that nobody can guess; only tests want others.
        muted: record effects without ever delivering them (a replay).
    """

    store: Store

    @property
    def desk(self) -> Desk:
        """The compiled desk. Raises `UsageError` when the store holds none."""
        return self._desk or self._found(run(self._first_desk(), self._ports))

    def _run(self, make: Flowing, at: datetime | None = None, **how: Any) -> Any:
        desk = self._desk or self.desk
        while True:
            try:
                return run(make(self._context(desk, at, how)), self._ports)
            except flow.DeskMoved as moved:
                desk = self._desk = flow.desk_of(moved.document)

    def configure(self, settings: Mapping[str, Any], by: Actor = SETUP) -> Desk:
        """Replace the desk's configuration, as a new revision with an entry in its history.

        The same settings again change nothing. Raises `InvalidSettings` listing every problem.
        """
        desk: Desk = run(self._configured(settings, by), self._ports)
        self._desk = desk
        return desk

    def handle(self, item: Item, *, at: datetime | None = None) -> Outcome:
        """Handle one message or command, in one commit; ``at`` stands in for the clock.

        A message or command key that is known gets its first outcome again. Raises `Refused`, `UnknownId`
        or a `StoreError`; then nothing has changed.
        """
        key = self._key(item)
        outcome: Outcome = self._run(lambda context: flow.handle(context, item, key), at)[0]
        return outcome

    def handle_many(
        self, items: Sequence[Item], *, at: datetime | None = None
    ) -> list[Outcome | ReqflowError]:
        """Handle many in their order, in as few commits as can be; a refused one leaves the others alone."""
        keyed = [(item, self._key(item)) for item in items]
        done: list[Outcome | ReqflowError] = self._run(lambda context: flow.handle_many(context, keyed), at)
        return done

    def dry_run(self, item: Item, *, at: datetime | None = None) -> Rehearsal:
        """What `handle` would do now; nothing is stored and nothing leaves."""
        key = self._key(item)
        outcome, batch = self._run(lambda context: flow.handle(context, item, key), at, dry_run=True)
        return Rehearsal(outcome=outcome, batch=batch)

    def accept(self, inbound: Inbound) -> bool:
        """Put a message in the inbox, durably; afterwards it may be acknowledged to whoever sent it.

        Returns False when it was there before. A worker (or `work`) handles it.
        """
        accepted: bool = self._run(lambda context: flow.accept(context, inbound))
        return accepted

    def work(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """Serve inbox, agenda and outbox until nothing is due; returns how many items were served."""
        total = 0
        while served := self.serve(at=at, leased_for=leased_for):
            total += served
        return total

    def serve(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """One round over inbox, agenda and outbox; returns how many items were served, 0 if none was due."""
        return sum(
            self._run(serve, at, leased_for=leased_for)
            for serve in (flow.serve_inbox, flow.serve_agenda, flow.serve_outbox)
        )

    def tick(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """Answer every timer that is due; returns how many were asked."""
        total = 0
        while served := self._run(flow.serve_agenda, at, leased_for=leased_for):
            total += served
        return total

    def next_due(self) -> datetime | None:
        """The earliest moment on the agenda: a lower bound of the next deadline. None if it is empty."""
        return self.store.next_due(self.workspace)

    # --- reading ---

    def read(self, view: View) -> Page:
        """One page of a view (`Requests`, `Conversations`, `Messages`, `Effects`, `Streams`)."""
        return self.store.query(self.workspace, view)

    def history(self, key: str) -> list[Entry]:
        """All entries of a conversation, or of the conversation of a request. Raises `UnknownId`."""
        entries: list[Entry] = self._run(lambda context: _telling().entries_of(self.workspace, key))
        return entries

    def explain(self, key: str) -> list[Line]:
        """The history of a conversation or request in words, with people's names. Raises `UnknownId`."""
        lines: list[Line] = self._run(lambda context: _telling().explained(context.desk, key))
        return lines

    def verify(self) -> list[str]:
        """Where stored rows differ from what history says; empty when the law holds."""
        problems: list[str] = run(_reading().verify(self.workspace), self._ports)[1]
        return problems

    def rebuild(self) -> int:
        """Write the state anew from history; returns the number of conversations."""
        streams: int = run(_reading().rebuild(self.workspace, self.clock()), self._ports)
        return streams


class AsyncEngine(_Wiring):
    """`Engine` with awaited calls: async ports are awaited, sync ones run in a thread."""

    async def desk(self) -> Desk:
        """The compiled desk. Raises `UsageError` when the store holds none."""
        return self._desk or self._found(await arun(self._first_desk(), self._ports))

    async def _run(self, make: Flowing, at: datetime | None = None, **how: Any) -> Any:
        desk = await self.desk()
        while True:
            try:
                return await arun(make(self._context(desk, at, how)), self._ports)
            except flow.DeskMoved as moved:
                desk = self._desk = flow.desk_of(moved.document)

    async def configure(self, settings: Mapping[str, Any], by: Actor = SETUP) -> Desk:
        """As `Engine.configure`."""
        desk: Desk = await arun(self._configured(settings, by), self._ports)
        self._desk = desk
        return desk

    async def handle(self, item: Item, *, at: datetime | None = None) -> Outcome:
        """As `Engine.handle`."""
        key = self._key(item)
        outcome: Outcome = (await self._run(lambda c: flow.handle(c, item, key), at))[0]
        return outcome

    async def handle_many(
        self, items: Sequence[Item], *, at: datetime | None = None
    ) -> list[Outcome | ReqflowError]:
        """As `Engine.handle_many`."""
        keyed = [(item, self._key(item)) for item in items]
        done: list[Outcome | ReqflowError] = await self._run(lambda c: flow.handle_many(c, keyed), at)
        return done

    async def dry_run(self, item: Item, *, at: datetime | None = None) -> Rehearsal:
        """As `Engine.dry_run`."""
        key = self._key(item)
        outcome, batch = await self._run(lambda c: flow.handle(c, item, key), at, dry_run=True)
        return Rehearsal(outcome=outcome, batch=batch)

    async def accept(self, inbound: Inbound) -> bool:
        """As `Engine.accept`."""
        accepted: bool = await self._run(lambda c: flow.accept(c, inbound))
        return accepted

    async def work(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """As `Engine.work`."""
        total = 0
        while served := await self.serve(at=at, leased_for=leased_for):
            total += served
        return total

    async def serve(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """As `Engine.serve`."""
        served = 0
        for serve in (flow.serve_inbox, flow.serve_agenda, flow.serve_outbox):
            served += await self._run(serve, at, leased_for=leased_for)
        return served

    async def tick(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """As `Engine.tick`."""
        total = 0
        while served := await self._run(flow.serve_agenda, at, leased_for=leased_for):
            total += served
        return total

    async def next_due(self) -> datetime | None:
        """As `Engine.next_due`."""
        found: datetime | None = await self._run(lambda c: _telling().due(self.workspace))
        return found

    async def read(self, view: View) -> Page:
        """As `Engine.read`."""
        page: Page = await self._run(lambda c: _telling().page(self.workspace, view))
        return page

    async def history(self, key: str) -> list[Entry]:
        """As `Engine.history`."""
        entries: list[Entry] = await self._run(lambda c: _telling().entries_of(self.workspace, key))
        return entries

    async def explain(self, key: str) -> list[Line]:
        """As `Engine.explain`."""
        lines: list[Line] = await self._run(lambda c: _telling().explained(c.desk, key))
        return lines

    async def verify(self) -> list[str]:
        """As `Engine.verify`."""
        problems: list[str] = (await arun(_reading().verify(self.workspace), self._ports))[1]
        return problems

    async def rebuild(self) -> int:
        """As `Engine.rebuild`."""
        streams: int = await arun(_reading().rebuild(self.workspace, self.clock()), self._ports)
        return streams
