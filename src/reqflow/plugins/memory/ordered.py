"""A sorted set of keys that stays quick when it is large."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

__all__ = ["Ordered"]

K = TypeVar("K", bound=Any)  # keys of one set compare with each other

FULL = 512


def _greatest(chunk: list[K]) -> K:
    return chunk[-1]


class Ordered(Generic[K]):
    """Distinct keys in ascending order, in chunks, so that adding one moves at most a chunk.

    Most keys come in order already; appending is the quick path.
    """

    __slots__ = ("_chunks",)

    def __init__(self) -> None:
        self._chunks: list[list[K]] = []

    def __len__(self) -> int:
        return sum(map(len, self._chunks))

    def add(self, key: K) -> None:
        """Put in a key that is not there yet."""
        chunks = self._chunks
        if not chunks:
            chunks.append([key])
            return
        last = chunks[-1]
        if key > last[-1]:
            if len(last) < FULL:
                last.append(key)
            else:
                chunks.append([key])
        else:
            at = self._place(key)
            chunk = chunks[at]
            insort(chunk, key)
            if len(chunk) > 2 * FULL:
                chunks[at : at + 1] = [chunk[:FULL], chunk[FULL:]]

    def discard(self, key: K) -> None:
        """Take out a key if it is there."""
        chunks = self._chunks
        if not chunks or key > chunks[-1][-1]:
            return
        at = self._place(key)
        chunk = chunks[at]
        place = bisect_left(chunk, key)
        if chunk[place] == key:
            del chunk[place]
            if not chunk:
                del chunks[at]

    def _place(self, key: K) -> int:
        """Which chunk a key no greater than the last one stands in; young keys, mostly: the last chunk."""
        chunks = self._chunks
        last = len(chunks) - 1
        return last if not last or key > chunks[-2][-1] else bisect_left(chunks, key, key=_greatest)

    def last(self) -> K | None:
        """The greatest key."""
        return self._chunks[-1][-1] if self._chunks else None

    def up(self, above: K | None = None) -> Iterator[K]:
        """The keys above ``above``, or all, ascending."""
        chunks = self._chunks
        if above is None:
            first = place = 0
        else:
            first = bisect_right(chunks, above, key=_greatest)
            place = bisect_right(chunks[first], above) if first < len(chunks) else 0
        for at in range(first, len(chunks)):
            yield from chunks[at][place:] if place else chunks[at]
            place = 0

    def down(self, below: K | None = None) -> Iterator[K]:
        """The keys below ``below``, or all, descending."""
        chunks = self._chunks
        if below is None:
            last = len(chunks)
        else:
            last = bisect_left(chunks, below, key=_greatest)
            if last < len(chunks):
                yield from reversed(chunks[last][: bisect_left(chunks[last], below)])
        for at in range(last - 1, -1, -1):
            yield from reversed(chunks[at])
