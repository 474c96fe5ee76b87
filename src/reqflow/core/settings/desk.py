"""One workspace, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from ..ids import profile_id
from ..model import (
    Actor,
    ActorKind,
    AgentId,
    ChannelId,
    Code,
    ProfileId,
    QueueId,
    RequestState,
    TeamId,
    Workspace,
)
from ..values import value
from .channels import ChannelSettings
from .people import Agent, Author

if TYPE_CHECKING:
    from .content import Field
    from .escalation import Menu, Severity, Theme
    from .queues import Queue
    from .rules import Rule

__all__ = ["Desk"]

_REMEMBERED = 10_000
_DEFAULTS = ChannelSettings()
_ALL_CHANNELS = ("*",)


@value(kw_only=True)
class Desk:
    """Roster, teams, queues and settings of one workspace, compiled. Made by `compile_desk`.

    ``revision`` counts the changes that the store has seen; ``salt`` keys profile ids and text digests. ``tags`` are
    those that the settings define, with their wording (colleagues may define more, which are records); ``statuses``
    are its own names of where a request stands, each inside one state; ``fields`` are those that it declares.
    ``themes`` say where hard questions go, ``severities`` what happens to what is broken, ``menus`` what people who
    need something choose from.
    """

    workspace: Workspace
    revision: int = 0
    salt: bytes = b""
    agents: Mapping[AgentId, Agent] = attrs.field(factory=dict, hash=False)
    teams: frozenset[TeamId] = frozenset()
    queues: Mapping[QueueId, Queue] = attrs.field(factory=dict, hash=False)
    channels: Mapping[str, ChannelSettings] = attrs.field(factory=dict, hash=False)
    tags: Mapping[Code, str] = attrs.field(factory=dict, hash=False)
    statuses: Mapping[Code, RequestState] = attrs.field(factory=dict, hash=False)
    fields: Mapping[Code, Field] = attrs.field(factory=dict, hash=False)
    rules: Mapping[Code, Rule] = attrs.field(factory=dict, hash=False)
    themes: Mapping[Code, Theme] = attrs.field(factory=dict, hash=False)
    severities: Mapping[Code, Severity] = attrs.field(factory=dict, hash=False)
    menus: Mapping[Code, Menu] = attrs.field(factory=dict, hash=False)

    @cached_property
    def _found(self) -> dict[ChannelId, ChannelSettings | None]:
        return {}  # what `channel` found before: the mapping it is read from never changes

    @cached_property
    def _authors(self) -> dict[str, Author]:
        return {}  # what `author` found before

    def author(self, address: str) -> Author:
        """Who writes from ``transport:name``."""
        found = self._authors.get(address)
        if found is None:
            profile = profile_id(address, self.salt)
            agent = self._people.get(profile)
            kind = ActorKind.CUSTOMER if agent is None else ActorKind.AGENT
            found = Author(profile, agent, Actor(kind, Code(profile if agent is None else agent.id)))
            if len(self._authors) >= _REMEMBERED:
                self._authors.clear()
            self._authors[address] = found
        return found

    def colleague(self, profile: ProfileId) -> Agent | None:
        """The agent whose address a profile stands for."""
        return self._people.get(profile)

    @cached_property
    def _people(self) -> dict[ProfileId, Agent]:
        return {
            profile_id(address, self.salt): agent
            for agent in self.agents.values()
            for address in agent.addresses
        }

    def channel(self, channel_id: ChannelId) -> ChannelSettings | None:
        """The channel's settings: by its own name, else by the longest pattern; None if unknown."""
        try:
            return self._found[channel_id]
        except KeyError:
            entry = self.channel_entry(channel_id)
            found = None if entry is None else self.channels[entry]
            if len(self._found) < _REMEMBERED:  # a stranger may name channels without end
                self._found[channel_id] = found
            return found

    def channel_entry(self, channel_id: ChannelId) -> str | None:
        """Under which name the channel stands among the channels: its own, else the longest pattern that fits."""
        if channel_id in self.channels:
            return channel_id
        return next((pattern for pattern in self._patterns if fnmatchcase(channel_id, pattern)), None)

    @cached_property
    def _patterns(self) -> list[str]:
        """The patterns among the channels, longest first."""
        return sorted((name for name in self.channels if "*" in name), key=lambda p: (-len(p), p))

    @cached_property
    def required_fields(self) -> tuple[Field, ...]:
        """The fields without which nobody closes work as done."""
        return tuple(field for field in self.fields.values() if field.required_on_close)

    def settings(self, channel_id: ChannelId) -> ChannelSettings:
        """The channel's settings; for a channel that is gone from the desk, the defaults."""
        return self.channel(channel_id) or _DEFAULTS

    def granted(self, agent: Agent, channel_id: ChannelId) -> bool:
        """Whether the channel is among those that the agent was granted. (Audite)"""
        if agent.channels == _ALL_CHANNELS:
            return True
        place = (agent.id, channel_id)
        found = self._grants.get(place)
        if found is None:
            found = any(fnmatchcase(channel_id, pattern) for pattern in agent.channels)
            if len(self._grants) < _REMEMBERED:
                self._grants[place] = found
        return found

    @cached_property
    def _grants(self) -> dict[tuple[AgentId, ChannelId], bool]:
        return {}  # what `granted` found before

    @cached_property
    def heard(self) -> dict[Any, Any]:
        """What `reqflow.core.notices.hearing` found before."""
        return {}

    def serves(self, agent: Agent, queue_id: QueueId) -> bool:
        """Whether the agent may accept from the queue: by their own grant, or because one of their teams serves it."""
        if queue_id in agent.queues:
            return True
        queue = self.queues.get(queue_id)
        return queue is not None and not agent.teams.isdisjoint(queue.teams)

    def waits(self, channel_id: ChannelId) -> tuple[Rule, ...]:
        """The rules that act in this channel when a span has passed, or would if they were more than watched."""
        if not self._waiting:
            return ()
        found = self._waits.get(channel_id)
        if found is None:
            found = tuple([rule for rule in self._waiting if rule.reaches(channel_id)])
            if len(self._waits) < _REMEMBERED:
                self._waits[channel_id] = found
        return found

    @cached_property
    def _waiting(self) -> tuple[Rule, ...]:
        if not self.rules:
            return ()
        from .rules import RuleMode  # most desks have none

        rules = [rule for rule in self.rules.values() if rule.mode is not RuleMode.INACTIVE]
        return tuple([rule for rule in rules if rule.after is not None])

    @cached_property
    def _waits(self) -> dict[ChannelId, tuple[Rule, ...]]:
        return {}  # what `waits` found before

    def members(self, queue: Queue) -> tuple[AgentId, ...]:
        """The agents whom a queue hands work to, in the order of their ids."""
        return self._members[queue.id]

    @cached_property
    def _members(self) -> dict[QueueId, tuple[AgentId, ...]]:
        return {
            queue.id: tuple(sorted(a.id for a in self.agents.values() if a.teams & queue.teams))
            for queue in self.queues.values()
        }

    def queues_of(self, agent: AgentId) -> tuple[QueueId, ...]:
        """The queues with a policy that may hand work to the agent."""
        return self._queues_of.get(agent, ())

    @cached_property
    def _queues_of(self) -> dict[AgentId, tuple[QueueId, ...]]:
        found: dict[AgentId, tuple[QueueId, ...]] = {}
        for queue in self.queues.values():
            for agent in self.members(queue) if queue.policy else ():
                found[agent] = (*found.get(agent, ()), queue.id)
        return found
