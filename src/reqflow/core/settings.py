"""What the engine knows without asking: roster, teams, queues, and settings merged per channel.

A `Desk` is one frozen value. `reqflow.core.configuration` compiles it from two layers, the workspace's
settings and each channel's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import attrs

from .ids import profile_id
from .model import Actor, ActorKind, AgentId, ChannelId, Code, ProfileId, QueueId, TeamId, Workspace
from .values import value

__all__ = [
    "Agent",
    "Author",
    "ChannelKind",
    "ChannelSettings",
    "Desk",
    "DetectionMode",
    "GroupingMode",
    "Queue",
    "RequestsPerConversation",
]


class ChannelKind(StrEnum):
    """How a channel tells conversations apart, and which defaults it starts from.

    ``direct``: by profile while one is open (a direct message, a chat). ``public``: by first-level comment
    or mention. ``chat``: by thread, with requests detected (a Slack channel). ``mail``: by thread.
    ``form``: each message by itself (a form, a portal).
    """

    DIRECT = "direct"
    PUBLIC = "public"
    CHAT = "chat"
    MAIL = "mail"
    FORM = "form"


class DetectionMode(StrEnum):
    """What makes a request of a message: its being first, a classifier, or nothing but a person."""

    ALWAYS = "always"
    CLASSIFIER = "classifier"
    OFF = "off"


class GroupingMode(StrEnum):
    """What the grouping window is measured from: the neighbouring message, or the group's first."""

    SLIDING = "sliding"
    FIXED = "fixed"


class RequestsPerConversation(StrEnum):
    """Whether later messages join the one request, or may open more."""

    ONE = "one"
    MANY = "many"


@value
class Agent:
    """A colleague in the roster. ``grants`` are rights by name; ``addresses`` are theirs on transports."""

    id: AgentId
    name: str
    teams: frozenset[TeamId] = frozenset()
    addresses: tuple[str, ...] = ()
    grants: frozenset[Code] = frozenset()


@value
class Author:
    """Who writes from an address: the profile, the colleague whose address it is, and the actor they are."""

    profile: ProfileId
    agent: Agent | None
    actor: Actor


@value
class Queue:
    """Where work waits. With a ``policy`` it is handed out, oldest first, within each ``capacity``.

    ``capacity`` is the number of assigned requests up to which the policy still gives an agent more;
    None means no limit. Without a policy people take the work themselves.
    """

    id: QueueId
    teams: frozenset[TeamId]
    policy: Code | None = None
    capacity: int | None = None


@value(kw_only=True)
class ChannelSettings:
    """Everything that can differ from channel to channel, merged and ready. Zero spans mean off.

    Attributes:
        kind: how conversations are told apart; decides the other defaults.
        detection: what makes a request of a message.
        requests_per_conversation: whether later messages join the one request.
        grouping_within: gap up to which messages of one author join one group (120 s; Thena).
        grouping_mode: what that gap is measured from.
        owner: agent who gets every request of the channel by itself (Thena's CSM).
        responder_teams: authors in these teams stand on the team's side.
        queue: where new requests wait.
        assign_first_response: an agent who answers first gets the request (Thena).
        notify_assignee: tell an agent about what was assigned to them.
        reopen_within: span after closing in which a customer's message reopens.
        thanks_reopen: whether a mere "thanks" reopens too.
        unknown_opens: whether a message that no classifier could judge opens a request.
        close_with_last_request: whether a conversation ends with its last open request.
        auto_close_after: span without activity after which open requests expire (30 days; Thena).
        auto_close_assigned_only: narrows that to assigned ones.
        nudge_after: span after which the assignee is asked to close, again and again (1 day; Thena).
        inactivity_close_after: span without a customer's message that ends a conversation (Audite).
        inactivity_only_when_answered: count only while the last word is ours.
    """

    kind: ChannelKind = ChannelKind.CHAT
    detection: DetectionMode = DetectionMode.CLASSIFIER
    requests_per_conversation: RequestsPerConversation = RequestsPerConversation.MANY
    grouping_within: timedelta = timedelta(seconds=120)
    grouping_mode: GroupingMode = GroupingMode.SLIDING
    owner: AgentId | None = None
    responder_teams: frozenset[TeamId] = frozenset()
    queue: QueueId | None = None
    assign_first_response: bool = True
    notify_assignee: bool = True
    reopen_within: timedelta = timedelta(days=7)
    thanks_reopen: bool = False
    unknown_opens: bool = True
    close_with_last_request: bool = True
    auto_close_after: timedelta = timedelta(days=30)
    auto_close_assigned_only: bool = False
    nudge_after: timedelta = timedelta(days=1)
    inactivity_close_after: timedelta = timedelta(0)
    inactivity_only_when_answered: bool = False

    @cached_property
    def by_profile(self) -> bool:
        """True when a profile's messages continue its open conversation."""
        return self.kind is ChannelKind.DIRECT

    @cached_property
    def groups(self) -> bool:
        """True when messages of one author that follow each other closely belong together."""
        return bool(self.grouping_within) and self.kind in (ChannelKind.CHAT, ChannelKind.MAIL)


_REMEMBERED = 10_000
_DEFAULTS = ChannelSettings()
_ONE_BY_ONE: Mapping[str, Any] = {
    "detection": DetectionMode.ALWAYS,
    "requests_per_conversation": RequestsPerConversation.ONE,
}
KIND_DEFAULTS: Mapping[ChannelKind, Mapping[str, Any]] = {
    ChannelKind.DIRECT: {
        **_ONE_BY_ONE,
        "close_with_last_request": False,
        "inactivity_close_after": timedelta(hours=24),
    },
    ChannelKind.PUBLIC: {**_ONE_BY_ONE, "inactivity_close_after": timedelta(hours=24)},
    ChannelKind.CHAT: {},
    ChannelKind.MAIL: _ONE_BY_ONE,
    ChannelKind.FORM: _ONE_BY_ONE,
}


@value(kw_only=True)
class Desk:
    """Roster, teams, queues and settings of one workspace, compiled. Made by `compile_desk`.

    ``revision`` counts the changes that the store has seen; ``salt`` keys profile ids and text digests.
    """

    workspace: Workspace
    revision: int = 0
    salt: bytes = b""
    agents: Mapping[AgentId, Agent] = attrs.field(factory=dict, hash=False)
    teams: frozenset[TeamId] = frozenset()
    queues: Mapping[QueueId, Queue] = attrs.field(factory=dict, hash=False)
    channels: Mapping[str, ChannelSettings] = attrs.field(factory=dict, hash=False)

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
            found = self.channels.get(channel_id) or next(
                (self.channels[pattern] for pattern in self._patterns if fnmatchcase(channel_id, pattern)),
                None,
            )
            if len(self._found) < _REMEMBERED:  # a stranger may name channels without end
                self._found[channel_id] = found
            return found

    @cached_property
    def _patterns(self) -> list[str]:
        """The patterns among the channels, longest first."""
        return sorted((name for name in self.channels if "*" in name), key=lambda p: (-len(p), p))

    def settings(self, channel_id: ChannelId) -> ChannelSettings:
        """The channel's settings; for a channel that is gone from the desk, the defaults."""
        return self.channel(channel_id) or _DEFAULTS

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
