"""How values are made: one decorator, in one place.

A value is an attrs class with slots that nobody changes after it is made. The type checker sees it as
frozen. At run time it is frozen only under Python's development mode (``python -X dev``), in which
our tests run: refusing assignment makes each value two to four times dearer to construct, and making
values is the largest cost of an operation in memory (docs/explanation/performance.md has the figures).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

__all__ = ["FROZEN", "changed", "finished", "value"]

T = TypeVar("T")

FROZEN = sys.flags.dev_mode

if TYPE_CHECKING:
    from attrs import frozen as value
else:

    def value(cls=None, *, kw_only=False):
        """Make ``cls`` a value: slots, equality and hash by fields, never changed."""
        if cls is None:
            return lambda decorated: value(decorated, kw_only=kw_only)
        made = attrs.define(cls, frozen=FROZEN, kw_only=kw_only, unsafe_hash=True, slots=True)
        names = [field.name for field in attrs.fields(made)]
        if len(names) > 1:
            made.__read__ = attrgetter(*names)
        return made


# Only for values that are being made. `object.__setattr__` works on frozen ones too, at twice the price.
_set: Callable[[object, str, Any], None] = object.__setattr__ if FROZEN else setattr


def changed(old: T, **changes: Any) -> T:
    """A copy of ``old`` with some fields replaced (``attrs.evolve`` at a third of its price).

    For values with positional fields and no private names, which the states of the core are.
    """
    new = old.__class__(*old.__read__(old))  # type: ignore[attr-defined]
    for name, content in changes.items():
        _set(new, name, content)
    return new


def finished(fresh: T, **last: Any) -> T:
    """The same value with its last fields set: only for one just made, that nobody else has seen yet."""
    for name, content in last.items():
        _set(fresh, name, content)
    return fresh
