"""`AsyncEngine`: the flows, with awaited calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .. import flow
from ..core.commands import Command, Observation
from ..core.events import Entry
from ..core.facts import Outcome
from ..core.model import (
    Actor,
    AgentId,
    AgentLoad,
    Audience,
    ChannelId,
    ConversationId,
    RequestId,
    TextId,
)
from ..core.operations.rehearsal import Rehearsal
from ..core.settings import Desk
from ..drivers import arun
from ..errors import ReqflowError
from ..ports import Page, View
from .wiring import LEASED_FOR, SETUP, Flowing, Item, Wiring, room

if TYPE_CHECKING:
    from ..core.asking.effort import Effort, EscalationShare
    from ..core.asking.suggesting import Deflection, Offered
    from ..core.configuration import SettingOrigin
    from ..core.explain import Line
    from ..core.settings import Menu
    from ..core.views import Composed
    from ..flow.beside import Facts
    from ..flow.contacts import Card
    from ..flow.managing import TrendCount

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
    ) -> Rehearsal:
        """As `Engine.dry_run`."""
        key = self._rehearsed(item)
        return Rehearsal(*await self._run(lambda c: room("rehearsing").rehearse(c, item, key, rules), at))

    async def accept(self, observed: Observation) -> bool:
        """As `Engine.accept`."""
        accepted: bool = await self._run(lambda c: flow.accept(c, observed))
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
        found: datetime | None = await self._run(lambda c: room("telling").due(self.workspace))
        return found

    async def read(self, view: View | Composed, by: Actor | None = None) -> Page:
        """As `Engine.read`."""
        page: Page = await self._run(lambda c: room("viewing").page(c.desk, view, by))
        return page

    async def actions(self, id: str, by: Actor) -> tuple[type[Command], ...]:
        """As `Engine.actions`."""
        found: tuple[type[Command], ...] = await self._run(lambda c: room("viewing").actions(c.desk, id, by))
        return found

    async def candidates(self, id: str, by: Actor | None = None) -> tuple[AgentId, ...]:
        """As `Engine.candidates`."""
        found: tuple[AgentId, ...] = await self._run(lambda c: room("viewing").candidates_for(c.desk, id, by))
        return found

    async def facts(
        self, conversation_id: ConversationId, by: Actor | None = None, *, at: datetime | None = None
    ) -> Facts:
        """As `Engine.facts`."""
        told: Facts = await self._run(
            lambda c: room("beside").facts(c.desk, conversation_id, c.clock(), by), at
        )
        return told

    async def texts(
        self, *items: Any, by: Actor | None = None, audience: Audience = Audience.INTERNAL
    ) -> Mapping[TextId, str]:
        """As `Engine.texts`."""
        found: Mapping[TextId, str] = await self._run(
            lambda c: room("viewing").texts(c.desk, items, by, audience)
        )
        return found

    async def history(self, key: str, by: Actor | None = None) -> list[Entry]:
        """As `Engine.history`."""
        entries: list[Entry] = await self._run(lambda c: room("telling").entries_of(c.desk, key, by))
        return entries

    async def explain(self, key: str, by: Actor | None = None) -> list[Line]:
        """As `Engine.explain`."""
        lines: list[Line] = await self._run(lambda c: room("telling").explained(c.desk, key, by))
        return lines

    async def quick_answer(
        self, answer: str, values: Mapping[str, str] | None = None, *, by: Actor | None = None
    ) -> str:
        """As `Engine.quick_answer`."""
        text: str = await self._run(lambda c: room("content").quick_answer(c.desk, answer, values or {}, by))
        return text

    async def customer(self, key: str, *, by: Actor | None = None) -> Card:
        """As `Engine.customer`."""
        card: Card = await self._run(lambda c: room("telling").card(c.desk, key, by))
        return card

    # --- self-serve, and what managers look at ---

    async def menu(self, name: str) -> Menu:
        """As `Engine.menu`."""
        found: Menu = await self._run(lambda context: room("managing").menu(context.desk, name))
        return found

    async def suggest(self, theme: str, text: str, *, author: str, channel: str) -> Offered:
        """As `Engine.suggest`."""
        key = self._fresh_key()
        offered: Offered = await self._run(
            lambda context: room("suggesting").suggest(context, key, theme, text, author, ChannelId(channel))
        )
        return offered

    async def loads(self, *, by: Actor | None = None) -> tuple[AgentLoad, ...]:
        """As `Engine.loads`."""
        found: tuple[AgentLoad, ...] = await self._run(lambda c: room("managing").loads(c.desk, by))
        return found

    async def effort(
        self, request_id: RequestId, *, by: Actor | None = None, at: datetime | None = None
    ) -> Effort:
        """As `Engine.effort`."""
        found: Effort = await self._run(
            lambda c: room("managing").effort_of(c.desk, request_id, c.clock(), by), at
        )
        return found

    async def escalation_share(
        self, since: datetime | None = None, until: datetime | None = None, *, by: Actor | None = None
    ) -> EscalationShare:
        """As `Engine.escalation_share`."""
        found: EscalationShare = await self._run(
            lambda c: room("managing").escalation_share(c.desk, since, until, by)
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
            lambda c: room("managing").trends(c.desk, theme, since, until, top, by)
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
            lambda c: room("managing").deflection(c.desk, theme, since, until, by)
        )
        return found

    async def verify(self) -> list[str]:
        """As `Engine.verify`."""
        problems: list[str] = (await arun(room("reading").verify(self.workspace), self._ports))[1]
        return problems

    async def rebuild(self) -> int:
        """As `Engine.rebuild`."""
        streams: int = await arun(room("reading").rebuild(self.workspace, self.clock()), self._ports)
        return streams
