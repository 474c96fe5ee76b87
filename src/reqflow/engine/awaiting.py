"""`AsyncEngine`: the flows, with awaited calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import flow
from ..core import operations
from ..core.model import Audience, ChannelId
from ..drivers import arun
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
    from ..ports import Backlog, Head, LeaseQueue, Page, View
    from .joining import AsyncJoined
    from .wiring import Flowing

__all__ = ["AsyncEngine"]


class AsyncEngine(Wiring):
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

    async def settings(self) -> dict[str, Any]:
        """As `Engine.settings`."""
        await self.desk()
        found: dict[str, Any] = await arun(flow.settings_of(self.workspace), self._ports)
        return found

    async def explain_setting(self, channel_id: str, name: str) -> SettingOrigin:
        """As `Engine.explain_setting`."""
        from ..core.configuration import explain_setting  # seldom needed

        return explain_setting(await self.settings(), channel_id, name)

    async def handle(self, item: Item, *, at: datetime | None = None) -> Outcome:
        """As `Engine.handle`."""
        key = self._key(item)
        outcome: Outcome = (await self._run(lambda c: flow.handle(c, item, key), at))[0]
        return outcome

    async def handle_many(
        self, items: Sequence[Item], *, at: datetime | None = None
    ) -> list[Outcome | ReqflowError]:
        """As `Engine.handle_many`."""
        keyed = self._keyed(items)
        done: list[Outcome | ReqflowError] = await self._run(lambda c: flow.handle_many(c, keyed), at)
        return done

    async def dry_run(
        self, item: Item | RequestId, *, rules: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> operations.Rehearsal:
        """As `Engine.dry_run`."""
        key = self._rehearsed(item)
        return operations.Rehearsal(
            *await self._run(lambda c: flow.rehearsing.rehearse(c, item, key, rules), at)
        )

    async def prepare(self, item: Item, *, at: datetime | None = None) -> operations.Prepared:
        """As `Engine.prepare`."""
        key = self._key(item)
        said: Detection | None = await self._run(lambda c: flow.preparing.prepare(c, item, key), at)
        return operations.Prepared(self.workspace, item, key, said, at)

    def joined(self, connection: Any) -> AsyncJoined:
        """As `Engine.joined`; a `psycopg.AsyncConnection` will do too."""
        from .joining import AsyncJoined, in_thread  # seldom needed

        joining = self._joining(connection)

        async def apply(prepared: operations.Prepared) -> Outcome:
            return await in_thread(partial(joining, await self.desk(), prepared))

        return AsyncJoined(apply)

    async def accept(self, observed: Observation) -> bool:
        """As `Engine.accept`."""
        accepted: bool = await self._run(lambda c: flow.accept(c, observed))
        return accepted

    async def work(
        self,
        *,
        at: datetime | None = None,
        leased_for: timedelta = LEASED_FOR,
        stopping: Callable[[], bool] = never,
    ) -> int:
        """As `Engine.work`."""
        total = 0
        while served := await self.serve(at=at, leased_for=leased_for, stopping=stopping):
            total += served
        return total

    async def serve(
        self,
        *,
        at: datetime | None = None,
        leased_for: timedelta = LEASED_FOR,
        stopping: Callable[[], bool] = never,
    ) -> int:
        """As `Engine.serve`. Cancelled it gives back what it holds, before the `CancelledError` goes on."""
        served = 0
        for serve in (flow.serve_inbox, flow.serve_agenda, flow.serve_outbox):
            served += await self._run(serve, at, leased_for=leased_for, stopping=stopping)
        return served

    async def tick(self, *, at: datetime | None = None, leased_for: timedelta = LEASED_FOR) -> int:
        """As `Engine.tick`."""
        total = 0
        while served := await self._run(flow.serve_agenda, at, leased_for=leased_for):
            total += served
        return total

    async def next_due(self) -> datetime | None:
        """As `Engine.next_due`."""
        found: datetime | None = await self._run(lambda c: flow.telling.due(self.workspace))
        return found

    async def backlog(self) -> tuple[Backlog, ...]:
        """As `Engine.backlog`."""
        return tuple(await arun(flow.tending.backlog(self.workspace, self.clock()), self._ports))

    async def requeue(
        self, queue: LeaseQueue | str, ids: Sequence[str] | None = None, *, by: Actor | None = None
    ) -> tuple[str, ...]:
        """As `Engine.requeue`."""
        found = tuple(await arun(flow.tending.requeue(self.workspace, queue, ids), self._ports))
        self._log_requeued(queue, found, by)
        return found

    async def read(self, view: View | Composed, by: Actor | None = None) -> Page:
        """As `Engine.read`."""
        page: Page = await self._run(lambda c: flow.viewing.page(c.desk, view, by))
        return page

    async def actions(self, id: str, by: Actor) -> tuple[type[Command], ...]:
        """As `Engine.actions`."""
        found: tuple[type[Command], ...] = await self._run(lambda c: flow.viewing.actions(c.desk, id, by))
        return found

    async def candidates(self, id: str, by: Actor | None = None) -> tuple[AgentId, ...]:
        """As `Engine.candidates`."""
        found: tuple[AgentId, ...] = await self._run(lambda c: flow.viewing.candidates_for(c.desk, id, by))
        return found

    async def facts(
        self, conversation_id: ConversationId, by: Actor | None = None, *, at: datetime | None = None
    ) -> Facts:
        """As `Engine.facts`."""
        told: Facts = await self._run(lambda c: flow.beside.facts(c.desk, conversation_id, c.clock(), by), at)
        return told

    async def texts(
        self, *items: Any, by: Actor | None = None, audience: Audience = Audience.INTERNAL
    ) -> Mapping[TextId, str]:
        """As `Engine.texts`."""
        found: Mapping[TextId, str] = await self._run(
            lambda c: flow.viewing.texts(c.desk, items, by, audience)
        )
        return found

    async def history(self, key: str, by: Actor | None = None) -> list[Entry]:
        """As `Engine.history`."""
        entries: list[Entry] = await self._run(lambda c: flow.telling.entries_of(c.desk, key, by))
        return entries

    async def explain(self, key: str, by: Actor | None = None) -> list[Line]:
        """As `Engine.explain`."""
        lines: list[Line] = await self._run(lambda c: flow.telling.explained(c.desk, key, by))
        return lines

    async def quick_answer(
        self, answer: str, values: Mapping[str, str] | None = None, *, by: Actor | None = None
    ) -> str:
        """As `Engine.quick_answer`."""
        text: str = await self._run(lambda c: flow.content.quick_answer(c.desk, answer, values or {}, by))
        return text

    async def customer(self, key: str, *, by: Actor | None = None) -> Card:
        """As `Engine.customer`."""
        card: Card = await self._run(lambda c: flow.telling.card(c.desk, key, by))
        return card

    # --- self-serve, and what managers look at ---

    async def menu(self, name: str) -> Menu:
        """As `Engine.menu`."""
        found: Menu = await self._run(lambda context: flow.managing.menu(context.desk, name))
        return found

    async def suggest(self, theme: str, text: str, *, author: str, channel: str) -> Offered:
        """As `Engine.suggest`."""
        key = self._fresh_key()
        offered: Offered = await self._run(
            lambda context: flow.suggesting.suggest(context, key, theme, text, author, ChannelId(channel))
        )
        return offered

    async def loads(self, *, by: Actor | None = None) -> tuple[AgentLoad, ...]:
        """As `Engine.loads`."""
        found: tuple[AgentLoad, ...] = await self._run(lambda c: flow.managing.loads(c.desk, by))
        return found

    async def effort(
        self, request_id: RequestId, *, by: Actor | None = None, at: datetime | None = None
    ) -> Effort:
        """As `Engine.effort`."""
        found: Effort = await self._run(
            lambda c: flow.managing.effort_of(c.desk, request_id, c.clock(), by), at
        )
        return found

    async def escalation_share(
        self, since: datetime | None = None, until: datetime | None = None, *, by: Actor | None = None
    ) -> EscalationShare:
        """As `Engine.escalation_share`."""
        found: EscalationShare = await self._run(
            lambda c: flow.managing.escalation_share(c.desk, since, until, by)
        )
        return found

    async def trends(
        self,
        theme: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        top: int = 50,
        by: Actor | None = None,
    ) -> tuple[TrendCount, ...]:
        """As `Engine.trends`."""
        found: tuple[TrendCount, ...] = await self._run(
            lambda c: flow.managing.trends(c.desk, theme, since, until, top, by)
        )
        return found

    async def deflection(
        self,
        theme: str,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        by: Actor | None = None,
    ) -> Deflection:
        """As `Engine.deflection`."""
        found: Deflection = await self._run(
            lambda c: flow.managing.deflection(c.desk, theme, since, until, by)
        )
        return found

    async def verify(self, heads: Iterable[Head] = ()) -> list[str]:
        """As `Engine.verify`."""
        problems: list[str] = (await arun(flow.reading.verify(self.workspace, heads), self._ports))[1]
        return problems

    async def heads(self) -> tuple[Head, ...]:
        """As `Engine.heads`."""
        found: tuple[Head, ...] = await arun(flow.chaining.heads(self.workspace), self._ports)
        return found

    async def rebuild(self) -> int:
        """As `Engine.rebuild`."""
        streams: int = await arun(flow.reading.rebuild(self.workspace, self.clock()), self._ports)
        return streams
