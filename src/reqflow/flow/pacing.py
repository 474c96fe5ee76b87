"""How much is claimed at a time: little at first, more while all goes well and quickly.

What a worker holds when it dies has to wait for its leases to end, and counts as lost once more; what it holds while
something hangs waits as well. So one that began just now, or met something slow or suspicious, holds little.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .holding import Holding, claim

if TYPE_CHECKING:
    from ..core.batch import LeaseQueue
    from .asks import Ask, Context

__all__ = ["in_rounds"]

QUICK = timedelta(milliseconds=250)
"""A round that takes longer is followed by one with less."""


def in_rounds(
    context: Context,
    queue: LeaseQueue,
    most: int,
    serve: Callable[[Holding], Generator[Ask, Any, int]],
) -> Generator[Ask, Any, int]:
    """Claim and serve, until nothing is left or ``most`` were claimed; returns the sum of what ``serve`` returns."""
    pace, served, claimed = context.pace, 0, 0
    while claimed < most:
        size = min(pace.size(queue), most - claimed)
        begun = context.clock()
        held = yield from claim(context, queue, size)
        count = len(held.leases())
        held.few = count == pace.size(queue) < most
        claimed += count
        try:
            served += yield from serve(held)
        except BaseException:
            pace.begin_anew(queue)
            raise
        if held.suspicious or context.clock() - begun > QUICK:
            pace.begin_anew(queue)
        elif held.too_few:
            pace.fill(queue, most)
        elif count == size:
            pace.grow(queue, most)
        if count < size:
            break
    return served
