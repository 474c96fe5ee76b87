"""What is simulated: a desk, with somebody's plugins, on somebody's store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ...errors import UsageError
from ...ports import Store
from ..desks import QuestionMark, Rules
from ..machines.desk import RULES, VARIANTS, desk_of
from .choices import Chance

__all__ = ["Simulation", "memory_store"]


def memory_store() -> Any:
    """A new store in memory."""
    from ...plugins.memory import MemoryStore  # guests are loaded when they are asked for

    return MemoryStore()


def _our_rules() -> Iterable[object]:
    return [Rules(*RULES)]


@attrs.frozen(kw_only=True)
class Simulation:
    """What is simulated; what is left out comes from reqflow's own tests.

    Attributes:
        desk: the settings of both workspaces. Without it a desk with something of everything, a little different in
            each run.
        plugins: makes the plugins of one engine. It is called for every engine of every life of a process: what a
            plugin remembers is gone with its process. Transports and classifiers that they bring go wrong at times;
            they take plain calls.
        classifier: makes the classifier of one engine whose plugins bring none.
        store: makes the empty store of one run, with its schema in place.
        reopen: makes another handle on the same data for a process; without it all share one.
        release: lets go of the store of one run, files and all.
        steps: how many things happen in one run, at most.
    """

    desk: Mapping[str, Any] | None = None
    plugins: Callable[[], Iterable[object]] = _our_rules
    classifier: Callable[[], Any] = QuestionMark
    store: Callable[[], Store] = memory_store
    reopen: Callable[[Any], Store] | None = None
    release: Callable[[Any], None] = lambda store: store.close()
    steps: int = 30

    def __attrs_post_init__(self) -> None:
        desk: object = self.desk
        if desk is not None and not (isinstance(desk, Mapping) and desk.get("channels")):
            raise UsageError("a desk to simulate is a mapping with channels, in which people write")
        for name in ("plugins", "classifier", "store", "release"):
            if not callable(getattr(self, name)):
                raise UsageError(f"{name} must be something to call, which is done anew in every run")

    def drawn_desk(self, chance: Chance) -> Mapping[str, Any]:
        """The desk of one run."""
        return self.desk if self.desk is not None else desk_of(chance.choice(VARIANTS))
