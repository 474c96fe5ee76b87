"""Opening a desk: plugins by the environment, a store by its address, an engine over both.

Only the command reads the environment: ``REQFLOW_LOAD_PLUGINS`` (a list with commas; only these, empty for
none) and ``REQFLOW_DISABLED_PLUGINS`` (all but these).
"""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from .. import __version__
from ..core.facts import WantDesk
from ..engine import Engine
from ..errors import PluginError, SchemaMismatch, UsageError
from ..hooks import PROJECT
from ..ports import Store
from ..registry import Registry
from .words import argument, clean

__all__ = ["Found", "file_of", "find_plugins", "open_engine", "open_store"]

BUILT_IN = MappingProxyType(
    {name: f"reqflow.plugins.{name}" for name in ("detector", "memory", "postgres", "sqlite")}
)
"""Our own plugins, which a checkout that was never installed has no entry points for."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(//)?", re.IGNORECASE)


@attrs.frozen
class Found:
    """A plugin that was found and loaded."""

    name: str
    version: str
    plugin: object


def find_plugins(environment: Mapping[str, str] | None = None) -> list[Found]:
    """Our own plugins and the installed ones, as far as the environment asks for them, by name.

    Raises `PluginError` for one that cannot be loaded, or that is asked for and is not there.
    """
    environment = os.environ if environment is None else environment
    installed = {each.name: each for each in entry_points(group=PROJECT)}
    wanted = sorted({*BUILT_IN, *installed})
    if (listed := environment.get("REQFLOW_LOAD_PLUGINS")) is not None:
        wanted = _names(listed)
        if missing := [name for name in wanted if name not in BUILT_IN and name not in installed]:
            raise PluginError(
                f"REQFLOW_LOAD_PLUGINS names {', '.join(missing)}, and no installed plugin is called so"
            )
    disabled = _names(environment.get("REQFLOW_DISABLED_PLUGINS", ""))
    return [_load(name, installed.get(name)) for name in wanted if name not in disabled]


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _load(name: str, entry: EntryPoint | None) -> Found:
    try:
        plugin = import_module(BUILT_IN[name]) if entry is None else entry.load()
    except Exception as problem:  # whatever a stranger's module does when it is imported
        told = f"{type(problem).__name__}: {problem}"
        hint = f"mend or uninstall it, or set REQFLOW_DISABLED_PLUGINS={name}"
        raise PluginError(f"plugin {name} cannot be loaded ({told}): {hint}") from problem
    version = entry.dist.version if entry is not None and entry.dist is not None else __version__
    return Found(name, version, plugin)


def open_store(address: str, plugins: Sequence[Found], *, make: bool = False) -> Store:
    """The store of an address: ``postgresql://...``, ``sqlite:PATH``, or a path, which is SQLite's.

    Raises `SchemaMismatch` for a file that is not there, unless it is to be made.
    """
    stores = Registry([found.plugin for found in plugins]).stores
    scheme, address = _resolved(address, stores)
    path = address.removeprefix("sqlite:")
    if scheme == "sqlite" and not path:
        raise UsageError("say which store: a path (SQLite), sqlite:PATH or postgresql://...")
    if scheme == "sqlite" and not make and not os.path.exists(path):
        raise SchemaMismatch(
            f"{clean(path)} does not exist: make it with `reqflow init {argument(path)} --config desk.toml`"
        )
    return stores[scheme](address)


def file_of(address: str, plugins: Sequence[Found]) -> Path | None:
    """The file that an address names, links followed; None for what is no SQLite."""
    scheme, address = _resolved(address, Registry([found.plugin for found in plugins]).stores)
    path = address.removeprefix("sqlite:")
    return Path(os.path.realpath(path)) if scheme == "sqlite" and path not in ("", ":memory:") else None


def _resolved(address: str, stores: Mapping[str, Any]) -> tuple[str, str]:
    """Which of the stores an address is for, and the address with its scheme."""
    match = _SCHEME.match(address)
    scheme = match[1].lower() if match else ""
    if scheme not in stores:
        if match and match[2]:
            known = ", ".join(sorted(stores)) or "none"
            raise UsageError(f"no plugin opens {scheme}: addresses; known are {known}, and plain paths")
        scheme, address = "sqlite", f"sqlite:{address}"
    if scheme not in stores:
        raise UsageError("the plugin sqlite, which opens plain paths, is not loaded")
    return scheme, address


@contextmanager
def open_engine(asked: Namespace, *, extra: Sequence[object] = (), muted: bool = False) -> Iterator[Engine]:
    """The engine over the store that the command line names; the store is closed afterwards.

    ``extra`` are plugins of the command itself. Raises `UsageError` where the store holds no such desk.
    """
    plugins = find_plugins()
    store = open_store(asked.store, plugins)
    try:
        engine = make_engine(store, asked, plugins, extra=extra, muted=muted)
        if store.recall(engine.workspace, (WantDesk(-1),))[0] is None:
            _ = engine.desk  # says what to do; one that is there is not compiled: it may be what is damaged
        yield engine
    finally:
        store.close()


def make_engine(
    store: Store,
    asked: Namespace,
    plugins: Sequence[Found],
    *,
    settings: Mapping[str, Any] | None = None,
    extra: Sequence[object] = (),
    muted: bool = False,
) -> Engine:
    """An engine over a store, with the plugins found and the command's own."""
    objects = [*(found.plugin for found in plugins), *extra]
    classifier = getattr(asked, "classifier", None)
    if "classifier" not in asked:  # this command judges no message: any will do
        classifier = next(iter(Registry(objects).classifiers), None)
    return Engine(
        store, settings, workspace=asked.workspace, plugins=objects, classifier=classifier, muted=muted
    )
