"""A small desk at work for tests: virtual time, people who write, colleagues who act.

::

    story = Story()
    asked = story.say("cara", "Where is my parcel?")
    story.say("ana", "On its way.", to=asked)
    assert story.request(asked).assignee == "ana"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from ..core.automations import Automation
from ..core.batch import Lease, LeaseQueue
from ..core.commands import Command, Inbound
from ..core.events import Event
from ..core.facts import Outcome, WantConversation, WantMessage, WantRequest
from ..core.model import (
    Actor,
    ActorKind,
    ChannelId,
    Code,
    Conversation,
    Detection,
    Label,
    Message,
    NativeId,
    Request,
)
from ..engine import Engine
from ..hooks import hookimpl
from ..ports import Effects, EffectState, Messages, Page, Requests, StoredEffect, View

__all__ = ["DESK", "QUIET", "START", "QuestionMark", "Rules", "Story", "desk_with"]

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
"""When every story begins: a Friday morning."""

QUIET: Mapping[str, Any] = {"status_emoji": False, "offer_actions": False}
"""What keeps effects out of stories that are about something else."""

DESK: Mapping[str, Any] = {
    "workspace": "desk",
    "settings": QUIET,
    "notices": {"assigned_by_answer": False},
    "agents": {
        "ana": {"name": "Ana", "teams": ["support"], "addresses": ["chat:ana", "dm:ana", "mail:ana"]},
        "bo": {"name": "Bo", "teams": ["support"], "addresses": ["chat:bo", "dm:bo", "mail:bo"]},
        "eva": {
            "name": "Eva",
            "teams": ["sales"],
            "addresses": ["chat:eva"],
            "grants": ["close_any"],
        },
    },
    "queues": {
        "first": {"teams": ["support"]},
        "shared": {"teams": ["support"], "policy": "fewest_open", "capacity": 1},
    },
    "channels": {
        "chat:*": {"kind": "chat"},
        "dm:*": {"kind": "direct"},
        "mail:*": {"kind": "mail"},
        "wall:*": {"kind": "public"},
        "form:*": {"kind": "form"},
        "line:*": {"kind": "direct", "queue": "shared"},
    },
}
"""Ana and Bo in support, Eva in sales, a queue for people and one with a policy, a channel of each kind; quiet."""


def desk_with(settings: Mapping[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    """`DESK` with these workspace-wide channel settings, and with whole tables replaced."""
    return {**DESK, "settings": {**QUIET, **(settings or {})}, **tables}


class QuestionMark:
    """A classifier that everybody can follow: what holds a question mark is a request."""

    name = "question_mark"

    def classify(self, inbound: Inbound) -> Detection:
        """A request, or talk."""
        label = Label.REQUEST if "?" in inbound.text else Label.TALK
        return Detection(label, Code(self.name), 1.0, (Code("asks" if "?" in inbound.text else "tells"),))


class Rules:
    """A plugin that brings these automations."""

    def __init__(self, *rules: Automation) -> None:
        self.rules = rules

    @hookimpl
    def reqflow_automations(self) -> Iterable[Automation]:
        """The rules."""
        return self.rules


def _memory_store() -> Any:
    from ..plugins.memory import MemoryStore  # guests are loaded when they are asked for

    return MemoryStore()


class Story:
    """An engine under a clock that stands still until somebody says so.

    Args:
        settings: workspace-wide channel settings, on top of those of the channel's kind.
        desk: a whole desk in place of `DESK`.
        store: a new `MemoryStore` where none is given.
        engine: what else `Engine` takes.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        desk: Mapping[str, Any] | None = None,
        store: Any = None,
        **engine: Any,
    ) -> None:
        self.now = START
        self.store = _memory_store() if store is None else store
        engine.setdefault("classifier", QuestionMark())
        self.engine = Engine(
            self.store, desk if desk is not None else desk_with(settings), clock=self.time, **engine
        )
        self._said = 0
        self._natives: dict[str, NativeId] = {}

    def time(self) -> datetime:
        """The story's clock."""
        return self.now

    def wait(self, *, work: bool = True, **span: float) -> datetime:
        """Let time pass (``seconds=``, ``days=``, ...); ``work`` says whether timers are answered then."""
        self.now += timedelta(**span)
        if work:
            self.engine.tick()
        return self.now

    # --- people ---

    def letter(
        self,
        who: str,
        text: str,
        *,
        channel: str = "chat:lobby",
        to: Outcome | str | None = None,
        native: str | None = None,
        ago: float = 0,
        **fields: Any,
    ) -> Inbound:
        """What ``who`` writes now (or ``ago`` seconds before), as a transport would hand it over.

        ``to`` is a message that it answers, as an outcome or a native id.
        """
        self._said += 1
        scheme = channel.partition(":")[0]
        if isinstance(to, Outcome):
            to = self._natives[to.message_id or ""]
        return Inbound(
            **{
                "channel": ChannelId(channel),
                "author": who if ":" in who else f"{scheme}:{who}",
                "native": NativeId(native or str(self._said)),
                "sent_at": self.now - timedelta(seconds=ago),
                "text": text,
                "replies_to": (to,) if to else (),
                **fields,
            }
        )

    def say(self, who: str, text: str, *, after: float = 0, **how: Any) -> Outcome:
        """Let ``who`` write (see `letter`), ``after`` so many seconds."""
        self.now += timedelta(seconds=after)
        return self.hear(self.letter(who, text, **how))

    def hear(self, inbound: Inbound) -> Outcome:
        """Handle a message."""
        return self.know(inbound, self.engine.handle(inbound))

    def know(self, inbound: Inbound, outcome: Outcome) -> Outcome:
        """Remember what became of a message, so that others may answer it."""
        if outcome.message_id is not None:
            self._natives[outcome.message_id] = inbound.native
        return outcome

    def do(self, command: type[Command], who: str, about: Outcome | None = None, **fields: Any) -> Outcome:
        """Let an agent give a command about what an outcome names."""
        names = {field.name for field in attrs.fields(command)}
        if about is not None:
            for name in ("request_id", "conversation_id"):
                if name in names:
                    fields.setdefault(name, getattr(about, name))
        return self.engine.handle(command(by=Actor(ActorKind.AGENT, Code(who)), **fields))

    # --- what became of it ---

    def _recall(self, *wants: Any) -> Any:
        return self.store.recall(self.engine.workspace, wants)[0]

    def conversation(self, about: Outcome) -> Conversation:
        """The conversation that an outcome names, as it stands now."""
        assert about.conversation_id is not None
        found: Conversation = self._recall(WantConversation(about.conversation_id))
        return found

    def request(self, about: Outcome) -> Request:
        """The request that an outcome names, as it stands now."""
        assert about.request_id is not None
        found: Request = self._recall(WantRequest(about.request_id))[0]
        return found

    def message(self, about: Outcome, channel: str = "chat:lobby") -> Message:
        """The message that an outcome names, as it stands now."""
        native = self._natives[about.message_id or ""]
        found: Message = self._recall(WantMessage(ChannelId(channel), native))
        return found

    def all(self, view: View) -> list[Any]:
        """Every item of a view."""
        found: list[Any] = []
        while True:
            page: Page = self.engine.read(view)
            found += page.items
            if page.next is None:
                return found
            view = attrs.evolve(view, after=page.next)

    def requests(self, **which: Any) -> list[Request]:
        """The requests of the desk, by the time of their first message."""
        return self.all(Requests(**which))

    def partition(self) -> dict[str, str | None]:
        """Which request each message belongs to, by native id."""
        return {message.native: message.request_id for message in self.all(Messages())}

    def events(self, about: Outcome) -> list[Event]:
        """Everything that happened in a conversation, in order."""
        return [event for entry in self.engine.history(about.conversation_id or "") for event in entry.events]

    def tags(self, about: Outcome) -> list[str]:
        """The words for that."""
        return [event.tag for event in self.events(about)]

    def effects(self, state: EffectState | None = None) -> list[StoredEffect]:
        """The outbox, in the order it was queued."""
        return self.all(Effects(state=state))

    def timers(self) -> dict[str, datetime]:
        """The whole agenda, by key. Leases everything and gives it back: for stores in tests only."""
        far = datetime(9000, 1, 1, tzinfo=UTC)
        found: list[Lease] = list(
            self.store.lease(self.engine.workspace, LeaseQueue.AGENDA, now=far, until=far, limit=10_000)
        )
        timers = {lease.id: lease.item.due_at for lease in found}  # type: ignore[union-attr]
        for lease in found:
            self.store.release(self.engine.workspace, lease, ready_at=timers[lease.id])
        assert len(found) == len(timers), "two timers with one key"
        return timers
