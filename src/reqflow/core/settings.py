"""How a desk is configured: two layers (workspace, channel), and the desk compiled from them.

A `Desk` is everything that the engine knows without asking: roster, teams, queues, settings merged per
channel. It is one frozen value, compiled from a plain mapping (a dict, TOML, JSON) by `compile_desk`.
Spans are given as seconds or as ``"90s"``, ``"2m"``, ``"24h"``, ``"30d"``; zero turns a thing off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import attrs

from ..errors import InvalidSettings
from .ids import digest_of, profile_id
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
    "compile_desk",
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
                (
                    self.channels[pattern]
                    for pattern in sorted(self.channels, key=lambda p: (-len(p), p))
                    if "*" in pattern and fnmatchcase(channel_id, pattern)
                ),
                None,
            )
            if len(self._found) < _REMEMBERED:  # a stranger may name channels without end
                self._found[channel_id] = found
            return found

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


# --- compiling --------------------------------------------------------------------------------------

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_UNITS: Mapping[str | None, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


def _span(given: object) -> timedelta:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("must be a span such as 120, '90s', '2m', '24h' or '30d' (0 is off)")
    match = _SPAN.fullmatch(str(given).strip())
    if match is None:
        raise ValueError(f"{given!r} is no span: use 120, '90s', '2m', '24h' or '30d' (0 is off)")
    try:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2]])
    except OverflowError:
        raise ValueError(f"{given!r} is longer than any desk will live") from None


def _flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"must be true or false, not {given!r}")
    return given


def _name(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"must be a name, not {given!r}")
    return given.strip()


def _names(given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError(f"must be a list of names, not {given!r}")
    return tuple(_name(each) for each in given)


def _set(given: object) -> frozenset[str]:
    return frozenset(_names(given))


def _one_of(choices: type[StrEnum]) -> Callable[[object], StrEnum]:
    def parse(given: object) -> StrEnum:
        try:
            return choices(str(given))
        except ValueError:
            allowed = ", ".join(choices)
            raise ValueError(f"must be one of {allowed}, not {given!r}") from None

    return parse


def _capacity(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError(f"must be a whole number of at least 1, not {given!r}")
    return given


Parser = Callable[[object], Any]

_CHANNEL: Mapping[str, Parser] = {
    "kind": _one_of(ChannelKind),
    "detection": _one_of(DetectionMode),
    "requests_per_conversation": _one_of(RequestsPerConversation),
    "grouping_within": _span,
    "grouping_mode": _one_of(GroupingMode),
    "owner": _name,
    "responder_teams": _set,
    "queue": _name,
    "assign_first_response": _flag,
    "notify_assignee": _flag,
    "reopen_within": _span,
    "thanks_reopen": _flag,
    "unknown_opens": _flag,
    "close_with_last_request": _flag,
    "auto_close_after": _span,
    "auto_close_assigned_only": _flag,
    "nudge_after": _span,
    "inactivity_close_after": _span,
    "inactivity_only_when_answered": _flag,
}
_AGENT: Mapping[str, Parser] = {
    "name": _name,
    "teams": _set,
    "addresses": _names,
    "grants": _set,
}
_QUEUE: Mapping[str, Parser] = {"teams": _set, "policy": _name, "capacity": _capacity}
_TOP = ("workspace", "settings", "agents", "queues", "channels")


class _Reader:
    """Reads tables out of a plain mapping and notes every problem with its path."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def table(self, given: object, path: str) -> Mapping[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self.problems.append(f"{path}: must be a table, not {given!r}")
            return {}
        return given

    def fields(self, given: object, parsers: Mapping[str, Parser], path: str) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name, content in self.table(given, path).items():
            parser = parsers.get(name)
            if parser is None:
                self.problems.append(f"{path}.{name}: unknown; known are {', '.join(parsers)}")
                continue
            try:
                read[name] = parser(content)
            except ValueError as problem:
                self.problems.append(f"{path}.{name}: {problem}")
        return read

    def known(self, names: Iterable[str], among: Iterable[str], path: str) -> None:
        missing = sorted(set(names) - set(among))
        if missing:
            self.problems.append(f"{path}: no such {path.rsplit('.', 1)[-1]}: {', '.join(missing)}")


def _agents(read: _Reader, given: object) -> dict[AgentId, Agent]:
    agents = {
        AgentId(name): Agent(
            id=AgentId(name), **{"name": name, **read.fields(table, _AGENT, f"agents.{name}")}
        )
        for name, table in read.table(given, "agents").items()
    }
    seen: dict[str, AgentId] = {}
    for agent in agents.values():
        path = f"agents.{agent.id}.addresses"
        for address in agent.addresses:
            if ":" not in address:
                read.problems.append(f"{path}: {address!r} must be 'transport:name'")
            elif seen.setdefault(address, agent.id) != agent.id:
                read.problems.append(f"{path}: {address!r} is {seen[address]}'s already")
    return agents


def _queues(
    read: _Reader, given: object, teams: frozenset[TeamId], policies: frozenset[str]
) -> dict[QueueId, Queue]:
    queues: dict[QueueId, Queue] = {}
    for name, table in read.table(given, "queues").items():
        path = f"queues.{name}"
        fields = read.fields(table, _QUEUE, path)
        fields.setdefault("teams", frozenset())
        read.known(fields["teams"], teams, f"{path}.teams")
        policy = fields.get("policy")
        if policies and policy is not None and policy not in policies:
            known = ", ".join(sorted(policies))
            read.problems.append(f"{path}.policy: no such policy: {policy}; known are {known}")
        if not fields["teams"]:
            read.problems.append(f"{path}.teams: at least one team must serve a queue")
        queues[QueueId(name)] = Queue(id=QueueId(name), **fields)
    return queues


def _channels(
    read: _Reader,
    given: object,
    shared: Mapping[str, Any],
    agents: Mapping[AgentId, Agent],
    teams: frozenset[TeamId],
    queues: Mapping[QueueId, Queue],
) -> dict[str, ChannelSettings]:
    channels: dict[str, ChannelSettings] = {}
    for name, table in read.table(given, "channels").items():
        path = f"channels.{name}"
        own = read.fields(table, _CHANNEL, path)
        if ":" not in name:
            read.problems.append(f"{path}: a channel is named 'transport:place'")
        kind = own.get("kind") or shared.get("kind") or ChannelKind.CHAT
        merged = {**KIND_DEFAULTS[kind], **shared, **own}
        read.known(merged.get("responder_teams", ()), teams, f"{path}.responder_teams")
        read.known([merged["owner"]] if "owner" in merged else (), agents, f"{path}.owner")
        read.known([merged["queue"]] if "queue" in merged else (), queues, f"{path}.queue")
        channels[name] = ChannelSettings(**merged)
    return channels


def compile_desk(
    given: Mapping[str, Any], *, salt: bytes = b"", revision: int = 0, policies: Iterable[str] = ()
) -> Desk:
    """Compile a desk from a plain mapping (a dict, parsed TOML or JSON).

    Tables: ``workspace`` (a name), ``settings`` (workspace-wide channel settings), ``agents``, ``queues``,
    ``channels`` (by id, or by a pattern with ``*``; the longest match counts). ``policies`` are the names
    that a queue may use, where they are known.

    Raises `InvalidSettings` listing every problem with its path.
    """
    read = _Reader()
    given = read.table(given, "desk")
    for unknown in sorted(set(given) - set(_TOP)):
        read.problems.append(f"{unknown}: unknown; known are {', '.join(_TOP)}")
    workspace = given.get("workspace", "main")
    if not isinstance(workspace, str) or not workspace:
        read.problems.append(f"workspace: must be a name, not {workspace!r}")
        workspace = "main"
    agents = _agents(read, given.get("agents"))
    teams = frozenset(team for agent in agents.values() for team in agent.teams)
    queues = _queues(read, given.get("queues"), teams, frozenset(policies))
    shared = read.fields(given.get("settings"), _CHANNEL, "settings")
    channels = _channels(read, given.get("channels"), shared, agents, teams, queues)
    if read.problems:
        raise InvalidSettings(read.problems)
    return Desk(
        workspace=Workspace(workspace),
        revision=revision,
        salt=salt or digest_of(workspace.encode()),
        agents=agents,
        teams=teams,
        queues=queues,
        channels=channels,
    )
