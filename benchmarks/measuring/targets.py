"""What a line is held against, and whether it holds.

A target bounds a line from below by its speed (so many a second, or so many times as fast as another line), or with
``most`` from above by what it takes (so much, or so many times what another line takes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from measuring.lines import MICROSECONDS, Held, Line, spread

__all__ = ["Target", "held"]


@dataclass(frozen=True)
class Target:
    """``must`` and ``stretch`` of a line; without them only the ratio is shown. ``on`` is the medium it is for.

    ``of`` is the name of the other line; without it the figure itself is bounded. A ratio under ``odd`` is told: it
    is as suspicious as one beyond the target.
    """

    must: float | None = None
    stretch: float | None = None
    of: str = ""
    on: str = ""
    most: bool = False
    odd: float = 0.0


def held(line: Line, target: Target, lines: Mapping[str, Line], *, cpu: bool = False) -> Held:
    """Hold a line against a target; ``cpu`` adds the ratio of processor time, for work of one process.

    Where one of both has no figures, nothing is judged, and the target is still told.
    """
    if not line.runs or (target.of and not lines[target.of].runs):
        must, stretch = (_bound(target, bound, line) for bound in (target.must, target.stretch))
        return Held(beside=target.of, figure="not judged", must=must, stretch=stretch)
    if target.of:
        return _compared(line, target, lines[target.of], cpu=cpu)
    values = line.runs if target.most else [1e6 / run for run in line.runs]
    figure = line.middle if target.most else 1e6 / line.middle
    low, high = spread(values)
    unit = f" {line.unit.name}" if target.most else "/s"
    shown = "{:,.1f}" if target.most else "{:,.0f}"
    return _judged(
        target,
        line,
        figure,
        Held(figure=shown.format(figure) + unit, spread=f"{shown.format(low)} - {shown.format(high)}"),
    )


def _compared(line: Line, target: Target, other: Line, *, cpu: bool) -> Held:
    """The ratio of the medians; its spread is that of the ratios in each round."""
    mine, theirs = (line, other) if target.most else (other, line)
    figure = mine.middle / theirs.middle
    low, high = spread([one / two for one, two in zip(mine.runs, theirs.runs, strict=True)])
    odd = " (odd)" if figure < target.odd else ""
    told = Held(
        beside=target.of,
        figure=f"{figure:.2f} x{odd}",
        spread=f"{low:.2f} - {high:.2f}",
        cpu=f"{median(mine.cpu) / median(theirs.cpu):.2f}" if cpu else "",
    )
    return _judged(target, line, figure, told)


def _judged(target: Target, line: Line, figure: float, told: Held) -> Held:
    def holds(bound: float | None) -> bool | None:
        if bound is None:
            return None
        return figure <= bound if target.most else figure >= bound

    return Held(
        told.beside,
        told.figure,
        told.spread,
        told.cpu,
        _bound(target, target.must, line),
        holds(target.must),
        _bound(target, target.stretch, line),
        holds(target.stretch),
    )


def _bound(target: Target, bound: float | None, line: Line) -> str:
    """A bound in words."""
    if bound is None:
        return ""
    if target.of:
        return f"{'<= ' if target.most else ''}{bound:g} x"
    if target.most:
        return f"<= {bound:g} {line.unit.name}"
    assert line.unit is MICROSECONDS, "a rate is of something that takes time"
    return f"{bound:,.0f}/s"
