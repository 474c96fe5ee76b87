"""Reads queues."""

from __future__ import annotations

from collections.abc import Mapping

from .. import settings
from ..model import QueueId, TeamId
from .parsers import Parser, name, name_set, whole_number
from .reader import Reader

__all__ = ["read_queues"]

_QUEUE: Mapping[str, Parser] = {"teams": name_set, "policy": name, "capacity": whole_number}


def read_queues(
    read: Reader, given: object, teams: frozenset[TeamId], policies: frozenset[str]
) -> dict[QueueId, settings.Queue]:
    """The queues by id."""
    queues: dict[QueueId, settings.Queue] = {}
    for id, table in read.table(given, "queues").items():
        path = f"queues.{id}"
        fields = read.fields(table, _QUEUE, path)
        fields.setdefault("teams", frozenset())
        read.known(fields["teams"], teams, f"{path}.teams")
        policy = fields.get("policy")
        if policies and policy is not None and policy not in policies:
            known = ", ".join(sorted(policies))
            read.problems.append(f"{path}.policy: no such policy: {policy}; known are {known}")
        if not fields["teams"]:
            read.problems.append(f"{path}.teams: at least one team must serve a queue")
        queues[QueueId(id)] = settings.Queue(id=QueueId(id), **fields)
    return queues
