"""Hypothesis strategies for what comes to a desk: words, gaps that matter, whole runs of messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from ..core.commands import Inbound
from ..core.model import ChannelId, NativeId
from .desks import START

__all__ = ["gaps", "runs", "sayings"]

sayings = st.sampled_from(["Is it broken?", "Where is it?", "more about it", "and a detail", "thanks!"])
"""Things to say: requests to `QuestionMark`, talk, and thanks."""


def gaps(window: float) -> st.SearchStrategy[timedelta]:
    """Spans around a window: none, well inside, on both sides of the limit by a microsecond, beyond."""
    limit = timedelta(seconds=window)
    tick = timedelta(microseconds=1)
    return st.sampled_from(
        [timedelta(0), tick, limit / 4, limit / 2, limit - tick, limit, limit + tick, limit * 2]
    )


@st.composite
def runs(
    draw: st.DrawFn,
    *,
    channels: tuple[str, ...] = ("chat:lobby", "chat:den"),
    authors: tuple[str, ...] = ("chat:cara", "chat:dan"),
    window: float = 120,
    most: int = 10,
    texts: st.SearchStrategy[str] = sayings,
) -> list[Inbound]:
    """Messages of a few authors in a few channels, oldest first, close enough to each other to matter."""
    sent_at = START
    made: list[Inbound] = []
    for number in range(draw(st.integers(1, most))):
        sent_at += draw(gaps(window))
        fields: dict[str, Any] = {
            "channel": ChannelId(draw(st.sampled_from(channels))),
            "author": draw(st.sampled_from(authors)),
            "text": draw(texts),
        }
        made.append(Inbound(native=NativeId(str(number)), sent_at=sent_at, **fields))
    return made
