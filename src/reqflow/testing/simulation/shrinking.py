"""Shrinking: of a run that fails, the least that still fails the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from .choices import Draw, Stream, Tape, TapedChoices
from .runs import Run, live
from .subjects import Simulation

__all__ = ["Shrunk", "shrunk"]

MOST = 500
"""How many runs are spent on it, at most."""
PATIENCE = 60.0
"""And how many seconds of the processor's time."""


@attrs.frozen
class Shrunk:
    """The least that was found, and how many runs that took."""

    run: Run
    runs: int


def shrunk(simulation: Simulation, failed: Run, *, lively: bool = False) -> Shrunk:
    """Leave out steps, then faults, then odd orders, each in large parts first; then make what is done simpler.

    The same law must stay broken.
    """
    shrinking = _Shrinking(simulation, failed, lively)
    if shrinking.fails(failed.tape):
        for _ in range(2):  # when less goes wrong, more can be left out
            shrinking.reduce(shrinking.steps(), _left_out)
            for draw in (Draw.ORDER, Draw.FAULT):
                shrinking.reduce([each for each in sorted(shrinking.best.tape) if each.draw is draw], _silent)
        for draw in (Draw.FAULT, Draw.DEED, Draw.ORDER):
            shrinking.reduce(list(shrinking.places(draw)), _zero)
        shrinking.halve()
    return Shrunk(shrinking.best, shrinking.runs)


Change = Callable[[Run, Sequence[Any]], Tape]


class _Shrinking:
    """The best run so far, and how many were tried."""

    def __init__(self, simulation: Simulation, failed: Run, lively: bool) -> None:
        self.best = failed
        self.runs = 0
        self._took = 0.0
        self._simulation = simulation
        self._lively = lively
        self._law = failed.violations[0].law

    def fails(self, tape: Tape) -> bool:
        """Whether a run by this tape fails the same way; then it is the best."""
        if self.runs >= MOST or self._took >= PATIENCE:
            return False
        self.runs += 1
        run = live(self._simulation, TapedChoices(tape), lively=self._lively)
        self._took += run.took
        if not run.violations or run.violations[0].law != self._law:
            return False
        self.best = run
        return True

    def steps(self) -> list[int]:
        """The steps that are left."""
        return sorted({stream.step for stream in self.best.tape if stream.step > 0})

    def places(self, draw: Draw) -> Iterator[tuple[Stream, int]]:
        """Where something of a kind was drawn that is not as simple as can be."""
        for stream, numbers in sorted(self.best.tape.items()):
            if stream.draw is draw:
                yield from ((stream, place) for place, number in enumerate(numbers) if number)

    def reduce(self, among: Sequence[Any], change: Change) -> None:
        """Change all of these at once; where that will not do, the later half, then the earlier."""
        if not among or self.fails(change(self.best, among)) or len(among) == 1:
            return
        middle = len(among) // 2
        self.reduce(among[middle:], change)
        self.reduce(among[:middle], change)

    def halve(self) -> None:
        """Half of a number in place of it, as long as that will do."""
        for stream, place in list(self.places(Draw.DEED)):
            while self._at(stream, place) > 1 and self.fails(
                _put(self.best, [(stream, place)], self._at(stream, place) // 2)
            ):
                pass

    def _at(self, stream: Stream, place: int) -> int:
        numbers = self.best.tape.get(stream, ())
        return numbers[place] if place < len(numbers) else 0


def _left_out(run: Run, steps: Sequence[int]) -> Tape:
    return {stream: numbers for stream, numbers in run.tape.items() if stream.step not in steps}


def _silent(run: Run, streams: Sequence[Stream]) -> Tape:
    return {stream: () if stream in streams else numbers for stream, numbers in run.tape.items()}


def _zero(run: Run, places: Sequence[tuple[Stream, int]]) -> Tape:
    return _put(run, places, 0)


def _put(run: Run, places: Sequence[tuple[Stream, int]], number: int) -> Tape:
    changed = {stream: list(numbers) for stream, numbers in run.tape.items()}
    for stream, place in places:
        if place < len(changed.get(stream, ())):
            changed[stream][place] = number
    return changed
