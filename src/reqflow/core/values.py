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
        # attrs writes and compiles methods for each class; sharing three of them halves the import
        cls.__eq__, cls.__hash__, cls.__repr__ = _equal, _hash, _shown
        made = attrs.define(cls, frozen=FROZEN, kw_only=kw_only, slots=True, eq=False, repr=False)
        fields = attrs.fields(made)
        made.__read__ = _reader([field.name for field in fields])
        made.__hashed__ = _reader([field.name for field in fields if field.hash is not False])
        return made


def _reader(names: list[str]) -> Callable[[Any], Any]:
    """Reads all these attributes at once, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return staticmethod(lambda content: tuple(getattr(content, name) for name in names))


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__read__(self) == self.__read__(other)


def _hash(self: Any) -> int:
    return (self.__class__, self.__hashed__(self)).__hash__()


def _shown(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in attrs.fields(self.__class__))
    return f"{self.__class__.__qualname__}({shown})"


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
