"""Commands that keep a store in order, and those that say what there is to work with."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..core.assignment import POLICIES
from ..core.model import Code
from ..errors import UnreadableInput
from ..ports import Head
from ..registry import Registry
from .opening import Found, find_plugins, open_engine
from .printing import print_json
from .screen import Cell, Screen, Table
from .words import clean, plural

__all__ = ["draw", "list_plugins", "print_heads", "rebuild", "verify"]


def verify(asked: Namespace, screen: Screen) -> int:
    """Check history, and compare what is stored with what it says; 1 if they differ."""
    heads = [] if asked.heads is None else _read_heads(asked.heads)
    with open_engine(asked) as engine:
        problems = engine.verify(heads)
    if asked.json:
        print_json({"ok": not problems, "problems": problems})
    elif not problems:
        screen.line(Cell("Everything stored is what history says.", "green"))
    else:
        for problem in problems:
            screen.line(Cell(clean(problem)))
        screen.line(Cell(f"{plural(len(problems), 'problem')} found.", "red"), Cell(f" {_remedy(problems)}"))
    return 1 if problems else 0


def _remedy(problems: list[str]) -> str:
    if any(each.startswith("history ") for each in problems):
        return "History itself is not what was written, and nothing mends that: restore a backup."
    return "`reqflow rebuild` writes the rows that differ anew from history."


def _read_heads(path: Path) -> list[Head]:
    """What `print_heads` printed."""
    try:
        return [
            Head(stream=Code(str(each["stream"])), seq=int(each["seq"]), digest=Code(str(each["digest"])))
            for each in json.loads(path.read_text("utf-8"))
        ]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as problem:
        told = problem.strerror if isinstance(problem, OSError) else "it is not what `reqflow heads` prints"
        raise UnreadableInput(f"{path}: {told}") from problem


def print_heads(asked: Namespace, screen: Screen) -> int:
    """The last entry of every stream with its digest."""
    with open_engine(asked) as engine:
        print_json(
            [{"stream": each.stream, "seq": each.seq, "digest": each.digest} for each in engine.heads()]
        )
    return 0


def rebuild(asked: Namespace, screen: Screen) -> int:
    """Write the state anew from history."""
    with open_engine(asked) as engine:
        count = engine.rebuild()
    screen.line(Cell(f"Wrote {plural(count, 'conversation')} anew from history."))
    return 0


def draw(asked: Namespace, screen: Screen) -> int:
    """A lifecycle as a Mermaid diagram."""
    from ..core.lifecycle import LIFECYCLES
    from ..diagrams import mermaid

    lifecycle = next(each for each in LIFECYCLES if each.name == asked.lifecycle)
    screen.line(Cell(mermaid(lifecycle).rstrip()))
    return 0


def list_plugins(asked: Namespace, screen: Screen) -> int:
    """The plugins that this command loads, and what they bring."""
    listed = [_described(found) for found in find_plugins()]
    if asked.json:
        print_json(listed)
        return 0
    rows = [
        (Cell(each["name"], "bold"), Cell(each["version"]), Cell(_objects(each["objects"])))
        for each in listed
    ]
    screen.table(Table(heads=("plugin", "version", "brings"), rows=rows))
    return 0


def _described(found: Found) -> dict[str, Any]:
    registry = Registry([found.plugin])
    hooks = [caller.name for caller in registry.manager.get_hookcallers(found.plugin) or ()]
    return {
        "name": found.name,
        "version": found.version,
        "hooks": sorted(hooks),
        "objects": {
            "stores": sorted(registry.stores),
            "transports": sorted(registry.transports),
            "classifiers": sorted(registry.classifiers),
            "policies": sorted(registry.policies.keys() - POLICIES.keys()),
            "automations": [rule.name for rule in registry.rules],
        },
    }


def _objects(objects: dict[str, list[str]]) -> str:
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in objects.items() if names) or "nothing"
