"""Tables and their lines: what each case took, run after run, and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

__all__ = [
    "FEW",
    "KILOBYTES",
    "MICROSECONDS",
    "MILLISECONDS",
    "Division",
    "Held",
    "Line",
    "Table",
    "Unit",
    "spread",
]

FEW = 7
"""Up to so many runs their spread is from the least to the most, beyond it is the middle half of them."""


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Between what the values lie: all of them if they are few, else the middle half."""
    if len(values) <= FEW:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4)
    return low, high


@dataclass(frozen=True)
class Unit:
    """What is measured; less of it is better, always. A run answers with ``total`` for so many of ``count``."""

    name: str
    total: str = "seconds"
    count: str = "operations"
    scale: float = 1.0

    def taken(self, found: dict[str, Any]) -> float:
        """What one of them took in this run."""
        return float(found[self.total] / found[self.count] * self.scale)


MICROSECONDS = Unit("us", scale=1e6)
MILLISECONDS = Unit("ms", scale=1e3)
KILOBYTES = Unit("kB", "bytes", "requests", 1e-3)


@dataclass(frozen=True)
class Held:
    """A line held against a target, or only beside another line. What could not be judged says so in ``figure``."""

    beside: str = ""
    figure: str = ""
    spread: str = ""
    cpu: str = ""
    must: str = ""
    met: bool | None = None
    stretch: str = ""
    reached: bool | None = None


@dataclass
class Line:
    """The runs of one case. Without any, ``note`` says why; ``broken`` if that is a fault and not only a lack."""

    name: str
    unit: Unit = MICROSECONDS
    runs: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    note: str = ""
    broken: bool = False

    @property
    def middle(self) -> float:
        """The median of its runs."""
        return median(self.runs)

    def add(self, found: dict[str, Any]) -> None:
        """Add a run."""
        self.runs.append(self.unit.taken(found))
        if "cpu" in found:
            self.cpu.append(found["cpu"] / found["operations"] * 1e6)

    def cells(self) -> tuple[str, str, str, str, str]:
        """Its name, how many a second, its median and spread, and its median of processor time."""
        shown = "{:,.1f}".format
        low, high = spread(self.runs)
        rate = f"{1e6 / self.middle:,.0f}" if self.unit is MICROSECONDS else ""
        cpu = shown(median(self.cpu)) if self.cpu else ""
        return self.name, rate, f"{shown(self.middle)} {self.unit.name}", f"{shown(low)} - {shown(high)}", cpu

    def give_up(self, reason: str, *, broken: bool) -> None:
        """There is no figure for this line: the reason stands in its place."""
        self.note, self.broken = reason, broken
        self.runs.clear()
        self.cpu.clear()


@dataclass
class Table:
    """Lines that were measured together, in turns."""

    title: str
    lines: list[Line]


@dataclass
class Division:
    """How something divides: a row for each part, a column for each store. ``notes`` are stores without figures."""

    title: str
    columns: list[str]
    rows: list[tuple[str, ...]]
    notes: list[Line] = field(default_factory=list)
