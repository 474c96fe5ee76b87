"""Reads the roster and its roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import AgentId, Code
from ..settings import ROLES, Agent, NoticePreferences, Right
from .notices import read_preferences
from .parsers import Parser, name, name_set, names, set_of, whole_number
from .reader import Reader

__all__ = ["read_agents", "read_roles"]

_AGENT: Mapping[str, Parser] = {
    "name": name,
    "teams": name_set,
    "addresses": names,
    "grants": set_of(Right),
    "role": name,
    "channels": names,
    "queues": name_set,
    "capacity": whole_number,
    "notices": lambda given: given,  # read below, over those of the desk
}


def read_roles(read: Reader, given: object) -> dict[Code, frozenset[Right]]:
    """The roles of the desk: those that every desk has, and its own, each a list of rights."""
    table = read.table(given, "roles")
    parse = set_of(Right)
    return {**{Code(role): rights for role, rights in ROLES.items()}, **_parsed(read, table, parse)}


def _parsed(read: Reader, table: Mapping[str, Any], parse: Parser) -> dict[Code, Any]:
    own: dict[Code, Any] = {}
    for role, rights in table.items():
        try:
            own[Code(role)] = parse(rights)
        except ValueError as problem:
            read.problems.append(f"roles.{role}: {problem}")
    return own


def read_agents(
    read: Reader,
    given: object,
    roles: Mapping[Code, frozenset[Right]],
    everybody: NoticePreferences,
) -> dict[AgentId, Agent]:
    """The agents by id. What their role and their grants come to is worked out here, once.

    ``everybody`` is what each is told, and how, where their own table of notices says nothing else.
    """
    agents: dict[AgentId, Agent] = {}
    for name_of, table in read.table(given, "agents").items():
        path = f"agents.{name_of}"
        fields = {"name": name_of, **read.fields(table, _AGENT, path)}
        role = fields.setdefault("role", Code("agent"))
        read.known([role], roles, f"{path}.role")
        rights = roles.get(role, frozenset()) | fields.get("grants", frozenset())
        told = fields.pop("notices", None)
        addresses = fields.get("addresses", ())
        fields["notices"] = read_preferences(read, told, f"{path}.notices", everybody, addresses)
        agents[AgentId(name_of)] = Agent(id=AgentId(name_of), rights=rights, **fields)
    _refuse_shared_addresses(read, agents)
    return agents


def _refuse_shared_addresses(read: Reader, agents: Mapping[AgentId, Agent]) -> None:
    seen: dict[str, AgentId] = {}
    for agent in agents.values():
        path = f"agents.{agent.id}.addresses"
        for address in agent.addresses:
            if ":" not in address:
                read.problems.append(f"{path}: {address!r} must be 'transport:name'")
            elif seen.setdefault(address, agent.id) != agent.id:
                read.problems.append(f"{path}: {address!r} is {seen[address]}'s already")
