"""Reads themes, severities and menus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..codes import code_of
from ..fields import typed
from ..ids import make_text
from ..model import Audience, Code
from ..settings import Desk, FieldOn, Menu, MenuOption, OptionKind, Severity, Theme
from .parsers import Parser, flag, name, one_of, place
from .reader import Reader

__all__ = ["read_escalation"]


def _level(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 9:
        raise ValueError(f"must be a tier from 0 (agents) to 9, not {given!r}")
    return given


def _plain(given: object) -> Mapping[Code, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(v, str | int | float) for v in given.values()):
        raise ValueError(f"must be a table of words, numbers, true or false, not {given!r}")
    return {code_of(field): content for field, content in given.items()}


_THEME: Mapping[str, Parser] = {
    "title": name,
    "queue": name,
    "team": name,
    "destination": place,
    "room": place,
    "level": _level,
}
_SEVERITY: Mapping[str, Parser] = {"destination": place, "immediate": flag}
_OPTION: Mapping[str, Parser] = {
    "title": name,
    "kind": one_of(OptionKind),
    "text": name,
    "place": place,
    "queue": name,
    "theme": code_of,
    "fields": _plain,
}
_NEEDS: Mapping[OptionKind, str] = {
    OptionKind.GUIDANCE: "text",
    OptionKind.CHANNEL: "place",
    OptionKind.BUG: "place",
    OptionKind.QUEUE: "queue",
    OptionKind.FORM: "theme",
}
"""What an option of each kind cannot do without."""


def read_escalation(read: Reader, given: Mapping[str, Any], desk: Desk) -> Desk:
    """The desk with its themes, severities and menus; what they name must be there, as must what channels name."""
    themes = _themes(read, given.get("themes"), desk)
    severities = _severities(read, given.get("severities"))
    desk = attrs.evolve(desk, themes=themes, severities=severities)
    for id, settings in desk.channels.items():
        read.known(settings.escalate_emoji.values(), themes, f"channels.{id}.escalate_emoji.theme")
    return attrs.evolve(desk, menus=_menus(read, given.get("menus"), desk))


def _themes(read: Reader, given: object, desk: Desk) -> dict[Code, Theme]:
    themes: dict[Code, Theme] = {}
    for word, table in read.table(given, "themes").items():
        path = f"themes.{word}"
        code, fields = read.code(word, path), read.fields(table, _THEME, path)
        if "queue" not in fields:
            read.problems.append(f"{path}.queue: a theme needs the queue that its requests wait in")
            continue
        read.known([fields["queue"]], desk.queues, f"{path}.queue")
        read.known([fields["team"]] if "team" in fields else (), desk.teams, f"{path}.team")
        if "room" in fields and desk.channel(fields["room"]) is None:
            read.problems.append(f"{path}.room: no such channel: {fields['room']}")
        if code is not None:
            themes[code] = Theme(**{"title": word, **fields}, name=code)
    return themes


def _severities(read: Reader, given: object) -> dict[Code, Severity]:
    severities: dict[Code, Severity] = {}
    for word, table in read.table(given, "severities").items():
        path = f"severities.{word}"
        code, fields = read.code(word, path), read.fields(table, _SEVERITY, path)
        if "destination" not in fields:
            read.problems.append(f"{path}.destination: say who is paged, or which tracker gets the bug")
        elif code is not None:
            severities[code] = Severity(name=code, **fields)
    return severities


def _menus(read: Reader, given: object, desk: Desk) -> dict[Code, Menu]:
    menus: dict[Code, Menu] = {}
    for word, table in read.table(given, "menus").items():
        path = f"menus.{word}"
        code, table = read.code(word, path), read.table(table, path)
        for unknown in sorted(set(table) - {"title", "options"}):
            read.problems.append(f"{path}.{unknown}: unknown; known are title, options")
        options = tuple(
            option
            for each, content in read.table(table.get("options"), f"{path}.options").items()
            if (option := _option(read, each, content, f"{path}.options.{each}", desk)) is not None
        )
        title = table.get("title", word)
        if not isinstance(title, str):
            read.problems.append(f"{path}.title: must be the menu's wording, not {title!r}")
        elif code is not None:
            menus[code] = Menu(name=code, title=title, options=options)
    return menus


def _option(read: Reader, word: str, table: object, path: str, desk: Desk) -> MenuOption | None:
    code, fields = read.code(word, path), read.fields(table, _OPTION, path)
    kind = fields.get("kind")
    if kind is None:
        read.problems.append(f"{path}.kind: must be one of {', '.join(OptionKind)}")
        return None
    needed = _NEEDS.get(kind)
    if needed is not None and needed not in fields:
        read.problems.append(f"{path}.{needed}: an option of kind {kind} needs it")
    read.known([fields["queue"]] if "queue" in fields else (), desk.queues, f"{path}.queue")
    read.known([fields["theme"]] if "theme" in fields else (), desk.themes, f"{path}.theme")
    _check_fields(read, fields.get("fields", {}), f"{path}.fields", desk)
    return None if code is None else MenuOption(**{"title": word, **fields}, name=code)


def _check_fields(read: Reader, given: Mapping[Code, Any], path: str, desk: Desk) -> None:
    for field, content in given.items():
        declared = desk.fields.get(field)
        if declared is None or declared.on is not FieldOn.REQUEST:
            read.problems.append(f"{path}.{field}: no field of requests of this name is declared")
            continue
        try:
            typed(declared, content, lambda body: make_text(body, "", "", Audience.INTERNAL, "", b"").ref)
        except Exception as problem:  # noqa: BLE001  (whatever a field says of what it does not take)
            read.problems.append(f"{path}.{field}: {problem}")
