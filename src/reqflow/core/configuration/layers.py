"""Which layer decides a channel's setting: its own table, the workspace's, its kind's defaults, or the default of all.

One merge serves both questions: what a setting is (`merged_settings`) and why (`explain_setting`). (Thena: two scopes)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs

from ...errors import UsageError
from ..settings import KIND_DEFAULTS, ChannelKind, ChannelSettings
from ..values import value
from .reader import unknown

__all__ = ["Layer", "SettingOrigin", "layers_of", "merged_settings", "origin_of"]


class Layer(StrEnum):
    """Where a setting can come from; the first that names it decides."""

    CHANNEL = "channel"
    WORKSPACE = "workspace"
    KIND = "kind"
    DEFAULT = "default"


@value
class SettingOrigin:
    """What a channel's setting is, which layer decided it, and what the layers below would have said.

    ``where`` is the path of the deciding line in the configuration: ``channels.chat:*.grouping_within``, or the kind
    whose default it is.
    """

    name: str
    content: Any
    layer: Layer
    where: str
    overridden: tuple[tuple[Layer, Any], ...] = ()


_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {field.name: field.default for field in attrs.fields(ChannelSettings)}
)

Layers = tuple[tuple[Layer, Mapping[str, Any]], ...]


def layers_of(own: Mapping[str, Any], shared: Mapping[str, Any]) -> Layers:
    """The layers that a channel's settings are merged from, the deciding ones first."""
    kind = own.get("kind") or shared.get("kind") or ChannelKind.CHAT
    return (
        (Layer.CHANNEL, own),
        (Layer.WORKSPACE, shared),
        (Layer.KIND, {"kind": kind, **KIND_DEFAULTS[kind]}),
        (Layer.DEFAULT, _DEFAULTS),
    )


def merged_settings(layers: Layers) -> dict[str, Any]:
    """What the layers come to, without what is but the default."""
    merged: dict[str, Any] = {}
    for _, layer in reversed(layers[:-1]):
        merged.update(layer)
    return merged


def origin_of(name: str, channel: str, layers: Layers) -> SettingOrigin:
    """Which of the layers decides a setting of the channel (its id or pattern). Raises `UsageError`."""
    if name not in _DEFAULTS:
        raise UsageError(f"setting {name!r} is {unknown(name, _DEFAULTS)}")
    said = [(layer, table[name]) for layer, table in layers if name in table]
    layer, content = said[0]
    where = {
        Layer.CHANNEL: f"channels.{channel}.{name}",
        Layer.WORKSPACE: f"settings.{name}",
        Layer.KIND: f"kind {layers[2][1]['kind']}",
        Layer.DEFAULT: "default",
    }
    return SettingOrigin(name, content, layer, where[layer], tuple(said[1:]))
