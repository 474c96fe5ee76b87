"""How a simulated process makes an engine: as a program does, with ports that go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ...core.facts import WantDesk
from ...core.model import Workspace
from ...engine import AsyncEngine, Engine
from ...flow import AskRecall, Flow, desk_of
from ...hooks import hookimpl
from ...ports import Store
from .ledger import Ledger
from .ports import SimClassifier, SimStore, SimTransport
from .processes import Scene, SimProcess
from .subjects import Simulation

__all__ = ["SALT", "engine_of", "lean"]

SALT = "5a" * 16
"""What the ids of every simulated desk are made with."""
CONSULT_WITHIN, DELIVER_WITHIN = 5.0, 20.0
"""Seconds that a classifier may take, and a transport."""


def engine_of(
    scene: Scene, process: SimProcess, workspace: str, store: Store, word: Callable[[], str]
) -> Any:
    """An engine for one workspace, in one process, on a handle of the store."""
    simulation: Simulation = scene.simulation
    brought = list(simulation.plugins())
    transports = [each for plugin in brought for each in _handed(plugin, "reqflow_transports")]
    judges = [each for plugin in brought for each in _handed(plugin, "reqflow_classifiers")]
    judge = judges[0] if judges else simulation.classifier()
    wrapped = [SimTransport(process, workspace, real) for real in (*transports, None)]
    made: Any = (Engine if process.is_plain else AsyncEngine)(
        SimStore(store, process),
        workspace=workspace,
        plugins=[_Transports(wrapped), *map(lean, brought)],
        classifier=SimClassifier(process, judge),  # type: ignore[arg-type]
        consult_within=None if process.is_plain else CONSULT_WITHIN,
        deliver_within=None if process.is_plain else DELIVER_WITHIN,  # a plain call would get a thread
        clock=process.clock,
        chance=word,
    )
    made._first_desk = partial(_desk, scene.ledger, workspace)
    return made


def _handed(plugin: object, hook: str) -> Iterable[Any]:
    call = getattr(plugin, hook, None)
    return () if call is None else call()


class _Transports:
    """Hands over the transports of a simulated process."""

    def __init__(self, transports: list[SimTransport]) -> None:
        self._transports = transports

    def __dir__(self) -> list[str]:
        return ["reqflow_transports"]

    @hookimpl
    def reqflow_transports(self) -> list[SimTransport]:
        return self._transports


def _desk(ledger: Ledger, workspace: str) -> Flow:
    """As `reqflow.flow.load_desk`; what was compiled once in this run is not compiled again."""
    (document,) = yield AskRecall(Workspace(workspace), (WantDesk(-1),))
    known = ledger.desks[workspace]
    return known if known.revision == document.revision else desk_of(document)


class _Lean:
    """A plugin with nothing but its hooks: a plugin manager looks at every name of one, and that is dear."""

    def __init__(self, plugin: object, hooks: list[str]) -> None:
        self.__dict__.update({name: getattr(plugin, name) for name in hooks})
        self.__name__ = getattr(plugin, "__name__", type(plugin).__name__)

    def __dir__(self) -> list[str]:
        return [name for name in self.__dict__ if name != "__name__"]


_WRAPPED = frozenset({"reqflow_transports", "reqflow_classifiers"})
"""What a process gets wrapped."""


def lean(plugin: object) -> object:
    """A plugin with nothing but its hooks, without those for what goes wrong in a simulation; a name stays one."""
    hooks = [name for name in dir(plugin) if name.startswith("reqflow_") and name not in _WRAPPED]
    return plugin if isinstance(plugin, str) else _Lean(plugin, hooks)
