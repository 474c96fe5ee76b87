"""`simulate` and `simulate_many`: runs by seed, and what is told of one that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from ... import __version__
from ...errors import UsageError
from .choices import SeededChoices, Tape, TapedChoices, read, written
from .runs import Run, live
from .shrinking import Shrunk, shrunk
from .subjects import Simulation
from .trace import BROKEN, SOMETIMES, SimulationFailed, in_words

__all__ = ["Tally", "simulate", "simulate_many"]


@attrs.define
class Tally:
    """What many runs showed together.

    Attributes:
        runs: how many there were.
        steps: how many pieces of work all processes did together.
        met: in how many runs each of `SOMETIMES` happened.
        took: seconds of the processor's time.
        simulated: seconds that passed in the runs' own time.
    """

    runs: int = 0
    steps: int = 0
    met: Counter[str] = attrs.field(factory=Counter)
    took: float = 0.0
    simulated: float = 0.0

    def add(self, run: Run) -> None:
        """Count one more."""
        self.runs += 1
        self.steps += len(run.trace.lines)
        self.met.update(run.trace.counts.keys())
        self.took += run.took
        self.simulated += run.trace.lines[-1][0] / 1_000_000

    @property
    def missing(self) -> list[str]:
        """What should have happened in one run at least, and did not: it was not tested."""
        return [each for each in SOMETIMES if not self.met[each]]

    def __str__(self) -> str:
        met = ", ".join(f"{each} {self.met[each]}" for each in SOMETIMES)
        days = self.simulated / 86_400
        return f"{self.runs} runs, {self.steps} steps, {days:.0f} days in {self.took:.0f} s; {met}"


def simulate(
    simulation: Simulation | None = None,
    *,
    seed: int = 0,
    tape: str | None = None,
    version: str | None = None,
    lively: bool = False,
    shrink: bool = True,
) -> Run:
    """Live through one run, by a seed or by a tape that a failure told; returns what it showed.

    ``lively`` ends it with an hour in which nothing goes wrong, and looks whether everything comes to its end.
    ``version`` is that of the reqflow in which the seed was found. Raises `UsageError` where this is another one, in
    which a seed means another run; and `SimulationFailed` where a promise is broken, with the smallest run that breaks
    it if ``shrink`` is set, which may take a minute.
    """
    if version is not None and version != __version__:
        raise UsageError(
            f"this is reqflow {__version__}: in {version} the seed meant another run; try it there"
        )
    simulation = simulation or Simulation()
    try:
        choices = SeededChoices(seed) if tape is None else TapedChoices(read(tape))
    except ValueError:
        raise UsageError(f"that is no tape: {tape!r:.80}") from None
    run = live(simulation, choices, lively=lively)
    if run.violations:
        least = shrunk(simulation, run, lively=lively) if shrink else Shrunk(run, 0)
        raise SimulationFailed(
            _told(run, least, seed if tape is None else None, lively=lively),
            least.run.violations,
            written(least.run.tape),
        )
    return run


def simulate_many(
    simulation: Simulation | None = None,
    *,
    seeds: Iterable[int],
    lively: bool = False,
) -> Tally:
    """Live through one run for each seed, as `simulate` does; stops at the first that fails."""
    tally = Tally()
    for seed in seeds:
        tally.add(simulate(simulation, seed=seed, lively=lively))
    return tally


def _told(failed: Run, least: Shrunk, seed: int | None, *, lively: bool) -> str:
    """What did not hold, how to see it again, and what happened."""
    run, first = least.run, least.run.violations[0]
    tape, how = f"tape={written(run.tape)!r}", ", lively=True" if lively else ""
    found, again = ("a tape", tape)
    if seed is not None:
        found, again = f"seed {seed}", f"seed={seed}{how}, version={__version__!r}"
    steps = f"shrunk from {_steps(failed.tape)} steps to {_steps(run.tape)} in {least.runs} runs"
    name = "_".join("".join(each if each.isalnum() else " " for each in first.law).split())
    others = "".join(f"\n  also    {each!s:.400}" for each in run.violations[1:3])
    return (
        f"LAW {first.law}: broken  found: {found}, reqflow {__version__}; {steps}; trace {run.hash}\n"
        f"  why     {first.told:.400}{others}\n"
        f"  replay  simulate({again})\n"
        f"{_happened(run)}\n\n"
        f"def test_{name}() -> None:\n"
        f"    simulate(\n        {tape}{how},\n    )\n"
    )


def _steps(tape: Tape) -> int:
    return len({stream.step for stream in tape if stream.step > 0})


READ = 70
"""How many lines of a trace somebody will read."""
_LOOKS = ("recall", "lease", "texts", "query", "history")
"""What processes only look at begins with one of these."""


def _happened(run: Run) -> str:
    """What was done, by the world and by processes; of a long run the end, without what processes only looked at."""
    lines = run.trace.lines
    broken = [place for place, (_, who, _) in enumerate(lines) if who == BROKEN]
    lines = lines[: broken[0] + 1] if broken else lines
    if len(lines) > READ:
        lines = [each for each in lines if not each[2].startswith(_LOOKS)]
    return in_words(lines[-READ:])
