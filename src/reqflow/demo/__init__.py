"""A day at a support desk, written for this demo: the desk, what people say and do, and how it is played.

`DAY` is the script, as data; `play` puts it through an engine in a time of its own, and yields what happens.
Both use nothing that a host could not use.
"""

from __future__ import annotations

from .day import CHANNELS, DAY, DESK, MONDAY, PEOPLE, STAR
from .play import Beat, Clock, Watcher, play
from .script import Did, Passes, Said, Scene

__all__ = [
    "CHANNELS",
    "DAY",
    "DESK",
    "MONDAY",
    "PEOPLE",
    "STAR",
    "Beat",
    "Clock",
    "Did",
    "Passes",
    "Said",
    "Scene",
    "Watcher",
    "play",
]
