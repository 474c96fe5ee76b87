"""Turns: everything once in each round, so that whatever else the machine does falls on all alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["turns"]

T = TypeVar("T")


def turns(rounds: int, items: Sequence[T]) -> Iterator[T]:
    """Each item once a round; every other round backwards, so that nobody always comes after the same one."""
    for each in range(rounds):
        yield from items if each % 2 == 0 else reversed(items)
