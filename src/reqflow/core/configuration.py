"""Reads a desk's configuration: from a plain mapping (a dict, TOML, JSON) to a `Desk`, or to all its problems.

Spans are given as seconds or as ``"90s"``, ``"2m"``, ``"24h"``, ``"30d"``; zero turns a thing off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ..errors import InvalidSettings
from .ids import digest_of
from .model import AgentId, QueueId, TeamId, Workspace
from .settings import (
    KIND_DEFAULTS,
    Agent,
    ChannelKind,
    ChannelSettings,
    Desk,
    DetectionMode,
    GroupingMode,
    Queue,
    RequestsPerConversation,
)

__all__ = ["compile_desk"]

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
