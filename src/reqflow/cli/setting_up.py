"""``reqflow init``: a store and its desk; and the sample to begin with."""

from __future__ import annotations

import tomllib
from argparse import Namespace
from importlib import resources
from pathlib import Path
from typing import Any

from ..core.configuration import compile_desk
from ..core.settings import Desk
from ..engine import Engine
from ..errors import UnreadableInput, UsageError
from ..registry import Registry
from .opening import find_plugins, make_engine, open_store
from .screen import Cell, Screen
from .words import argument, clean, plural

__all__ = ["init", "read_settings"]

MOST = 2**20
"""Bytes of a desk file, at most: nobody writes more by hand."""


def init(asked: Namespace, screen: Screen) -> int:
    """Make or migrate a store and set up its desk; or write the sample."""
    if asked.sample is not None:
        write_sample(asked.sample)
        screen.line(Cell(f"Wrote {clean(str(asked.sample))}. Change it to your needs, then:"))
        screen.line(Cell(f"  reqflow init desk.db --config {argument(str(asked.sample))}", "bold"))
        return 0
    if asked.store is None:
        raise UsageError("say where the desk is to be kept: reqflow init STORE --config desk.toml")
    if asked.config is None:
        raise UsageError(
            "say what the desk is like: --config desk.toml (reqflow init --sample desk.toml writes one)"
        )
    settings = read_settings(asked.config)
    plugins = find_plugins()
    known = Registry([found.plugin for found in plugins]).policies
    desk = compile_desk(settings, policies=known)  # before a store is made for a desk that cannot be
    if asked.workspace not in (None, desk.workspace):
        raise UsageError(f"{asked.config} is for workspace {desk.workspace!r}, not {asked.workspace!r}")
    asked.workspace = desk.workspace
    store = open_store(asked.store, plugins, make=True)
    try:
        store.migrate()
        engine = make_engine(store, asked, plugins)
        before = _revision(engine)
        desk = engine.configure(settings)
    finally:
        store.close()
    _tell(desk, before, asked.store, screen)
    return 0


def _revision(engine: Engine) -> int:
    try:
        return engine.desk.revision
    except UsageError:
        return 0  # none yet


def _tell(desk: Desk, before: int, store: str, screen: Screen) -> None:
    if desk.revision == before:
        screen.line(Cell(f"Nothing has changed: desk {desk.workspace!r} stays at revision {before}."))
        return
    parts = (
        plural(len(desk.agents), "agent"),
        plural(len(desk.queues), "queue"),
        plural(len(desk.channels), "channel"),
    )
    verb = "is set up" if not before else "has changed"
    screen.line(Cell(f"Desk {desk.workspace!r} {verb}, revision {desk.revision}: {', '.join(parts)}."))
    if not before:
        named = "" if desk.workspace == "main" else f" --workspace {argument(desk.workspace)}"
        screen.line(Cell("Next: "), Cell(f"reqflow ingest {argument(store)}{named} MESSAGES...", "bold"))


def read_settings(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `UnreadableInput`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise UnreadableInput(f"{path} has more than {MOST} bytes: is it a desk's configuration?")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as problem:
        raise UnreadableInput(f"{path} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise UnreadableInput(f"{path} is not UTF-8 (byte {problem.start}): save it as UTF-8") from problem
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise UnreadableInput(f"{path} is no TOML: {problem}") from problem


def write_sample(path: Path) -> None:
    """Write the commented sample; never over a file. Raises `UsageError`."""
    sample = resources.files(__package__).joinpath("desk_sample.toml").read_text("utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sample)
    except FileExistsError:
        raise UsageError(f"{path} is there already: remove it, or choose another name") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror}") from problem
