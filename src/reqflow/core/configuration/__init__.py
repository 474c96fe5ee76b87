"""Reads a desk's configuration: from a plain mapping (a dict, TOML, JSON) to a `Desk`, or to all its problems.

Spans are given as seconds or as ``"90s"``, ``"2m"``, ``"24h"``, ``"30d"``; zero turns a thing off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import InvalidSettings, UsageError
from ..commands.checks import check_word
from ..ids import digest_of
from ..model import ChannelId, Code, Workspace
from ..settings import Desk, NoticePreferences
from .channels import CHANNEL, read_channels
from .layers import Layer, SettingOrigin, layers_of, origin_of
from .notices import read_preferences
from .people import read_agents, read_roles
from .queues import read_queues
from .reader import Reader

if TYPE_CHECKING:
    from ..settings import Rule

__all__ = ["Layer", "SettingOrigin", "compile_desk", "compile_rules", "explain_setting"]

_TOP = (
    "workspace",
    "settings",
    "roles",
    "agents",
    "queues",
    "channels",
    "notices",
    "tags",
    "statuses",
    "fields",
    "themes",
    "severities",
    "menus",
    "rules",
)


def compile_desk(
    given: Mapping[str, Any],
    *,
    salt: bytes = b"",
    revision: int = 0,
    policies: Iterable[str] = (),
    taken: Iterable[str] = (),
) -> Desk:
    """Compile a desk from a plain mapping (a dict, parsed TOML or JSON).

    Tables: ``workspace`` (a name), ``settings`` (workspace-wide channel settings), ``roles``, ``agents``, ``queues``,
    ``channels`` (by id, or by a pattern with ``*``; the longest match counts), ``notices`` (what agents
    are told, and how), ``tags``, ``statuses``, ``fields``,
    ``themes``, ``severities``, ``menus``, ``rules``.
    ``policies`` are the names that a queue may use, where they are known; ``taken`` are those of rules that plugins
    bring, which no rule of the desk may have.

    Raises `InvalidSettings` listing every problem with its path.
    """
    read = Reader()
    given = read.table(given, "desk")
    read.encodable(given)
    for unknown in sorted(set(given) - set(_TOP)):
        read.problems.append(f"{unknown}: unknown; known are {', '.join(_TOP)}")
    workspace = given.get("workspace", "main")
    if not isinstance(workspace, str) or not workspace or not workspace.isprintable():
        read.problems.append(f"workspace: must be a name, not {workspace!r}")
        workspace = "main"
    everybody = read_preferences(read, given.get("notices"), "notices", NoticePreferences())
    agents = read_agents(read, given.get("agents"), read_roles(read, given.get("roles")), everybody)
    teams = frozenset(team for agent in agents.values() for team in agent.teams)
    queues = read_queues(read, given.get("queues"), teams, frozenset(policies))
    for agent in agents.values():
        read.known(agent.queues, queues, f"agents.{agent.id}.queues")
    shared = read.fields(given.get("settings"), CHANNEL, "settings")
    channels = read_channels(read, given.get("channels"), shared, agents, teams, queues)
    desk = Desk(
        workspace=Workspace(workspace),
        revision=revision,
        salt=salt or digest_of(workspace.encode()),
        agents=agents,
        teams=teams,
        queues=queues,
        channels=channels,
        **_read_content(read, given),
    )
    desk = _read_escalation(read, given, desk)
    rules = _read_rules(read, given.get("rules"), desk)
    read.problems += [f"rules.{name}: a plugin brings a rule of this name" for name in taken if name in rules]
    if read.problems:
        raise InvalidSettings(read.problems)
    return attrs.evolve(desk, rules=rules) if rules else desk


# What many desks have none of is loaded for those that have some.


def _read_content(read: Reader, given: Mapping[str, Any]) -> dict[str, Any]:
    if given.keys().isdisjoint(("tags", "statuses", "fields")):
        return {}
    from .content import read_fields, read_statuses, read_tags

    return {
        "tags": read_tags(read, given.get("tags")),
        "statuses": read_statuses(read, given.get("statuses")),
        "fields": read_fields(read, given.get("fields")),
    }


def _read_escalation(read: Reader, given: Mapping[str, Any], desk: Desk) -> Desk:
    named = any(each.escalate_emoji for each in desk.channels.values())
    if not named and given.keys().isdisjoint(("themes", "severities", "menus")):
        return desk
    from .escalation import read_escalation

    return read_escalation(read, given, desk)


def _read_rules(read: Reader, given: object, desk: Desk) -> dict[Code, Rule]:
    if given is None:
        return {}
    from .rules import read_rules

    return read_rules(read, given, desk)


def compile_rules(given: Mapping[str, Any], desk: Desk) -> Desk:
    """The desk with these rules among its own, each in place of the one of its name, and all of them acting.

    For trying them out. Raises `InvalidSettings` listing every problem with its path.
    """
    from ..settings import RuleMode

    read = Reader()
    rules = _read_rules(read, given, desk)
    if read.problems:
        raise InvalidSettings(read.problems)
    tried = {name: attrs.evolve(rule, mode=RuleMode.ACTIVE) for name, rule in rules.items()}
    return attrs.evolve(desk, rules={**desk.rules, **tried})


def explain_setting(given: Mapping[str, Any], channel_id: str, name: str) -> SettingOrigin:
    """What a channel's setting is under this configuration, and which layer decided it.

    Raises `InvalidSettings` for a configuration that cannot be compiled, `UsageError` for an unknown name.
    """
    check_word("channel_id", channel_id)
    check_word("name", name)
    desk = compile_desk(given)
    entry = desk.channel_entry(ChannelId(channel_id))
    if entry is None:
        raise UsageError(f"no channel {channel_id!r} on this desk; known are {', '.join(desk.channels)}")
    read = Reader()
    own = read.fields(given["channels"][entry], CHANNEL, "channels")
    shared = read.fields(given.get("settings"), CHANNEL, "settings")
    return origin_of(name, entry, layers_of(own, shared))
