"""`Engine`: the flows, with plain calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import flow, ports
from ..core import operations
from ..core.model import Audience, ChannelId
from ..drivers import run
from .wiring import LEASED_FOR, SETUP, Wiring, never

if TYPE_CHECKING:
    from ..core.asking.effort import Effort, EscalationShare
    from ..core.asking.suggesting import Deflection, Offered
    from ..core.commands import Command, Item, Observation
    from ..core.configuration import SettingOrigin
    from ..core.events import Entry
    from ..core.explain import Line
    from ..core.facts import Outcome
    from ..core.model import (
        Actor,
        AgentId,
        AgentLoad,
        ConversationId,
        Detection,
        RequestId,
        TextId,
    )
    from ..core.settings import Desk, Menu
    from ..core.views import Composed
    from ..errors import ReqflowError
    from ..flow.beside import Facts
    from ..flow.contacts import Card
    from ..flow.managing import TrendCount
    from ..ports import Backlog, Head, LeaseQueue, Page, Store, View
    from .joining import Joined
    from .wiring import Flowing

__all__ = ["Engine"]


class Engine(Wiring):
    """A desk at work, with plain calls. Safe to share between threads as far as its store is.

    Args:
        store: where the desk is kept.
        settings: the desk's configuration as a plain mapping (see `reqflow.compile_desk`), stored if it differs from
            what is stored; without it, the stored one counts.
        workspace: which desk of the store; by default the one that the settings name, else ``main``.
        plugins: modules, objects, or names of installed ``reqflow`` plugins.
        classifier: which classifier judges messages; by default the only one that plugins brought.
        consult_within: seconds that a classifier or suggester may take; after them it has said nothing.
        deliver_within: seconds that a transport may take, and never more than a third of the lease; after them the
            effect is tried again under the same key, since nobody knows what came of it. Transports are therefore
            called on threads of their own. None trusts them.
        inbox_limit: how many accepted messages may wait to be handled; more are `Overloaded`. None sets no limit.
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

    def settings(self) -> dict[str, Any]:
        """The configuration as it was given last: a plain mapping, to be written as JSON or TOML and loaded again."""
        self.desk  # noqa: B018  (settings that were given to the engine are stored first)
        found: dict[str, Any] = run(flow.settings_of(self.workspace), self._ports)
        return found

    def explain_setting(self, channel_id: str, name: str) -> SettingOrigin:
        """What a channel's setting is, and which layer decided it: the channel, the workspace, its kind, the default.

        Raises `UsageError` for an unknown channel or setting.
        """
        from ..core.configuration import explain_setting  # seldom needed

        return explain_setting(self.settings(), channel_id, name)

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
        keyed = self._keyed(items)
        done: list[Outcome | ReqflowError] = self._run(lambda context: flow.handle_many(context, keyed), at)
        return done

    def dry_run(
        self, item: Item | RequestId, *, rules: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> operations.Rehearsal:
        """What `handle` would do now; nothing is stored and nothing leaves.

        ``rules`` are rules to try, as the table ``rules`` of the settings holds them: each stands in for the one of
        its name, and acts whatever its mode says. The id of a request asks what rules that wait for a span would do
        for it if that passed now. Raises `InvalidSettings` for rules that cannot be, and else as `handle` does.
        """
        key = self._rehearsed(item)
        return operations.Rehearsal(
            *self._run(lambda context: flow.rehearsing.rehearse(context, item, key, rules), at)
        )

    def prepare(self, item: Item, *, at: datetime | None = None) -> operations.Prepared:
        """Make an item ready to be applied in a transaction of the host's: what asks others is done here.

        That is the classifier, where a message needs its word. Nothing is stored, and nothing is refused yet.
        """
        key = self._key(item)
        said: Detection | None = self._run(lambda c: flow.preparing.prepare(c, item, key), at)
        return operations.Prepared(self.workspace, item, key, said, at)

    def joined(self, connection: Any) -> Joined:
        """The engine inside a transaction that the host has opened on this connection of its own, to the same database.

        ``joined(connection).apply(prepared)`` then commits, or not, together with what the host writes. It takes the
        driver's connection: a `psycopg.Connection`, or a `sqlite3.Connection` to the same file. Observers do not hear
        of what is applied, since only the host knows when it has committed; effects leave after that. Raises
        `UsageError` for what cannot be joined.
        """
        from .joining import Joined  # seldom needed

        return Joined(partial(self._joining(connection), self.desk))

    def accept(self, observed: Observation) -> bool:
        """Put a message, or a change of one, in the inbox, durably; then it may be acknowledged to whoever sent it.

        Returns False when it was there before, or its author is barred: then there is nothing to be handled. Else a
        worker (or `work`) handles it.

        Raises `Overloaded` when ``inbox_limit`` messages wait already; then nothing was stored. After that, or any
        other `StoreError`, a transport must not acknowledge the message but have it sent again: over HTTP with status
        503 and a ``Retry-After``, to a broker by handing it back. Its key makes another try harmless.
        """
        accepted: bool = self._run(lambda context: flow.accept(context, observed))
        return accepted

    def work(
        self,
        *,
        at: datetime | None = None,
        leased_for: timedelta = LEASED_FOR,
        stopping: Callable[[], bool] = never,
    ) -> int:
        """Serve inbox, agenda and outbox until nothing is due; returns how many items were served. See `serve`."""
        total = 0
        while served := self.serve(at=at, leased_for=leased_for, stopping=stopping):
            total += served
        return total

    def serve(
        self,
        *,
        at: datetime | None = None,
        leased_for: timedelta = LEASED_FOR,
        stopping: Callable[[], bool] = never,
    ) -> int:
        """One round over inbox, agenda and outbox; returns how many items were served, 0 if none was due.

        ``leased_for`` is how long what is leased is kept from other workers; it is extended while the round goes on.
        ``stopping`` is asked before each item: once it is true, the rest is given back, and the round ends.
        """
        return sum(
            self._run(serve, at, leased_for=leased_for, stopping=stopping)
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

    # --- operating ---

    def backlog(self) -> tuple[Backlog, ...]:
        """How much inbox, outbox and agenda have to do, in this order: what metrics are made of."""
        found: Sequence[Backlog] = run(flow.tending.backlog(self.workspace, self.clock()), self._ports)
        return tuple(found)

    def requeue(
        self, queue: LeaseQueue | str, ids: Sequence[str] | None = None, *, by: Actor | None = None
    ) -> tuple[str, ...]:
        """Let parked items wait again, or all of a queue; returns the ids of those that do.

        ``ids`` are those of `ParkedItem`s, as the view `Parked` and the log name them; one that is not parked is left
        out. They begin anew, in the places of their lanes where they stood. Who may do so is the host's to decide;
        ``by`` is for the log.
        """
        flowing = flow.tending.requeue(self.workspace, queue, ids)
        found: tuple[str, ...] = tuple(run(flowing, self._ports))
        self._log_requeued(queue, found, by)
        return found

    # --- reading ---

    def read(self, view: View | Composed, by: Actor | None = None) -> Page:
        """One page of a view (`Requests`, `Conversations`, `Messages`, `Board`, `Inbox`, ...).

        ``by`` is for whom: an agent gets whole pages of what they may see; without it the desk itself reads, and sees
        all. Raises `Forbidden` for a view that ``by`` may not look at at all.
        """
        if by is None and isinstance(view, ports.View):
            return self.store.query(self.workspace, view)
        page: Page = self._run(lambda context: flow.viewing.page(context.desk, view, by))
        return page

    def actions(self, id: str, by: Actor) -> tuple[type[Command], ...]:
        """Which commands ``by`` may give now on a request (its conversation's included) or a conversation.

        Every surface that offers actions asks this. Raises `UnknownId`.
        """
        found: tuple[type[Command], ...] = self._run(lambda c: flow.viewing.actions(c.desk, id, by))
        return found

    def candidates(self, id: str, by: Actor | None = None) -> tuple[AgentId, ...]:
        """The agents to whom a request, or the work of a conversation, may be given. Raises `UnknownId`."""
        found: tuple[AgentId, ...] = self._run(lambda c: flow.viewing.candidates_for(c.desk, id, by))
        return found

    def facts(
        self, conversation_id: ConversationId, by: Actor | None = None, *, at: datetime | None = None
    ) -> Facts:
        """What there is to tell beside a conversation: who asks, when it expires. Raises `UnknownId`."""
        told: Facts = self._run(lambda c: flow.beside.facts(c.desk, conversation_id, c.clock(), by), at)
        return told

    def texts(
        self, *items: Any, by: Actor | None = None, audience: Audience = Audience.INTERNAL
    ) -> Mapping[TextId, str]:
        """What the texts say that items of views refer to, as far as ``by`` may see the items.

        Of a request these are the words that opened it (`Request.words`).
        """
        found: Mapping[TextId, str] = self._run(lambda c: flow.viewing.texts(c.desk, items, by, audience))
        return found

    def history(self, key: str, by: Actor | None = None) -> list[Entry]:
        """All entries of a conversation, or of the conversation of a request. Raises `UnknownId`."""
        entries: list[Entry] = self._run(lambda context: flow.telling.entries_of(context.desk, key, by))
        return entries

    def explain(self, key: str, by: Actor | None = None) -> list[Line]:
        """The history of a conversation or request in words, with people's names. Raises `UnknownId`."""
        lines: list[Line] = self._run(lambda context: flow.telling.explained(context.desk, key, by))
        return lines

    def quick_answer(
        self, answer: str, values: Mapping[str, str] | None = None, *, by: Actor | None = None
    ) -> str:
        """A quick answer with these values put in, to be edited; what has no value stays visible. (Audite)

        `SendAnswer` sends it as it is. ``by`` reads it, None is the host itself. Raises `UnknownId` or `Forbidden`.
        """
        text: str = self._run(lambda c: flow.content.quick_answer(c.desk, answer, values or {}, by))
        return text

    def customer(self, key: str, *, by: Actor | None = None) -> Card:
        """Who a profile (``p_…``) or a customer (``k_…``) is, in plain words, with badge and bar.

        ``by`` is who looks; without it, the desk itself. Raises `UnknownId`, and `Forbidden` for who may not.
        """
        card: Card = self._run(lambda context: flow.telling.card(context.desk, key, by))
        return card

    # --- self-serve, and what managers look at ---

    def menu(self, name: str) -> Menu:
        """A menu of the desk, to be shown; what is chosen in it is handled as a `MenuChoice`. Raises `UnknownId`."""
        found: Menu = self._run(lambda context: flow.managing.menu(context.desk, name))
        return found

    def suggest(self, theme: str, text: str, *, author: str, channel: str) -> Offered:
        """What may help ``author`` already, to be shown before the form of a theme opens. (Slack)

        Suggesters of plugins are asked first, then earlier requests of the same question that were resolved where
        everybody in ``channel`` may read them. That it was offered is recorded. Raises `Refused` for an unknown theme.
        """
        key = self._fresh_key()
        offered: Offered = self._run(
            lambda context: flow.suggesting.suggest(context, key, theme, text, author, ChannelId(channel))
        )
        return offered

    def loads(self, *, by: Actor | None = None) -> tuple[AgentLoad, ...]:
        """How many requests each colleague works on now, fewest first: what managers allocate by. (Slack)

        Raises `Forbidden` for who may not give work to others, as do the next ones.
        """
        found: tuple[AgentLoad, ...] = self._run(lambda c: flow.managing.loads(c.desk, by))
        return found

    def effort(self, request_id: RequestId, *, by: Actor | None = None, at: datetime | None = None) -> Effort:
        """How long a request was on hold, who was contacted, which tools were touched. Raises `UnknownId`."""
        found: Effort = self._run(lambda c: flow.managing.effort_of(c.desk, request_id, c.clock(), by), at)
        return found

    def escalation_share(
        self, since: datetime | None = None, until: datetime | None = None, *, by: Actor | None = None
    ) -> EscalationShare:
        """How many of the requests that were closed in a period had gone to specialists; reads their histories."""
        found: EscalationShare = self._run(lambda c: flow.managing.escalation_share(c.desk, since, until, by))
        return found

    def trends(
        self,
        theme: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        top: int = 50,
        by: Actor | None = None,
    ) -> tuple[TrendCount, ...]:
        """The questions that were escalated most often, of one theme or all, in a period or ever. (Slack)"""
        found: tuple[TrendCount, ...] = self._run(
            lambda c: flow.managing.trends(c.desk, theme, since, until, top, by)
        )
        return found

    def deflection(
        self,
        theme: str,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        by: Actor | None = None,
    ) -> Deflection:
        """How often help was offered about a theme, and how often the form opened all the same."""
        found: Deflection = self._run(lambda c: flow.managing.deflection(c.desk, theme, since, until, by))
        return found

    def verify(self, heads: Iterable[Head] = ()) -> list[str]:
        """Where history is not what was written, and where stored rows differ from what it says; empty if all is well.

        Of every broken stream the first bad entry is named. ``heads`` are those that `heads` gave at an earlier time:
        entries up to there must still be there as they were.
        """
        problems: list[str] = run(flow.reading.verify(self.workspace, heads), self._ports)[1]
        return problems

    def heads(self) -> tuple[Head, ...]:
        """The last entry of every history stream with its digest, to be kept out of everybody's reach; see `verify`."""
        found: tuple[Head, ...] = run(flow.chaining.heads(self.workspace), self._ports)
        return found

    def rebuild(self) -> int:
        """Write the state anew from history; returns the number of conversations."""
        streams: int = run(flow.reading.rebuild(self.workspace, self.clock()), self._ports)
        return streams
