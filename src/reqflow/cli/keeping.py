"""Commands that keep a store in order, and those that say what there is to work with."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..core.assignment import POLICIES
from ..registry import Registry
from .opening import Found, find_plugins, open_engine, open_store
from .printing import print_json
from .screen import Cell, Screen, Table
from .words import clean, plural

__all__ = ["draw", "list_plugins", "migrate", "rebuild", "verify"]


def verify(asked: Namespace, screen: Screen) -> int:
    """Compare what is stored with what history says; 1 if they differ."""
    with open_engine(asked) as engine:
        problems = engine.verify()
    if asked.json:
        print_json({"ok": not problems, "problems": problems})
    elif not problems:
        screen.line(Cell("Everything stored is what history says.", "green"))
    else:
        for problem in problems:
            screen.line(Cell(clean(problem)))
        screen.line(
            Cell(f"{plural(len(problems), 'problem')} found.", "red"), Cell(" `reqflow rebuild` mends rows.")
        )
    return 1 if problems else 0


def rebuild(asked: Namespace, screen: Screen) -> int:
    """Write the state anew from history."""
    with open_engine(asked) as engine:
        count = engine.rebuild()
    screen.line(Cell(f"Wrote {plural(count, 'conversation')} anew from history."))
    return 0


def migrate(asked: Namespace, screen: Screen) -> int:
    """Bring a store's schema up to date."""
    store = open_store(asked.store, find_plugins())
    try:
        version = store.migrate()
    finally:
        store.close()
    screen.line(Cell(f"The schema is up to date: version {version}."))
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
