"""Everything that a desk holds at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from ...core import history
from ...core.events import Entry
from ...core.explain import refs_in
from ...core.facts import WantPool
from ...core.model import AgentLoad, Code, Conversation, Message, ProfileId, Request, TextRef
from ...core.records import RECORDS, Bar, Customer, Draft, Record
from ...ports import Conversations, Effects, Messages, Records, Requests, StoredEffect, Streams
from ..desks import Story

__all__ = ["World"]


class World:
    """All rows, all history, the outbox and the agenda of a story's desk, read once."""

    def __init__(self, story: Story) -> None:
        store, workspace = story.store, story.engine.workspace
        self.conversations: list[Conversation] = story.all(Conversations())
        self.requests: list[Request] = story.all(Requests())
        self.messages: list[Message] = story.all(Messages())
        self.records: dict[str, list[Any]] = {
            kind.tag: story.all(Records(kind=Code(kind.tag))) for kind in RECORDS
        }
        self.effects: list[StoredEffect] = story.all(Effects())
        self.streams: list[str] = story.all(Streams())
        self.history: dict[str, Sequence[Entry]] = {
            stream: store.history(workspace, stream) for stream in self.streams
        }
        self.timers: dict[str, datetime] = story.timers()
        agents = tuple(story.engine.desk.agents)
        self.loads: tuple[AgentLoad, ...] = store.recall(workspace, (WantPool(agents, None, len(agents)),))[0]

    def rows(self) -> Mapping[str, Any]:
        """What rebuilding must leave as it is: every table, by name."""
        return {
            "conversations": self.conversations,
            "requests": self.requests,
            "messages": self.messages,
            **self.records,
            "effects": self.effects,
            "history": self.history,
            "timers": self.timers,
            "loads": [(each.agent, each.load, each.chosen_at) for each in self.loads],
        }

    @cached_property
    def length(self) -> int:
        """How many entries history has."""
        return sum(map(len, self.history.values()))

    @cached_property
    def by_id(self) -> Mapping[str, Conversation]:
        """The conversations by id."""
        return {each.id: each for each in self.conversations}

    @cached_property
    def purged(self) -> frozenset[str]:
        """The streams of conversations that were purged."""
        return frozenset(
            stream for stream, entries in self.history.items() if history.purged(entries) is not None
        )

    @cached_property
    def drafts(self) -> list[Draft]:
        """All drafts."""
        return self.records[Draft.tag]

    @cached_property
    def customers(self) -> list[Customer]:
        """All customers on record."""
        return self.records[Customer.tag]

    @cached_property
    def profiles(self) -> list[ProfileId]:
        """Whoever has asked something or written."""
        found = [each.requester for each in self.conversations]
        found += [each.profile_id for each in self.messages if each.profile_id is not None]
        return list(dict.fromkeys(found))

    @cached_property
    def barred(self) -> frozenset[str]:
        """The profiles whose input is dropped."""
        return frozenset(each.id for each in self.records[Bar.tag] if each.is_barred)

    @cached_property
    def refs(self) -> Mapping[str, TextRef]:
        """Every reference to a text that stands anywhere, by its id."""
        found: dict[str, TextRef] = {}
        held: list[Any] = [*self.conversations, *self.requests, *self.messages]
        held += [each for kind in self.records.values() for each in kind]
        held += [each.queued.effect for each in self.effects]
        held += [event for entries in self.history.values() for entry in entries for event in entry.events]
        for each in held:
            found.update((ref.id, ref) for ref in refs_in(each))
        return found

    def of(self, kind: type[Record]) -> list[Any]:
        """The records of a kind, by id."""
        return self.records[kind.tag]
