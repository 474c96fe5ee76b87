"""``reqflow settings``: the configuration as it was given, or what decides the settings of one channel."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from ..core.configuration import explain_setting
from ..core.settings import ChannelSettings
from ..errors import UsageError
from .opening import open_engine
from .printing import print_json
from .screen import Cell, Screen, Table
from .words import clean, exact_span, excerpt

__all__ = ["show_settings"]

WORDS = 40
"""How many cells a setting may take."""


def show_settings(asked: Namespace, screen: Screen) -> int:
    """The configuration as JSON, to keep or to load again; with a channel, its settings and where each comes from."""
    if asked.setting is not None and asked.channel is None:
        raise UsageError("say of which channel: reqflow settings STORE --channel C --setting NAME")
    with open_engine(asked) as engine:
        if asked.channel is None:
            print_json(engine.settings())
            return 0
        names = [each.name for each in attrs.fields(ChannelSettings)]
        given = engine.settings()
        rows = [_row(given, asked.channel, name) for name in ([asked.setting] if asked.setting else names)]
    if asked.json:
        print_json(rows)
    elif asked.setting:
        _tell(rows[0], screen)
    else:
        cells = [
            (Cell(row["setting"]), Cell(excerpt(_told(row["value"]), WORDS)), Cell(row["from"], _style(row)))
            for row in rows
        ]
        screen.table(Table(heads=("setting", "value", "from"), rows=cells, flexible="value"))
    return 0


def _row(given: Mapping[str, Any], channel: str, name: str) -> dict[str, Any]:
    origin = explain_setting(given, channel, name)
    return {
        "setting": origin.name,
        "value": _plain(origin.content),
        "layer": str(origin.layer),
        "from": origin.where,
        "overridden": [{"layer": str(layer), "value": _plain(value)} for layer, value in origin.overridden],
    }


def _style(row: Mapping[str, Any]) -> str:
    return "dim" if row["layer"] in ("default", "kind") else "bold"


def _tell(row: Mapping[str, Any], screen: Screen) -> None:
    screen.line(
        Cell(f"{row['setting']} is {clean(_told(row['value']))}", "bold"),
        Cell(f", decided by {row['from']}."),
    )
    for each in row["overridden"]:
        screen.line(Cell(f"  Without that, {each['layer']} would say {clean(_told(each['value']))}.", "dim"))


def _plain(content: Any) -> Any:
    """A setting as settings are written: spans with a unit, words, lists, tables."""
    if isinstance(content, timedelta):
        return exact_span(content)
    if isinstance(content, Mapping):
        return {str(name): _plain(each) for name, each in content.items()}
    if isinstance(content, Iterable) and not isinstance(content, str):
        return sorted(str(each) for each in content)
    return content if content is None or isinstance(content, bool | int) else str(content)


def _told(content: Any) -> str:
    if isinstance(content, list):
        return ", ".join(content) or "none"
    if isinstance(content, dict):
        return ", ".join(f"{name}: {each}" for name, each in content.items()) or "none"
    if isinstance(content, bool):
        return "true" if content else "false"
    return "none" if content is None else str(content) or "''"
