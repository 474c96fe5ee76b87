"""The hooks through which plugins hand over objects, and the two markers.

A hook is called once, when an engine is built; afterwards the engine calls the objects through their typed
ports. Implementations may take fewer arguments than the specification. Hooks are synchronous: an
implementation that is a coroutine function is refused, naming its plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from .core.asking.signatures import Signature
    from .core.assignment import Policy
    from .core.automations import Automation
    from .core.batch import Batch
    from .core.notices import NoticeRule
    from .ports import Backlog, Classifier, Store, Suggester, Transport

__all__ = [
    "PROJECT",
    "hookimpl",
    "hookspec",
    "reqflow_automations",
    "reqflow_classifiers",
    "reqflow_committed",
    "reqflow_measured",
    "reqflow_notices",
    "reqflow_policies",
    "reqflow_signatures",
    "reqflow_stores",
    "reqflow_suggesters",
    "reqflow_transports",
]

PROJECT = "reqflow"
"""Name of the plugin manager, of the entry-point group and of the markers."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def reqflow_stores() -> Mapping[str, Callable[[str], Store]]:  # type: ignore[empty-body]
    """Ways to open a store, by the scheme of its address: called with the whole address."""


@hookspec
def reqflow_transports() -> Iterable[Transport]:  # type: ignore[empty-body]
    """Transports, each for the channels of one scheme. Two for one scheme are an error."""


@hookspec
def reqflow_classifiers() -> Iterable[Classifier]:  # type: ignore[empty-body]
    """Classifiers by name. An engine uses the one it was given, or the only one there is."""


@hookspec
def reqflow_policies() -> Mapping[str, Policy]:  # type: ignore[empty-body]
    """Picking policies by name, for queues to refer to. Two of one name are an error."""


@hookspec
def reqflow_automations() -> Iterable[Automation]:  # type: ignore[empty-body]
    """Rules: functions from an event to commands, run in the same commit as the event."""


@hookspec
def reqflow_notices() -> Iterable[NoticeRule]:  # type: ignore[empty-body]
    """Rules for notices: functions that add and remove those of an event before they leave."""


@hookspec
def reqflow_suggesters() -> Iterable[Suggester]:  # type: ignore[empty-body]
    """Whoever may know an answer already, asked before a form opens. Two of one name are an error."""


@hookspec
def reqflow_signatures() -> Mapping[str, Signature]:  # type: ignore[empty-body]
    """What tells questions apart, by name, in place of their words; an engine takes one. More are an error."""


@hookspec
def reqflow_committed(batch: Batch) -> None:
    """Called after a commit, best effort. What it raises is reported and changes nothing."""


@hookspec
def reqflow_measured(workspace: str, backlogs: Sequence[Backlog]) -> None:
    """Called by each worker now and then with how much inbox, outbox and agenda have to do, in this order.

    Best effort: what it raises is reported and changes nothing. Several workers of one workspace tell the same.
    """
