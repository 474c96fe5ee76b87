"""Reads channels: each one's own settings over the workspace's, over the defaults of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import AgentId, AttachmentKind, QueueId, TeamId
from ..settings import (
    Agent,
    ChannelKind,
    ChannelSettings,
    DetectionMode,
    GroupingMode,
    Queue,
    RequestsPerConversation,
    Visibility,
)
from .layers import layers_of, merged_settings
from .notices import NOTICE_SETTINGS, check_destinations
from .parsers import Parser, codes_by_name, flag, name, name_set, one_of, place, set_of, span, words
from .reader import Reader

__all__ = ["CHANNEL", "read_channels"]

CHANNEL: Mapping[str, Parser] = {
    "kind": one_of(ChannelKind),
    "detection": one_of(DetectionMode),
    "requests_per_conversation": one_of(RequestsPerConversation),
    "grouping_within": span,
    "grouping_mode": one_of(GroupingMode),
    "owner": name,
    "responder_teams": name_set,
    "queue": name,
    "assign_first_response": flag,
    "notify_assignee": flag,
    "reopen_within": span,
    "thanks_reopen": flag,
    "unknown_opens": flag,
    "close_with_last_request": flag,
    "auto_close_after": span,
    "auto_close_assigned_only": flag,
    "nudge_after": span,
    "inactivity_close_after": span,
    "inactivity_only_when_answered": flag,
    "visibility": one_of(Visibility),
    "searchable": flag,
    "purge_closed_after": span,
    "carries": set_of(AttachmentKind),
    "tickets": place,
    "escalate_emoji": codes_by_name,
    "shipped_text": words,
    **NOTICE_SETTINGS,
}


def read_channels(
    read: Reader,
    given: object,
    shared: Mapping[str, Any],
    agents: Mapping[AgentId, Agent],
    teams: frozenset[TeamId],
    queues: Mapping[QueueId, Queue],
) -> dict[str, ChannelSettings]:
    """The channels by id or pattern, each merged and ready."""
    channels: dict[str, ChannelSettings] = {}
    for id, table in read.table(given, "channels").items():
        path = f"channels.{id}"
        own = read.fields(table, CHANNEL, path)
        if ":" not in id:
            read.problems.append(f"{path}: a channel is named 'transport:place'")
        merged = merged_settings(layers_of(own, shared))
        read.known(merged.get("responder_teams", ()), teams, f"{path}.responder_teams")
        read.known([merged["owner"]] if "owner" in merged else (), agents, f"{path}.owner")
        read.known([merged["queue"]] if "queue" in merged else (), queues, f"{path}.queue")
        channels[id] = ChannelSettings(**merged)
    check_destinations(read, channels)
    return channels
