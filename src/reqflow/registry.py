"""One plugin manager per engine: collects what plugins hand over, and refuses what cannot be right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from . import hooks
from .core.assignment import POLICIES, Policy
from .errors import PluginError, UsageError

if TYPE_CHECKING:
    from .core.asking.signatures import Signature
    from .core.automations import Automation
    from .core.batch import Batch
    from .core.notices import NoticeRule
    from .ports import Backlog, Classifier, Store, Suggester, Transport

__all__ = ["Registry"]


class Registry:
    """The plugins of one engine, and what they brought.

    ``plugins`` are modules or objects with hook implementations, or names of ``reqflow`` entry points. Nothing is
    discovered unless it is named. Raises `PluginError` naming the plugin that broke a rule.
    """

    def __init__(self, plugins: Iterable[object | str] = ()) -> None:
        self.manager = pluggy.PluginManager(hooks.PROJECT)
        self.manager.add_hookspecs(hooks)
        for plugin in plugins:
            self._register(plugin)
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as problem:
            raise PluginError(str(problem)) from problem
        self._by: dict[tuple[str, str], str] = {}
        self.policies: dict[str, Policy] = dict(POLICIES)
        self.stores: dict[str, Callable[[str], Store]] = {}
        self.transports: dict[str, Transport] = {}
        self.classifiers: dict[str, Classifier] = {}
        self.suggesters: dict[str, Suggester] = {}
        signatures: dict[str, Signature] = {}
        rules: dict[str, Automation] = {}
        told: dict[str, NoticeRule] = {}
        for hook, kind, known, name_of in (
            ("reqflow_policies", "policy", self.policies, None),
            ("reqflow_stores", "store", self.stores, None),
            ("reqflow_transports", "transport", self.transports, "scheme"),
            ("reqflow_classifiers", "classifier", self.classifiers, "name"),
            ("reqflow_automations", "rule", rules, "name"),
            ("reqflow_notices", "rule for notices", told, "name"),
            ("reqflow_suggesters", "suggester", self.suggesters, "name"),
            ("reqflow_signatures", "signature", signatures, None),
        ):
            self._collect(hook, kind, known, name_of)
        self._kinds = self._declared_kinds()
        self.rules: tuple[Automation, ...] = tuple(rules.values())
        self.notice_rules: tuple[NoticeRule, ...] = tuple(told.values())
        if len(signatures) > 1:
            raise PluginError(
                f"plugins bring several signatures ({', '.join(sorted(signatures))}): one can count"
            )
        self.signature: Signature | None = next(iter(signatures.values()), None)
        self._observed = bool(self.manager.hook.reqflow_committed.get_hookimpls())
        self.measures = bool(self.manager.hook.reqflow_measured.get_hookimpls())

    def _name_of(self, plugin: object) -> str:
        """What people call a plugin: its own name or its class's, numbered from the second of one kind on."""
        own = getattr(plugin, "__name__", None) or type(plugin).__name__
        name, number = own, 1
        while self.manager.has_plugin(name) and self.manager.get_plugin(name) is not plugin:
            number += 1
            name = f"{own}-{number}"
        return name

    def _register(self, plugin: object | str) -> None:
        if isinstance(plugin, str):
            if not self.manager.load_setuptools_entrypoints(hooks.PROJECT, plugin):
                raise PluginError(f"no installed plugin is called {plugin!r:.80}")
            plugin = self.manager.get_plugin(plugin)
            assert plugin is not None
        else:
            try:
                self.manager.register(plugin, self._name_of(plugin))
            except (ValueError, pluggy.PluginValidationError) as problem:
                raise PluginError(str(problem)) from problem
        for caller in self.manager.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                if inspect.iscoroutinefunction(implementation.function):
                    raise PluginError(f"plugin {implementation.plugin_name}: {caller.name} must not be async")

    def _collect(self, hook: str, kind: str, known: dict[str, Any], name_of: str | None) -> None:
        """Call a hook of each plugin, in the order of registration, and file by name what it hands over."""
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            plugin = implementation.plugin_name
            try:
                brought = implementation.function()
            except Exception as problem:  # a plugin may raise anything
                raise PluginError(
                    f"plugin {plugin}: {hook} raised {type(problem).__name__}: {problem}"
                ) from problem
            try:
                named = brought.items() if name_of is None else [(getattr(b, name_of), b) for b in brought]
            except (AttributeError, TypeError) as problem:
                raise PluginError(f"plugin {plugin}: {hook} gave what is no {kind}: {problem}") from None
            for name, each in named:
                if name in known:
                    other = self._by.get((kind, name), "reqflow")
                    raise PluginError(f"plugins {other} and {plugin} both bring a {kind} called {name!r}")
                known[name] = each
                self._by[kind, name] = plugin

    def classifier(self, wanted: Classifier | str | None) -> Classifier | None:
        """The classifier to use: the given one, the named one, or the only one that plugins brought."""
        if wanted is None:
            if len(self.classifiers) > 1:
                names = ", ".join(sorted(self.classifiers))
                raise UsageError(f"several classifiers are there ({names}): name the one to use")
            return next(iter(self.classifiers.values()), None)
        if not isinstance(wanted, str):
            return wanted
        if wanted not in self.classifiers:
            names = ", ".join(sorted(self.classifiers)) or "none"
            raise UsageError(f"no classifier is called {wanted!r:.80}; there are: {names}")
        return self.classifiers[wanted]

    def _declared_kinds(self) -> dict[str, Transport]:
        """The transports by the kinds of hosts' effects that they declare."""
        found: dict[str, Transport] = {}
        for transport in self.transports.values():
            for kind in getattr(transport, "kinds", ()):
                if kind in found:
                    schemes = f"{found[kind].scheme!r} and {transport.scheme!r}"
                    raise PluginError(f"transports {schemes} both deliver effects of the kind {kind!r}")
                found[kind] = transport
        return found

    def transport(self, destination: str, kind: str | None = None) -> Transport | None:
        """The transport for a destination: that of its scheme, else the one for all (``*``), if there is any.

        For a host's own ``kind`` of effect it is the one that declares it, wherever it goes.
        """
        if kind is not None:
            return self._kinds.get(kind)
        return self.transports.get(destination.partition(":")[0]) or self.transports.get("*")

    def committed(self, batch: Batch) -> None:
        """Tell observers of a commit; their failures are reported and contained."""
        if self._observed:
            self._tell("reqflow_committed", batch=batch)

    def measured(self, workspace: str, backlogs: Sequence[Backlog]) -> None:
        """Tell observers how much the queues have to do; their failures are reported and contained."""
        self._tell("reqflow_measured", workspace=workspace, backlogs=backlogs)

    def _tell(self, hook: str, **told: Any) -> None:
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                implementation.function(*[told[name] for name in implementation.argnames])
            except Exception as failure:  # noqa: BLE001  (an observer must not break what it observes)
                import logging  # dear to import, and hardly anything is logged

                logging.getLogger("reqflow.plugins").warning(
                    "observer failed",
                    extra={"plugin": implementation.plugin_name, "error": type(failure).__name__},
                )
